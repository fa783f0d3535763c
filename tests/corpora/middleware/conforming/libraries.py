"""Correct middleware of the kinds that people write: what they do on purpose must not be blamed."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import itertools
import json
import sys
import time
import traceback
import uuid
import zlib
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from tests.corpora.middleware.wrapping import App, Deferred, Wrapped, around_body, around_environ, around_start, close

CORRECT: list[tuple[str, Callable[[App], App]]] = []


def correct(factory: Callable[[App], App]) -> Callable[[App], App]:
    CORRECT.append((factory.__name__, factory))
    return factory


def with_headers(*more: tuple[str, str]) -> Callable[[App], App]:
    """A middleware that adds headers."""

    def change(start_response: Any, environ: Any) -> Any:
        return lambda status, headers, exc_info=None: start_response(status, [*headers, *more], exc_info)

    return around_start(change)


CORRECT += [
    ("nothing", lambda app: app),
    ("security_headers", with_headers(("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"))),
    ("hsts", with_headers(("Strict-Transport-Security", "max-age=3600"))),
]


@correct
def call_through(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return middleware


@correct
def timing(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        begun = time.perf_counter()

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            took = f"{time.perf_counter() - begun:.6f}"
            return start_response(status, [*headers, ("Server-Timing", f"app;dur={took}")], exc_info)

        return app(environ, start)

    return middleware


@correct
def request_id(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        environ["example.request_id"] = identity = uuid.uuid4().hex

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Request-Id", identity)], exc_info)

        return app(environ, start)

    return middleware


@correct
def access_log(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            environ["wsgi.errors"].write(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')!a} {status!a}\n")
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@correct
def access_log_with_size(app: App) -> App:
    class Counted(Wrapped):
        def __init__(self, body: Any, log: Any) -> None:
            super().__init__(body, self.count)
            self.log, self.size = log, 0

        def count(self, body: Any) -> Any:
            for block in body:
                self.size += len(block)
                yield block

        def close(self) -> None:
            try:
                super().close()
            finally:
                self.log.write(f"{self.size} bytes\n")

    return lambda environ, start_response: Counted(app(environ, start_response), environ["wsgi.errors"])


@correct
def prefix(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == "/page" or path.startswith("/page/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/page"
            environ["PATH_INFO"] = path.removeprefix("/page")
        return app(environ, start_response)

    return middleware


@correct
def dispatcher(app: App) -> App:
    def other(environ: Any, start_response: Any) -> Any:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"no such application\n"]

    return lambda environ, start_response: (app if environ.get("PATH_INFO", "").startswith("/page") else other)(
        environ, start_response
    )


@correct
def health_check(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ.get("PATH_INFO") != "/page":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok\n"]

    return middleware


@correct
def everything_refused(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        headers = [("WWW-Authenticate", 'Basic realm="x"'), ("Content-Type", "text/plain")]
        start_response("401 Unauthorized", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"who are you?\n"]

    return middleware


@correct
def basic_auth(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        kind, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() == "basic":
            with contextlib.suppress(ValueError):
                name = base64.b64decode(given, validate=True).partition(b":")[0].decode("latin-1")
                environ["REMOTE_USER"], environ["AUTH_TYPE"] = name, "Basic"
        return app(environ, start_response)

    return middleware


@correct
def cors(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            start_response("204 No Content", [("Access-Control-Allow-Origin", "*")])
            return []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Access-Control-Allow-Origin", "*")], exc_info)

        return app(environ, start)

    return middleware


@correct
def session(app: App) -> App:
    store: dict[str, dict[str, Any]] = {}

    def middleware(environ: Any, start_response: Any) -> Any:
        cookie = SimpleCookie()
        with contextlib.suppress(Exception):
            cookie.load(environ.get("HTTP_COOKIE", ""))
        name = cookie["sid"].value if "sid" in cookie else uuid.uuid4().hex
        environ["example.session"] = store.setdefault(name, {})

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", f"sid={name}; Path=/; HttpOnly")], exc_info)

        return app(environ, start)

    return middleware


@correct
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


@correct
def proxy_fix(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_X_FORWARDED_PROTO") in ("http", "https"):
            environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
        if environ.get("HTTP_X_FORWARDED_FOR"):
            environ["REMOTE_ADDR"] = environ["HTTP_X_FORWARDED_FOR"].rpartition(",")[2].strip()
        return app(environ, start_response)

    return middleware


@correct
def environ_copied(app: App) -> App:
    return lambda environ, start_response: app(dict(environ), start_response)


@correct
def path_normalised(app: App) -> App:
    def change(environ: Any) -> None:
        path = environ.get("PATH_INFO", "")
        while "//" in path:
            path = path.replace("//", "/")
        environ["PATH_INFO"] = path

    return around_environ(change)(app)


@correct
def body_limit(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > 2000:
            start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        return app(environ, start_response)

    return middleware


class _Counting:
    def __init__(self, stream: Any) -> None:
        self._stream, self.count = stream, 0

    def _counted(self, data: bytes) -> bytes:
        self.count += len(data)
        return data

    def read(self, *args: Any) -> bytes:
        return self._counted(self._stream.read(*args))

    def readline(self, *args: Any) -> bytes:
        return self._counted(self._stream.readline(*args))

    def readlines(self, *args: Any) -> list[bytes]:
        return [self._counted(line) for line in self._stream.readlines(*args)]

    def __iter__(self) -> Any:
        return map(self._counted, self._stream)


@correct
def upload_progress(app: App) -> App:
    def change(environ: Any) -> None:
        environ["wsgi.input"] = _Counting(environ["wsgi.input"])

    return around_environ(change)(app)


def _without(headers: Any, *names: str) -> list[tuple[str, str]]:
    return [pair for pair in headers if pair[0].lower() not in names]


def _accepts_gzip(accepted: str) -> bool:
    for coding in accepted.lower().split(","):
        name, _, quality = coding.replace(" ", "").partition(";q=")
        if name == "gzip":
            return quality == "" or float(quality) > 0
    return False


def _compresses(environ: Any, status: str, headers: Any) -> bool:
    present = {name.lower() for name, _ in headers}
    return (
        _accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        and environ["REQUEST_METHOD"] != "HEAD"
        and status[:3] not in ("204", "206", "304")
        and not present & {"content-encoding", "content-range"}
    )


@correct
def gzip_streaming(app: App) -> App:
    class Zipped(Deferred):
        packer: Any = None

        def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
            if _compresses(self.environ, status, headers) and not self.sent:
                self.packer = zlib.compressobj(wbits=31)
                headers = [*_without(headers, "content-length", "etag"), ("Content-Encoding", "gzip")]
            elif not self.sent:
                self.packer = None
            return super().__call__(status, [*headers, ("Vary", "Accept-Encoding")], exc_info)

        def steps(self, body: Any) -> Any:
            for item in body:
                self.send()
                block = b"".join([*self.written, item])
                self.written.clear()
                if self.packer is None:
                    yield block
                else:
                    yield self.packer.compress(block) + (self.packer.flush(zlib.Z_SYNC_FLUSH) if block else b"")
            self.send()
            rest = b"".join(self.written)
            if self.packer is not None:
                yield self.packer.compress(rest) + self.packer.flush()
            elif rest:
                yield rest

    def middleware(environ: Any, start_response: Any) -> Any:
        zipped = Zipped(start_response)
        zipped.environ = environ  # type: ignore[attr-defined]
        return Wrapped(app(environ, zipped), zipped.steps)

    return middleware


def _collecting(finish: Callable[[Any, Any, bytes], tuple[list[tuple[str, str]], bytes]]) -> Callable[[App], App]:
    """A middleware that needs the whole body: it gives empty blocks until it has it."""

    def factory(app: App) -> App:
        def middleware(environ: Any, start_response: Any) -> Any:
            deferred = Deferred(start_response)

            def steps(body: Any) -> Any:
                kept: list[bytes] = []
                for block in body:
                    kept.append(block)
                    yield b""
                if deferred.call is None:
                    return
                status, headers, exc_info = deferred.call
                whole = b"".join([*deferred.written, *kept])
                if status[:3] not in ("204", "304"):
                    headers, whole = finish(environ, headers, whole)
                if environ["REQUEST_METHOD"] == "HEAD":
                    headers, whole = _without(headers, "content-length", "etag"), b""
                deferred.call = (status, headers, exc_info)  # type: ignore[assignment]
                deferred.send()
                yield whole

            return Wrapped(app(environ, deferred), steps)

        return middleware

    return factory


def _gzip(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    headers = [*headers, ("Vary", "Accept-Encoding")]
    if not _compresses(environ, "200", headers):
        return headers, whole
    packed = gzip.compress(whole)
    more = [("Content-Encoding", "gzip"), ("Content-Length", str(len(packed)))]
    return [*_without(headers, "content-length", "etag"), *more], packed


def _etag(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    return [*_without(headers, "etag"), ("ETag", f'"{hashlib.sha256(whole).hexdigest()}"')], whole


def _length(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    return [*_without(headers, "content-length"), ("Content-Length", str(len(whole)))], whole


def _minified(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    if "html" not in {name.lower(): value for name, value in headers}.get("content-type", ""):
        return headers, whole
    small = b" ".join(whole.split())
    return [*_without(headers, "content-length"), ("Content-Length", str(len(small)))], small


def _wrapped_in_json(environ: Any, headers: Any, whole: bytes) -> tuple[list[tuple[str, str]], bytes]:
    body = json.dumps({"body": whole.decode("latin-1")}).encode()
    more = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return [*_without(headers, "content-type", "content-length"), *more], body


CORRECT += [
    ("gzip_whole", _collecting(_gzip)),
    ("etag", _collecting(_etag)),
    ("content_length", _collecting(_length)),
    ("minify", _collecting(_minified)),
    ("json_envelope", _collecting(_wrapped_in_json)),
]


@correct
def upper_case(app: App) -> App:
    return around_body(lambda body: map(bytes.upper, body))(app)


@correct
def html_comment(app: App) -> App:
    class Commenting:
        def __init__(self, environ: Any, start_response: Any) -> None:
            self.environ, self.start_response, self.html = environ, start_response, False

        def start(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
            kind = {name.lower(): value for name, value in headers}.get("content-type", "")
            self.html = "html" in kind and self.environ["REQUEST_METHOD"] == "GET" and status[:3] == "200"
            return self.start_response(status, _without(headers, "content-length") if self.html else headers, exc_info)

        def steps(self, body: Any) -> Any:
            yield from body
            if self.html:
                yield b"<!-- served by me -->"

    def middleware(environ: Any, start_response: Any) -> Any:
        commenting = Commenting(environ, start_response)
        return Wrapped(app(environ, commenting.start), commenting.steps)

    return middleware


@correct
def head_without_body(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)
        close(app(environ, start_response))
        return []

    return middleware


@correct
def error_page(app: App) -> App:
    def page(environ: Any, start_response: Any) -> Any:
        traceback.print_exc(file=environ["wsgi.errors"])
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"something went wrong\n"]

    def middleware(environ: Any, start_response: Any) -> Any:
        try:
            body = app(environ, start_response)
        except Exception:
            return page(environ, start_response)

        def steps(body: Any) -> Any:
            try:
                yield from body
            except Exception:
                yield from page(environ, start_response)

        return Wrapped(body, steps)

    return middleware


@correct
def error_log(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        def steps(body: Any) -> Any:
            try:
                yield from body
            except Exception:
                traceback.print_exc(file=environ["wsgi.errors"])
                raise

        try:
            return Wrapped(app(environ, start_response), steps)
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            raise

    return middleware


@correct
def error_reporter_by_exc_info(app: App) -> App:
    def change(start_response: Any, environ: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            if exc_info:
                print(f"reported: {exc_info[0].__name__}", file=environ["wsgi.errors"])
            return start_response(status, headers, exc_info)

        return start

    return around_start(change)(app)


@correct
def exc_info_is_raised(app: App) -> App:
    def change(start_response: Any, environ: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            if exc_info:
                raise exc_info[1].with_traceback(exc_info[2])
            return start_response(status, headers)

        return start

    return around_start(change)(app)


@correct
def transaction(app: App) -> App:
    class Committing(Wrapped):
        def __init__(self, body: Any, environ: Any) -> None:
            super().__init__(body, self.watch)
            self.environ, self.failed = environ, False

        def watch(self, body: Any) -> Any:
            try:
                yield from body
            except Exception:
                self.failed = True
                raise

        def close(self) -> None:
            try:
                super().close()
            finally:
                self.environ["wsgi.errors"].write("rollback\n" if self.failed else "commit\n")

    return lambda environ, start_response: Committing(app(environ, start_response), environ)


@correct
def cache(app: App) -> App:
    kept: dict[str, Any] = {}

    def middleware(environ: Any, start_response: Any) -> Any:
        key = f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')}"
        if environ["REQUEST_METHOD"] != "GET" or environ.get("HTTP_RANGE"):
            return app(environ, start_response)
        if key in kept:
            status, headers, blocks = kept[key]
            start_response(status, list(headers))
            return list(blocks)
        seen: dict[str, Any] = {}

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            seen.update(status=status, headers=list(headers), written=bool(exc_info))
            write = start_response(status, headers, exc_info)

            def noted(data: bytes) -> None:
                seen["written"] = True
                write(data)

            return noted

        def steps(body: Any) -> Any:
            blocks = []
            for block in body:
                blocks.append(block)
                yield block
            if not seen.get("written") and seen.get("status", "").startswith("200"):
                kept[key] = (seen["status"], seen["headers"], blocks)

        return Wrapped(app(environ, start), steps)

    return middleware


@correct
def line_buffered_replacement(app: App) -> App:
    """Keeps the end of a block in which the searched text may begin."""

    def steps(body: Any) -> Any:
        rest = b""
        for block in body:
            data = rest + block
            keep = 6 if len(data) > 6 else len(data)
            yield data[: len(data) - keep]
            rest = data[len(data) - keep :]
        yield rest

    return around_body(steps)(app)


@correct
def rechunked(app: App) -> App:
    """Blocks of at most a kilobyte, each of them in the step in which it came."""

    def steps(body: Any) -> Any:
        for block in body:
            yield block[:1024]
            for start in itertools.count(1024, 1024):
                if start >= len(block):
                    break
                yield block[start : start + 1024]

    return around_body(steps)(app)


@correct
def callable_object(app: App) -> App:
    class Middleware:
        def __init__(self, inner: App) -> None:
            self.inner = inner

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.inner(environ, start_response)

    return Middleware(app)


@correct
def iterator_class(app: App) -> App:
    class Steps:
        def __init__(self, body: Any) -> None:
            self.body, self.blocks = body, iter(body)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            return next(self.blocks)

        def close(self) -> None:
            close(self.body)

    return lambda environ, start_response: Steps(app(environ, start_response))


@correct
def cookies_dropped(app: App) -> App:
    def change(start_response: Any, environ: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, _without(headers, "set-cookie"), exc_info)

        return start

    return around_start(change)(app)


@correct
def file_wrapper_taken_away(app: App) -> App:
    return around_environ(lambda environ: environ.pop("wsgi.file_wrapper", None) and None)(app)


@correct
def two_layers(app: App) -> App:
    return error_page(gzip_streaming(session(app)))
