"""Serves the requests that come over one connection."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import sys
import time
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar, TextIO, cast

from ._body import ChunkedBody, RequestBody, SizedBody
from ._reader import ConnectionReader, reader_of_stream
from ._request import RequestHead, RequestRejected, add_variable, parse_head, variable_of
from ._server_handler import ConnectionWriter, ServerHandler, server_version, software_version, sys_version
from ._serving import DISCONNECTS, bracketed, has_input
from ._timeouts import TimedConnection

if TYPE_CHECKING:
    from ._server import WSGIServer
    from .types import WSGIApplication, WSGIEnvironment


MOST_IN_A_ROW = 100
"""How many pipelined requests a single-threaded server serves before it ends the connection for others that wait."""


class WSGIRequestHandler(BaseHTTPRequestHandler):
    """Serves the requests of one connection.

    Subclass it and pass the class to `make_server`. `get_environ`, `get_stderr` and `handle` are meant for
    overriding, and so are the logging methods of `http.server.BaseHTTPRequestHandler`.

    Attributes:
        server_handler_class: runs the application; a subclass of `ServerHandler`.
        timeout: seconds that a single read or write may take, and that a kept connection may be idle in its thread;
            None is for ever.
        head_timeout: seconds in which a request head must arrive after its first byte; answered 408 beyond.
        transfer_grace, min_transfer_rate: seconds that a request may spend waiting for its client, to send the body and
            to take the response, beyond one second for each so many bytes; a slower body is answered 408, a response
            that is taken more slowly is given up. `transfer_grace` of None is for ever.
        max_body_size: greatest length of a request body in bytes, answered 413 beyond; None is no limit.
        drain_limit, drain_timeout: a request body that the application left unread is read and dropped up to so many
            bytes and seconds; beyond that the connection is closed.
        command, path, request_version, requestline, headers, client_address: as `http.server` documents them.
    """

    server_version = server_version
    sys_version = sys_version
    server_handler_class: type[ServerHandler] = ServerHandler
    timeout: ClassVar[float | None] = 30.0
    head_timeout: float | None = 20.0
    transfer_grace: float | None = 60.0
    min_transfer_rate = 500.0
    max_body_size: int | None = 1 << 30
    drain_limit = 1 << 18
    drain_timeout = 2.0

    server: WSGIServer
    raw_requestline = b""
    requestline = request_version = command = ""
    _head: RequestHead | None = None
    _whole_head: bytes = b""
    _message: HTTPMessage | None = None
    _body: RequestBody | None = None
    _final_started = False
    _unclean = False  # input that nobody will read may be on its way: close with care
    _parked = False
    _local_name: str | None = None
    _timed: TimedConnection | None = None
    _in_a_row = 0  # requests served without a pause: in a pipeline, that is

    # ---- the connection

    def setup(self) -> None:
        """Set up `rfile` and `wfile`."""
        # Only TCP has Nagle's algorithm.
        is_tcp = getattr(self.request, "family", None) in (socket.AF_INET, socket.AF_INET6)
        self.disable_nagle_algorithm = is_tcp  # type: ignore[misc]
        super().setup()
        connection = self.connection
        if isinstance(connection, socket.socket):
            self.rfile.close()
            timed = TimedConnection(connection, self.timeout, self.transfer_grace, self.min_transfer_rate)
            self._timed = timed
            self.wfile = ConnectionWriter(timed)  # type: ignore[assignment]
            self.rfile = ConnectionReader(  # type: ignore[assignment]
                timed.receive, timed.limit, self.timeout, receive_body=timed.receive_in_grace
            )
            if self.server.bound_to_wildcard:
                self._local_name = bracketed(connection.getsockname()[0])

    def finish(self) -> None:
        """Let go of the connection; see to it that the client can read the whole answer first."""
        super().finish()
        connection = self.connection
        if not self._parked and isinstance(connection, socket.socket):
            with contextlib.suppress(OSError, ValueError):
                self._linger(connection)

    def _linger(self, connection: socket.socket) -> None:
        """Read and drop what is still coming, within bounds.

        A socket closed with unread input is reset, and the reset can overtake the answer (RFC 9112 section 9.6).
        """
        if isinstance(connection, ssl.SSLSocket):
            return
        if not self._unclean and not has_input(connection):
            return
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + self.drain_timeout
        left = self.drain_limit
        while left > 0 and (seconds := deadline - time.monotonic()) > 0:
            connection.settimeout(seconds)
            data = connection.recv(65536)
            if not data:
                return
            left -= len(data)

    def handle(self) -> None:
        """Serve requests until the connection is to be closed."""
        self.close_connection = True
        try:
            self.handle_one_request()
            while not self.close_connection:
                self.handle_one_request()
        except DISCONNECTS as error:
            self.close_connection = True
            if self._head is not None:
                self.log_error("Connection lost: %s", type(error).__name__)

    def handle_one_request(self) -> None:
        """Read one request and have the application answer it."""
        reader = self._reader()
        self.raw_requestline = b""
        try:
            self._whole_head = self._wait_for_head(reader)
        except RequestRejected as rejected:
            self._refuse(rejected)
            return
        self.raw_requestline = self._whole_head.partition(b"\n")[0] + b"\n"
        if not self._whole_head:
            self.close_connection = True
        elif self.parse_request():
            server = self.server
            handler = self.server_handler_class(
                self._body,
                self.wfile,
                self.get_stderr(),
                self.get_environ(),
                multithread=server.multithread,
                multiprocess=server.multiprocess,
            )
            handler.request_handler = self
            handler.http_version = self.protocol_version[5:]
            handler.server_software = self._software()
            handler.run(cast("WSGIApplication", server.get_app()))

    def _reader(self) -> ConnectionReader:
        """Return what requests are read from: `rfile`, wrapped when a subclass has put a plain file there."""
        if not isinstance(self.rfile, ConnectionReader):
            self.rfile = reader_of_stream(self.rfile)  # type: ignore[assignment]
        return cast("ConnectionReader", self.rfile)

    def _wait_for_head(self, reader: ConnectionReader) -> bytes:
        """Return the next head, b"" if there won't be one on this connection, in this handler."""
        connection = self.connection
        if reader.pending or not isinstance(connection, socket.socket):
            return reader.read_head(self.head_timeout)
        server = self.server
        if self._head is not None and server.park(connection, self.client_address, kept=True):
            self._parked = True
            return b""
        server.begin_waiting(connection, self._head is not None)
        try:
            return reader.read_head(self.head_timeout)
        except TimeoutError:
            return b""
        finally:
            server.end_waiting(connection)

    def _may_persist(self) -> bool:
        if not isinstance(self.connection, socket.socket) or not self.server.keeps_connections:
            return False
        if self._in_a_row > MOST_IN_A_ROW and self.server.others_wait():
            return False
        return self.server.runs_in_parallel or not isinstance(self.connection, ssl.SSLSocket)

    # ---- the request

    def parse_request(self) -> bool:
        """Parse the request whose first line is `raw_requestline`; return whether it can be served.

        Otherwise it has been answered, and `close_connection` is set. On success `command`, `path`, `requestline`,
        `request_version`, `headers` and `close_connection` are set, and `rfile` delivers the request's body.
        """
        head, self._whole_head = self._whole_head, b""
        self._message = self._body = self._head = None
        self._final_started = False
        self.command = ""
        reader = self._reader()
        try:
            head = head or reader.complete_head(self.raw_requestline, self.head_timeout)
            if not head:
                self.close_connection = True
                return False
            request = parse_head(head)
            self._head = request
            if self._timed is not None:
                self._timed.renew_grace()
            self.protocol_version = "HTTP/1.1" if request.http11 else "HTTP/1.0"
            self._begin_body(reader, request)
        except RequestRejected as rejected:
            self._refuse(rejected)
            return False
        self.command = request.method
        self.path = request.target
        self.request_version = request.version
        self.requestline = f"{request.method} {request.target} {request.version}"
        self._in_a_row += 1
        self.close_connection = not (request.persistent and self._may_persist())
        return True

    def _begin_body(self, reader: ConnectionReader, request: RequestHead) -> None:
        announce = self._send_continue if request.expects_continue else None
        if request.chunked:
            self._body = ChunkedBody(reader, self.max_body_size, announce)
        else:
            length = request.content_length or 0
            if self.max_body_size is not None and length > self.max_body_size:
                raise RequestRejected(413, "The request body is too large")
            self._body = SizedBody(reader, length, announce)
        reader.begin_body(self._body)

    def _send_continue(self) -> None:
        if not self._final_started:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, rejected: RequestRejected) -> None:
        """Answer a request that no application will see, and close."""
        self.close_connection = True
        self._unclean = True
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        self.command = "HEAD" if self.raw_requestline.startswith(b"HEAD ") else ""  # which is answered without content
        if _HTTP11_LINE.search(self.raw_requestline):
            self.protocol_version = "HTTP/1.1"
        self.send_error(rejected.status, explain=rejected.reason)

    @property  # type: ignore[override]
    def headers(self) -> HTTPMessage:
        """The request's header fields; what is changed here before `get_environ` shows in the environ."""
        if self._message is None:
            self._message = HTTPMessage()
            if self._head is not None:
                for name, value in self._head.fields:
                    self._message[name] = value
        return self._message

    @headers.setter
    def headers(self, message: HTTPMessage) -> None:
        self._message = message

    def get_environ(self) -> WSGIEnvironment:
        """Return a new dict with the CGI variables of the request; the `wsgi.` keys are the ServerHandler's.

        Made of the server's `base_environ` and: REQUEST_METHOD, SERVER_PROTOCOL, PATH_INFO (percent-decoded once,
        its bytes as latin-1), QUERY_STRING (as sent), REQUEST_URI and RAW_URI (the target as sent), REMOTE_ADDR and
        REMOTE_PORT, CONTENT_TYPE and CONTENT_LENGTH if sent, HTTP_* for every other field but Proxy,
        Transfer-Encoding and those with an underscore in their name, HTTPS and SSL_* over TLS. `wsgi.input_terminated`
        says that reading to the end of wsgi.input is safe.
        """
        request = self._head
        if request is None:
            raise RuntimeError("get_environ() is for a request that parse_request() has accepted")
        environ: WSGIEnvironment = dict(self.server.base_environ)
        environ.update(request.variables if self._message is None else self._variables_of(self._message))
        environ["REQUEST_METHOD"] = self.command
        environ["SERVER_PROTOCOL"] = self.request_version
        environ["SERVER_SOFTWARE"] = self._software()
        environ["PATH_INFO"] = request.path
        environ["QUERY_STRING"] = request.query
        environ["REQUEST_URI"] = environ["RAW_URI"] = request.target
        client = self.client_address
        if isinstance(client, tuple) and len(client) > 1:
            environ["REMOTE_ADDR"] = str(client[0])
            environ["REMOTE_PORT"] = str(client[1])
        else:
            environ["REMOTE_ADDR"] = ""
        if self._local_name is not None:
            environ["SERVER_NAME"] = self._local_name
        if isinstance(self.connection, ssl.SSLSocket):
            environ.update(_tls_variables(self.connection))
        environ["wsgi.input_terminated"] = True
        return environ

    def _variables_of(self, message: HTTPMessage) -> dict[str, str]:
        variables: dict[str, str] = {}
        for name, value in message.items():
            key = variable_of(name)
            if key and key != "HTTP_TRANSFER_ENCODING":
                add_variable(variables, key, value)
        return variables

    def _software(self) -> str:
        """Return the text of SERVER_SOFTWARE and Server: a patched ServerHandler's or a subclass's own."""
        patched = self.server_handler_class.server_software
        return self.version_string() if patched == software_version else str(patched)

    def get_stderr(self) -> TextIO:
        """Return the stream for `wsgi.errors`: `sys.stderr`."""
        return sys.stderr

    # ---- what ServerHandler tells

    def begin_final(self) -> bool | None:
        """Note that the final response's head is about to be sent; return whether the connection may be kept.

        None is for an end that goes without saying: an HTTP/1.0 client expects it.

        That must be known here, since the head announces it: the connection is closed too if the client still waits
        for a 100 (Continue), or has more to send than would be drained (RFC 9112 section 9.3).
        """
        self._final_started = True
        body = self._body
        if not self.server.keeps_connections or (body is not None and not body.ended and self._too_much_to_drain(body)):
            self.close_connection = True
        if self.close_connection and self.request_version == "HTTP/1.0":
            return None
        return not self.close_connection

    def _too_much_to_drain(self, body: RequestBody) -> bool:
        left = body.length_left
        return body.awaits_continue or body.error is not None or (left is not None and left > self.drain_limit)

    def end_request(self, reusable: bool) -> None:
        """Clear the way for the next request, or decide that there will be none.

        Args:
            reusable: whether the response was sent whole, and with an end that the client can tell.
        """
        body = self._body
        if not reusable:
            self.close_connection = True
        if body is not None and not body.ended:
            self._unclean = self.close_connection or not body.drain(self.drain_limit, self.drain_timeout)
            self.close_connection = self._unclean
        if isinstance(self.rfile, ConnectionReader):
            self.rfile.end_body()

    # ---- logging

    def address_string(self) -> str:
        """Return the client's address, "" over a Unix socket; never resolved."""
        client = self.client_address
        return str(client[0]) if isinstance(client, tuple) else ""


_HTTP11_LINE = re.compile(rb" HTTP/1\.[1-9]\r\n\Z")


def _tls_variables(connection: ssl.SSLSocket) -> dict[str, str]:
    """Return the variables of a TLS connection, under the names that mod_ssl made usual."""
    variables = {"HTTPS": "on"}
    version = connection.version()
    if version is not None:
        variables["SSL_PROTOCOL"] = version
    cipher = connection.cipher()
    if cipher is not None:
        variables["SSL_CIPHER"] = cipher[0]
        variables["SSL_CIPHER_USEKEYSIZE"] = str(cipher[2])
    return variables
