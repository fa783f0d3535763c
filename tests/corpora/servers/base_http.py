"""The request half of the correct base server: bytes to a request, strictly by RFC 9112.

Every decision is a small method, so that a broken server is a subclass that changes one of them.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?\Z")
TARGET = re.compile(rb"[\x21-\x7e]+\Z")
LINE_LIMIT = 65536
HEAD_LIMIT = 262144
BODY_LIMIT = 4 * 1024 * 1024


class Refusal(Exception):
    """The request is answered without the app, and the connection ends. Arguments: code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class ConnectionEnded(Exception):
    """The client has gone, or stopped in the middle."""


class Reader:
    """Buffered reading from a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.buffer = sock, bytearray()

    def fill(self) -> bool:
        """Receive once; false at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise ConnectionEnded(str(error)) from error
        self.buffer += data
        return bool(data)

    def line(self, limit: int = LINE_LIMIT) -> bytes:
        """Return one line with its line feed. Raises ConnectionEnded, or ValueError when too long."""
        start = 0
        while True:
            end = self.buffer.find(b"\n", start)
            if end >= 0:
                return self.take(end + 1)
            start = len(self.buffer)
            if start > limit:
                raise ValueError("line too long")
            if not self.fill():
                raise ConnectionEnded("end of stream inside a line")

    def take(self, size: int) -> bytes:
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def some(self, size: int) -> bytes:
        """Return between 1 and *size* bytes, ``b""`` at the end of the stream."""
        if not self.buffer:
            self.fill()
        return self.take(size)

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self.fill():
                raise ConnectionEnded("end of stream inside a body")
        return self.take(size)


@dataclass
class Request:
    """One parsed request. Names are lower-case bytes, values are stripped bytes."""

    method: bytes
    target: bytes
    version: tuple[int, int]
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    path: bytes = b""
    query: bytes = b""
    length: int | None = None
    chunked: bool = False
    body: bytes = b""
    expects: bool = False
    answered: bool = False

    def all(self, name: bytes) -> list[bytes]:
        return [v for n, v in self.headers if n == name]

    @property
    def keep_alive(self) -> bool:
        options = {o.strip().lower() for v in self.all(b"connection") for o in v.split(b",")}
        if b"close" in options:
            return False
        return self.version >= (1, 1) or b"keep-alive" in options


class RequestParser:
    """Reads requests off a :class:`Reader`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def next(self) -> Request | None:
        """Return the next request up to its body, ``None`` at a clean end of the stream."""
        line = self.first_line()
        if line is None:
            return None
        request = self.request_line(line)
        request.headers = self.headers()
        self.check_host(request)
        self.split_target(request)
        self.framing(request)
        self.expectation(request)
        return request

    # -- lines

    def read_line(self, too_long: tuple[int, str]) -> bytes:
        """Return one line without its CRLF."""
        try:
            return self.strip_end(self.reader.line())
        except ValueError:
            raise Refusal(*too_long) from None

    def strip_end(self, line: bytes) -> bytes:
        if not line.endswith(b"\r\n"):
            raise Refusal(400, "Bad Request")
        return line[:-2]

    def first_line(self) -> bytes | None:
        while not self.reader.buffer:
            if not self.reader.fill():
                return None
        line = self.read_line((414, "URI Too Long"))
        return line if line else self.read_line((414, "URI Too Long"))

    def request_line(self, line: bytes) -> Request:
        parts = line.split(b" ")
        if len(parts) != 3 or not TOKEN.match(parts[0]) or not TARGET.match(parts[1]):
            raise Refusal(400, "Bad Request")
        return Request(self.method(parts[0]), parts[1], self.version(parts[2]))

    def method(self, token: bytes) -> bytes:
        return token

    def version(self, text: bytes) -> tuple[int, int]:
        match = re.fullmatch(rb"HTTP/([0-9])\.([0-9])", text)
        if match is None:
            raise Refusal(400, "Bad Request")
        if match[1] != b"1":
            raise Refusal(505, "HTTP Version Not Supported")
        return 1, min(1, int(match[2]))

    # -- fields

    def headers(self) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        size = 0
        while True:
            line = self.read_line((431, "Request Header Fields Too Large"))
            if not line:
                return found
            size += len(line)
            if size > HEAD_LIMIT:
                raise Refusal(431, "Request Header Fields Too Large")
            self.add_header(found, line)

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] in b" \t":
            raise Refusal(400, "Bad Request")
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name) or BAD_VALUE.search(value):
            raise Refusal(400, "Bad Request")
        found.append((name.lower(), value.strip(b" \t")))

    def check_host(self, request: Request) -> None:
        hosts = request.all(b"host")
        if len(hosts) > 1 or (not hosts and request.version >= (1, 1)):
            raise Refusal(400, "Bad Request")
        if hosts and not HOST.match(hosts[0]):
            raise Refusal(400, "Bad Request")

    def split_target(self, request: Request) -> None:
        target = request.target
        if target == b"*":
            if request.method != b"OPTIONS":
                raise Refusal(400, "Bad Request")
            return
        if request.method == b"CONNECT":
            raise Refusal(501, "Not Implemented")
        if not target.startswith(b"/"):
            match = re.match(rb"https?://([^/?#]+)([/?].*)?\Z", target, re.IGNORECASE)
            if match is None or not HOST.match(match[1]):
                raise Refusal(400, "Bad Request")
            self.take_authority(request, match[1])
            target = match[2] or b"/"
            target = target if target.startswith(b"/") else b"/" + target
        if b"#" in target:
            raise Refusal(400, "Bad Request")
        request.path, _, request.query = target.partition(b"?")

    def take_authority(self, request: Request, authority: bytes) -> None:
        request.headers = [(n, v) for n, v in request.headers if n != b"host"] + [(b"host", authority)]

    # -- framing

    def framing(self, request: Request) -> None:
        lengths = request.all(b"content-length")
        codings = request.all(b"transfer-encoding")
        if codings:
            self.transfer_encoding(request, codings, lengths)
        elif lengths:
            request.length = self.content_length(lengths)
            if request.length > BODY_LIMIT:
                raise Refusal(413, "Content Too Large")

    def content_length(self, values: list[bytes]) -> int:
        if len(values) > 1 or not re.fullmatch(rb"[0-9]{1,18}", values[0]):
            raise Refusal(400, "Bad Request")
        return int(values[0])

    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if lengths or request.version < (1, 1):
            raise Refusal(400, "Bad Request")
        names = [c.strip(b" \t").lower() for v in codings for c in v.split(b",")]
        if names == [b"chunked"]:
            request.chunked = True
        elif names.count(b"chunked") == 1 and names[-1] == b"chunked":
            raise Refusal(501, "Not Implemented")
        else:
            raise Refusal(400, "Bad Request")

    def expectation(self, request: Request) -> None:
        values = request.all(b"expect")
        if not values or request.version < (1, 1):
            return
        if any(v.lower() != b"100-continue" for v in values):
            raise Refusal(417, "Expectation Failed")
        request.expects = request.chunked or bool(request.length)

    # -- chunked bodies

    def chunked_body(self) -> bytes:
        """Read a chunked body to its end. Raises Refusal for any fault in it."""
        body = bytearray()
        while True:
            size = self.chunk_size(self.read_line((400, "Bad Request")))
            if size == 0:
                self.headers()
                return bytes(body)
            if len(body) + size > BODY_LIMIT:
                raise Refusal(413, "Content Too Large")
            body += self.reader.exactly(size)
            self.chunk_end()

    def chunk_size(self, line: bytes) -> int:
        digits, _, extension = line.partition(b";")
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits) or BAD_VALUE.search(extension):
            raise Refusal(400, "Bad Request")
        return int(digits, 16)

    def chunk_end(self) -> None:
        if self.reader.exactly(2) != b"\r\n":
            raise Refusal(400, "Bad Request")
