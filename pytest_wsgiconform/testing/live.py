"""A live server for tests: an application on a real loopback socket, in threads of this process."""

from __future__ import annotations

import atexit
import functools
import ssl
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..wsgiref.simple_server import ThreadingWSGIServer, WSGIRequestHandler, make_server

#: Seconds that stopping may take before a request that still runs is left to its daemon thread.
_PATIENCE = 5.0


class LiveServer:
    """A server that runs.

    :ivar url: its address without a trailing slash, ``http://127.0.0.1:PORT``. :ivar host, port: the same in parts.
    :ivar ca_file: for HTTPS, the path of the certificate that vouches for it (``verify=`` of requests and httpx);
        else ``None``.
    """

    def __init__(self, server: ThreadingWSGIServer, ca_file: str | None) -> None:
        self._server, self.ca_file = server, ca_file
        self.host, self.port = "127.0.0.1", int(server.server_port)
        self.url = f"{'https' if ca_file else 'http'}://{self.host}:{self.port}"
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the socket; safe to call twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(_PATIENCE)
        self._server.server_close()


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the test tells what matters."""


class _Server(ThreadingWSGIServer):
    """:cvar context: for HTTPS, how to speak it."""

    block_on_close = False  # a client that keeps its connection must not keep the test
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.context is not None:
            # The handshake happens with the first read, in the connection's own thread.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address


def start(app: Callable[..., Any], *, https: bool = False) -> LiveServer:
    """Serve *app* on a free port of 127.0.0.1 until :meth:`LiveServer.stop`.

    :param app: a WSGI application; it is called in several threads at once.
    :param https: serve it by TLS, with a certificate for 127.0.0.1 and localhost that is made once per process.
    :raises ModuleNotFoundError: for *https* without trustme; its text says what to install.
    """
    if not https:
        return LiveServer(_made(_Server, app), None)
    context, ca_file = _certificate()
    kind = type("_TlsServer", (_Server,), {"context": context})
    server = _made(kind, app)
    server.base_environ["HTTPS"] = "on"
    return LiveServer(server, ca_file)


def _made(kind: type[_Server], app: Callable[..., Any]) -> ThreadingWSGIServer:
    server = make_server("127.0.0.1", 0, app, kind, _QuietHandler)
    if not isinstance(server, ThreadingWSGIServer):
        raise TypeError("make_server returns what it was asked for")
    return server


@functools.cache
def _certificate() -> tuple[ssl.SSLContext, str]:
    try:
        import trustme
    except ModuleNotFoundError:
        raise ModuleNotFoundError("HTTPS needs trustme: install pytest-wsgiconform[https]") from None
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    folder = tempfile.TemporaryDirectory(prefix="wsgiconform-")
    atexit.register(folder.cleanup)
    path = Path(folder.name, "ca.pem")
    authority.cert_pem.write_to_path(str(path))
    return context, str(path)
