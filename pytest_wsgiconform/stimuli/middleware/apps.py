"""Inner apps: conforming, and awkward in one way each, so that a middleware around them has to do its part.

Each function makes an app that notes in a dict what it saw.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Notes = dict[str, Any]
App = Callable[..., Any]
MakeApp = Callable[[Notes], App]
Headers = list[tuple[str, str]]

TEXT: Headers = [("Content-Type", "text/plain; charset=utf-8")]

#: Blocks with line ends that are long enough to tell "held back a line" from "held back a block".
BLOCKS = tuple(b"".join(b"block %d line %03d of 100 in plain text\n" % (n, i) for i in range(100)) for n in range(6))


def fixed(blocks: Iterable[bytes], status: str = "200 OK", headers: Headers = TEXT, *, length: bool = False) -> MakeApp:
    """An app that starts at once and returns a list. *length*: with a Content-Length."""
    blocks = list(blocks)
    total = sum(map(len, blocks))

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response(status, [*headers, *([("Content-Length", str(total))] if length else [])])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else list(blocks)

        return app

    return make


class Closing:
    """An iterable with a close(), whose iterator is another object; *notes* gets ``closed``."""

    def __init__(self, blocks: Iterable[bytes], notes: Notes) -> None:
        self._blocks, self._notes = blocks, notes

    def __iter__(self) -> Iterator[bytes]:
        yield from self._blocks

    def close(self) -> None:
        self._notes["closed"] = self._notes.get("closed", 0) + 1


def closing(blocks: Iterable[bytes], *, length: bool = False) -> MakeApp:
    """An app that starts at once and returns an iterable with a close()."""
    blocks = list(blocks)

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> Closing:
            stated = [("Content-Length", str(sum(map(len, blocks))))] if length else []
            start_response("200 OK", [*TEXT, *stated])
            return Closing(blocks, notes)

        return app

    return make


def reading(take: Callable[[Any, int], list[bytes]]) -> MakeApp:
    """An app that reads the request body with *take*, a function of the stream and CONTENT_LENGTH."""

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            declared = environ.get("CONTENT_LENGTH") or "0"
            notes["declared"] = int(declared) if declared.isascii() and declared.isdigit() else 0
            try:
                parts = take(environ["wsgi.input"], notes["declared"])
            except Exception as error:  # whatever stands in for the stream may raise anything: that is the question
                notes["error"] = f"{type(error).__name__}: {error}"
                parts = []
            body = b"".join(part for part in parts if type(part) is bytes)
            notes["read"], notes["digest"] = len(body), hashlib.sha256(body).hexdigest()
            start_response("200 OK", list(TEXT))
            return [b"thank you"]

        return app

    return make


def read_all(stream: Any, size: int) -> list[bytes]:
    """Read *size* bytes, however many calls of ``read`` it takes."""
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return parts


def writing(written: Iterable[bytes], yielded: Iterable[bytes]) -> MakeApp:
    """An app that writes, and then returns what it yields."""
    written, yielded = list(written), list(yielded)

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", list(TEXT))
            for block in written:
                write(block)
            return list(yielded)

        return app

    return make


def lazy(blocks: Iterable[bytes]) -> MakeApp:
    """A generator app: it starts only when its first item is asked for."""
    blocks = list(blocks)

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", list(TEXT))
            yield from blocks

        return app

    return make


def streaming(count: int, block: bytes) -> MakeApp:
    """An app that starts at once and returns a generator of *count* times *block*, which is never held twice."""

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Type", "application/octet-stream")])
            return (block for _ in range(count))

        return app

    return make


def failing(where: str) -> MakeApp:
    """An app that fails; it has a close().

    *where*: in its ``"call"``, there but after it ``"started"``, at its ``"first"`` step or at a ``"later"`` one.
    """

    def make(notes: Notes) -> App:
        def blocks() -> Iterator[bytes]:
            if where == "first":
                raise LookupError("the inner app fails at its first step")
            yield b"the beginning of a page\n"
            raise LookupError("the inner app fails in the middle of a page")

        def app(environ: Any, start_response: Any) -> Closing:
            if where == "call":
                raise LookupError("the inner app fails when it is called")
            start_response("200 OK", list(TEXT))
            if where == "started":
                raise LookupError("the inner app fails after it has started its response")
            return Closing(blocks(), notes)

        return app

    return make


class InnerError(Exception):
    """What inner apps raise and handle themselves."""


def handling(when: str, note_error: Callable[[Any], None] | None = None) -> MakeApp:
    """An app that has an error, and answers with an error page by way of exc_info.

    *note_error* is called with a weak reference to the error.

    *when*: ``"first"`` (before it called start_response), ``"replaced"`` (after, before any data), ``"after-body"``
    (after a block), or ``"none"``: no error, but an explicit ``None``.
    """

    def make(notes: Notes) -> App:
        def page(start_response: Any) -> Iterator[bytes]:
            try:
                raise InnerError("handled by the inner app itself")
            except InnerError as error:
                if note_error is not None:
                    note_error(weakref.ref(error))
                start_response("500 Internal Server Error", list(TEXT), sys.exc_info())
            return iter([b"an error page\n"])

        def late(start_response: Any) -> Iterator[bytes]:
            yield b"the beginning of a page\n"
            yield from page(start_response)

        def app(environ: Any, start_response: Any) -> Iterator[bytes]:
            if when == "none":
                start_response("200 OK", list(TEXT), None)
                return iter([b"a page\n"])
            if when != "first":
                start_response("200 OK", [*TEXT, ("X-Page", "the one before the error")])
            return late(start_response) if when == "after-body" else page(start_response)

        return app

    return make


def starting(*calls: tuple[str, Headers]) -> MakeApp:
    """An app that calls start_response once for each of *calls*, and goes on when one but the last is refused."""

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            for status, headers in calls[:-1]:
                with contextlib.suppress(ValueError):
                    start_response(status, list(headers))
            start_response(calls[-1][0], list(calls[-1][1]))
            return [b"a page\n"]

        return app

    return make


def returning(make_body: Callable[[Notes], Any], body: bytes) -> MakeApp:
    """An app that returns the object that *make_body* makes of its notes; *body* is what it should come to."""

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", list(TEXT))
            notes["body"] = body
            return make_body(notes)

        return app

    return make


class BareIterator:
    """An iterator without a close()."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)


class Sequence:
    """Iterable by ``__getitem__`` alone; it has a close(), which is another question."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = list(blocks)

    def __getitem__(self, index: int) -> bytes:
        return self._blocks[index]

    def close(self) -> None:
        """Nothing to give back."""


class Falsy(Closing):
    """An iterable with items that is false all the same."""

    def __bool__(self) -> bool:
        return False


class Inspected(Closing):
    """An iterable that notes in ``read`` which of its attributes are looked up, those of the protocol aside."""

    def __getattribute__(self, name: str) -> Any:
        if name != "close" and not name.startswith("_"):
            notes = super().__getattribute__("_notes")
            notes["read"] = [*notes.get("read", []), name]
        return super().__getattribute__(name)


def logging(use: Callable[[Any], None]) -> MakeApp:
    """An app that uses wsgi.errors as *use* says."""

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            try:
                use(environ["wsgi.errors"])
            except Exception as error:  # whatever stands in for the stream may raise anything: that is the question
                notes["error"] = f"{type(error).__name__}: {error}"
            notes["used"] = True
            start_response("200 OK", list(TEXT))
            return [b"logged"]

        return app

    return make


def file_wrapping(content: bytes, *size: int) -> MakeApp:
    """An app that returns a file by the server's file wrapper, called with *size* too; in blocks where there is none.

    It notes whether there was one to call, and what it raised.
    """

    def make(notes: Notes) -> App:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [("Content-Type", "application/octet-stream")])
            file = io.BytesIO(content)
            wrapper = environ.get("wsgi.file_wrapper")
            if wrapper is None:
                return iter(lambda: file.read(1024), b"")
            notes["wrapped"] = True
            try:
                return wrapper(file, *size)
            except Exception as error:  # whatever stands there may raise anything: that is the question
                notes["error"] = f"{type(error).__name__}: {error}"
                raise

        return app

    return make


def hello(environ: Any, start_response: Any) -> list[bytes]:
    """A plain app that keeps every rule."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD", "POST", "OPTIONS"):
        start_response("405 Method Not Allowed", [("Allow", "GET, HEAD, POST, OPTIONS"), ("Content-Length", "0")])
        return []
    body = b"hello from %s\n" % environ.get("PATH_INFO", "").encode("latin-1")
    start_response("200 OK", [*TEXT, ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
