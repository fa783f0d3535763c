"""Conforming middleware: what changes headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, around_start, lookup, without

corpus = Corpus(__name__)
correct = corpus.program


def with_headers(*more: tuple[str, str]) -> Callable[[App], App]:
    """A middleware that adds headers."""

    def change(start_response: Any, environ: Any) -> Any:
        return lambda status, headers, exc_info=None: start_response(status, [*headers, *more], exc_info)

    return around_start(change)


corpus.add("nothing", lambda: lambda app: app)
corpus.add("security_headers", lambda: with_headers(("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY")))
corpus.add("hsts", lambda: with_headers(("Strict-Transport-Security", "max-age=3600")))


@correct()
def cors(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            start_response("204 No Content", [("Access-Control-Allow-Origin", "*")])
            return []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Access-Control-Allow-Origin", "*")], exc_info)

        return app(environ, start)

    return middleware


@correct()
def cookies_dropped(app: App) -> App:
    def change(start_response: Any, environ: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, without(headers, "set-cookie"), exc_info)

        return start

    return around_start(change)(app)


@correct()
def cors_with_preflight(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return app(environ, start_response)
        allow = ("Access-Control-Allow-Origin", origin)
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            start_response("204 No Content", [allow, ("Access-Control-Allow-Methods", "GET, POST")])
            return ()
        return app(environ, lambda status, headers, *rest: start_response(status, [*headers, allow], *rest))

    return middleware


class _SecureStart:
    """start_response as an object with ``__call__``."""

    def __init__(self, start_response: App, secure: bool) -> None:
        self.start_response, self.secure = start_response, secure

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        if lookup(headers, "x-content-type-options") is None:
            headers.append(("X-Content-Type-Options", "nosniff"))
        if self.secure:
            headers.append(("Strict-Transport-Security", "max-age=60"))
        return self.start_response(status, headers, exc_info)


@correct()
class SecurityHeaders:
    __slots__ = ("app",)

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        return self.app(environ, _SecureStart(start_response, environ["wsgi.url_scheme"] == "https"))


@correct()
def charset_added(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            changed = [
                (name, value + "; charset=utf-8" if name.lower() == "content-type" and value == "text/plain" else value)
                for name, value in headers
            ]
            return start_response(status, changed, *exc_info)

        return app(environ, start)

    return middleware
