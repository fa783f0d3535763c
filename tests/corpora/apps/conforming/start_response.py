"""Conforming apps: when and how they start, write and report errors."""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any

from tests.corpora.apps.answers import TEXT, is_head
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program

# -- write and exc_info ----------------------------------------------------------------------------


@app()
def writes(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"hello ")
    write(b"world")
    return []


@app()
def writes_then_yields(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "11")])
    write(b"hello ")
    return [b"world"]


BODY = b"hello world"


@app()
def replaces_the_start(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "999")])
    try:
        raise ValueError("provoked")
    except ValueError:
        start_response("500 Oops", [TEXT], sys.exc_info())
    return [BODY]


@app()
def first_start_in_a_handler(environ: Any, start_response: Any) -> Any:
    try:
        raise ValueError("provoked")
    except ValueError:
        start_response("500 Oops", [TEXT], sys.exc_info())
        return [BODY]


@app()
def exc_info_of_none(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None)
    return [BODY]


@app()
def streams_and_lets_errors_go(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    left = int(environ.get("CONTENT_LENGTH") or 0)
    yield b"got: "
    try:
        while left > 0 and (data := environ["wsgi.input"].read(min(left, 100))):
            left -= len(data)
            yield data
    except OSError:
        start_response("500 Oops", [TEXT], sys.exc_info())
        yield b"never reached"


# -- how an app starts -----------------------------------------------------------------------------


@app()
def starts_with_none_as_third(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None)
    return [b"x"]


@app()
def starts_late_after_empty_blocks(environ: Any, start_response: Any) -> Any:
    yield b""
    yield b""
    start_response("200 OK", [TEXT])
    if not is_head(environ):
        yield b"late"


@app()
def starts_in_a_delegate(environ: Any, start_response: Any) -> Any:
    def inner() -> Any:
        start_response("200 OK", [TEXT])
        yield b""
        return [b"a", b"b"]

    blocks = yield from inner()
    if not is_head(environ):
        yield from blocks


@app()
def starts_by_unpacking(environ: Any, start_response: Any) -> Any:
    arguments = ("200 OK", [TEXT])
    functools.partial(start_response, *arguments)()
    return () if is_head(environ) else (b"x",)


@app()
def starts_in_another_thread(environ: Any, start_response: Any) -> Any:
    thread = threading.Thread(target=start_response, args=("200 OK", [TEXT]))
    thread.start()
    thread.join()
    return [] if is_head(environ) else [b"x"]


@app()
def replaces_its_start_by_an_error(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "99")])
    try:
        raise LookupError("the database is gone")
    except LookupError:
        start_response("503 Service Unavailable", [TEXT, ("Retry-After", "120")], sys.exc_info())
    return [] if is_head(environ) else [b"sorry"]


@app()
def error_page_as_the_first_start(environ: Any, start_response: Any) -> Any:
    try:
        raise LookupError("the database is gone")
    except LookupError:
        start_response("500 Oops", [TEXT], sys.exc_info())
    yield b"" if is_head(environ) else b"sorry"


@app()
def error_page_from_the_iterable(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b""
    try:
        raise LookupError("the database is gone")
    except LookupError:
        start_response("500 Oops", [TEXT], sys.exc_info())
    yield b"" if is_head(environ) else b"sorry"


@app()
def three_starts_before_output(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    for code in ("500 First", "500 Second"):
        try:
            raise LookupError(code)
        except LookupError:
            start_response(code, [TEXT], sys.exc_info())
    return [] if is_head(environ) else [b"sorry"]


@app()
def keeps_no_header_list(environ: Any, start_response: Any) -> Any:
    headers = [TEXT, ("X-A", "1")]
    start_response("200 OK", headers)
    headers.clear()
    return [] if is_head(environ) else [b"x"]
