"""Servers that are functions of the app they call, with an environ made by hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from tests.corpora.collecting import Corpus

App = Callable[..., Any]
Server = Callable[[App], None]

BODY = b"a=1&b=2"


def variables(**changed: Any) -> dict[str, Any]:
    """Return an ordinary environ of a POST; ``__`` in a name stands for a dot, ``None`` takes a variable away."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/page",
        "QUERY_STRING": "x=y",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(BODY)),
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "fresh/1",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "example.org",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in changed.items():
        key = name.replace("__", ".")
        if value is None:
            del environ[key]
        else:
            environ[key] = value
    return environ


def start(status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    """An ordinary start_response."""
    return lambda data: None


def serve(app: App, environ: Any, start_response: Any = start) -> None:
    """Call, iterate and close, as every server should."""
    result = app(environ, start_response)
    try:
        for _ in result:
            pass
    finally:
        if hasattr(result, "close"):
            result.close()


def environ_of(corpus: Corpus, name: str, *clauses: str, **changed: Any) -> None:
    """Add a server to *corpus* that changes only its environ, and breaks *clauses* thereby, if any."""

    def server(app: App) -> None:
        made = {key: value() if isinstance(value, type) else value for key, value in changed.items()}
        serve(app, variables(**made))

    corpus.add(name, lambda: server, clauses=clauses)
