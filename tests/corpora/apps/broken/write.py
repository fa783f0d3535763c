"""Broken apps: the write callable."""

from __future__ import annotations

import threading
from typing import Any

from tests.corpora.apps.answers import TEXT
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


@app(clauses=("write-arg-bytes",))
def writes_a_greeting_of_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])("hello")  # FAULT
    return []


@app(clauses=("write-arg-bytes",))
def writes_a_bytearray_on_the_second_call(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"one")
    write(bytearray(b"two"))  # FAULT
    return []


@app(clauses=("write-not-in-iterable",))
def writes_between_two_blocks(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])

    def body() -> Any:
        yield b"one"
        write(b"two")  # FAULT
        yield b"three"

    return body()


@app(clauses=("write-not-in-iterable",))
class WritesWhenClosed:
    def __init__(self, environ: Any, start_response: Any) -> None:
        self.write = start_response("200 OK", [TEXT])

    def __iter__(self) -> Any:
        return iter([b"hello"])

    def close(self) -> None:
        self.write(b"bye")  # FAULT


@app(clauses=("write-still-returns-iterable", "body-iterable"))
def writes_and_returns_nothing(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"hello")
    return None  # FAULT


@app(clauses=("write-arg-bytes", "write-not-in-iterable"))
def writes_text_in_a_thread(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    thread = threading.Thread(target=lambda: write("hello"))  # FAULT
    thread.start()
    thread.join()
    return []


@app("write-native-bytes")
def writes_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])("x")
    return []


@app("write-not-from-iterable")
def writes_while_iterated(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])

    def body() -> Any:
        write(b"x")
        yield b"y"

    return body()
