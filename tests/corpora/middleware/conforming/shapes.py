"""Conforming middleware: objects, layers and threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.conforming.compression import gzip_streaming
from tests.corpora.middleware.conforming.errors import error_page
from tests.corpora.middleware.conforming.sessions import session
from tests.corpora.middleware.wrapping import App, close

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def callable_object(app: App) -> App:
    class Middleware:
        def __init__(self, inner: App) -> None:
            self.inner = inner

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.inner(environ, start_response)

    return Middleware(app)


@correct()
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


@correct()
def two_layers(app: App) -> App:
    return error_page(gzip_streaming(session(app)))


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
        self.run(lambda: close(self.body))


@correct()
def bound_to_the_thread(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        bound = _Bound(None, environ)
        bound.body = bound.run(lambda: app(environ, start_response))
        return bound

    return middleware


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
                close(body)
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


@correct()
def taken_ahead_in_a_thread(app: App) -> App:
    return lambda environ, start_response: _Ahead(app(environ, start_response))
