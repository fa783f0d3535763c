"""Broken middleware: what it does to the body."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, around_body, close

corpus = Corpus(__name__)
broken = corpus.program
body_breaks = functools.partial(corpus.program, wrap=around_body)


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
            close(body)


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


@body_breaks("empty-body-accepted")
def first_item_is_indexed(body: Any) -> Any:
    blocks = list(body)
    yield blocks[0]
    yield from blocks[1:]


@body_breaks("empty-body-accepted")
def first_item_is_unpacked(body: Any) -> Any:
    first, *rest = body
    yield first
    yield from rest


@broken("sequence-protocol-accepted")
def asks_for_dunder_iter(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        if not hasattr(body, "__iter__"):
            raise TypeError("the application returned nothing iterable")
        return body

    return middleware


@broken("sequence-protocol-accepted")
def asks_the_abstract_class(app: App) -> App:
    import collections.abc

    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        return body if isinstance(body, collections.abc.Iterable) else []

    return middleware


@broken("iterable-only-iterated")
def asks_for_a_file_descriptor(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        getattr(body, "fileno", None)
        return body

    return middleware


@broken("iterable-only-iterated")
def false_is_taken_for_nothing(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        body = app(environ, start_response)
        if not body:
            close(body)
            return []
        return body

    return middleware


@body_breaks("body-native-bytes")
def yields_bytearrays(body: Any) -> Any:
    return map(bytearray, body)
