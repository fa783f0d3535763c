"""A correct, minimal, threaded WSGI server over HTTP/1.1: the base of every broken server in these tests.

It keeps PEP 3333 and RFC 9112 as far as a server of this size can. A broken server is a subclass of
:class:`Server`, :class:`Connection`, :class:`Responder`, :class:`InputStream`, :class:`ErrorStream` or
:class:`~.base_http.RequestParser` that changes one method; the classes to use are attributes of
:class:`Server`.
"""

from __future__ import annotations

import contextlib
import email.utils
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes

from tests.corpora.servers.base_http import ConnectionEnded, Reader, Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder

IDLE_LIMIT = 5.0


class InputStream:
    """``wsgi.input``: exactly the body, read on demand."""

    def __init__(self, connection: Connection, request: Request) -> None:
        self.connection, self.request = connection, request
        self.ready = bytearray(request.body)
        self.left = 0 if request.chunked else request.length or 0

    def pull(self, size: int) -> bool:
        """Get up to *size* more bytes of the body; false at its end."""
        if self.left <= 0:
            return False
        self.connection.send_continue(self.request)
        data = self.connection.reader.some(min(size, self.left))
        if not data:
            self.left = 0
            raise OSError("the client ended the connection inside the body")
        self.left -= len(data)
        self.ready += data
        return True

    def take(self, size: int) -> bytes:
        data = bytes(self.ready[:size])
        del self.ready[:size]
        return data

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            while self.pull(65536):
                pass
            return self.take(len(self.ready))
        while len(self.ready) < size and self.pull(size - len(self.ready)):
            pass
        return self.take(size)

    def readline(self, size: int | None = -1) -> bytes:
        limit = sys.maxsize if size is None or size < 0 else size
        while True:
            end = self.ready.find(b"\n") + 1 or len(self.ready) + 1
            if min(end, limit) <= len(self.ready):
                return self.take(min(end, limit))
            if not self.pull(1024):
                return self.take(limit)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterable[bytes]:
        return iter(self.readline, b"")


class ErrorStream:
    """``wsgi.errors``: text that goes to the server's log at once."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log

    def write(self, text: str) -> int:
        if type(text) is not str:
            raise TypeError("wsgi.errors takes str")
        self.log(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        return None


class FileWrapper:
    """``wsgi.file_wrapper``: plain iteration over ``read()``."""

    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        self.filelike, self.block_size = filelike, block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Iterable[bytes]:
        return iter(lambda: self.filelike.read(self.block_size), b"")


class Connection:
    """One client, one request after the other."""

    def __init__(self, server: Server, sock: socket.socket, address: Any) -> None:
        self.server, self.sock, self.address = server, sock, address
        self.reader = Reader(sock)
        self.parser = server.parser_class(self.reader)

    def run(self) -> None:
        try:
            while self.one():
                pass
        except ConnectionEnded:
            pass
        except Refusal as refusal:
            self.refuse(refusal)
        finally:
            self.hang_up()

    def one(self) -> bool:
        """Serve one request; false when the connection has to end."""
        request = self.parser.next()
        if request is None:
            return False
        if request.chunked:
            self.send_continue(request)
            request.body = self.parser.chunked_body()
        environ = self.environ(request)
        responder = self.server.responder_class(self, request)
        responder.run(self.server.app, environ)
        return responder.keep and self.discard_rest(request, environ["wsgi.input"])

    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        """Skip what the app left of the body; false when it isn't worth it."""
        if request.expects or stream.left > 65536:
            return not stream.left
        while stream.left:
            stream.left -= len(self.reader.exactly(min(stream.left, 4096)))
        return True

    def send_continue(self, request: Request) -> None:
        if request.expects and not request.answered:
            request.expects = False
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def refuse(self, refusal: Refusal) -> None:
        text = f"{refusal.code} {refusal.reason}"
        head = (
            f"HTTP/1.1 {text}\r\nDate: {self.date()}\r\nServer: base\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}"
        )
        with contextlib.suppress(OSError):
            self.send(head.encode("latin-1"))

    def date(self) -> str:
        return email.utils.formatdate(usegmt=True)

    def hang_up(self) -> None:
        """Close so that the client still gets what was sent: no reset over unread input."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(0.2)
            end = time.monotonic() + 1
            while time.monotonic() < end and self.sock.recv(65536):
                pass
        self.sock.close()

    # -- environ

    def environ(self, request: Request) -> dict[str, Any]:
        host, port = self.sock.getsockname()[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method.decode("latin-1"),
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path_info(request),
            "QUERY_STRING": self.query_string(request),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/{}.{}".format(*request.version),
            "SERVER_SOFTWARE": "base",
            "REMOTE_ADDR": self.address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": self.server.input_class(self, request),
            "wsgi.errors": self.server.errors_class(self.server.write_log),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": self.server.file_wrapper_class,
            "base.headers": self.header_extension,
        }
        environ.update(self.server.deployed)
        self.add_headers(environ, request)
        return environ

    def header_extension(self, environ: dict[str, Any], /) -> dict[str, str]:
        """Return the request's headers by name, as *environ* has them."""
        return {key[5:].replace("_", "-").title(): v for key, v in environ.items() if key.startswith("HTTP_")}

    def path_info(self, request: Request) -> str:
        return unquote_to_bytes(request.path).decode("latin-1")

    def query_string(self, request: Request) -> str:
        return request.query.decode("latin-1")

    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        for name, value in request.headers:
            if b"_" in name:
                continue
            self.add_header(environ, name, value.decode("latin-1"))

    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        key = self.variable(name)
        if key in environ:
            value = environ[key] + ("; " if key == "HTTP_COOKIE" else ", ") + value
        environ[key] = value

    def variable(self, name: bytes) -> str:
        key = name.decode("latin-1").upper().replace("-", "_")
        return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


class Server:
    """Listens on a free port of 127.0.0.1 from construction, serves from :meth:`start` to :meth:`stop`.

    :ivar log: everything written to ``wsgi.errors`` and every traceback.
    """

    parser_class: type[RequestParser] = RequestParser
    connection_class: type[Connection] = Connection
    responder_class: type[Responder] = Responder
    input_class: type[InputStream] = InputStream
    errors_class: type[ErrorStream] = ErrorStream
    file_wrapper_class: Any = FileWrapper
    #: What a deployer would have configured for environ.
    deployed: ClassVar[dict[str, str]] = {
        "WSGICONFORM_DEPLOYER": "deployed",
        "WSGICONFORM_EXTENSIONS": "headers=base.headers,output=base.send",
    }

    def __init__(self, app: Any) -> None:
        self.app = app
        self.log: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.host, self.port = self.listener.getsockname()[:2]
        self.open: set[socket.socket] = set()
        self.stopping = False
        self.thread = threading.Thread(target=self.accept, name=f"base server {self.port}", daemon=True)

    def start(self) -> Server:
        self.thread.start()
        return self

    def stop(self) -> None:
        self.stopping = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in list(self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if self.thread.ident is not None:
            self.thread.join(5)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def accept(self) -> None:
        while not self.stopping:
            try:
                sock, address = self.listener.accept()
            except OSError:
                return
            self.open.add(sock)
            sock.settimeout(IDLE_LIMIT)
            with contextlib.suppress(OSError):  # reset already: its own thread will see that
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.dispatch(sock, address)

    def dispatch(self, sock: socket.socket, address: Any) -> None:
        threading.Thread(target=self.serve, args=(sock, address), daemon=True).start()

    def serve(self, sock: socket.socket, address: Any) -> None:
        try:
            self.connection_class(self, sock, address).run()
        except Exception:
            self.write_log(traceback.format_exc())
        finally:
            self.open.discard(sock)
            sock.close()

    def write_log(self, text: str) -> None:
        self.log.append(text)

    def log_text(self) -> str:
        return "".join(self.log)
