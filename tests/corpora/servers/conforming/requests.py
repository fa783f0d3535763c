"""Odd servers that keep the clauses: what reaches the app."""

from __future__ import annotations

import functools
import io
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import Request
from tests.corpora.servers.parts import Edited, Folds, server_of

corpus = Corpus(__name__)
conforms = functools.partial(corpus.program, wrap=server_of)


@conforms(allowed=("input-ends-at-content-length",))
class InputWithoutEnd(Server):
    """Simulates no end of file, and does not say so; the lines inside the body are right."""

    class connection_class(Connection):
        def environ(self, request: Request) -> dict[str, Any]:
            environ = super().environ(request)
            del environ["wsgi.input_terminated"]
            return environ

    class input_class(InputStream):
        def pull(self, size: int) -> bool:
            if self.left > 0:
                return super().pull(size)
            data = self.connection.reader.some(size)
            self.ready += data
            return bool(data)


class _BytesIO(io.BytesIO):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(InputStream(connection, request).read())
        self.left = 0


@conforms()
class BodyReadBefore(Server):
    """Reads every body before the call, so that the library's own stream can be its input."""

    input_class: Any = _BytesIO


@conforms()
class NoLengthIsEmpty(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ.setdefault("CONTENT_LENGTH", "")
        environ.setdefault("CONTENT_TYPE", "")


@conforms()
class NoLengthIsZero(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if not request.chunked:
            environ.setdefault("CONTENT_LENGTH", "0")


@conforms()
class ZeroLengthLeftOut(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if not request.length:
            environ.pop("CONTENT_LENGTH", None)


@conforms()
class DecodedLengthTold(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if request.chunked:
            environ["CONTENT_LENGTH"] = str(len(request.body))


@conforms()
class DecodedLengthToldWhenWhole(Connection):
    """Tells the length of a chunked body only where it has come whole before the call."""

    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        if request.chunked and self.came_whole:
            environ["CONTENT_LENGTH"] = str(len(request.body))

    came_whole = False

    def send_continue(self, request: Request) -> None:
        self.came_whole = b"0\r\n" in self.reader.buffer
        super().send_continue(request)


@conforms()
class JoinsFolds(Folds):
    """Puts one space in the place of a fold."""


@conforms()
class JoinsFoldsAtLength(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], (found[-1][1] + b"   " + line.strip(b" \t")).strip(b" "))


class _Lines(list[bytes]):
    """A list with more to it."""


@conforms()
class ListsOfItsOwn(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return _Lines(super().readlines(hint))
