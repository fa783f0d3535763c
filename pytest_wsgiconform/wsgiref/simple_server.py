"""A small HTTP/1.1 server for WSGI applications, under the names the standard library documents.

`make_server` gives a single-threaded server; pass `server_class=ThreadingWSGIServer` for one that serves connections
side by side. Both keep connections, decode chunked bodies, answer `Expect: 100-continue`, and refuse requests whose
framing is open to more than one reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._request_handler import WSGIRequestHandler
from ._server import ThreadingWSGIServer, WSGIServer
from ._server_handler import ServerHandler
from ._server_handler import server_version as server_version
from ._server_handler import software_version as software_version
from ._server_handler import sys_version as sys_version

if TYPE_CHECKING:
    from .types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = [
    "ServerHandler",
    "ThreadingWSGIServer",
    "WSGIRequestHandler",
    "WSGIServer",
    "demo_app",
    "make_server",
]

__version__ = "0.2"


def demo_app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer any request with "Hello world!" and a list of what is in `environ`, as UTF-8 text; HEAD without it."""
    lines = ["Hello world!", ""]
    lines += [f"{key} = {environ[key]!r}" for key in sorted(environ)]
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    if environ.get("REQUEST_METHOD") == "HEAD":
        return []
    return ["".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")]


def make_server(
    host: str,
    port: int,
    app: WSGIApplication,
    server_class: type[WSGIServer] = WSGIServer,
    handler_class: type[WSGIRequestHandler] = WSGIRequestHandler,
) -> WSGIServer:
    """Return a new server that listens on host and port and serves `app`.

    Args:
        host: a name or address; one with a colon is IPv6, "" is every IPv4 address.
        port: the port; 0 is any free one, see `server_port` of the result.
        app: the application.
        server_class: its instance is returned; `ThreadingWSGIServer` serves connections side by side.
        handler_class: serves the requests.

    Raises:
        OSError: if the address can't be listened on.
    """
    server = server_class((host, port), handler_class)
    server.set_app(app)
    return server
