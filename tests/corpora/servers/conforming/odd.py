"""Servers that are odd and keep the clauses all the same: the rules that look for second makes must not blame them.

Some break other rules (one adds a second Date); what counts here is that those which the tests name see no error in it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any, ClassVar

from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import HOST, Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.broken.refusals import Folds, Skipped, server_of

#: Each server with the rules below error level that may tell of it.
FINE: list[tuple[type[Server], tuple[str, ...]]] = []


def fine(*told: str) -> Callable[[type], type]:
    """Register the decorated server, or part of one. :param told: rules below error level that may tell of it."""

    def register(part: type) -> type:
        FINE.append((server_of(part), told))
        return part

    return register


# -- what reaches the application


@fine("input-ends-at-content-length")
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


@fine()
class BodyReadBefore(Server):
    """Reads every body before the call, so that the library's own stream can be its input."""

    input_class: Any = _BytesIO


class _Edited(Connection):
    def edit(self, environ: dict[str, Any], request: Request) -> None: ...

    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        self.edit(environ, request)
        return environ


@fine()
class NoLengthIsEmpty(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ.setdefault("CONTENT_LENGTH", "")
        environ.setdefault("CONTENT_TYPE", "")


@fine()
class NoLengthIsZero(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if not request.chunked:
            environ.setdefault("CONTENT_LENGTH", "0")


@fine()
class ZeroLengthLeftOut(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if not request.length:
            environ.pop("CONTENT_LENGTH", None)


@fine()
class DecodedLengthTold(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if request.chunked:
            environ["CONTENT_LENGTH"] = str(len(request.body))


@fine()
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


@fine()
class JoinsFolds(Folds):
    """Puts one space in the place of a fold."""


@fine()
class JoinsFoldsAtLength(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], (found[-1][1] + b"   " + line.strip(b" \t")).strip(b" "))


# -- refusals


@fine()
class RefusesUnderscores(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if b"_" in line.partition(b":")[0]:
            raise Refusal(400, "Bad Request")
        super().add_header(found, line)


@fine()
class WantsALength(RequestParser):
    """Takes no body without a length, chunked or not."""

    def framing(self, request: Request) -> None:
        super().framing(request)
        if request.length is None and request.method == b"POST":
            raise Refusal(411, "Length Required")


@fine()
class EndsChunkLinesAtLf(RequestParser):
    """Takes a lone LF for the end of a line in chunks: another rule's matter while nothing else runs for it."""

    def chunked_body(self) -> bytes:
        self.strip_end = lambda line: line.rstrip(b"\r\n")  # type: ignore[method-assign]
        try:
            return super().chunked_body()
        finally:
            del self.strip_end


@fine()
class RefusesByClosing(Connection):
    def refuse(self, refusal: Refusal) -> None: ...


@fine()
class RefusesTrailers(RequestParser):
    def chunked_body(self) -> bytes:
        body = super().chunked_body()
        if self.last_fields:
            raise Refusal(400, "Bad Request")
        return body

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.last_fields = super().headers()
        return self.last_fields


@fine()
class ClosesAfterTrailers(Server):
    class parser_class(RequestParser):
        trailers: ClassVar[list[tuple[bytes, bytes]]] = []

        def headers(self) -> list[tuple[bytes, bytes]]:
            self.last_fields = super().headers()
            return self.last_fields

    class responder_class(Responder):
        def __init__(self, connection: Connection, request: Request) -> None:
            super().__init__(connection, request)
            if request.chunked and getattr(connection.parser, "last_fields", None):
                self.keep = False


@fine()
class KeepsOpenAfterRefusal(Server):
    """Goes on after a request that is wrong, and whose end is clear all the same."""

    class parser_class(RequestParser):
        def check_host(self, request: Request) -> None:
            hosts = request.all(b"host")
            if request.version >= (1, 1) and not (len(hosts) == 1 and HOST.match(hosts[0])):
                raise Skipped
            super().check_host(request)

    class connection_class(Connection):
        def one(self) -> bool:
            try:
                return super().one()
            except Skipped:
                self.send(f"HTTP/1.1 400 Bad Request\r\nDate: {self.date()}\r\nContent-Length: 0\r\n\r\n".encode())
                return True


# -- responses


@fine()
class SecondDate(Responder):
    """Adds its own Date always: a fault, but none of spelling."""

    def has(self, name: str) -> bool:
        return name != "date" and super().has(name)


@fine()
class OwnDateInstead(Responder):
    def head(self, first: bytes) -> bytes:
        self.headers = [(n, v) for n, v in self.headers if n.lower() not in ("date", "server")]
        return super().head(first)


@fine()
class NamesInTitleCase(Responder):
    def head(self, first: bytes) -> bytes:
        self.headers = [(n.title(), v) for n, v in self.headers]
        return super().head(first)


@fine()
class ErrorPageQuotes(Responder):
    """Shows on its error page what it refused, byte for byte."""

    wanted = ""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        self.wanted = f"{status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        return super().start_response(status, headers, exc_info)

    def send_body(self, data: bytes) -> None:
        if data == b"error" and not self.headers_sent:
            data = b"This was refused:\r\n\r\n" + self.wanted.encode("latin-1", "replace")
            self.headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))]
        super().send_body(data)


@fine()
class LineBreaksBlanked(Responder):
    """Puts a space in the place of what may not be in a value, and checks names and status."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if type(headers) is list:
            headers = [(n, re.sub(r"[\r\n\0]", " ", v)) for n, v in headers]
        return super().start_response(status, headers, exc_info)


@fine()
class NoReason(Responder):
    """Sends no reason at all, and so doesn't look at the application's."""

    def check_status(self, status: Any) -> None:
        super().check_status(status.encode("ascii", "replace").decode() if type(status) is str else status)

    def head(self, first: bytes) -> bytes:
        self.status = f"{self.status[:3]} "
        return super().head(first)


@fine()
class WideTextFoundLate(Responder):
    """Finds out when it puts the head together, and then has nothing to send."""

    def check_status(self, status: Any) -> None:
        super().check_status(status.replace("\u20ac", "") + "x" if type(status) is str else status)

    def check_header(self, name: str, value: str) -> None:
        super().check_header(name.replace("\u20ac", ""), value.replace("\u20ac", ""))


@fine()
class OddChunks(Responder):
    """Pads its sizes, writes them in capitals, and adds extensions."""

    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        return b'%06X;a="b;c";d\r\n%b\r\n' % (len(data), data) if self.chunked and framed else framed

    def send(self, data: bytes) -> None:
        super().send(b"000;last\r\n\r\n" if data == b"0\r\n\r\n" else data)


@fine()
class TrailersSent(Responder):
    def send(self, data: bytes) -> None:
        super().send(b"0\r\nX-Sum: 1\r\nX-End: 2\r\n\r\n" if data == b"0\r\n\r\n" else data)


@fine()
class ChunkPerByte(Responder):
    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        if not (self.chunked and framed) or len(data) > 1000:
            return framed
        return b"".join(b"1\r\n%c\r\n" % byte for byte in data)


@fine()
class NeverChunks(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        if self.chunked:
            self.chunked = self.keep = False
            return []
        return found


@fine()
class SecondStartIsAFailure(Responder):
    """Does not raise from a second start_response, but answers with an error."""

    twice = False

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if self.called and not exc_info:
            self.twice = True
            return self.write
        return super().start_response(status, headers, exc_info)

    def iterate(self) -> None:
        if self.twice:
            raise AssertionError("start_response was called twice")
        super().iterate()


# -- connections


@fine()
class ClosesAlways(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = False


@fine()
class AnswersAsHttp10(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        request.version = (1, 0)
        self.keep = False

    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"HTTP/1.1", b"HTTP/1.0", 1)


@fine()
class ForgetsWhatWasPipelined(Connection):
    """Takes one request at a time: what came behind it is lost, and the connection stays open."""

    def one(self) -> bool:
        again = super().one()
        self.reader.buffer.clear()
        return again


@fine()
class OneConnectionAtATime(Server):
    def dispatch(self, sock: Any, address: Any) -> None:
        self.serve(sock, address)


# -- what was blamed once


@fine()
class TrailersRefused(RequestParser):
    """Answers trailers with 400, before the application is called."""

    in_chunks = False

    def chunked_body(self) -> bytes:
        self.in_chunks = True
        try:
            return super().chunked_body()
        finally:
            self.in_chunks = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        found = super().headers()
        if found and self.in_chunks:
            raise Refusal(400, "Bad Request")
        return found


@fine()
class BlankInTargetRedirected(RequestParser):
    """Sends the client to the target with its blanks encoded (RFC 9112 section 3)."""

    def request_line(self, line: bytes) -> Request:
        if re.fullmatch(rb"[A-Z]+ [^ ]+ .+ HTTP/1\.[01]", line):
            raise Refusal(301, "Moved Permanently")
        return super().request_line(line)


@fine()
class NumberForEachConnection(_Edited):
    count = 0

    def edit(self, environ: dict[str, Any], request: Request) -> None:
        type(self).count += 1
        environ["HTTP_X_REQUEST_ID"] = str(self.count)


class _Lines(list[bytes]):
    """A list with more to it."""


@fine()
class ListsOfItsOwn(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return _Lines(super().readlines(hint))
