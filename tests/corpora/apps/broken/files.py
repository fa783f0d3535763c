"""Broken apps: files and wsgi.file_wrapper."""

from __future__ import annotations

import io
import tempfile
from typing import Any

from tests.corpora.apps.answers import TEXT, plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


@app(clauses=("body-app-not-raw-file",))
def returns_an_open_file(environ: Any, start_response: Any) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    file.write(b"one\ntwo\n")
    file.seek(0)
    start_response("200 OK", [TEXT])
    return file  # FAULT


@app(clauses=("file-app-fallback",))
def needs_the_file_wrapper(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return environ["wsgi.file_wrapper"](io.BytesIO(b"hello"))  # FAULT


@app(clauses=("file-app-read-method",))
def wraps_a_list(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"]([b"hello"])  # FAULT
    return [b"hello"]


@app(clauses=("body-bytes", "file-app-fallback"))
def wraps_a_text_file(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])  # FAULT
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](io.StringIO("hello"))  # FAULT
    return [b"hello"]


@app("file-wrapper-not-required")
def wraps_blindly(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"x"), 100)


@app("file-wrapper-not-required")
def sends_nothing_without(environ: Any, start_response: Any) -> Any:
    wrapper = environ.get("wsgi.file_wrapper")
    plain(start_response)
    return wrapper(io.BytesIO(b"x")) if wrapper else []


@app("file-wrapper-not-required")
def sends_the_name_without(environ: Any, start_response: Any) -> Any:
    wrapper = environ.get("wsgi.file_wrapper", lambda file: [repr(type(file)).encode()])
    plain(start_response)
    return wrapper(io.BytesIO(b"x"))


@app("file-wrapper-gets-readable")
def wraps_a_path(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"]("/etc/hostname")
    return [b"x"]


@app("file-attributes-honest")
def numbers_the_lines_of_its_file(environ: Any, start_response: Any) -> Any:
    """A server that takes the descriptor sends the lines without their numbers."""

    class Numbered:
        def __init__(self, file: Any) -> None:
            self.file, self.fileno, self.tell, self.seek = file, file.fileno, file.tell, file.seek
            self.close = file.close
            self.number = 0

        def read(self, size: int = -1) -> bytes:
            line = self.file.readline()
            self.number += 1
            return b"%d: %b" % (self.number, line) if line else b""

    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    file.write(b"one\ntwo\n")
    file.seek(0)
    start_response("200 OK", [TEXT])
    wrapper = environ.get("wsgi.file_wrapper", lambda file, size=8192: iter(lambda: file.read(size), b""))
    return wrapper(Numbered(file))
