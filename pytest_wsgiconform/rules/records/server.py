r"""The record of one stimulus run against a real server: what server rules judge.

Plain data throughout: it can be written by hand in an example, stored, compared and sent between
processes (:meth:`ServerRun.to_dict`). The wire client (``observe.wire``) fills the connections, the probe's
side channel fills the calls.

**The agreement with the probe.** A stimulus addresses a behaviour of the probe app by its path::

    /probe/<behaviour>/<token>.<label>[/anything]

``token`` is eight characters of ``a-z0-9`` and names the run; ``label`` names one request of the stimulus.
The probe looks for that pattern in ``SCRIPT_NAME + PATH_INFO``, then in ``QUERY_STRING``, then in the header
``X-Wsgiconform`` (for targets that have no path to spare). Unless a behaviour says otherwise it answers
``200 OK`` with ``Content-Type: text/plain``, a correct ``Content-Length`` and the body ``ok <token>.<label>\n``,
so that a response tells on the wire which request it answers. Every behaviour but the bare ones (204, 304 and
those with broken headers or status) also gives ``X-Wsgiconform: <token>.<label>``, which a HEAD response keeps.
A request that matches nothing is reported with empty token and label, and answered with ``ok -\n``.

Behaviours that the wire stimuli use; ``X`` stands for the marker line above:

======================  ===============================================================================
``echo``                reads the body: ``CONTENT_LENGTH`` bytes when that is a number, else to the end of
                        file when ``wsgi.input_terminated`` is true or the request names a
                        Transfer-Encoding, else not at all; answers X
``drain``               calls ``read(1000)`` until it gives ``b""``, whatever ``CONTENT_LENGTH`` says
``ignore``              never touches the input; answers X
``steps``               starts the response, yields a first part, then reads the body in steps of one byte,
                        yields X
``data-204``            ``204 No Content`` without headers, yields ``b"stray-body"``
``data-204-generator``  the same from a generator that yields two items
``length-204``          ``204 No Content`` with ``Content-Length: 0``, no data
``data-304``            ``304 Not Modified`` with an ETag, yields ``b"stray-body"``
``no-length-304``       ``304 Not Modified`` with an ETag, returns ``[]``
``head-data``           gives ``Content-Length: 5`` and ``b"12345"`` for every method
``head-generator``      gives no Content-Length and yields ``b"12345"`` and ``b"67890"`` for every method
``head-empty``          for HEAD: ``Content-Length: 5`` and ``[]``; for others ``b"12345"`` likewise
``custom-status``       ``299 Wholly Custom``
``no-reason``           ``299 `` (a code and a blank)
``generator``           no Content-Length; yields ``b"first,"``, ``b"second,"``, X
``two-lengths``         two ``Content-Length`` headers, 5 and 5, body ``b"12345"``
``two-lengths-differ``  two ``Content-Length`` headers, 5 and 6, body ``b"12345"``
``split-value-crlf``    header value ``"a\r\nX-Injected: yes"``; ``-lf``, ``-cr``, ``-nul`` with that one
                        character in the place of CR LF; ``split-value-response`` with a whole second response
``split-name-crlf``     header name ``"X-Bad\r\nX-Injected"``; ``-colon`` (``"X-Injected: yes\t"``),
                        ``-blank`` (``"X Bad"``)
``split-status-crlf``   status ``"200 OK\r\nX-Injected: yes"``; ``-lf``, ``-cr``
``cookies``             three ``Set-Cookie`` headers a=1, b=2, c=3, in that order
``own-date``            a ``Date`` of its own: ``Tue, 15 Nov 1994 08:12:31 GMT``
``redirect``            ``302 Found`` with a Location; ``not-found`` gives a 404
``raise-call``          raises in the call before ``start_response``
``raise-first``         calls ``start_response``, its iterable raises in the first step
``raise-started``       calls ``start_response``, then raises in the call
``never-starts``        returns ``[b"data"]`` without calling ``start_response``
``raise-later``         no Content-Length; yields ``b"partial,"``, then raises
``raise-later-length``  ``Content-Length: 100``, yields ``b"partial,"``, then raises
``short-length``        ``Content-Length: 100``, yields ``b"partial,"``, then ends
======================  ===============================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
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
    :ivar headers: names as sent and values without surrounding blanks, Latin-1, in order.
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
        """Whether the server ended it of its own accord."""
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
    def bytes_sent(self) -> bytes:
        """All bytes that the client sent."""
        return b"".join(step.data for step in self.sent)

    @property
    def bytes_received(self) -> bytes:
        """All bytes that came."""
        return b"".join(piece.data for piece in self.received)


@dataclass
class Call:
    """One call of the probe app, as it reported it through the side channel.

    :ivar label: of the request, ``""`` when the probe could not tell. :ivar token: likewise.
    :ivar behaviour: what it was told to do. :ivar environ: variables with exact ``str`` values as they are;
        ``bool``, ``int``, ``None`` and lists (tuples) as they are; of anything else ``"<type name>"``.
    :ivar types: for each variable whose value is not exactly ``str``, the name of its type.
    :ivar body: what it read. :ivar body_ended: a read gave ``b""`` at the end.
    :ivar body_error: what a read raised, as ``"TypeName: text"``; ``""`` when none did.
    :ivar events: what happened, in order: dicts with ``event`` (``"called"``, ``"start"``, ``"read"``, ``"write"``,
        ``"yield"``, ``"raise"``, ``"close"``, ...) and ``at`` (``time.monotonic()`` there).
    :ivar finished: whether its end was reported: closed, or returned and known to get no further.
    :ivar at: ``time.monotonic()`` at the call.
    """

    label: str = ""
    environ: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    body_ended: bool = False
    body_error: str = ""
    behaviour: str = "echo"
    token: str = ""
    types: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = True
    at: float = 0.0

    def get(self, name: str, default: str = "") -> str:
        """Return the variable *name* as text, *default* when absent."""
        value = self.environ.get(name, default)
        return value if type(value) is str else str(value)

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the events called *event*, in order."""
        return [entry for entry in self.events if entry.get("event") == event]


@dataclass
class ServerRun:
    """One stimulus, run once against one server.

    :ivar stimulus: its id. :ivar server: the server's name. :ivar token: the run's token.
    :ivar host: address and port, ``"127.0.0.1:8000"``, as sent in ``Host``.
    :ivar mount: path prefix under which the probe is mounted, ``""`` for the root.
    :ivar connections: in the order of opening. :ivar calls: the app's calls, in the order of their begin.
    :ivar probed: whether the side channel worked; when false, the absence of a call says nothing.
    :ivar alive: whether the server accepted a connection and served an ordinary request afterwards.
    :ivar output: what the server printed during the run (bounded).
    :ivar policies: choices of this server known from other runs, by name: ``pipelines``, whether it answers each of
        several requests that come at once.
    :ivar facts: facts for the report that rules or stimuli want to pass on.
    """

    stimulus: str = ""
    server: str = ""
    connections: list[Connection] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    token: str = ""
    host: str = ""
    mount: str = ""
    probed: bool = True
    alive: bool = True
    output: str = ""
    policies: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def connection(self) -> Connection:
        """The first connection; an empty one that never came about when there is none."""
        return self.connections[0] if self.connections else Connection(ended="refused")

    @property
    def finals(self) -> list[Response]:
        """The final responses of all connections."""
        return [response for connection in self.connections for response in connection.finals]

    def called(self, label: str) -> Call | None:
        """Return the first call that carries *label*, or ``None``."""
        return next((call for call in self.calls if call.label == label), None)

    def answer(self, label: str) -> Response | None:
        """Return the first final response whose marker carries *label*, or ``None``."""
        return next((response for response in self.finals if response.label == label), None)

    def ran(self, label: str) -> bool:
        """Whether the app ran for the request *label*: by its report or by its marker on the wire."""
        return self.called(label) is not None or self.answer(label) is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; bytes become Latin-1 text."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ServerRun:
        """Rebuild a run from :meth:`to_dict`'s data."""
        plain = dict(data)
        plain["connections"] = [_connection(item) for item in plain["connections"]]
        plain["calls"] = [Call(**{**item, "body": _bytes(item["body"])}) for item in plain["calls"]]
        return cls(**plain)


def one_connection(
    sent: bytes,
    *responses: Response,
    ended: str = "eof",
    calls: Iterable[Call] = (),
    stimulus: str = "example",
) -> ServerRun:
    """Write a run of one connection by hand: what was sent, what came, which calls the app saw."""
    connection = Connection(sent=[Sent(sent)], ended=ended, responses=list(responses))
    return ServerRun(stimulus=stimulus, server="example", connections=[connection], calls=list(calls))


def _plain(value: Any) -> Any:
    if type(value) is bytes:
        return value.decode("latin-1")
    if type(value) is list or type(value) is tuple:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return value


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _connection(data: Mapping[str, Any]) -> Connection:
    plain = dict(data)
    plain["sent"] = [Sent(**{**item, "data": _bytes(item["data"])}) for item in plain["sent"]]
    plain["received"] = [Received(**{**item, "data": _bytes(item["data"])}) for item in plain["received"]]
    plain["responses"] = [_response(item) for item in plain["responses"]]
    plain["stray"] = _bytes(plain["stray"])
    return Connection(**plain)


def _response(data: Mapping[str, Any]) -> Response:
    plain = dict(data)
    for name in ("body", "stray", "head"):
        plain[name] = _bytes(plain[name])
    for name in ("headers", "deviations", "trailers"):
        plain[name] = [(first, second) for first, second in plain[name]]
    return Response(**plain)
