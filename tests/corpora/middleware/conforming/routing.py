"""Conforming middleware: what chooses the app, or answers itself."""

from __future__ import annotations

import io
import threading
from typing import Any
from urllib.parse import parse_qs

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, around_environ

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def prefix(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == "/page" or path.startswith("/page/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/page"
            environ["PATH_INFO"] = path.removeprefix("/page")
        return app(environ, start_response)

    return middleware


@correct()
def dispatcher(app: App) -> App:
    def other(environ: Any, start_response: Any) -> Any:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"no such application\n"]

    return lambda environ, start_response: (app if environ.get("PATH_INFO", "").startswith("/page") else other)(
        environ, start_response
    )


@correct()
def health_check(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ.get("PATH_INFO") != "/page":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok\n"]

    return middleware


@correct()
def everything_refused(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        headers = [("WWW-Authenticate", 'Basic realm="x"'), ("Content-Type", "text/plain")]
        start_response("401 Unauthorized", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"who are you?\n"]

    return middleware


@correct()
def method_override(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").startswith("application/x-www"):
            length = environ.get("CONTENT_LENGTH") or "0"
            body = environ["wsgi.input"].read(int(length)) if length.isdigit() else b""
            environ["wsgi.input"] = io.BytesIO(body)
            method = parse_qs(body.decode("latin-1")).get("_method", [""])[0].upper()
            if method in ("PUT", "PATCH", "DELETE"):
                environ["REQUEST_METHOD"] = method
        return app(environ, start_response)

    return middleware


@correct()
def proxy_fix(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
            environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
        if environ.get("HTTP_X_FORWARDED_FOR"):
            environ["REMOTE_ADDR"] = environ["HTTP_X_FORWARDED_FOR"].rpartition(",")[2].strip()
        return app(environ, start_response)

    return middleware


@correct()
def path_normalised(app: App) -> App:
    def change(environ: Any) -> None:
        path = environ.get("PATH_INFO", "")
        while "//" in path:
            path = path.replace("//", "/")
        environ["PATH_INFO"] = path

    return around_environ(change)(app)


@correct()
def mounted_below_a_prefix(app: App, prefix: str = "/page") -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(prefix + "/"):
            environ = dict(environ)
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :]
        return app(environ, start_response)

    return middleware


@correct()
def method_override_of_three(app: App) -> App:
    allowed = {"PUT", "PATCH", "DELETE"}

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        asked = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if environ["REQUEST_METHOD"] == "POST" and asked in allowed:
            environ = {**environ, "REQUEST_METHOD": asked, "independent.method": "POST"}
        return app(environ, start_response)

    return middleware


@correct()
def favicon_by_file_wrapper(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ.get("PATH_INFO") != "/favicon.ico" or environ["REQUEST_METHOD"] != "GET":
            return app(environ, start_response)
        content = io.BytesIO(b"\0" * 100)
        start_response("200 OK", [("Content-Type", "image/x-icon"), ("Content-Length", "100")])
        wrapper = environ.get("wsgi.file_wrapper")
        return wrapper(content, 4096) if wrapper is not None else iter(lambda: content.read(4096), b"")

    return middleware


@correct()
def maintenance(app: App) -> App:
    """Closed for POST to /closed only, so that the rest is seen."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ.get("PATH_INFO") != "/closed":
            return app(environ, start_response)
        start_response("503 Service Unavailable", [("Retry-After", "60"), ("Content-Length", "0")])
        return []

    return middleware


@correct()
class LazyApp:
    """Makes the app at the first request, once, in whatever thread that comes."""

    def __init__(self, app: App) -> None:
        self.make, self.lock, self.made = (lambda: app), threading.Lock(), None

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        with self.lock:
            self.made = self.made or self.make()  # type: ignore[assignment]
        return self.made(environ, start_response)  # type: ignore[misc]


@correct()
def forwarded(app: App) -> App:
    """What a proxy tells, believed."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        changed = dict(environ)
        if environ.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
            changed["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
        if environ.get("HTTP_X_FORWARDED_FOR"):
            changed["REMOTE_ADDR"] = environ["HTTP_X_FORWARDED_FOR"].split(",")[-1].strip()
        return app(changed, start_response)

    return middleware


@correct()
def dispatched_by_host(app: App) -> App:
    """Two ways, one of which is never taken here."""

    def gone(environ: dict[str, Any], start_response: App) -> Any:
        start_response("421 Misdirected Request", [("Content-Type", "text/plain")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"not here"]

    return lambda environ, start_response: (gone if environ.get("HTTP_HOST", "").startswith("elsewhere.") else app)(
        environ, start_response
    )
