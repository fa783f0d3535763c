"""The servers: they listen, wait, and hold what their request handlers ask for."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from ._serving import ThreadedWaitingServer, WaitingServer, bracketed

if TYPE_CHECKING:
    from .types import WSGIApplication

__all__ = ["ThreadingWSGIServer", "WSGIServer"]

_WILDCARDS = ("", "0.0.0.0", "::")


class WSGIServer(WaitingServer):
    """An HTTP server for one application; one request at a time.

    Args:
        server_address: (host, port); a host with a colon is an IPv6 address, "" is every IPv4 address, port 0 is any
            free one. A str is the path of a Unix socket.
        RequestHandlerClass: a subclass of `http.server.BaseHTTPRequestHandler`, ordinarily of `WSGIRequestHandler`.
        bind_and_activate: whether to bind and listen at once.

    Attributes:
        application: what `set_app` set.
        base_environ: the variables every environ starts from; add to it to hand deployment settings to applications.
        server_name, server_port: the address listened on, as SERVER_NAME and SERVER_PORT show it.

    Connections are kept between requests within `serve_forever`, and an idle one stops nobody: the server listens to
    all of them. A client that is slow in the middle of a request does hold up the others, for as long as the time
    limits of `WSGIRequestHandler` allow.
    """

    application: WSGIApplication | None = None
    base_environ: dict[str, Any]
    bound_to_wildcard = False

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: Callable[[Any, Any, Any], BaseHTTPRequestHandler],
        bind_and_activate: bool = True,
    ) -> None:
        if isinstance(server_address, (str, bytes)):
            self.address_family = socket.AF_UNIX
        elif ":" in server_address[0] and self.address_family == socket.AF_INET:
            self.address_family = socket.AF_INET6
        super().__init__(server_address, RequestHandlerClass, bind_and_activate)

    def server_bind(self) -> None:
        """Bind the socket and set `server_name`, `server_port` and `base_environ`; no name is ever resolved."""
        if self.address_family == getattr(socket, "AF_UNIX", None):
            self.socket.bind(self.server_address)
            self.server_name, self.server_port = "localhost", 80
        else:
            if self.allow_reuse_address:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if getattr(self, "allow_reuse_port", False) and hasattr(socket, "SO_REUSEPORT"):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self.socket.bind(self.server_address)
            self.server_address = self.socket.getsockname()
            host = str(self.server_address[0])
            # The address that the client used is put in its place for each connection.
            self.bound_to_wildcard = host in _WILDCARDS
            self.server_name = "localhost" if self.bound_to_wildcard else host
            self.server_port = self.server_address[1]
        self.setup_environ()

    def setup_environ(self) -> None:
        """Set `base_environ` from `server_name` and `server_port`."""
        self.base_environ = {
            "SERVER_NAME": bracketed(self.server_name or "localhost"),
            "SERVER_PORT": str(self.server_port),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SCRIPT_NAME": "",
        }

    def get_app(self) -> WSGIApplication | None:
        """Return the application."""
        return self.application

    def set_app(self, application: WSGIApplication | None) -> None:
        """Set the application that requests go to."""
        self.application = application


class ThreadingWSGIServer(ThreadedWaitingServer, WSGIServer):
    """A `WSGIServer` that serves every connection in a thread of its own; see there for the arguments."""
