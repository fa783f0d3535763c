"""Broken apps, named by the clauses that they break: write, requests that come again, files and errors.

The line at fault carries the mark ``FAULT``.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from typing import Any

from tests.corpora.apps.marked import TEXT, App, BrokenApps

corpus = BrokenApps()
app, factory = corpus.app, corpus.factory


# -- write -------------------------------------------------------------------------------------------


@app("write-arg-bytes")
def writes_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])("hello")  # FAULT
    return []


@app("write-arg-bytes")
def writes_a_bytearray_on_the_second_call(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"one")
    write(bytearray(b"two"))  # FAULT
    return []


@app("write-not-in-iterable")
def writes_while_iterated(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])

    def body() -> Any:
        yield b"one"
        write(b"two")  # FAULT
        yield b"three"

    return body()


@app("write-not-in-iterable")
class WritesWhenClosed:
    def __init__(self, environ: Any, start_response: Any) -> None:
        self.write = start_response("200 OK", [TEXT])

    def __iter__(self) -> Any:
        return iter([b"hello"])

    def close(self) -> None:
        self.write(b"bye")  # FAULT


@app("write-still-returns-iterable", "body-iterable")
def writes_and_returns_nothing(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"hello")
    return None  # FAULT


# -- requests that come again, and iterables that are left early -------------------------------------


@factory("call-app-repeatable", "rfc-head-app-fields")
def one_iterator_for_all() -> App:
    blocks = iter([b"hello"])

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])  # FAULT
        return blocks  # FAULT

    return app


@factory("call-app-repeatable", "exc-app-traps-own", "env-run-once-no-guarantee")
def answers_once_only() -> App:
    used: list[bool] = []

    def app(environ: Any, start_response: Any) -> Any:
        if used:
            raise RuntimeError("this app has been used")  # FAULT
        used.append(True)
        start_response("200 OK", [TEXT])
        return [b"hello"]

    return app


@factory("env-multithread-truth", "call-app-repeatable")
def keeps_the_request_in_a_shared_place() -> App:
    current: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> Any:
        current["query"] = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])  # FAULT

        def body() -> Any:
            for _ in range(3):
                yield b"q=" + current["query"].encode("latin-1")  # FAULT

        return body()

    return app


@app("close-app-early-safe")
class LeftEarly:
    """Its close fails unless everything was taken."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        start_response("200 OK", [TEXT])
        self.blocks = [b"one", b"two"]

    def __iter__(self) -> Any:
        while self.blocks:
            yield self.blocks.pop()

    def close(self) -> None:
        if self.blocks:
            raise RuntimeError("not everything was taken")  # FAULT


@app("close-app-early-safe")
def goes_on_when_closed(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])  # FAULT
    for _ in range(3):
        try:
            yield b"block"
        except GeneratorExit:
            yield b"not yet"  # FAULT


# -- files -------------------------------------------------------------------------------------------


@app("body-app-not-raw-file")
def returns_an_open_file(environ: Any, start_response: Any) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    file.write(b"one\ntwo\n")
    file.seek(0)
    start_response("200 OK", [TEXT])
    return file  # FAULT


@app("file-app-fallback")
def needs_the_file_wrapper(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return environ["wsgi.file_wrapper"](io.BytesIO(b"hello"))  # FAULT


@app("file-app-read-method")
def wraps_a_list(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"]([b"hello"])  # FAULT
    return [b"hello"]


@app("body-bytes", "file-app-fallback")
def wraps_a_text_file(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])  # FAULT
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](io.StringIO("hello"))  # FAULT
    return [b"hello"]


# -- errors ------------------------------------------------------------------------------------------


@app("exc-app-error-before-output", "start-app-once", "exc-app-always-provides")
def error_page_after_the_first_block(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    try:
        raise LookupError("two")
    except LookupError:
        start_response("500 Oops", [TEXT])  # FAULT
        yield b"sorry"


@app("exc-app-not-trap", "exc-app-error-before-output")
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


@app("write-arg-bytes", "write-not-in-iterable")
def writes_text_in_a_thread(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    thread = threading.Thread(target=lambda: write("hello"))  # FAULT
    thread.start()
    thread.join()
    return []
