"""A simple_server, ours or the interpreter's own, in a thread; and what comes back for raw bytes."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.wsgiref.handler_tools import OURS

_STATUS_LINE = re.compile(rb"(?m)^HTTP/1\.")


@dataclass
class Served:
    """A running server; ``errors`` is what applications and handlers wrote to ``wsgi.errors``."""

    package: Any
    server: Any
    errors: io.StringIO

    @property
    def patience(self) -> float:
        """Seconds to wait for an answer; the standard one is known not to give some."""
        return 20.0 if self.package is OURS else 0.4

    @contextlib.contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.socket(self.server.address_family) as connection:
            connection.settimeout(self.patience)
            connection.connect(self.server.server_address)
            yield connection

    def exchange(self, data: bytes, end: bool = True) -> bytes:
        """Send the bytes, and the end of them, and return all that comes until the server closes."""
        with self.connection() as connection:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def status(self, data: bytes) -> int:
        """The status of the only response to these bytes."""
        answer = self.exchange(data)
        assert len(_STATUS_LINE.findall(answer)) == 1, answer
        assert answer.startswith((b"HTTP/1.0 ", b"HTTP/1.1 ")), answer
        return int(answer[9:12])

    def body(self, data: bytes) -> bytes:
        """The body of the only response to these bytes, which must be 200."""
        answer = self.exchange(data)
        assert answer[9:12] == b"200" and len(_STATUS_LINE.findall(answer)) == 1, answer
        return answer.partition(b"\r\n\r\n")[2]


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def served(
    package: Any, app: Any, *, host: str = "127.0.0.1", server_class: Any = None, **attributes: Any
) -> Iterator[Served]:
    """Serve ``app`` on ``package``'s server; ``attributes`` are set on the request handler's class."""
    errors = io.StringIO()

    def quiet(*arguments: object) -> None:
        pass

    attributes = {"log_message": quiet, "get_stderr": lambda self: errors, **attributes}
    handler = type("Handler", (package.simple_server.WSGIRequestHandler,), attributes)
    server = package.simple_server.make_server(host, 0, app, server_class or package.simple_server.WSGIServer, handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Served(package, server, errors)
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
    assert not thread.is_alive()


def seen_environ(seen: dict[str, Any]) -> Any:
    """An application that notes its environ in ``seen``."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.clear()
        seen.update(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return app
