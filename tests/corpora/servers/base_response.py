"""The response half of the correct base server: from the app's call to the last byte."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.corpora.servers.base import Connection
    from tests.corpora.servers.base_http import Request

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)


class ClientGone(Exception):
    """Sending failed: nobody is there to receive the rest."""


class Responder:
    """Calls the app once and sends what it answers.

    :ivar keep: whether the connection may carry another request.
    """

    def __init__(self, connection: Connection, request: Request) -> None:
        self.connection, self.request = connection, request
        self.keep = request.keep_alive
        self.called = False
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.headers_sent = False
        self.declared: int | None = None
        self.sent = 0
        self.chunked = False
        self.bodiless = False
        self.result: Any = None

    # -- the run

    def run(self, app: Any, environ: dict[str, Any]) -> None:
        environ["base.send"] = self.output_extension
        try:
            self.result = app(environ, self.start_response)
            try:
                self.iterate()
                self.finish()
            finally:
                self.close()
        except ClientGone:
            self.keep = False
        except Exception:
            self.failed()

    def output_extension(self, start_response: Any, data: bytes, /) -> None:
        """Send *data* like ``write()``, for a caller that shows that no middleware is in between."""
        if start_response != self.start_response:
            raise ValueError("start_response is not this server's own")
        self.write(data)

    def iterate(self) -> None:
        for block in self.result:
            self.block(block)
            if self.enough():
                break

    def enough(self) -> bool:
        return self.declared is not None and self.headers_sent and self.sent >= self.declared

    def block(self, block: bytes) -> None:
        if type(block) is not bytes:
            raise TypeError("the iterable gave something that is not bytes")
        if block:
            self.send_body(block)

    def close(self) -> None:
        close = getattr(self.result, "close", None)
        if close is not None:
            close()

    def failed(self) -> None:
        self.log_error(traceback.format_exc())
        self.keep = False
        if not self.headers_sent:
            self.called, self.status = True, "500 Internal Server Error"
            self.headers = [("Content-Type", "text/plain"), ("Content-Length", "5")]
            self.declared, self.sent = None, 0
            try:
                self.send_body(b"error")
            except ClientGone:
                return

    def log_error(self, text: str) -> None:
        self.connection.server.write_log(text)

    # -- start_response

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        try:
            if exc_info:
                if self.headers_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            elif self.called:
                raise AssertionError("start_response was called before")
            self.called = True
            self.check_status(status)
            self.check_headers(headers)
            self.status, self.headers = status, list(headers)
        finally:
            exc_info = None
        return self.write

    def check_status(self, status: Any) -> None:
        if type(status) is not str:
            raise TypeError("the status is not a str")
        if not re.match(r"[2-9][0-9][0-9] \S", status) or CONTROL.search(status):
            raise ValueError("the status is malformed")
        status.encode("latin-1")

    def check_headers(self, headers: Any) -> None:
        if type(headers) is not list:
            raise TypeError("the headers are not a list")
        for item in headers:
            if type(item) is not tuple or len(item) != 2 or type(item[0]) is not str or type(item[1]) is not str:
                raise TypeError("a header is not a tuple of two strings")
            self.check_header(*item)
        if sum(name.lower() == "content-length" for name, _ in headers) > 1:
            raise ValueError("there are two Content-Length headers")

    def check_header(self, name: str, value: str) -> None:
        if not NAME.match(name) or CONTROL.search(value):
            raise ValueError("a header is malformed")
        value.encode("latin-1")
        if name.lower() in HOP_BY_HOP:
            raise ValueError("a hop-by-hop header is the server's business")
        if name.lower() == "content-length" and not re.fullmatch("[0-9]+", value):
            raise ValueError("a Content-Length is malformed")

    def write(self, data: Any, /) -> None:
        if type(data) is not bytes:
            raise TypeError("write() takes bytes")
        if data:
            self.wrote = True
            self.send_body(data)
            if self.declared is not None and not self.bodiless and self.excess:
                raise ValueError("write() beyond Content-Length")

    wrote = False
    excess = False

    # -- the wire

    def send(self, data: bytes) -> None:
        try:
            self.connection.send(data)
        except OSError as error:
            raise ClientGone from error

    def send_body(self, data: bytes) -> None:
        if not self.called:
            raise AssertionError("data before start_response")
        head = b"" if self.headers_sent else self.head(data)
        self.send(head + self.frame(data))

    def frame(self, data: bytes) -> bytes:
        """Count *data*, cut it to Content-Length, and put it into its transfer coding."""
        if self.declared is not None:
            self.excess = self.sent + len(data) > self.declared
            data = data[: max(0, self.declared - self.sent)]
        self.sent += len(data)
        if self.bodiless or not data:
            return b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def has(self, name: str) -> bool:
        return any(n.lower() == name for n, _ in self.headers)

    def value(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name), None)

    def head(self, first: bytes) -> bytes:
        """Fix the framing and return the header section. *first* is the first block, ``b""`` at the end."""
        self.headers_sent = self.request.answered = True
        code = int(self.status[:3])
        self.bodiless = self.request.method == b"HEAD" or code in (204, 304)
        headers = [(n, v) for n, v in self.headers if not (code == 204 and n.lower() == "content-length")]
        headers += self.framing_headers(code, first)
        if not self.has("date"):
            headers.append(("Date", self.connection.date()))
        if not self.has("server"):
            headers.append(("Server", "base"))
        headers += self.connection_headers()
        lines = "".join(f"{n}: {v}\r\n" for n, v in headers)
        return f"HTTP/1.1 {self.status}\r\n{lines}\r\n".encode("latin-1")

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        length = self.value("content-length")
        if length is not None:
            self.declared = int(length)
            return []
        if code in (204, 304):
            return []
        if not first and self.request.method != b"HEAD":
            self.declared = 0
            return [("Content-Length", "0")]
        if self.single() and not self.wrote:
            self.declared = len(first)
            return [("Content-Length", str(len(first)))] if first else []
        if self.request.version >= (1, 1):
            self.chunked = True
            return [("Transfer-Encoding", "chunked")]
        self.keep = False
        return []

    def single(self) -> bool:
        try:
            return len(self.result) == 1
        except TypeError:
            return False

    def connection_headers(self) -> list[tuple[str, str]]:
        if not self.keep:
            return [("Connection", "close")]
        return [("Connection", "keep-alive")] if self.request.version < (1, 1) else []

    def finish(self) -> None:
        if not self.headers_sent:
            if not self.called:
                raise AssertionError("the app never called start_response")
            self.send(self.head(b""))
        if self.declared is not None and self.sent < self.declared and not self.bodiless:
            self.log_error(f"the app gave {self.sent} of {self.declared} bytes\n")
            self.keep = False
        elif self.chunked and not self.bodiless:
            self.send(b"0\r\n\r\n")
