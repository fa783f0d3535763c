"""Conforming middleware: what changes the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, around_environ

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def environ_copied(app: App) -> App:
    return lambda environ, start_response: app(dict(environ), start_response)


@correct()
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


@correct()
def upload_progress(app: App) -> App:
    def change(environ: Any) -> None:
        environ["wsgi.input"] = _Counting(environ["wsgi.input"])

    return around_environ(change)(app)


@correct()
def file_wrapper_taken_away(app: App) -> App:
    return around_environ(lambda environ: environ.pop("wsgi.file_wrapper", None) and None)(app)


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


@correct()
def body_limit_of_a_stream(app: App, limit: int = 1_000_000_000) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > limit:
            start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Content-Length", "9")])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"too large"]
        return app({**environ, "wsgi.input": _Limited(environ["wsgi.input"], limit)}, start_response)

    return middleware
