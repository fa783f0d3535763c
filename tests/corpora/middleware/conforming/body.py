"""Conforming middleware: what changes the body."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Wrapped, around_body, close, lookup, without

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def upper_case(app: App) -> App:
    return around_body(lambda body: map(bytes.upper, body))(app)


@correct()
def html_comment(app: App) -> App:
    class Commenting:
        def __init__(self, environ: Any, start_response: Any) -> None:
            self.environ, self.start_response, self.html = environ, start_response, False

        def start(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
            kind = {name.lower(): value for name, value in headers}.get("content-type", "")
            self.html = "html" in kind and self.environ["REQUEST_METHOD"] == "GET" and status[:3] == "200"
            return self.start_response(status, without(headers, "content-length") if self.html else headers, exc_info)

        def steps(self, body: Any) -> Any:
            yield from body
            if self.html:
                yield b"<!-- served by me -->"

    def middleware(environ: Any, start_response: Any) -> Any:
        commenting = Commenting(environ, start_response)
        return Wrapped(app(environ, commenting.start), commenting.steps)

    return middleware


@correct()
def head_without_body(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)
        close(app(environ, start_response))
        return []

    return middleware


@correct()
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


@correct()
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
        close(self.body)


@correct()
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


class _Silent:
    """Runs the inner body for what it does, and hands over nothing of it."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        for _ in self.body:
            yield b""

    def close(self) -> None:
        close(self.body)


@correct()
def head_by_get(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            write = start_response(status, headers, exc_info)
            return lambda data: write(b"")

        return _Silent(app({**environ, "REQUEST_METHOD": "GET"}, start))

    return middleware
