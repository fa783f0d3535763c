"""A second corpus of broken middleware, written from PEP 3333 alone: the faults of sessions, compressors and agents.

Each is told with the rule that has to see it.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import functools
import gzip
import hashlib
import io
import itertools
import sys
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import Any

App = Callable[..., Any]

INDEPENDENT_BROKEN: list[tuple[str, str, Callable[[App], App]]] = []


def broken(rule: str) -> Callable[[Callable[[App], App]], Callable[[App], App]]:
    def note(factory: Callable[[App], App]) -> Callable[[App], App]:
        INDEPENDENT_BROKEN.append((rule, factory.__name__, factory))
        return factory

    return note


def shut(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()


class Body:
    """A correct wrapper, for middleware that is broken elsewhere."""

    def __init__(self, inner: Any, change: Callable[[bytes], bytes] = bytes) -> None:
        self.inner, self.change = inner, change

    def __iter__(self) -> Iterator[bytes]:
        return map(self.change, self.inner)

    def close(self) -> None:
        shut(self.inner)


# -- compressing and changing the body -------------------------------------------------------------


@broken("changed-body-has-its-length")
def gzip_with_the_old_length(app: App) -> App:
    """The compressor is right; Content-Length is that of the text."""

    class Compressed(Body):
        def __iter__(self) -> Iterator[bytes]:
            squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
            for block in self.inner:
                yield squeeze.compress(block)
            yield squeeze.flush()

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] == "HEAD" or "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", "gzip"):
            return app(environ, start_response)
        plain = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            plain.append(status[:3] not in ("204", "304"))
            extra = [("Content-Encoding", "gzip")] if plain[-1] else []
            return start_response(status, headers + extra, exc_info)

        body = app(environ, start)
        return Compressed(body) if plain and plain[-1] else body

    return middleware


@broken("returns-as-soon-as-inner-app")
def gzip_of_everything_at_once(app: App) -> App:
    """Reads the whole body before it answers; closes it, keeps the length right."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] == "HEAD":
            return app(environ, start_response)
        starts: list[Any] = []
        written: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            starts[:] = [(status, headers, exc_info)]
            return written.append

        body = app(environ, start)
        try:
            content = b"".join(itertools.chain(written, body))
        finally:
            shut(body)
        status, headers, exc_info = starts[0]
        if status[:3] not in ("204", "304"):
            content = gzip.compress(content)
            headers = [h for h in headers if h[0].lower() != "content-length"]
            headers += [("Content-Encoding", "gzip"), ("Content-Length", str(len(content)))]
        start_response(status, headers, exc_info)
        return [content]

    return middleware


@broken("header-names-known-in-any-case")
def injected_with_a_length_by_exact_name(app: App) -> App:
    """Looks for Content-Length in one spelling only."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kept = [(name, value) for name, value in headers if name != "Content-Length"]
            return start_response(status, kept, exc_info)

        body = app(environ, start)
        if environ["REQUEST_METHOD"] == "HEAD":
            return body
        return Body(body, lambda block: block.replace(b"o", b"oo"))

    return middleware


@broken("written-data-delivered")
def writes_forgotten(app: App) -> App:
    """Gives apps that write a list nobody looks at again."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(*args: Any) -> Any:
            start_response(*args)
            return [].append

        return app(environ, start)

    return middleware


@broken("start-response-returns-write")
def no_write_at_all(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@broken("write-not-from-iterable")
def written_while_iterating(app: App) -> App:
    """Sends blocks by write() out of its own generator."""

    def middleware(environ: dict[str, Any], start_response: App) -> Iterator[bytes]:
        write: list[App] = []

        def start(*args: Any) -> Any:
            write[:] = [start_response(*args)]
            return write[0]

        body = app(environ, start)
        try:
            for block in body:
                write[0](block)
                yield b""
        finally:
            shut(body)

    return middleware


@broken("body-native-bytes")
def text_blocks(app: App) -> App:
    """A templating layer that forgets to encode."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        class Text(Body):
            def __iter__(self) -> Iterator[Any]:
                for block in self.inner:
                    yield block.decode("latin-1").replace("{{year}}", "2030")

        return Text(app(environ, start_response))

    return middleware


@broken("one-inner-step-at-a-time")
def one_block_ahead(app: App) -> App:
    """Looks at the next block before it gives this one, to know which is the last."""

    class Ahead(Body):
        def __iter__(self) -> Iterator[bytes]:
            steps = iter(self.inner)
            current = next(steps, None)
            while current is not None:
                following = next(steps, None)
                yield current
                current = following

    return lambda environ, start_response: Ahead(app(environ, start_response))


@broken("one-inner-step-at-a-time")
def blocks_glued_to_a_size(app: App) -> App:
    """Gathers small blocks to big ones, silently."""

    class Glued(Body):
        def __iter__(self) -> Iterator[bytes]:
            held = b""
            for block in self.inner:
                held += block
                if len(held) > 65536:
                    yield held
                    held = b""
            if held:
                yield held

    return lambda environ, start_response: Glued(app(environ, start_response))


@broken("header-no-transfer-encoding")
def chunked_by_hand(app: App) -> App:
    """Frames the blocks itself."""

    class Chunked(Body):
        def __iter__(self) -> Iterator[bytes]:
            for block in self.inner:
                if block:
                    yield b"%x\r\n%s\r\n" % (len(block), block)
            yield b"0\r\n\r\n"

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kept = [h for h in headers if h[0].lower() != "content-length"]
            return start_response(status, [*kept, ("Transfer-Encoding", "chunked")], exc_info)

        return Chunked(app(environ, start))

    return middleware


# -- sessions, cookies, headers --------------------------------------------------------------------


@broken("start-response-takes-exc-info")
def session_without_room_for_errors(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def set_cookie(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", "sid=1")])

        return app(environ, set_cookie)

    return middleware


@broken("start-response-called-once")
def session_that_drops_the_error(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def set_cookie(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", "sid=1")])

        return app(environ, set_cookie)

    return middleware


@broken("empty-body-accepted")
class SessionSavedTooLate:
    """Starts the response once the body is there, so an empty body is never started."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: App) -> Iterator[bytes]:
        held: list[Any] = []

        def start(*args: Any) -> Any:
            held[:] = [args]
            return lambda data: None

        body = self.app(environ, start)
        started = False
        try:
            for block in body:
                if not started:
                    started = True
                    start_response(held[0][0], [*held[0][1], ("Set-Cookie", "sid=1")], *held[0][2:])
                yield block
        finally:
            shut(body)


@broken("header-value-native-string")
def request_id_object(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Request-ID", uuid.UUID(int=5))], exc_info)

        return app(environ, start)

    return middleware


@broken("headers-builtin-list")
def headers_as_a_dict(app: App) -> App:
    """Merges the headers to a mapping and passes its items: no list, and cookies are lost."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            merged = {**dict(headers), "X-Frame-Options": "DENY"}
            return start_response(status, merged.items(), exc_info)

        return app(environ, start)

    return middleware


@broken("start-response-arguments-positional")
def started_by_keyword(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status=status, headers=headers, exc_info=exc_info)

        return app(environ, start)

    return middleware


@broken("status-has-reason")
def reason_thrown_away(app: App) -> App:
    """A router that keeps the number only."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status.split(None, 1)[0], headers, exc_info)

        return app(environ, start)

    return middleware


@broken("no-body-with-204-or-304")
def not_modified_with_a_body(app: App) -> App:
    """Answers 304 to everybody who asks conditionally, and sends the page after all."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if status.startswith("200"):
                status = "304 Not Modified"
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@broken("header-no-persistence")
def connection_header(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [("Connection", "close"), *headers], exc_info)

        return app(environ, start)

    return middleware


# -- agents: what wraps the iterable ---------------------------------------------------------------


@broken("close-not-on-iterator")
def timed_by_a_plain_generator(app: App) -> App:
    log: list[float] = []

    def timed(body: Any) -> Iterator[bytes]:
        begun = time.perf_counter()
        yield from body
        log.append(time.perf_counter() - begun)

    return lambda environ, start_response: timed(app(environ, start_response))


@broken("close-called-once")
def closed_once_by_each(app: App) -> App:
    """The generator closes in its ``finally``, and so does the object around it."""

    class Trace:
        def __init__(self, body: Any) -> None:
            self.body, self.steps = body, self.run(body)

        def run(self, body: Any) -> Iterator[bytes]:
            try:
                for block in body:  # noqa: UP028
                    yield block
            finally:
                shut(body)

        def __iter__(self) -> Iterator[bytes]:
            return self.steps

        def close(self) -> None:
            shut(self.body)

    return lambda environ, start_response: Trace(app(environ, start_response))


@broken("inner-error-not-hidden")
def errors_end_the_body_quietly(app: App) -> App:
    class Swallowing(Body):
        def __iter__(self) -> Iterator[bytes]:
            with contextlib.suppress(Exception):
                yield from self.inner

    return lambda environ, start_response: Swallowing(app(environ, start_response))


@broken("close-comes-last")
def closed_before_it_is_read(app: App) -> App:
    """The ``with`` ends when the function returns."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        body = app(environ, start_response)
        if not hasattr(body, "close"):
            return body
        with contextlib.closing(body):
            return iter(body)

    return middleware


@broken("iterator-made-by-iter")
def stepped_without_iter(app: App) -> App:
    """Takes what the app returns for an iterator."""

    class Stepping:
        def __init__(self, body: Any) -> None:
            self.body = body

        def __iter__(self) -> Stepping:
            return self

        def __next__(self) -> bytes:
            return self.body.__next__()  # type: ignore[no-any-return]

        def close(self) -> None:
            shut(self.body)

    return lambda environ, start_response: Stepping(app(environ, start_response))


@broken("iterable-only-iterated")
def measured_by_len(app: App) -> App:
    """Takes the returned object for a list."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        body = app(environ, start_response)
        environ["independent.blocks"] = len(body)
        return body

    return middleware


@broken("iterable-only-iterated")
def nothing_for_falsy_bodies(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        return app(environ, start_response) or []

    return middleware


@broken("close-forwarded-after-error")
def not_closed_after_a_failure(app: App) -> App:
    """Leaves a body alone that has failed."""

    class Span(Body):
        failed = False

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from iter(self.inner)
            except Exception:
                self.failed = True
                raise

        def close(self) -> None:
            if not self.failed:
                shut(self.inner)

    return lambda environ, start_response: Span(app(environ, start_response))


@broken("close-not-on-iterator")
def iterator_closed_instead(app: App) -> App:
    """Keeps only what iter() gave."""

    class Kept:
        def __init__(self, body: Any) -> None:
            self.steps = iter(body)

        def __iter__(self) -> Iterator[bytes]:
            return self.steps  # type: ignore[no-any-return]

        def close(self) -> None:
            shut(self.steps)

    return lambda environ, start_response: Kept(app(environ, start_response))


# -- error pages and retries -----------------------------------------------------------------------


@broken("start-response-called-once")
def error_page_started_again(app: App) -> App:
    """The page is started without exc_info."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        try:
            return app(environ, start_response)
        except Exception:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"sorry"]

    return middleware


@broken("exc-info-error-not-trapped")
def error_page_after_the_headers(app: App) -> App:
    """Goes on with its page when the server says that it is too late."""

    class Late(Body):
        start: App

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from iter(self.inner)
            except Exception:
                with contextlib.suppress(Exception):
                    self.start("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
                yield b"sorry"

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        late = Late(app(environ, start_response))
        late.start = start_response
        return late

    return middleware


@broken("start-response-called-once")
def retried_after_a_start(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        for _ in range(2):
            with contextlib.suppress(Exception):
                return app(environ, start_response)
        return app(environ, start_response)

    return middleware


# -- requests --------------------------------------------------------------------------------------


@broken("request-body-passed-on")
def body_recorded_and_gone(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["independent.body"] = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return app(environ, start_response)

    return middleware


@broken("input-methods-work")
def body_limit_with_read_only(app: App) -> App:
    class Limited:
        def __init__(self, stream: Any) -> None:
            self.read = stream.read

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["wsgi.input"] = Limited(environ["wsgi.input"])
        return app(environ, start_response)

    return middleware


@broken("input-gives-bytes")
def body_decoded_for_the_app(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.StringIO(environ["wsgi.input"].read(length).decode("latin-1"))
        return app(environ, start_response)

    return middleware


@broken("environ-builtin-dict")
def environ_with_defaults(app: App) -> App:
    return lambda environ, start_response: app(collections.defaultdict(str, environ), start_response)


@broken("environ-cgi-native-strings")
def user_as_bytes(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        given = environ.get("HTTP_AUTHORIZATION", "Basic YTpi").rpartition(" ")[2]
        with contextlib.suppress(ValueError):
            environ["REMOTE_USER"] = base64.b64decode(given).partition(b":")[0]
        return app(environ, start_response)

    return middleware


@broken("environ-path-info-leading-slash")
def prefix_cut_with_its_slash(app: App) -> App:
    """Leaves PATH_INFO without its slash, and SCRIPT_NAME with one too many."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        first, slash, rest = environ["PATH_INFO"][1:].partition("/")
        environ["SCRIPT_NAME"] += f"/{first}{slash}"
        environ["PATH_INFO"] = rest
        return app(environ, start_response)

    return middleware


@broken("environ-has-errors")
def clean_environ(app: App) -> App:
    """A firewall that lets through what it knows, and doesn't know wsgi.errors."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        return app({k: v for k, v in environ.items() if k != "wsgi.errors"}, start_response)

    return middleware


@broken("input-not-closed")
def input_closed_at_the_end(app: App) -> App:
    class Closing(Body):
        stream: Any = None

        def close(self) -> None:
            super().close()
            self.stream.close()

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        body = Closing(app(environ, start_response))
        body.stream = environ["wsgi.input"]
        return body

    return middleware


@broken("errors-gets-text")
def log_of_bytes(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["wsgi.errors"].write(b"%s\n" % environ.get("PATH_INFO", "").encode())
        return app(environ, start_response)

    return middleware


@broken("file-wrapper-takes-file-and-size")
def file_wrapper_of_one_argument(app: App) -> App:
    """Puts its own file wrapper there, which knows nothing of block sizes."""

    def wrap(filelike: Any) -> Iterator[bytes]:
        yield from iter(functools.partial(filelike.read, 8192), b"")

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["wsgi.file_wrapper"] = wrap
        return app(environ, start_response)

    return middleware


@broken("response-made-each-time")
class CachedForEver:
    """Keeps the very iterable of the first answer, and hands that out again."""

    def __init__(self, app: App) -> None:
        self.app, self.kept = app, dict[str, tuple[Any, Any]]()

    def __call__(self, environ: dict[str, Any], start_response: App) -> Any:
        key = environ["REQUEST_METHOD"] + environ.get("PATH_INFO", "") + environ.get("QUERY_STRING", "")
        key = hashlib.sha256(key.encode("latin-1")).hexdigest()
        if key not in self.kept:
            starts: list[Any] = []

            def start(*args: Any) -> Any:
                starts.append(args)
                return start_response(*args)

            body = self.app(environ, start)
            if starts:
                self.kept[key] = (starts[0], body)
            return body
        args, body = self.kept[key]
        start_response(*args)
        return body
