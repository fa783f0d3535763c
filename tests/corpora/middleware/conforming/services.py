"""A second corpus of correct middleware, written from PEP 3333 alone, in the manners in which people write them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import itertools
import queue
import re
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

App = Callable[..., Any]

INDEPENDENT_CORRECT: list[tuple[str, Callable[[App], App]]] = []


def correct(factory: Callable[[App], App]) -> Callable[[App], App]:
    INDEPENDENT_CORRECT.append((factory.__name__, factory))
    return factory


def lookup(headers: list[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def without(headers: list[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [(key, value) for key, value in headers if key.lower() not in names]


def shut(body: Any) -> None:
    closing = getattr(body, "close", None)
    if closing is not None:
        closing()


class _Gzip:
    """One response on its way through a compressor, whether it is yielded or written."""

    def __init__(self, environ: dict[str, Any], start_response: App) -> None:
        self.start_response = start_response
        codings = environ.get("HTTP_ACCEPT_ENCODING", "").lower().replace(" ", "").split(",")
        self.wanted = "gzip" in codings and environ["REQUEST_METHOD"] != "HEAD"
        self.compressor: Any = None
        self.body: Any = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
        kind = lookup(headers, "content-type") or ""
        fit = status[:3] not in ("204", "206", "304") and kind.startswith("text/")
        fit = fit and lookup(headers, "content-encoding") is None
        if fit:
            headers = [*headers, ("Vary", "Accept-Encoding")]
        use = fit and self.wanted
        if use:
            headers = [*without(headers, "content-length", "etag"), ("Content-Encoding", "gzip")]
        write = self.start_response(status, headers, exc_info) if exc_info else self.start_response(status, headers)
        self.compressor = zlib.compressobj(6, zlib.DEFLATED, 31) if use else None
        if not use:
            return write
        return lambda data: write(self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH))

    def __iter__(self) -> Iterator[bytes]:
        for block in self.body:
            yield block if self.compressor is None else self.compressor.compress(block)
        if self.compressor is not None:
            yield self.compressor.flush()

    def close(self) -> None:
        shut(self.body)


@correct
def gzip_by_object(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> _Gzip:
        response = _Gzip(environ, start_response)
        response.body = app(environ, response.start)
        return response

    return middleware


@correct
class SessionInEnviron:
    """Sets its cookie only for a session that was touched; start_response is a closure."""

    def __init__(self, app: App) -> None:
        self.app, self.store, self.numbers = app, dict[str, dict[str, Any]](), itertools.count()

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        found = re.search(r"(?:^|;\s*)sid=([0-9]+)", environ.get("HTTP_COOKIE", ""))
        sid = found.group(1) if found and found.group(1) in self.store else None
        environ["independent.session"] = session = dict(self.store.get(sid or "", {}))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if not session:
                return start_response(status, headers, exc_info)
            key = sid or str(next(self.numbers))
            self.store[key] = session
            cookie = ("Set-Cookie", f"sid={key}; Path={quote(environ.get('SCRIPT_NAME', '') or '/')}; HttpOnly")
            return start_response(status, [*headers, cookie], exc_info)

        return self.app(environ, start)


@correct
def basic_auth(app: App) -> App:
    """Lets in who sends nothing, so that the inner apps are seen, and refuses who sends it wrongly."""

    def refuse(environ: dict[str, Any], start_response: App) -> list[bytes]:
        body = b"who are you?"
        start_response(
            "401 Unauthorized",
            [
                ("WWW-Authenticate", 'Basic realm="independent"'),
                ("Content-Type", "text/plain"),
                ("Content-Length", str(len(body))),
            ],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        given = environ.get("HTTP_AUTHORIZATION")
        if given is None:
            return app(environ, start_response)
        try:
            user = base64.b64decode(given.partition(" ")[2], validate=True).decode().partition(":")[0]
        except (binascii.Error, ValueError):
            user = ""
        if user != "alice":
            return refuse(environ, start_response)
        return app(dict(environ, REMOTE_USER=user), start_response)

    return middleware


@correct
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


@correct
def mounted_below_a_prefix(app: App, prefix: str = "/page") -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(prefix + "/"):
            environ = dict(environ)
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :]
        return app(environ, start_response)

    return middleware


class _Timed:
    """An iterator rather than an iterable: steps are counted and timed one by one."""

    def __init__(self, begun: float, body: Any, log: list[Any]) -> None:
        self.begun, self.body, self.steps, self.log = begun, body, iter(body), log
        self.busy = 0.0
        self.blocks = 0

    def __iter__(self) -> _Timed:
        return self

    def __next__(self) -> bytes:
        begun = time.perf_counter()
        try:
            block: bytes = next(self.steps)
        finally:
            self.busy += time.perf_counter() - begun
        self.blocks += 1
        return block

    def close(self) -> None:
        try:
            shut(self.body)
        finally:
            self.log[:] = [self.blocks, self.busy, time.perf_counter() - self.begun]


@correct
class Apm:
    def __init__(self, app: App) -> None:
        self.app, self.last, self.errors = app, list[Any](), 0

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        begun = time.perf_counter()
        try:
            body = self.app(environ, start_response)
        except Exception:
            self.errors += 1
            raise
        try:
            return _Timed(begun, body, self.last)
        except Exception:
            shut(body)
            raise


class _Guarded:
    """Turns a failure into a page as long as the server can still take one."""

    def __init__(self, app: App, environ: dict[str, Any], start_response: App) -> None:
        self.app, self.environ, self.start_response = app, environ, start_response
        self.body: Any = None

    def page(self) -> list[bytes]:
        content = b"<h1>Something went wrong</h1>"
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(content)))]
        # Raises again when the headers are gone: then the response is cut short, and the client can tell.
        self.start_response("500 Internal Server Error", headers, sys.exc_info())
        return [] if self.environ["REQUEST_METHOD"] == "HEAD" else [content]

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.body
        except Exception:
            yield from self.page()

    def close(self) -> None:
        shut(self.body)


@correct
def error_page(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        guarded = _Guarded(app, environ, start_response)
        try:
            guarded.body = app(environ, start_response)
        except Exception:
            return guarded.page()
        return guarded

    return middleware


@correct
def method_override(app: App) -> App:
    allowed = {"PUT", "PATCH", "DELETE"}

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        asked = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if environ["REQUEST_METHOD"] == "POST" and asked in allowed:
            environ = {**environ, "REQUEST_METHOD": asked, "independent.method": "POST"}
        return app(environ, start_response)

    return middleware


@correct
def request_id_as_a_generator(app: App) -> App:
    """The middleware's whole call is a generator: the app runs with the first step."""
    numbers = itertools.count(1)

    def middleware(environ: dict[str, Any], start_response: App) -> Iterator[bytes]:
        number = f"req-{next(numbers)}"
        environ["HTTP_X_REQUEST_ID"] = number

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*without(headers, "x-request-id"), ("X-Request-ID", number)], exc_info)

        body = app(environ, start)
        try:
            for block in body:  # noqa: UP028  # "yield from" would close the iterator too
                yield block
        finally:
            shut(body)

    # What is written while the generator runs would come from inside an iteration, so writers are served at once.
    def early(environ: dict[str, Any], start_response: App) -> Any:
        held: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
            start_response(status, headers, exc_info)
            return held.append

        inner = middleware(environ, start)
        return _Merged(inner, held)

    return early


class _Merged:
    """Yields what was written, then what is yielded: each step hands over whatever has come since the last one."""

    def __init__(self, inner: Any, held: list[bytes]) -> None:
        self.inner, self.held = inner, held

    def __iter__(self) -> Iterator[bytes]:
        for block in self.inner:
            written = b"".join(self.held)
            self.held.clear()
            yield written + block
        if self.held:
            yield b"".join(self.held)

    def close(self) -> None:
        self.inner.close()


class _Limited:
    """A request body of at most so many bytes, with all the methods that PEP 3333 lists for wsgi.input."""

    def __init__(self, stream: Any, limit: int) -> None:
        self.stream, self.left = stream, limit

    def _count(self, data: bytes) -> bytes:
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("the request body is too long")
        return data

    def read(self, *size: int) -> bytes:
        return self._count(self.stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._count(self.stream.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        lines: list[bytes] = self.stream.readlines(*hint)
        self._count(b"".join(lines))
        return lines

    def __iter__(self) -> Iterator[bytes]:
        for line in self.stream:
            yield self._count(line)


@correct
def body_limit(app: App, limit: int = 1_000_000_000) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > limit:
            start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Content-Length", "9")])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"too large"]
        return app({**environ, "wsgi.input": _Limited(environ["wsgi.input"], limit)}, start_response)

    return middleware


class _EtagStart:
    """Holds the start of a response back until the app returns, or until it writes."""

    def __init__(self, start_response: App) -> None:
        self.start_response, self.held, self.write, self.through = start_response, None, None, False

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
        if self.held is not None and not exc_info:
            self.release()  # started twice: the server is to say what it thinks of it
        if self.through or exc_info:
            self.through, self.held = True, None
            return self.start_response(status, headers, exc_info) if exc_info else self.start_response(status, headers)
        self.held = (status, headers)  # type: ignore[assignment]
        return self._write

    def _write(self, data: bytes) -> None:
        self.release()
        self.write(data)  # type: ignore[misc]

    def release(self) -> None:
        self.through = True
        if self.held is not None:
            (status, headers), self.held = self.held, None
            self.write = self.start_response(status, headers)


@correct
def etag_for_whole_bodies(app: App) -> App:
    """Only a list of one block has its whole body at hand; everything else passes as it is."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        start = _EtagStart(start_response)
        try:
            body = app(environ, start)
        except BaseException:
            start.release()
            raise
        held: Any = start.held
        whole = type(body) is list and len(body) == 1 and held is not None and held[0].startswith("200")
        if not whole or environ["REQUEST_METHOD"] != "GET" or lookup(held[1], "etag"):
            start.release()
            return body
        tag = f'"{hashlib.sha256(body[0]).hexdigest()[:16]}"'
        status, headers = held
        start.held = None
        if environ.get("HTTP_IF_NONE_MATCH") == tag:
            start_response("304 Not Modified", [*without(headers, "content-length", "content-type"), ("ETag", tag)])
            return []
        start_response(status, [*headers, ("ETag", tag)])
        return body

    return middleware


class _Injected:
    MARK = b"</body>"

    def __init__(self, snippet: bytes) -> None:
        self.snippet, self.body, self.active = snippet, None, False
        self.tail, self.done = b"", False

    def feed(self, block: bytes) -> bytes:
        if not self.active or self.done:
            return block
        data = self.tail + block
        at = data.find(self.MARK)
        if at >= 0:
            self.done, self.tail = True, b""
            return data[:at] + self.snippet + data[at:]
        keep = next((n for n in range(min(len(self.MARK) - 1, len(data)), 0, -1) if self.MARK.startswith(data[-n:])), 0)
        self.tail = data[len(data) - keep :]
        return data[: len(data) - keep]

    def __iter__(self) -> Iterator[bytes]:
        for block in self.body:  # type: ignore[attr-defined]
            yield self.feed(block)
        if self.tail:
            yield self.tail

    def close(self) -> None:
        shut(self.body)


@correct
def html_injection(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        injected = _Injected(b"<script>1</script>")

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
            kind = lookup(headers, "content-type") or ""
            plain = kind.startswith("text/html") and lookup(headers, "content-encoding") is None
            active = plain and status.startswith("200") and environ["REQUEST_METHOD"] != "HEAD"
            if active:
                headers = without(headers, "content-length", "etag", "accept-ranges")
            write = start_response(status, headers, exc_info)
            injected.active, injected.done, injected.tail = active, False, b""
            return (lambda data: write(injected.feed(data))) if active else write

        injected.body = app(environ, start)
        return injected

    return middleware


@correct
def retry_once(app: App) -> App:
    """Tries a request without a body again, if the app failed before it started a response."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        started = False

        def start(*args: Any) -> Any:
            nonlocal started
            started = True
            return start_response(*args)

        fresh = dict(environ)
        try:
            return app(environ, start)
        except OSError:
            if started or environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ.get("CONTENT_LENGTH"):
                raise
        return app(fresh, start_response)

    return middleware


class _Tee:
    """The request body, remembered as it is read."""

    def __init__(self, stream: Any, into: list[bytes]) -> None:
        self.stream, self.into = stream, into

    def read(self, size: int = -1) -> bytes:
        return self._note(self.stream.read() if size is None or size < 0 else self.stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._note(self.stream.readline() if size is None or size < 0 else self.stream.readline(size))

    def readlines(self, hint: int = -1) -> list[bytes]:
        return [self._note(line) for line in self.stream.readlines(hint)]

    def __iter__(self) -> Iterator[bytes]:
        return map(self._note, self.stream)

    def _note(self, data: bytes) -> bytes:
        self.into.append(data[:1000])
        return data


@correct
class Recorder:
    def __init__(self, app: App) -> None:
        self.app, self.records = app, list[dict[str, Any]]()

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        record: dict[str, Any] = {"in": [], "out": [], "path": environ.get("PATH_INFO", "")}
        self.records = [*self.records[-9:], record]
        environ["wsgi.input"] = _Tee(environ["wsgi.input"], record["in"])

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
            record["status"] = status
            write = start_response(status, headers, exc_info)

            def noting(data: bytes) -> None:
                record["out"].append(data[:1000])
                write(data)

            return noting

        return _Noting(self.app(environ, start), record["out"])


class _Noting:
    def __init__(self, body: Any, into: list[bytes]) -> None:
        self.body, self.into = body, into

    def __iter__(self) -> Iterator[bytes]:
        for block in self.body:
            self.into.append(block[:1000])
            yield block

    def close(self) -> None:
        if hasattr(self.body, "close"):
            self.body.close()


@correct
class PageCache:
    """Keeps small answers that say they are public, once they came to their end; answers from there."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.pages: dict[tuple[str, str, str], tuple[str, list[tuple[str, str]], bytes]] = {}

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ:
            return self.app(environ, start_response)
        key = (environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
        if key in self.pages:
            status, headers, content = self.pages[key]
            start_response(status, list(headers))
            return [content]
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
            control = lookup(headers, "cache-control") or ""
            fit = status.startswith("200") and "public" in control and not lookup(headers, "set-cookie")
            started[:] = [(status, list(headers))] if fit and not lookup(headers, "vary") else []
            write = start_response(status, headers, exc_info)

            def writing(data: bytes) -> None:
                started.clear()
                write(data)

            return writing

        return _Kept(self.app(environ, start), started, self.pages, key)


class _Kept:
    def __init__(self, body: Any, started: list[Any], pages: dict[Any, Any], key: Any) -> None:
        self.body, self.started, self.pages, self.key = body, started, pages, key

    def __iter__(self) -> Iterator[bytes]:
        seen = bytearray()
        for block in self.body:
            if len(seen) < 100_000:
                seen += block
            yield block
        if self.started and len(seen) < 100_000:
            self.pages[self.key] = (*self.started[0], bytes(seen))

    def close(self) -> None:
        shut(self.body)


class _Logged:
    def __init__(self, body: Any, at_end: Callable[[], None]) -> None:
        self.body, self.at_end = body, at_end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)

    def close(self) -> None:
        try:
            shut(self.body)
        finally:
            self.at_end()


@correct
def access_log(app: App) -> App:
    """Hands the inner iterator itself to the server; the line is written when everything is over."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        seen: list[str] = ["-"]
        errors = environ["wsgi.errors"]
        line = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')!a}"

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen[0] = status
            return start_response(status, headers, exc_info)

        def at_end() -> None:
            errors.write(f"{line} {seen[0]}\n")
            errors.flush()

        return _Logged(app(environ, start), at_end)

    return middleware


@correct
def favicon_by_file_wrapper(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ.get("PATH_INFO") != "/favicon.ico" or environ["REQUEST_METHOD"] != "GET":
            return app(environ, start_response)
        content = io.BytesIO(b"\0" * 100)
        start_response("200 OK", [("Content-Type", "image/x-icon"), ("Content-Length", "100")])
        wrapper = environ.get("wsgi.file_wrapper")
        return wrapper(content, 4096) if wrapper is not None else iter(lambda: content.read(4096), b"")

    return middleware


@correct
class SecurityHeaders:
    __slots__ = ("app",)

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        return self.app(environ, _SecureStart(start_response, environ["wsgi.url_scheme"] == "https"))


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


@correct
def maintenance(app: App) -> App:
    """Closed for POST to /closed only, so that the rest is seen."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ.get("PATH_INFO") != "/closed":
            return app(environ, start_response)
        start_response("503 Service Unavailable", [("Retry-After", "60"), ("Content-Length", "0")])
        return []

    return middleware


@correct
class LazyApp:
    """Makes the app at the first request, once, in whatever thread that comes."""

    def __init__(self, app: App) -> None:
        self.make, self.lock, self.made = (lambda: app), threading.Lock(), None

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        with self.lock:
            self.made = self.made or self.make()  # type: ignore[assignment]
        return self.made(environ, start_response)  # type: ignore[misc]


_current = threading.local()


class _Bound:
    """Every step, and close, with the request bound to the thread."""

    def __init__(self, body: Any, environ: dict[str, Any]) -> None:
        self.body, self.environ = body, environ
        self.steps: Any = None

    def run(self, step: Callable[[], Any]) -> Any:
        before = getattr(_current, "environ", None)
        _current.environ = self.environ
        try:
            return step()
        finally:
            _current.environ = before

    def __iter__(self) -> _Bound:
        return self

    def __next__(self) -> bytes:
        return self.run(self.step)  # type: ignore[no-any-return]

    def step(self) -> bytes:
        if self.steps is None:
            self.steps = iter(self.body)
        return next(self.steps)  # type: ignore[no-any-return]

    def close(self) -> None:
        self.run(lambda: shut(self.body))


@correct
def bound_to_the_thread(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        bound = _Bound(None, environ)
        bound.body = bound.run(lambda: app(environ, start_response))
        return bound

    return middleware


class _Silent:
    """Runs the inner body for what it does, and hands over nothing of it."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        for _ in self.body:
            yield b""

    def close(self) -> None:
        shut(self.body)


@correct
def head_by_get(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            write = start_response(status, headers, exc_info)
            return lambda data: write(b"")

        return _Silent(app({**environ, "REQUEST_METHOD": "GET"}, start))

    return middleware


@correct
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


@correct
def reporter_of_errors(app: App) -> App:
    """Sees every exception, tells of it, and lets it go on."""
    seen: list[str] = []

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        try:
            body = app(environ, start_response)
        except BaseException as error:
            seen.append(repr(error))
            raise
        return _Reporting(body, seen)

    return middleware


class _Reporting:
    def __init__(self, body: Any, seen: list[str]) -> None:
        self.body, self.seen = body, seen

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self.body:  # noqa: UP028  # "yield from" would close the iterator too
                yield block
        except Exception as error:
            self.seen.append(repr(error))
            raise

    def close(self) -> None:
        try:
            shut(self.body)
        except Exception as error:
            self.seen.append(repr(error))
            raise


@correct
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


@correct
def dispatched_by_host(app: App) -> App:
    """Two ways, one of which is never taken here."""

    def gone(environ: dict[str, Any], start_response: App) -> Any:
        start_response("421 Misdirected Request", [("Content-Type", "text/plain")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"not here"]

    return lambda environ, start_response: (gone if environ.get("HTTP_HOST", "").startswith("elsewhere.") else app)(
        environ, start_response
    )


class _Ahead:
    """A thread takes the blocks and closes; the server is never waited for, nor made to wait for more than one."""

    def __init__(self, body: Any) -> None:
        self.blocks: queue.Queue[tuple[bytes, BaseException | None] | None] = queue.Queue()
        self.stopped = False
        threading.Thread(target=self.run, args=(body,), daemon=True).start()

    def run(self, body: Any) -> None:
        error: BaseException | None = None
        try:
            for block in body:
                self.blocks.put((block, None))
                if self.stopped:
                    break
        except Exception as raised:
            error = raised
        finally:
            try:
                shut(body)
            except Exception as raised:
                error = error or raised
            self.blocks.put((b"", error) if error is not None else None)

    def __iter__(self) -> Iterator[bytes]:
        while (entry := self.blocks.get()) is not None:
            if entry[1] is not None:
                raise entry[1]
            yield entry[0]

    def close(self) -> None:
        self.stopped = True  # the thread closes the body as soon as it sees this, after close() has returned


@correct
def taken_ahead_in_a_thread(app: App) -> App:
    return lambda environ, start_response: _Ahead(app(environ, start_response))
