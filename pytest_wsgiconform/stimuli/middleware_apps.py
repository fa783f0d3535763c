"""Inner apps: conforming, and awkward in one way each, so that a middleware around them has to do its part.

Each function makes an app that notes in a dict what it saw.
"""

from __future__ import annotations

import hashlib
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
