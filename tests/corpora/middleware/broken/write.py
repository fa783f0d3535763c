"""Broken middleware: the write callable."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Wrapped, around_start, close

corpus = Corpus(__name__)
broken = corpus.program
start_breaks = functools.partial(corpus.program, wrap=around_start)


@broken("written-data-delivered")
def writes_forgotten(app: App) -> App:
    """Gives apps that write a list nobody looks at again."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(*args: Any) -> Any:
            start_response(*args)
            return [].append

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
            close(body)

    return middleware


@start_breaks("write-takes-one-argument")
def write_wants_two(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        write = start_response(status, headers, exc_info)
        return lambda data, flush: write(data)

    return start


@start_breaks("write-takes-one-argument")
def write_wants_a_keyword(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        write = start_response(status, headers, exc_info)
        return lambda *, data: write(data)

    return start


@start_breaks("written-data-delivered")
def write_goes_to_a_buffer_nobody_reads(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        start_response(status, headers, exc_info)
        return io.BytesIO().write

    return start


@start_breaks("written-data-delivered")
def write_is_refused(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        start_response(status, headers, exc_info)

        def write(data: bytes) -> None:
            raise NotImplementedError("write() is old")

        return write

    return start


@broken("written-data-first")
def written_comes_after_the_first_block(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        written: list[bytes] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            start_response(status, headers, exc_info)
            return written.append

        def steps(body: Any) -> Any:
            for block in body:
                yield block
                yield from written
                written.clear()
            yield from written

        return Wrapped(app(environ, start), steps)

    return middleware


@broken("written-data-first")
def written_replaces_what_is_yielded(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        written: list[bytes] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            start_response(status, headers, exc_info)
            return written.append

        return Wrapped(app(environ, start), lambda body: written or body)

    return middleware


@broken("write-not-from-iterable")
def generator_around_an_app_that_writes(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            close(body)

    return middleware
