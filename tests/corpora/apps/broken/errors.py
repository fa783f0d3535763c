"""Broken apps: errors, and pages about errors."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from tests.corpora.apps.answers import TEXT, plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


@app(clauses=("exc-app-error-before-output", "start-app-once", "exc-app-always-provides"))
def error_page_after_the_first_block(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    try:
        raise LookupError("two")
    except LookupError:
        start_response("500 Oops", [TEXT])  # FAULT
        yield b"sorry"


@app(clauses=("exc-app-not-trap", "exc-app-error-before-output"))
def returns_a_page_after_a_refused_error_start(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"one")
    try:
        raise LookupError("two")
    except LookupError:
        try:
            start_response("500 Oops", [TEXT], sys.exc_info())  # FAULT
        except LookupError:
            return [b"sorry"]  # FAULT
    return []


def read_in_parts(environ: Any) -> Any:
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0:
        data = environ["wsgi.input"].read(min(left, 1000))
        if not data:
            return
        left -= len(data)
        yield data


@app("reraised-error-let-through")
def swallows_and_stops(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError:
        with contextlib.suppress(Exception):
            start_response("500 Oops", [TEXT], sys.exc_info())


@app("reraised-error-let-through")
def swallows_everything_always(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError:
        try:
            start_response("500 Oops", [TEXT], sys.exc_info())
        except BaseException:
            return


@app("error-page-before-output")
def appends_an_error_page(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError:
        with contextlib.suppress(OSError):
            start_response("500 Oops", [TEXT], sys.exc_info())
        yield b"<h1>Internal Server Error</h1>"


@app("error-page-before-output")
def appends_it_and_raises(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError as error:
        try:
            start_response("500 Oops", [TEXT], sys.exc_info())
        except OSError:
            yield b"an error occurred"
            raise error from None


@app("error-response-has-exc-info")
def restarts_without(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    try:
        return [b"".join(read_in_parts(environ))]
    except OSError:
        start_response("500 Oops", [TEXT])
        return [b"oops"]


@app("error-response-has-exc-info")
def restarts_with_none(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    try:
        return [b"".join(read_in_parts(environ))]
    except OSError:
        start_response("500 Oops", [TEXT], None)
        return [b"oops"]


@app("traps-own-errors")
def divides_by_zero(environ: Any, start_response: Any) -> Any:
    return plain(start_response, str(1 // len(environ.get("HTTP_X_MISSING", ""))).encode())


@app(clauses=("exc-app-always-provides", "start-app-once"))
def error_start_after_a_failed_start(environ: Any, start_response: Any) -> Any:
    try:
        start_response("200 OK", [TEXT])
        raise LookupError(environ.get("PATH_INFO"))
    except LookupError:
        sys.exc_info()
        start_response("404 Not Found", [TEXT])  # FAULT
        return [b"no such page"]
