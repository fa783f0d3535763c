"""Broken middleware: close()."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, Wrapped, around_body, close

corpus = Corpus(__name__)
broken = corpus.program
body_breaks = functools.partial(corpus.program, wrap=around_body)


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
                close(body)

        def __iter__(self) -> Iterator[bytes]:
            return self.steps

        def close(self) -> None:
            close(self.body)

    return lambda environ, start_response: Trace(app(environ, start_response))


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
                close(self.inner)

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
            close(self.steps)

    return lambda environ, start_response: Kept(app(environ, start_response))


@broken("close-called")
def joined_and_never_closed(app: App) -> App:
    return lambda environ, start_response: [b"".join(app(environ, start_response))]


@broken("close-not-on-iterator")
def closes_what_it_iterates(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return Wrapped(iter(app(environ, start_response)), iter)

    return middleware


@broken("close-not-on-iterator")
def closes_the_tail_of_a_peek(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        class Peeked:
            blocks: Any = None

            def __init__(self, body: Any) -> None:
                self.body = body

            def __iter__(self) -> Any:
                self.blocks, self.body = iter(self.body), None
                return self.blocks

            def close(self) -> None:
                close(self.blocks if self.body is None else self.body)

        return Peeked(app(environ, start_response))

    return middleware


@broken("close-called-once")
def closed_by_two(app: App) -> App:
    class Twice(Wrapped):
        def close(self) -> None:
            close(self.body)
            close(self.body)

    return lambda environ, start_response: Twice(app(environ, start_response), iter)


@body_breaks("close-called-once")
def closed_at_the_end_and_by_the_server(body: Any) -> Any:
    yield from body
    close(body)


def _only_in_order(body: Any) -> Any:
    try:
        yield from body
    except Exception:
        close(body)
        raise
    close(body)


@broken("close-forwarded-when-stopped")
def closed_only_after_the_loop(app: App) -> App:
    return lambda environ, start_response: _only_in_order(app(environ, start_response))


@broken("close-forwarded-when-stopped")
def closed_only_when_exhausted(app: App) -> App:
    class AtTheEnd:
        def __init__(self, body: Any) -> None:
            self.body = body
            self.blocks = iter(body)

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            try:
                return next(self.blocks)
            except Exception:
                close(self.body)
                raise

    return lambda environ, start_response: AtTheEnd(app(environ, start_response))


def _finally(body: Any) -> Any:
    try:
        yield from body
    finally:
        close(body)


@broken("close-forwarded-before-first-block")
def closed_by_a_generators_finally(app: App) -> App:
    return lambda environ, start_response: _finally(app(environ, start_response))


@broken("close-forwarded-before-first-block")
def closed_only_when_iterated(app: App) -> App:
    class Lazy(Wrapped):
        begun = False

        def __iter__(self) -> Any:
            self.begun = True
            return super().__iter__()

        def close(self) -> None:
            if self.begun:
                super().close()

    return lambda environ, start_response: Lazy(app(environ, start_response), iter)


@broken("close-forwarded-after-error")
def error_forgets_the_body(app: App) -> App:
    class Forgetful(Wrapped):
        def __iter__(self) -> Any:
            try:
                yield from self.body
            except Exception:
                self.body = None
                raise

    return lambda environ, start_response: Forgetful(app(environ, start_response), iter)


@broken("close-forwarded-after-error")
def closed_unless_an_error_was_seen(app: App) -> App:
    def steps(body: Any) -> Any:
        try:
            yield from body
        except GeneratorExit:
            close(body)
            raise
        close(body)

    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        generator = steps(body)

        class Body:
            started = False

            def __iter__(self) -> Any:
                self.started = True
                return generator

            def close(self) -> None:
                if self.started:
                    generator.close()
                else:
                    close(body)

        return Body()

    return middleware


@broken("iterable-without-close-accepted")
def close_is_looked_up_at_once(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        wrapped = Wrapped(body, iter)
        wrapped.close = body.close  # type: ignore[method-assign]
        return wrapped

    return middleware


@broken("iterable-without-close-accepted")
def closed_in_a_with_block(app: App) -> App:
    import contextlib

    class Exiting(Wrapped):
        def close(self) -> None:
            with contextlib.closing(self.body):
                pass

    return lambda environ, start_response: Exiting(app(environ, start_response), iter)
