"""Broken middleware: text and bytes mixed up."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, around_body, around_start

corpus = Corpus(__name__)
broken = corpus.program
body_breaks = functools.partial(corpus.program, wrap=around_body)
start_breaks = functools.partial(corpus.program, wrap=around_start)


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


@body_breaks("binary-body-unchanged")
def decoded_and_encoded_again(body: Any) -> Any:
    return (block.decode("utf-8", "replace").encode() if isinstance(block, bytes) else block for block in body)


@body_breaks("binary-body-unchanged")
def zero_bytes_are_dropped(body: Any) -> Any:
    return (block.replace(b"\0", b"") if isinstance(block, bytes) else block for block in body)


@body_breaks("text-body-not-encoded")
def text_becomes_latin1(body: Any) -> Any:
    return (block if isinstance(block, bytes) else block.encode("latin-1") for block in body)


@body_breaks("text-body-not-encoded")
def text_becomes_bytes_of_its_codes(body: Any) -> Any:
    return (block if isinstance(block, bytes) else bytes(map(ord, block)) for block in body)


@start_breaks("wide-text-not-mangled")
def not_latin1_is_dropped(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        headers = [(name, value.encode("latin-1", "ignore").decode("latin-1")) for name, value in headers]
        return start_response(status, headers, exc_info)

    return start


@start_breaks("wide-text-not-mangled")
def ascii_with_question_marks(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        headers = [(name, value.encode("ascii", "replace").decode()) for name, value in headers]
        return start_response(status, headers, exc_info)

    return start


@start_breaks("header-names-known-in-any-case")
def vary_is_looked_up_exactly(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        if not any(name == "Vary" for name, _ in headers):
            headers = [*headers, ("Vary", "Cookie")]
        return start_response(status, headers, exc_info)

    return start


@start_breaks("header-names-known-in-any-case")
def cookies_are_removed_exactly(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        return start_response(status, [pair for pair in headers if pair[0] != "Set-Cookie"], exc_info)

    return start
