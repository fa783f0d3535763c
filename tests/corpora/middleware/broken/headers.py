"""Broken middleware: status and headers."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, around_start

corpus = Corpus(__name__)
broken = corpus.program
start_breaks = functools.partial(corpus.program, wrap=around_start)

# -- single fields ---------------------------------------------------------------------------------


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


@broken("header-no-persistence")
def connection_header(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [("Connection", "close"), *headers], exc_info)

        return app(environ, start)

    return middleware


# -- the header list -------------------------------------------------------------------------------


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


@start_breaks("headers-builtin-list")
def headers_are_a_tuple(start_response: Any, environ: Any) -> Any:
    return lambda status, headers, exc_info=None: start_response(status, tuple(headers), exc_info)


# -- status ----------------------------------------------------------------------------------------


@broken("status-has-reason")
def reason_thrown_away(app: App) -> App:
    """A router that keeps the number only."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status.split(None, 1)[0], headers, exc_info)

        return app(environ, start)

    return middleware


@start_breaks("status-native-string")
def status_is_bytes(start_response: Any, environ: Any) -> Any:
    return lambda status, headers, exc_info=None: start_response(status.encode(), headers, exc_info)
