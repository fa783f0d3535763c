"""Conforming apps: how they write, serve files and stand in layers."""

from __future__ import annotations

import io
import os
import tempfile
import types
from typing import Any

from pytest_wsgiconform.wsgiref.util import FileWrapper
from tests.corpora.apps.answers import TEXT, App, is_head
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory

# -- write -----------------------------------------------------------------------------------------


@app()
def writes_then_returns_nothing_more(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    if not is_head(environ):
        write(b"one")
        write(b"")
        write(b"two")
    return ()


@app()
def writes_and_yields(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "10")])
    if is_head(environ):
        return []
    write(b"head:")
    return (block for block in (b"", b"tail:"))


@app()
def hands_write_to_a_library(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    if not is_head(environ):
        print("hello", file=types.SimpleNamespace(write=lambda text: write(text.encode())))  # type: ignore[call-overload]
    return []


# -- files -----------------------------------------------------------------------------------------


@app()
def file_through_the_wrapper(environ: Any, start_response: Any) -> Any:
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    file.write(b"contents " * 1000)
    length = file.tell()
    file.seek(0)
    start_response("200 OK", [TEXT, ("Content-Length", str(length))])
    if is_head(environ):
        file.close()
        return []
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](file, 512)
    return iter(lambda: file.read(512), b"")


class Tape:
    """The least that the wrapper takes: read with an optional size."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self.data.read(size)


@app()
def tape_through_the_wrapper(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    tape = Tape(b"" if is_head(environ) else b"tape" * 99)
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(tape) if wrapper is not None else [tape.read()]


@app()
def wrapper_inside_a_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if not is_head(environ):
        with io.BytesIO(b"some bytes") as file:
            yield from environ.get("wsgi.file_wrapper", lambda f, n: iter(lambda: f.read(n), b""))(file, 3)


@app()
def file_from_a_descriptor(environ: Any, start_response: Any) -> Any:
    reader, writer = os.pipe()
    with open(writer, "wb") as end:
        end.write(b"" if is_head(environ) else b"through a pipe")
    file = open(reader, "rb")  # noqa: SIM115 - closed with the response
    start_response("200 OK", [TEXT])
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper:
        return wrapper(file, 4096)
    with file:
        return [file.read()]


BODY = b"hello world"


@app()
def wraps_a_file(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return environ.get("wsgi.file_wrapper", FileWrapper)(io.BytesIO(BODY * 100), 100)


@app()
def wraps_a_file_without_close(environ: Any, start_response: Any) -> Any:
    class Readable:
        def __init__(self) -> None:
            self.parts = [b"a", b"b"]

        def read(self, size: int = -1) -> bytes:
            return self.parts.pop(0) if self.parts else b""

    start_response("200 OK", [TEXT])
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(Readable()) if wrapper else iter(Readable().read, b"")


# -- middleware ------------------------------------------------------------------------------------


def hello(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if not is_head(environ):
        yield b"hello"
        yield b"world"


class Uppered:
    def __init__(self, result: Any) -> None:
        self.blocks = map(bytes.upper, result)
        self.close = getattr(result, "close", lambda: None)

    def __iter__(self) -> Any:
        return self.blocks


class Upper:
    """Capital letters, block by block; ``write`` and ``close`` are handed on."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    def __call__(self, environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[Any], *exc_info: Any) -> Any:
            write = start_response(status, [*headers, ("X-Upper", "1")], *exc_info)
            return lambda data: write(data.upper())

        return Uppered(self.inner(environ, start))


@factory()
def capital_letters() -> App:
    return Upper(hello)


@factory()
def three_layers() -> App:
    return Upper(Upper(Upper(writes_and_yields)))


@factory()
def a_copy_of_environ_below() -> App:
    def layer(environ: Any, start_response: Any) -> Any:
        copied = dict(environ, **{"my.user": None, "my.list": [1, 2]})
        return hello(copied, start_response)

    return layer


@factory()
def mounts_by_the_first_segment() -> App:
    def layer(environ: Any, start_response: Any) -> Any:
        head, slash, rest = environ.get("PATH_INFO", "").lstrip("/").partition("/")
        if slash:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/" + head
            environ["PATH_INFO"] = "/" + rest
        return hello(environ, start_response)

    return layer
