"""Conforming middleware: what measures and logs."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Wrapped, close, without

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def call_through(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return app(environ, start_response)

    return middleware


@correct()
def timing(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        begun = time.perf_counter()

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            took = f"{time.perf_counter() - begun:.6f}"
            return start_response(status, [*headers, ("Server-Timing", f"app;dur={took}")], exc_info)

        return app(environ, start)

    return middleware


@correct()
def request_id(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        environ["example.request_id"] = identity = uuid.uuid4().hex

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Request-Id", identity)], exc_info)

        return app(environ, start)

    return middleware


@correct()
def access_log(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            environ["wsgi.errors"].write(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')!a} {status!a}\n")
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@correct()
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
            close(self.body)
        finally:
            self.log[:] = [self.blocks, self.busy, time.perf_counter() - self.begun]


@correct()
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
            close(body)
            raise


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


@correct()
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
            close(body)

    # What is written while the generator runs would come from inside an iteration, so writers are served at once.
    def early(environ: dict[str, Any], start_response: App) -> Any:
        held: list[bytes] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> App:
            start_response(status, headers, exc_info)
            return held.append

        inner = middleware(environ, start)
        return _Merged(inner, held)

    return early


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


@correct()
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


class _Logged:
    def __init__(self, body: Any, at_end: Callable[[], None]) -> None:
        self.body, self.at_end = body, at_end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)

    def close(self) -> None:
        try:
            close(self.body)
        finally:
            self.at_end()


@correct()
def access_log_of_the_inner_iterator(app: App) -> App:
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
