"""What was sent: the requests of a run, read back from the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from ..model import HELD, Outcome
from ..records.server import Call, Connection, ServerRun
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
