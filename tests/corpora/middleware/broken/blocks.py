"""Broken middleware: blocks that are held back, joined or dropped, and how it iterates."""

from __future__ import annotations

import collections
import functools
import gzip
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, Wrapped, around_body, close

corpus = Corpus(__name__)
broken = corpus.program
body_breaks = functools.partial(corpus.program, wrap=around_body)

# -- blocks ----------------------------------------------------------------------------------------


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
            close(body)
        status, headers, exc_info = starts[0]
        if status[:3] not in ("204", "304"):
            content = gzip.compress(content)
            headers = [h for h in headers if h[0].lower() != "content-length"]
            headers += [("Content-Encoding", "gzip"), ("Content-Length", str(len(content)))]
        start_response(status, headers, exc_info)
        return [content]

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


@broken("returns-as-soon-as-inner-app")
def first_block_is_peeked_at(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        blocks = iter(body)
        try:
            first = list(itertools.islice(blocks, 1))
        except BaseException:
            close(body)
            raise
        return Wrapped(body, lambda _: itertools.chain(first, blocks))

    return middleware


@broken("returns-as-soon-as-inner-app")
def whole_body_in_a_file(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        file = io.BytesIO()
        try:
            file.writelines(body)
        finally:
            close(body)
        return [file.getvalue()]

    return middleware


@body_breaks("one-inner-step-at-a-time")
def three_at_a_time(body: Any) -> Any:
    blocks = iter(body)
    while kept := list(itertools.islice(blocks, 3)):
        yield b"".join(kept)


@body_breaks("one-inner-step-at-a-time")
def all_in_one_block(body: Any) -> Any:
    yield b"".join(body)


@body_breaks("one-inner-step-at-a-time")
def looks_one_ahead(body: Any) -> Any:
    blocks = iter(body)
    kept = next(blocks, b"")
    for block in blocks:
        yield kept
        kept = block
    yield kept


@body_breaks("one-item-for-each-inner-item")
def empty_blocks_are_dropped(body: Any) -> Any:
    return filter(None, body)


@body_breaks("one-item-for-each-inner-item")
def empty_blocks_are_skipped(body: Any) -> Any:
    for block in body:
        if not block:
            continue
        yield block


@body_breaks("block-passed-on-at-once")
def always_one_behind(body: Any) -> Any:
    kept = collections.deque([b""])
    for block in body:
        kept.append(block)
        yield kept.popleft()
    yield from kept


@body_breaks("block-passed-on-at-once")
def two_behind(body: Any) -> Any:
    kept = collections.deque([b"", b""])
    for block in body:
        kept.append(block)
        yield kept.popleft()
    yield from kept


def _filled(filler: bytes) -> Callable[[App], App]:
    def steps(body: Any) -> Any:
        kept = []
        for block in body:
            kept.append(block)
            yield filler
        yield b"".join(kept)

    def factory(app: App) -> App:
        def middleware(environ: Any, start_response: Any) -> Any:
            def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
                headers = [pair for pair in headers if pair[0].lower() != "content-length"]
                return start_response(status, headers, exc_info)

            body = app(environ, start)
            return Wrapped(body, steps) if environ["REQUEST_METHOD"] == "GET" else body

        return middleware

    return factory


corpus.add("filled_with_line_ends", lambda: _filled(b"\r\n"), "filler-is-empty")
corpus.add("filled_with_tabs", lambda: _filled(b"\t"), "filler-is-empty")


# -- iterables and iterators -----------------------------------------------------------------------


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
            close(self.body)

    return lambda environ, start_response: Stepping(app(environ, start_response))


@broken("iterator-made-by-iter")
def first_block_taken_with_next(app: App) -> App:
    """Peeks at the first block of what the app returned."""

    class Peeking(Wrapped):
        def __iter__(self) -> Any:
            yield next(self.body, b"")
            yield from self.body

    return lambda environ, start_response: Peeking(app(environ, start_response), iter)


@broken("iterator-made-by-iter")
def endless_loop_over_next(app: App) -> App:
    def steps(body: Any) -> Any:
        take = body.__next__
        while True:
            try:
                yield take()
            except StopIteration:
                return

    return around_body(steps)(app)
