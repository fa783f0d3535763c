"""Broken apps, named by the clauses that they break: the call of start_response.

The line at fault carries the mark ``FAULT``.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any

from tests.corpora.apps.marked import TEXT, BrokenApps

corpus = BrokenApps()
app = corpus.app


@app("start-positional")
def headers_by_keyword(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", response_headers=[TEXT])  # FAULT
    return [b"x"]


@app("start-positional")
def exc_info_by_keyword(environ: Any, start_response: Any) -> Any:
    try:
        raise KeyError("page")
    except KeyError:
        start_response("500 Oops", [TEXT], exc_info=sys.exc_info())  # FAULT
    return [b"x"]


@app("start-arg-count")
def four_arguments(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None, b"x")  # FAULT
    return [b"x"]


@app("start-arg-count")
def status_alone(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content")  # FAULT
    return []


@app("exc-tuple")
def exc_info_is_the_exception(environ: Any, start_response: Any) -> Any:
    try:
        raise KeyError("page")
    except KeyError as error:
        start_response("500 Oops", [TEXT], error)  # FAULT
    return [b"x"]


@app("exc-tuple")
def exc_info_is_true(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], True)  # FAULT
    return [b"x"]


@app("exc-only-in-handler")
def exc_info_of_no_exception(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], sys.exc_info())  # FAULT
    return [b"x"]


@app("start-app-once", "exc-app-always-provides")
def second_start_without_exc_info(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        raise KeyError("page")
    except KeyError:
        start_response("500 Oops", [TEXT])  # FAULT
    return [b"x"]


@app("start-app-once")
def starts_again_in_the_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])

    def body() -> Any:
        yield b"one"
        start_response("200 OK", [TEXT])  # FAULT
        yield b"two"

    return body()


@app("start-app-once", "start-called")
def starts_again_in_a_thread(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])

    def again() -> None:
        with contextlib.suppress(BaseException):
            start_response("201 Created", [TEXT])  # FAULT

    thread = threading.Thread(target=again)
    thread.start()
    thread.join()
    return [b"x"]


@app("start-called")
def never_starts(environ: Any, start_response: Any) -> Any:
    return []  # FAULT


@app("start-before-body", "start-called")
def starts_too_late(environ: Any, start_response: Any) -> Any:
    yield b""
    yield b"early"  # FAULT
    start_response("200 OK", [TEXT])
    yield b"late"


@app("start-before-body", "start-called")
class StartsWhenClosed:
    def __init__(self, environ: Any, start_response: Any) -> None:
        self.start_response = start_response

    def __iter__(self) -> Any:
        yield b"body"  # FAULT

    def close(self) -> None:
        self.start_response("200 OK", [TEXT])  # FAULT


@app("call-start-response-opaque")
def tries_to_close_start_response(environ: Any, start_response: Any) -> Any:
    with contextlib.suppress(AttributeError), contextlib.closing(start_response):  # FAULT
        start_response("200 OK", [TEXT])
    return [b"x"]


@app("call-start-response-opaque")
def marks_start_response(environ: Any, start_response: Any) -> Any:
    if not getattr(start_response, "wrapped", False):  # FAULT
        start_response("200 OK", [TEXT])
        return [b"x"]
    return []


@app("exc-app-not-trap", "exc-app-error-before-output")
def hides_what_start_response_raises(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"some"
    try:
        raise ValueError("broken page")
    except ValueError:
        with contextlib.suppress(Exception):
            start_response("500 Oops", [TEXT], sys.exc_info())  # FAULT
    yield b"more"  # FAULT
