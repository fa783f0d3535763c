"""What the harness sent, read back from the bytes, and the questions that the WSGI rules ask of a server's run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from ..model import HELD, Outcome
from ..records.server import Call, Connection, Received, Response, Sent, ServerRun
from ..records.stimulus_facts import Wanted
from .evidence import broken


@dataclass(frozen=True)
class Asked:
    """One request as it was sent. :ivar target: with its query. :ivar fields: names as sent, stripped values.

    :ivar connection: the one that carried it.
    """

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]
    connection: Connection

    @property
    def path(self) -> str:
        """The path, percent-decoded to Latin-1 text."""
        return unquote_to_bytes(self.target.partition("?")[0].encode("latin-1")).decode("latin-1")

    @property
    def query(self) -> str:
        """What follows the first question mark."""
        return self.target.partition("?")[2]

    def values(self, name: str) -> list[str]:
        """Return the values of the fields called *name* (any case)."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


def asked(run: ServerRun, label: str) -> Asked | None:
    """Return the request that carries *label*, ``None`` when none was sent."""
    mark = f"{run.token}.{label}" if run.token else f".{label}"
    for connection in run.connections:
        for head in _heads(connection.bytes_sent.decode("latin-1")):
            words = head[0].split(" ")
            if len(words) == 3 and _carries(words[1], mark):
                fields = tuple((n, v.strip(" \t")) for n, c, v in (line.partition(":") for line in head[1:]) if c)
                return Asked(words[0], words[1], words[2], fields, connection)
    return None


def _carries(target: str, mark: str) -> bool:
    _, found, after = target.partition(mark)
    return bool(found) and not (after[:1].isalnum() or after[:1] in ("-", "_"))


def _heads(text: str) -> Iterable[list[str]]:
    """Yield the lines of each header section; good for the requests that our own stimuli make."""
    for part in text.split("\r\n\r\n"):
        lines = part.split("\r\n")
        if lines[0]:
            yield lines


def pairs(run: ServerRun) -> list[tuple[Asked, Call]]:
    """Return each call of the app with the request that it was for."""
    found = [(asked(run, call.label), call) for call in run.calls if call.label and call.environ]
    return [(request, call) for request, call in found if request is not None]


def judge_each(run: ServerRun, name: str, wanted: Any, why: str) -> Outcome:
    """Judge that the variable *name* has the value ``wanted(request)`` in every call.

    :param wanted: gives the value for an :class:`Asked`, ``None`` where none is due.
    """
    outcome: Outcome = None
    for request, call in pairs(run):
        value = wanted(request)
        if value is None:
            continue
        got = call.environ.get(name, "")
        if got != value:
            message = f"{name} is {got!r} for the request {request.method} {request.target}, {why}"
            return broken(run, message, request.connection, got=repr(got), expected=repr(value))
        outcome = HELD
    return outcome


def first(run: ServerRun) -> Call | None:
    """Return the call for the request ``first``; ``None`` without the side channel."""
    return run.called("first") if run.probed else None


def answer(run: ServerRun, number: int = 0) -> Response | None:
    """Return the first final response of connection *number*."""
    if number >= len(run.connections):
        return None
    return next(iter(run.connections[number].finals), None)


def reads(call: Call, method: str) -> list[dict[str, Any]]:
    """Return what the calls of a method of ``wsgi.input`` gave, in order."""
    return [event for event in call.named("read") if event.get("method") == method]


def reading(call: Call, method: str) -> bool:
    """Whether the probe called that method at all (its answer may never have come)."""
    return any(event.get("method") == method for event in call.named("reading"))


def data_of(events: Iterable[dict[str, Any]]) -> bytes:
    """Return the bytes that reads gave, joined; lines of lists included."""
    text = "".join("".join(event["lines"]) if "lines" in event else event.get("data", "") for event in events)
    return text.encode("latin-1", "replace")


def passed(call: Call, gate: str) -> float | None:
    """Return when the app went on at *gate*; ``None`` when it never came to it."""
    return next((e["at"] for e in call.named("gate-passed") if e.get("name") == gate), None)


def received_by(connection: Connection, moment: float) -> bytes:
    """Return the bytes that the client had when *moment* came."""
    return b"".join(piece.data for piece in connection.received if piece.at <= moment)


def started(call: Call) -> list[dict[str, Any]]:
    """Return the ``start_response`` calls, in order."""
    return call.named("start")


# -- runs written by hand, for the examples


def example_call(*events: dict[str, Any], label: Any = "first", **environ: Any) -> Call:
    """Write a call by hand: what happened in it, and some of its environ."""
    return Call(label=label, events=list(events), environ=environ, at=1.0)


def event(name: str, at: float = 0.0, /, **facts: Any) -> dict[str, Any]:
    """Write an event by hand."""
    return {"event": name, "at": at, **facts}


def read_event(method: str, data: bytes, *args: Any, raised: str = "") -> dict[str, Any]:
    """Write down one read of ``wsgi.input`` by hand."""
    if raised:
        return event("read", method=method, args=list(args), raised=raised)
    text = data.decode("latin-1")
    return event("read", method=method, args=list(args), raised="", type="bytes", size=len(data), data=text)


def lines_event(method: str, *lines: bytes) -> dict[str, Any]:
    """Write down a read that gave a list of lines by hand."""
    texts = [line.decode("latin-1") for line in lines]
    return event("read", method=method, args=[], raised="", type="list", size=len(lines), lines=texts)


def reading_call(body: bytes, *events: dict[str, Any]) -> Call:
    """Write a call by hand in which the app read *body* by the reads that *events* tell."""
    calls = [event("reading", method=e["method"], args=e["args"]) for e in events]
    call = example_call(*calls, *events)
    call.body = body
    return call


def example_request(
    label: str = "first",
    rest: str = "",
    *fields: str,
    method: str = "GET",
    version: str = "HTTP/1.1",
    mount: str = "",
) -> bytes:
    """Write a request by hand, as the stimuli send it."""
    lines = [f"{method} {mount}/probe/echo/00000000.{label}{rest} {version}", "Host: 127.0.0.1:8000", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def example_path(label: str = "first", rest: str = "") -> str:
    """Return the decoded path of :func:`example_request`."""
    return f"/probe/echo/00000000.{label}{rest}"


def example_run(
    *responses: Response,
    sent: bytes = b"",
    calls: Iterable[Call] = (),
    received: Iterable[tuple[float, bytes]] = (),
    ended: str = "eof",
    body: bytes | None = None,
    **options: Any,
) -> ServerRun:
    """Write a run of one connection by hand. :param received: (time, bytes) of each piece.

    :param sent: for a rule that reads the request again from what was sent; where it does not, the request is what its
        first stimulus sends.
    :param body: what the request's body was, or the response's has to be.
    """
    connection = Connection(
        sent=[Sent(sent)] if sent else [],
        received=[Received(data, at) for at, data in received],
        responses=list(responses),
        ended=ended,
        skipped=options.pop("skipped", []),
    )
    run = ServerRun(stimulus="example", server="example", connections=[connection], calls=list(calls), **options)
    if body is not None:
        run.wanted = Wanted(body=body)
    return run
