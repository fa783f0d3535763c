"""Runs of servers written by hand, for the examples of rules.

A rule on what the app inside sees writes calls and events, and a run with :func:`example_run`. A rule on what the
client sees writes bytes, and a run with :func:`~pytest_wsgiconform.rules.records.server.one_connection`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..records.server import Call, Received, Response, ServerRun, one_connection
from ..records.stimulus_facts import UNSAID, Wanted

# -- what the app saw


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
    """Write a call by hand in which the app read *body* by the reads in *events*."""
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
    skipped: Iterable[str] = (),
    **facts: Any,
) -> ServerRun:
    """Write a run of one connection by hand, for a rule on what the app inside sees.

    :param sent: for a rule that reads the request again from what was sent; where it does not, the request is what its
        first stimulus sends.
    :param received: (time, bytes) of each piece.
    :param body: what the request's body was, or what the response's has to be.
    :param facts: other fields of the run.
    """
    wanted = UNSAID if body is None else Wanted(body=body)
    run = one_connection(sent, *responses, ended=ended, calls=calls, wanted=wanted)
    run.connection.received = [Received(data, at) for at, data in received]
    run.connection.skipped = list(skipped)
    return replace(run, **facts)


# -- what the client saw


def behaviour_run(stimulus: str, *responses: Response, method: str = "GET", ended: str = "eof") -> ServerRun:
    """Write a run by hand in which the app was called for the behaviour that *stimulus*, ``topic:behaviour``, names."""
    behaviour = stimulus.partition(":")[2]
    sent = f"{method} /probe/{behaviour}/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    return one_connection(sent, *responses, ended=ended, calls=[Call("first")], stimulus=stimulus)


def example_post(*lines: bytes, body: bytes = b"") -> bytes:
    """Write a POST by hand. :param lines: its fields, after Host."""
    return b"\r\n".join((b"POST /probe/echo/00000000.first HTTP/1.1", b"Host: x", *lines, b"", b"")) + body


def chunked_run(
    stimulus: str,
    body: bytes,
    call: Call | None,
    *responses: Response,
    ended: str = "eof",
    wanted: Wanted = UNSAID,
) -> ServerRun:
    """Write a run by hand whose request has a chunked *body*. :param call: the app's, ``None`` when it was refused."""
    sent = example_post(b"Transfer-Encoding: chunked", body=body)
    calls = [] if call is None else [call]
    return one_connection(sent, *responses, ended=ended, calls=calls, stimulus=stimulus, wanted=wanted)
