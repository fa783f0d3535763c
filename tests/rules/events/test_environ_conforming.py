"""Valid but odd environs: no rule of error or warning level may speak."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any
from wsgiref import handlers, simple_server

import pytest

from tests.rules.events.environ_judging import ABSENT, changed, findings

ODD: dict[str, dict[Any, Any]] = {
    # SERVER_NAME and SERVER_PORT
    "IPv6 in brackets": {"SERVER_NAME": "[::1]", "SERVER_PORT": "8080"},
    "IPv6": {"SERVER_NAME": "::1"},
    "IPv6 with a zone": {"SERVER_NAME": "fe80::1%eth0"},
    "wildcard bind": {"SERVER_NAME": "0.0.0.0"},
    "Unix socket": {"SERVER_NAME": "unix:/run/app.sock", "SERVER_PORT": "80", "REMOTE_ADDR": ""},
    "server that gives its software as its name": {"SERVER_NAME": "Cheroot/11.1.2"},
    "any free port": {"SERVER_PORT": "0"},
    # protocol and method
    "HTTP/2": {"SERVER_PROTOCOL": "HTTP/2", "HTTP_HOST": "h.example"},
    "HTTP/2.0": {"SERVER_PROTOCOL": "HTTP/2.0"},
    "HTTP/3": {"SERVER_PROTOCOL": "HTTP/3", "wsgi.url_scheme": "https", "HTTPS": "on", "SERVER_PORT": "443"},
    "HTTP/1.0 without Host": {"SERVER_PROTOCOL": "HTTP/1.0", "HTTP_HOST": ABSENT},
    "HTTP/0.9": {"SERVER_PROTOCOL": "HTTP/0.9", "HTTP_HOST": ABSENT},
    "extension method": {"REQUEST_METHOD": "PROPFIND"},
    "method in lower case": {"REQUEST_METHOD": "get"},
    "method of odd characters": {"REQUEST_METHOD": "M-SEARCH"},
    "OPTIONS for the whole server": {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "*"},
    "OPTIONS without a path": {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": ABSENT, "SCRIPT_NAME": ABSENT},
    "CONNECT": {"REQUEST_METHOD": "CONNECT", "PATH_INFO": ""},
    # the path
    "below a mount point": {"SCRIPT_NAME": "/a/b", "PATH_INFO": "/c"},
    "mount point without a slash": {"SCRIPT_NAME": "/a", "PATH_INFO": ""},
    "mount point, PATH_INFO absent": {"SCRIPT_NAME": "/a", "PATH_INFO": ABSENT},
    "mount point with a trailing slash": {"SCRIPT_NAME": "/a/"},
    "SCRIPT_NAME absent": {"SCRIPT_NAME": ABSENT},
    "double slashes": {"PATH_INFO": "//a//b"},
    "bytes as Latin-1": {"PATH_INFO": "/caf\xc3\xa9/\xff\x00"},
    "path parameters": {"PATH_INFO": "/a;b=c,d"},
    "undecoded path": {"PATH_INFO": "/a%20b"},
    # what may be empty or absent
    "QUERY_STRING absent": {"QUERY_STRING": ABSENT},
    "QUERY_STRING of raw bytes": {"QUERY_STRING": "q=\xe9&?=?"},
    "blank CONTENT_LENGTH and CONTENT_TYPE": {"CONTENT_LENGTH": "", "CONTENT_TYPE": ""},
    "CONTENT_LENGTH of zeros": {"CONTENT_LENGTH": "000"},
    "huge CONTENT_LENGTH": {"CONTENT_LENGTH": "9" * 5000},
    # request headers
    "Latin-1 header": {"HTTP_X_NAME": "Andr\xe9"},
    "header of UTF-8 bytes": {"HTTP_X_NAME": "Andr\xc3\xa9"},
    "empty header": {"HTTP_X_EMPTY": ""},
    "header with a dot in its name": {"HTTP_X.Y": "1"},
    "header with odd token characters": {"HTTP_X!#$%&'*+^`|~": "1"},
    "hop-by-hop request headers": {"HTTP_CONNECTION": "close", "HTTP_TRANSFER_ENCODING": "chunked"},
    "joined headers": {"HTTP_ACCEPT": "a/b, c/d", "HTTP_COOKIE": "a=1; b=2"},
    # further CGI variables
    "authenticated": {"REMOTE_USER": "ada", "AUTH_TYPE": "Basic", "REMOTE_IDENT": "", "REMOTE_HOST": ""},
    "of Apache": {"DOCUMENT_ROOT": "/srv", "SCRIPT_FILENAME": "/srv/x", "PATH_TRANSLATED": "/srv/y", "UNIQUE_ID": "x"},
    "of TLS": {"HTTPS": "on", "SSL_PROTOCOL": "TLSv1.3", "SSL_CLIENT_S_DN_x509_0": "", "wsgi.url_scheme": "https"},
    "raw target": {"REQUEST_URI": "/a%2Fb?c", "RAW_URI": "/a%2Fb?c"},
    "shell variables": {"_": "/usr/bin/python", "no_proxy": "*", "LESSOPEN": "| /x", "BASH_FUNC_x%%": "() { :\n}"},
    # servers' and middleware's own variables
    "gunicorn": {"gunicorn.socket": io.BytesIO(), "wsgi.early_hints": len, "wsgi.input_terminated": True},
    "werkzeug": {"werkzeug.socket": io.BytesIO(), "werkzeug.server.shutdown": None, "werkzeug.request": object()},
    "waitress": {"waitress.client_disconnected": len, "wsgi.file_wrapper": iter},
    "mod_wsgi": {"mod_wsgi.version": (4, 9, 4), "apache.version": (2, 4, 57), "mod_wsgi.thread_requests": 0},
    "uwsgi": {"uwsgi.version": b"2.0.31", "uwsgi.node": b"vm", "uwsgi.core": 0},
    "async uwsgi": {"x-wsgiorg.fdevent.readable": len, "x-wsgiorg.fdevent.timeout": None},
    "eventlet": {"eventlet.input": object(), "eventlet.posthooks": [], "eventlet.set_idle": len},
    "gevent-websocket": {"wsgi.websocket": object(), "wsgi.websocket_version": "13"},
    "bridges": {"asgi.scope": {}, "aiohttp.request": object(), "asyncio.executor": None, "awsgi.event": {}},
    "middleware": {"beaker.session": {}, "repoze.who.identity": None, "wsgiorg.routing_args": ((), {}), "swift.ttl": 1},
    "paste": {"paste.throw_errors": True, "paste.config": {}, "paste.httpserver.proxy.host": "h\u20ac"},
    "trac": {"trac.env_path": "/srv/trac"},
    "flags that are no bool": {"wsgi.multithread": 1, "wsgi.multiprocess": "", "wsgi.run_once": None},
}


@pytest.mark.parametrize("name", ODD)
def test_no_finding(name: str) -> None:
    assert findings(changed(ODD[name])) == {}


def test_a_copy_of_the_process_environment_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"lower_case": "x", "Some.Dotted-Name": "y", "HTTP_PROXY_": "z"}.items():
        monkeypatch.setenv(name, value)
    copied = {n: v.encode("utf-8", "surrogateescape").decode("latin-1") for n, v in os.environ.items()}
    assert findings(changed({n: v for n, v in copied.items() if n not in changed({})})) == {}


def _of_wsgiref_simple_server() -> dict[str, Any]:
    """Return the environ that the standard library's server makes of a request."""
    seen: dict[str, Any] = {}

    class Handler(simple_server.WSGIRequestHandler):
        def __init__(self) -> None:
            self.server = simple_server.WSGIServer(("127.0.0.1", 0), type(self), bind_and_activate=False)
            self.server.server_name, self.server.server_port = "localhost", 8000
            self.server.setup_environ()
            self.server.server_close()
            self.client_address = ("127.0.0.1", 49152)
            self.rfile = io.BytesIO(b"POST /a%20b?c HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nX-Y: \xe9\r\n\r\nz")
            self.raw_requestline = self.rfile.readline()
            self.parse_request()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    base = Handler().get_environ()
    gateway = handlers.SimpleHandler(io.BytesIO(b"z"), io.BytesIO(), io.StringIO(), base)
    gateway.os_environ = {}
    gateway.run(app)
    return seen


def test_the_standard_librarys_server_conforms() -> None:
    environ = _of_wsgiref_simple_server()
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["HTTP_X_Y"]) == ("POST", "/a b", "\xe9")
    assert findings(environ) == {}
