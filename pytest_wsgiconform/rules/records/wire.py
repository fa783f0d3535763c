"""What went over the wire on one connection, as the client saw it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: How a connection came to its end, as the client saw it.
#: ``"eof"``, ``"reset"``: the server closed while the client's sending side was open, or the client had
#: half-closed because the script said so. ``"eof-late"``, ``"reset-late"``: nothing came within the limit, the
#: client then half-closed, and only that made the server close. ``"open"``: still open when the client gave
#: up. ``"client"``: the script closed or reset it. ``"refused"``: no connection came about.
ENDS = ("eof", "reset", "eof-late", "reset-late", "open", "client", "refused")

#: Where a request of ours bears its marker.
_AGREED = re.compile(rb"(?<=/)([a-z0-9]{8}\.[\w-]+)")


@dataclass
class Sent:
    """One step of the client. :ivar what: ``"data"``, ``"half-close"``, ``"reset"`` or ``"close"``.

    :ivar data: the bytes, for ``"data"``. :ivar at: ``time.monotonic()`` when the step was done.
    """

    data: bytes = b""
    what: str = "data"
    at: float = 0.0


@dataclass
class Received:
    """What one ``recv`` gave. :ivar at: ``time.monotonic()`` when it returned."""

    data: bytes = b""
    at: float = 0.0


@dataclass
class Response:
    """One response as the strict reader took it from the wire.

    :ivar status: the code. :ivar version: as sent, ``"HTTP/1.1"``. :ivar reason: may be empty.
    :ivar headers: names as sent and values without surrounding spaces, Latin-1, in order.
    :ivar body: content, without transfer coding.
    :ivar framing: what ended it: ``"length"``, ``"chunked"``, ``"close"``, or ``"none"`` for responses that
        have no content by their status or method.
    :ivar complete: whether the end that the framing promises was seen.
    :ivar deviations: (code, detail) for everything that the grammar or the framing rules forbid; codes are
        listed in ``observe.http_reader``.
    :ivar stray: bytes after its end that belong to no response.
    :ivar trailers: fields after the last chunk. :ivar head: the raw bytes of status line and fields.
    :ivar method: the method of the request that the reader took it to answer.
    :ivar start: offset of its first byte in what the connection received. :ivar end: offset after its last.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    framing: str = "length"
    complete: bool = True
    version: str = "HTTP/1.1"
    reason: str = "OK"
    deviations: list[tuple[str, str]] = field(default_factory=list)
    stray: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    head: bytes = b""
    method: str = "GET"
    start: int = 0
    end: int = 0

    @property
    def interim(self) -> bool:
        """Whether it is a 1xx response, which a final one has to follow."""
        return 100 <= self.status <= 199

    def header(self, name: str) -> list[str]:
        """Return the values of the fields called *name* (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def tokens(self, name: str) -> list[str]:
        """Return the comma-separated, lower-cased members of all fields called *name*."""
        members = ",".join(self.header(name)).lower().split(",")
        return [member.strip() for member in members if member.strip()]

    @property
    def says_close(self) -> bool:
        """Whether it carries ``Connection: close``."""
        return "close" in self.tokens("Connection")

    def deviates(self, *codes: str) -> list[str]:
        """Return the details of the deviations with one of *codes*."""
        return [detail for code, detail in self.deviations if code in codes]

    @property
    def marker(self) -> str:
        """The ``<token>.<label>`` of its ``X-Wsgiconform`` field, else of its body; ``""`` when there is none."""
        named = self.header("X-Wsgiconform")
        if named:
            return named[0]
        _, found, after = self.body.partition(b"ok ")
        return after.split(b"\n")[0].decode("latin-1") if found else ""

    @property
    def label(self) -> str:
        """The label of the request that it answers, by its marker; ``""`` when the app didn't write it."""
        return self.marker.partition(".")[2]


@dataclass
class Connection:
    """One TCP connection from connect to end.

    :ivar sent: what the client did, in order. :ivar received: what came, piece by piece.
    :ivar ended: one of :data:`ENDS`.
    :ivar responses: everything that could be read from the bytes, interim responses included, in order.
    :ivar stray: bytes before the first response (all of them, when there is none).
    :ivar skipped: steps of the script that were given up because what they waited for never came.
    :ivar truncated: the client stopped keeping bytes at its bound.
    :ivar opened: ``time.time()`` when it was opened, ``0.0`` when unknown.
    """

    sent: list[Sent] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    ended: str = "eof"
    responses: list[Response] = field(default_factory=list)
    stray: bytes = b""
    skipped: list[str] = field(default_factory=list)
    truncated: bool = False
    opened: float = 0.0

    @property
    def finals(self) -> list[Response]:
        """Responses that are not interim."""
        return [response for response in self.responses if not response.interim]

    @property
    def interims(self) -> list[Response]:
        """The 1xx responses."""
        return [response for response in self.responses if response.interim]

    @property
    def closed_by_server(self) -> bool:
        """Whether the server ended it before the client did."""
        return self.ended in ("eof", "reset")

    @property
    def is_over(self) -> bool:
        """Whether the last response is complete, and it or the request that it answers says that no more will come."""
        last = self.finals[-1] if self.finals else None
        if last is None or not last.complete:
            return False
        *_, label, rest = b"", *_AGREED.split(self.bytes_sent)
        asked_to = b"\r\nconnection: close\r\n" in rest.partition(b"\r\n\r\n")[0].lower() + b"\r\n"
        return last.says_close or (asked_to and label.decode() == last.marker)

    @property
    def hung(self) -> bool:
        """Whether the server neither answered nor closed until the client gave up waiting."""
        if self.closed_by_server or self.ended in ("client", "refused"):
            return False
        return not any(self.in_time(final) for final in self.finals)

    def in_time(self, response: Response) -> bool:
        """Whether *response* was complete before the client gave up waiting and half-closed.

        True for a connection without time stamps (one written by hand).
        """
        if not self.ended.endswith("-late") and self.ended != "open":
            return response.complete
        shut = next((step.at for step in self.sent if step.what == "half-close"), None)
        if shut is None or not self.received:
            return response.complete and self.ended != "open"
        return response.complete and response.end <= len(self.received_by(shut))

    def received_by(self, moment: float) -> bytes:
        """Return the bytes that the client had when *moment* came."""
        return b"".join(piece.data for piece in self.received if piece.at <= moment)

    @property
    def bytes_sent(self) -> bytes:
        """All bytes that the client sent."""
        return b"".join(step.data for step in self.sent)

    @property
    def bytes_received(self) -> bytes:
        """All bytes that came."""
        return b"".join(piece.data for piece in self.received)


def latin1(text: str) -> bytes:
    """Return the bytes that *text* stands for in plain data."""
    return text.encode("latin-1")


def connection_from_dict(data: Mapping[str, Any]) -> Connection:
    """Rebuild a connection from plain data."""
    plain = dict(data)
    plain["sent"] = [Sent(**{**item, "data": latin1(item["data"])}) for item in plain["sent"]]
    plain["received"] = [Received(**{**item, "data": latin1(item["data"])}) for item in plain["received"]]
    plain["responses"] = [_response(item) for item in plain["responses"]]
    plain["stray"] = latin1(plain["stray"])
    return Connection(**plain)


def _response(data: Mapping[str, Any]) -> Response:
    plain = dict(data)
    for name in ("body", "stray", "head"):
        plain[name] = latin1(plain[name])
    for name in ("headers", "deviations", "trailers"):
        plain[name] = [(first, second) for first, second in plain[name]]
    return Response(**plain)
