"""A running simple_server, and a client that keeps the bytes as they come."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.simple_server import ThreadingWSGIServer, WSGIRequestHandler, WSGIServer, make_server

PATIENCE = 20.0

Environ = dict[str, Any]
either = pytest.mark.parametrize("threaded", [True, False], ids=["threading", "single"])


@dataclass
class Response:
    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        values = self.values(name)
        assert len(values) <= 1, self.headers
        return values[0] if values else None


class Client:
    """One connection; responses are parsed strictly."""

    def __init__(self, address: Any, family: int = socket.AF_INET) -> None:
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.file.close()
        self.socket.close()

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + body)

    def get(self, target: str = "/", *fields: str, method: str = "GET", body: bytes = b"") -> Response:
        self.send(f"{method} {target} HTTP/1.1", "Host: h", *fields, body=body)
        return self.response(method)

    def line(self) -> bytes:
        line = self.file.readline()
        assert line.endswith(b"\r\n"), line
        return line[:-2]

    def head(self) -> Response:
        match = re.fullmatch(rb"HTTP/(1\.[01]) ([0-9]{3}) ([\t -~\x80-\xff]*)", self.line())
        assert match
        headers = []
        while line := self.line():
            pair = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t -~\x80-\xff]*)", line)
            assert pair, line
            headers.append((pair[1].decode("latin-1"), pair[2].decode("latin-1")))
        return Response(match[1].decode(), int(match[2]), match[3].decode("latin-1"), headers)

    def response(self, method: str = "GET") -> Response:
        """Read one whole response, whose end must be told by its head, or be the connection's."""
        response = self.head()
        length = response.value("Content-Length")
        coding = response.value("Transfer-Encoding")
        assert length is None or coding is None
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if coding is not None:
            assert coding == "chunked" and response.version == "1.1"
            response.body = b"".join(self.chunks())
        elif length is not None:
            response.body = self.file.read(int(length))
            assert len(response.body) == int(length), "cut short"
        else:
            response.body = self.file.read()
        return response

    def chunks(self) -> Iterator[bytes]:
        while True:
            size = self.line()
            assert re.fullmatch(rb"[0-9a-f]+", size), size
            data = self.file.read(int(size, 16))
            assert self.line() == b""
            if not data:
                return
            yield data

    def at_end(self) -> bool:
        """Wait for the end of the connection; tell whether nothing came before it."""
        return self.file.read() == b""

    def hears_nothing(self, seconds: float = 0.15) -> bool:
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)


@dataclass
class Live:
    """A server that runs in a thread of the test."""

    server: WSGIServer
    log: list[str]
    errors: io.StringIO
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> Any:
        return self.server.server_address

    def connect(self) -> Client:
        return Client(self.address[:2] if isinstance(self.address, tuple) else self.address, self.server.address_family)

    def exchange(self, data: bytes, end: bool = False) -> bytes:
        """Send the bytes and return all that comes until the server closes."""
        with self.connect() as client:
            client.socket.sendall(data)
            if end:
                client.socket.shutdown(socket.SHUT_WR)
            return client.file.read()

    def wait_for_log(self, text: str) -> None:
        """Wait until a line of the log or the error stream has the text."""
        wait_until(lambda: any(text in line for line in self.log) or text in self.errors.getvalue(), text)


def wait_until(condition: Callable[[], object], what: str = "it") -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"waited in vain for {what}")


@contextlib.contextmanager
def serving(
    app: Any,
    threaded: bool = True,
    host: str = "127.0.0.1",
    server_class: type[WSGIServer] | None = None,
    handler_class: type[WSGIRequestHandler] = WSGIRequestHandler,
    **attributes: Any,
) -> Iterator[Live]:
    """Serve `app`; `attributes` are set on the request handler's class."""
    log: list[str] = []
    errors = io.StringIO()

    class Handler(handler_class):  # type: ignore[misc, valid-type]
        def log_message(self, format: str, *arguments: object) -> None:
            log.append(format % arguments)

        def get_stderr(self) -> Any:
            return errors

    for name, value in attributes.items():
        setattr(Handler, name, value)
    if server_class is None:
        server_class = ThreadingWSGIServer if threaded else WSGIServer
    server = make_server(host, 0, app, server_class, Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Live(server, log, errors)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def text_app(body: bytes = b"hello", *headers: tuple[str, str], status: str = "200 OK") -> Any:
    """Return an application with a fixed answer."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain"), *headers])
        return [body]

    return app


def environ_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with the environ's text values, and with the body that was read."""
    body = environ["wsgi.input"].read()
    values = {key: value for key, value in environ.items() if type(value) in (str, bool, tuple)}
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr((values, body)).encode("ascii")]


def environ_of(live: Live, *lines: str, body: bytes = b"") -> tuple[Environ, bytes]:
    with live.connect() as client:
        client.send(*lines, body=body)
        response = client.response()
        assert response.status == 200, response
        values, read = ast.literal_eval(response.body.decode("ascii"))
        return values, read


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass
