"""Broken apps: how they take their call, and how they call start_response."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any

from tests.corpora.apps.answers import TEXT
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program

# -- how the app is called -------------------------------------------------------------------------


@app("app-takes-two-arguments")
def one_argument(environ: Any) -> Any:
    return [b"x"]


@app("app-takes-two-arguments")
def three_arguments(environ: Any, start_response: Any, more: Any) -> Any:
    return [b"x"]


@app("start-response-only-called")
def looks_at_the_name(environ: Any, start_response: Any) -> Any:
    getattr(start_response, "im_self", None)
    start_response("200 OK", [TEXT])
    return [b"x"]


# -- the call of start_response --------------------------------------------------------------------


@app("start-response-arguments-positional")
def keyword_headers(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", headers=[TEXT])
    return [b"x"]


@app("start-response-two-or-three-arguments")
def one_argument_start(environ: Any, start_response: Any) -> Any:
    start_response("200 OK")
    return [b"x"]


@app("start-response-called")
def never_starts(environ: Any, start_response: Any) -> Any:
    return []


@app("start-response-before-body")
def starts_too_late(environ: Any, start_response: Any) -> Any:
    yield b"early"
    start_response("200 OK", [TEXT])


@app("start-response-called-once")
def starts_twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    start_response("404 Not Found", [TEXT])
    return [b"x"]


@app("start-response-called-once")
def starts_again_without_exc_info(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        raise ValueError
    except ValueError:
        start_response("500 Oops", [TEXT], None)
    return [b"x"]


@app(clauses=("start-positional",))
def headers_by_keyword(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", response_headers=[TEXT])  # FAULT
    return [b"x"]


@app(clauses=("start-positional",))
def exc_info_by_keyword(environ: Any, start_response: Any) -> Any:
    try:
        raise KeyError("page")
    except KeyError:
        start_response("500 Oops", [TEXT], exc_info=sys.exc_info())  # FAULT
    return [b"x"]


@app(clauses=("start-arg-count",))
def four_arguments(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None, b"x")  # FAULT
    return [b"x"]


@app(clauses=("start-arg-count",))
def status_alone(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content")  # FAULT
    return []


@app(clauses=("exc-tuple",))
def exc_info_is_the_exception(environ: Any, start_response: Any) -> Any:
    try:
        raise KeyError("page")
    except KeyError as error:
        start_response("500 Oops", [TEXT], error)  # FAULT
    return [b"x"]


@app(clauses=("exc-tuple",))
def exc_info_is_true(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], True)  # FAULT
    return [b"x"]


@app(clauses=("exc-only-in-handler",))
def exc_info_of_no_exception(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], sys.exc_info())  # FAULT
    return [b"x"]


@app(clauses=("start-app-once", "exc-app-always-provides"))
def second_start_without_exc_info(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        raise KeyError("page")
    except KeyError:
        start_response("500 Oops", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("start-app-once",))
def starts_again_in_the_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])

    def body() -> Any:
        yield b"one"
        start_response("200 OK", [TEXT])  # FAULT
        yield b"two"

    return body()


@app(clauses=("start-app-once", "start-called"))
def starts_again_in_a_thread(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])

    def again() -> None:
        with contextlib.suppress(BaseException):
            start_response("201 Created", [TEXT])  # FAULT

    thread = threading.Thread(target=again)
    thread.start()
    thread.join()
    return [b"x"]


@app(clauses=("start-called",))
def never_calls_start_response(environ: Any, start_response: Any) -> Any:
    return []  # FAULT


@app(clauses=("start-before-body", "start-called"))
def starts_after_the_first_block(environ: Any, start_response: Any) -> Any:
    yield b""
    yield b"early"  # FAULT
    start_response("200 OK", [TEXT])
    yield b"late"


@app(clauses=("start-before-body", "start-called"))
class StartsWhenClosed:
    def __init__(self, environ: Any, start_response: Any) -> None:
        self.start_response = start_response

    def __iter__(self) -> Any:
        yield b"body"  # FAULT

    def close(self) -> None:
        self.start_response("200 OK", [TEXT])  # FAULT


@app(clauses=("call-start-response-opaque",))
def tries_to_close_start_response(environ: Any, start_response: Any) -> Any:
    with contextlib.suppress(AttributeError), contextlib.closing(start_response):  # FAULT
        start_response("200 OK", [TEXT])
    return [b"x"]


@app(clauses=("call-start-response-opaque",))
def marks_start_response(environ: Any, start_response: Any) -> Any:
    if not getattr(start_response, "wrapped", False):  # FAULT
        start_response("200 OK", [TEXT])
        return [b"x"]
    return []


@app(clauses=("exc-app-not-trap", "exc-app-error-before-output"))
def hides_what_start_response_raises(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"some"
    try:
        raise ValueError("broken page")
    except ValueError:
        with contextlib.suppress(Exception):
            start_response("500 Oops", [TEXT], sys.exc_info())  # FAULT
    yield b"more"  # FAULT


# -- exc_info --------------------------------------------------------------------------------------


@app("exc-info-is-triple")
def exception_for_triple(environ: Any, start_response: Any) -> Any:
    try:
        raise ValueError
    except ValueError as error:
        start_response("500 Oops", [TEXT], error)
    return [b"x"]


@app("exc-info-from-handler")
def passes_an_exception_never_raised(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], (ValueError, ValueError("x"), None))
    return [b"x"]


@app("exc-info-from-handler")
def passes_sys_exc_info_always(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], sys.exc_info())
    return [b"x"]
