"""Broken apps: wsgi.input and wsgi.errors."""

from __future__ import annotations

import contextlib
import io
import threading
from typing import Any

from tests.corpora.apps.answers import TEXT, App, page, plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory

# -- more than once --------------------------------------------------------------------------------


@app("readlines-hint-optional")
def counts_lines_by_hint(environ: Any, start_response: Any) -> Any:
    lines = environ["wsgi.input"].readlines(500) if environ["REQUEST_METHOD"] == "POST" else []
    return plain(start_response, str(len(lines)).encode())


@app("readlines-hint-optional")
def refuses_more_than_the_hint(environ: Any, start_response: Any) -> Any:
    lines = environ["wsgi.input"].readlines(500) if environ["REQUEST_METHOD"] == "POST" else []
    if sum(map(len, lines)) > 5000:
        raise ValueError("too much")
    return plain(start_response, b"x")


@app("body-read-in-pieces")
def reads_once(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


@factory("header-list-made-anew")
def keeps_its_headers() -> App:
    headers = [TEXT, ("X-A", "b")]

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", headers)
        return [b"x"]

    return application


class SharedDefaults:
    """A class attribute that every response passes on."""

    headers = (TEXT,)

    def __init__(self) -> None:
        self.headers = list(type(self).headers)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.headers[:] = [header for header in self.headers if header[0] != "X-Count"] + [("X-Count", "1")]
        start_response("200 OK", self.headers)
        return [b"x"]


@factory("header-list-made-anew")
def headers_on_the_object() -> App:
    return SharedDefaults()


@factory("closed-early-safely")
def left_busy() -> App:
    busy: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        if busy:
            raise RuntimeError("busy")
        busy.append(1)
        plain(start_response)
        yield b"a"
        yield b"b"
        busy.clear()

    return application


@app("closed-early-safely")
def wants_to_be_read_to_the_end(environ: Any, start_response: Any) -> Any:
    class Body:
        def __init__(self) -> None:
            self.parts = [b"a", b"b"]

        def __iter__(self) -> Any:
            while self.parts:
                yield self.parts.pop(0)

        def close(self) -> None:
            if self.parts:
                raise RuntimeError("not read to the end")

    plain(start_response)
    return Body()


@app("closed-early-safely")
def yields_after_close(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    try:
        yield b"a"
        yield b"b"
    except GeneratorExit:
        yield b"sorry"


# -- wsgi.input ------------------------------------------------------------------------------------


@app("input-only-listed-methods")
def seeks_the_input(environ: Any, start_response: Any) -> Any:
    if hasattr(environ["wsgi.input"], "seek"):
        environ["wsgi.input"].seek(0)
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-only-listed-methods")
def wraps_the_input(environ: Any, start_response: Any) -> Any:
    io.TextIOWrapper(environ["wsgi.input"]).read()  # asks for readable() and more
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-not-closed")
def closes_the_input(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].close()
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-not-closed")
def closes_the_input_by_with(environ: Any, start_response: Any) -> Any:
    with environ["wsgi.input"]:
        start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-not-overread")
def reads_for_ever(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(1 << 20)
    start_response("200 OK", [TEXT])
    return [b"x"]


@app(clauses=("input-app-no-close",))
def closes_the_input_at_once(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].close()  # FAULT
    return page(start_response)


@app(clauses=("input-app-no-close", "input-app-only-listed"))
def input_in_a_with_block(environ: Any, start_response: Any) -> Any:
    with environ["wsgi.input"] as stream:  # FAULT
        stream.read(0)
    return page(start_response)


@app(clauses=("input-app-no-overread",))
def reads_a_megabyte_whatever_was_sent(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(1 << 20)  # FAULT
    return page(start_response)


@app(clauses=("input-app-no-overread",))
def reads_until_it_is_empty(environ: Any, start_response: Any) -> Any:
    while environ["wsgi.input"].read(1):  # FAULT
        pass
    return page(start_response)


@app(clauses=("input-app-no-overread",))
def one_byte_too_many_after_a_line(environ: Any, start_response: Any) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length:
        line = environ["wsgi.input"].readline(length)
        environ["wsgi.input"].read(length - len(line) + 1)  # FAULT
    return page(start_response)


@app(clauses=("input-app-only-listed",))
def seeks_to_the_start(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].seek(0)  # FAULT
    return page(start_response)


@app(clauses=("input-app-only-listed", "input-app-no-close"))
def wraps_the_input_in_text(environ: Any, start_response: Any) -> Any:
    io.TextIOWrapper(environ["wsgi.input"], "utf-8")  # FAULT
    return page(start_response)


@app(clauses=("input-app-only-listed",))
def asks_for_the_file_number(environ: Any, start_response: Any) -> Any:
    if hasattr(environ["wsgi.input"], "fileno"):  # FAULT
        return page(start_response, ("X-Real", "1"))
    return page(start_response)


@app(clauses=("input-app-only-listed",))
def peeks_while_iterated(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    peek = getattr(environ["wsgi.input"], "peek", None)  # FAULT
    yield b"two" if peek else b"three"


@app(clauses=("input-app-read-size",))
def reads_all_of_it(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read()  # FAULT
    return page(start_response)


@app(clauses=("input-app-no-overread",))
def reads_minus_one(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(-1)  # FAULT
    return page(start_response)


@app(clauses=("input-app-no-overread",))
def a_thread_reads_too_much(environ: Any, start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    thread = threading.Thread(target=lambda: stream.read(70000))  # FAULT
    thread.start()
    thread.join()
    return page(start_response)


# -- wsgi.errors -----------------------------------------------------------------------------------


@app("errors-gets-text")
def logs_bytes(environ: Any, start_response: Any) -> Any:
    with contextlib.suppress(TypeError):
        environ["wsgi.errors"].write(b"oops")
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-not-closed")
def closes_the_log(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].close()
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-only-listed-methods")
def asks_the_log_for_its_descriptor(environ: Any, start_response: Any) -> Any:
    with contextlib.suppress(OSError, AttributeError):
        environ["wsgi.errors"].fileno()
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-plain-newlines")
def logs_with_carriage_returns(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write("oops\r\n")
    start_response("200 OK", [TEXT])
    return [b"x"]


@app(clauses=("errors-app-str",))
def logs_a_line_of_bytes(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write(b"oops\n")  # FAULT
    return page(start_response)


@app(clauses=("errors-app-str",))
def logs_lines_of_bytes(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].writelines(["one\n", b"two\n"])  # FAULT
    return page(start_response)


@app(clauses=("errors-app-no-close",))
def closes_the_errors(environ: Any, start_response: Any) -> Any:
    print("bye", file=environ["wsgi.errors"])
    environ["wsgi.errors"].close()  # FAULT
    return page(start_response)


@app(clauses=("errors-app-only-listed",))
def asks_whether_errors_is_a_terminal(environ: Any, start_response: Any) -> Any:
    colour = environ["wsgi.errors"].isatty()  # FAULT
    return page(start_response, ("X-Colour", str(colour)))


@app(clauses=("errors-app-only-listed",))
def writes_to_the_buffer_below(environ: Any, start_response: Any) -> Any:
    buffer = getattr(environ["wsgi.errors"], "buffer", None)  # FAULT
    return page(start_response, ("X-Buffer", str(buffer is not None)))


@app(clauses=("errors-app-newline",))
def logs_with_crlf(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write("oops\r\n")  # FAULT
    return page(start_response)


@app(clauses=("errors-app-str",))
def logs_bytes_in_close(environ: Any, start_response: Any) -> Any:
    class Body:
        def __iter__(self) -> Any:
            return iter([b"hello"])

        def close(self) -> None:
            environ["wsgi.errors"].write(b"closed\n")  # FAULT

    start_response("200 OK", [TEXT])
    return Body()
