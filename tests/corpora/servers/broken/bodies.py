"""Broken servers, over the base, that no rule found until the rules were sharpened for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.corpora.servers.base import Connection, InputStream
from tests.corpora.servers.base_http import ConnectionEnded, Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.broken.refusals import PassesOver, Skipped, second

#: Rules that these servers have no need to break, too.
_REQUEST = ("host-invalid-refused", "repeated-fields-joined", "blank-before-colon-refused", "status-sent-verbatim")
_BODY = ("host-invalid-refused", "path-decoded-once", "content-type-as-sent", "status-sent-verbatim")
_INPUT = ("status-sent-verbatim", "content-length-as-sent", "input-read-fills-up", "input-read-takes-size")
_RESPONSE = ("input-body-complete", "second-start-refused", "content-length-as-sent")

# -- the head of a request


def _is_folded(line: bytes) -> bool:
    return line[:1] in (b" ", b"\t")


@second("folded-line-refused-or-joined", _REQUEST)
class FoldGetsNoAnswer(PassesOver):
    folded = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.folded = False
        found = super().headers()
        if self.folded:
            raise Skipped
        return found

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if _is_folded(line):
            self.folded = True
        else:
            super().add_header(found, line)


@second("folded-line-refused-or-joined", _REQUEST)
class FoldIsAnInternalError(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if _is_folded(line):
            raise Refusal(500, "Internal Server Error")
        super().add_header(found, line)


@second("absolute-form-overrides-host", (*_REQUEST, "host-repeated-refused"))
class BothHostsJoined(RequestParser):
    def take_authority(self, request: Request, authority: bytes) -> None:
        request.headers = [(b"host", authority), *request.headers]


# -- framing


def _is_unframed_post(request: Request) -> bool:
    return request.method == b"POST" and request.length is None and not request.chunked


@second("underscore-framing-without-effect", _BODY)
class CodingByEitherName(RequestParser):
    def framing(self, request: Request) -> None:
        if request.all(b"transfer_encoding") == [b"chunked"]:
            request.chunked = True
        else:
            super().framing(request)


@second("underscore-framing-without-effect", _BODY)
class CodingByEitherNameWithoutLength(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if request.all(b"transfer_encoding") == [b"chunked"] and request.length is None:
            request.chunked = True


@second("underscore-framing-without-effect", _BODY)
class UnderscoreGetsNoAnswer(PassesOver):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if any(b"_" in name for name, _ in request.headers):
            self.reader.exactly(request.length or 0)
            raise Skipped


@second("no-framing-means-no-body", _BODY)
class UnframedPostWaits(RequestParser):
    """Waits for the end of the connection, and only then goes on to what came behind."""

    def framing(self, request: Request) -> None:
        super().framing(request)
        while _is_unframed_post(request) and self.reader.fill():
            pass


@second("no-framing-means-no-body", _BODY)
class UnframedPostIsAnInternalError(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if _is_unframed_post(request):
            raise Refusal(500, "Internal Server Error")


@second("no-framing-means-no-body", _BODY)
class UnframedPostGetsNoAnswer(PassesOver):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if _is_unframed_post(request):
            raise Skipped


@second("valid-length-honoured", _BODY)
class LineDroppedBehindBody(Connection):
    had_body = False

    def one(self) -> bool:
        self.had_body = False
        again = super().one()
        if again and self.had_body:
            self.reader.line()
        return again

    def environ(self, request: Request) -> dict[str, Any]:
        self.had_body = bool(request.length)
        return super().environ(request)


@second("valid-length-honoured", _BODY)
class LeadingZeroMeansOctal(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        length = super().content_length(values)
        return int(values[0], 8) if values[0].startswith(b"0") and values[0].isdigit() else length


@second("trailers-read-to-their-end", (*_BODY, "chunks-decoded"))
class TrailersLeftThenHungUp(RequestParser):
    """Leaves the trailers, and takes what is no request line for the end of the connection."""

    in_trailers = after_chunks = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [] if self.in_trailers else super().headers()

    def chunked_body(self) -> bytes:
        self.in_trailers = self.after_chunks = True
        try:
            return super().chunked_body()
        finally:
            self.in_trailers = False
            if self.reader.buffer.startswith(b"\r\n"):
                self.reader.take(2)

    def request_line(self, line: bytes) -> Request:
        try:
            return super().request_line(line)
        except Refusal:
            if self.after_chunks:
                raise ConnectionEnded("no request") from None
            raise


@second("packets-make-no-difference", _BODY)
class LengthLostWhenSplit(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        if request.length and len(self.reader.buffer) < request.length:
            environ.pop("CONTENT_LENGTH", None)
        return environ


@second("packets-make-no-difference", _BODY)
class HeadInOneRecv(RequestParser):
    def headers(self) -> list[tuple[bytes, bytes]]:
        if b"\r\n\r\n" not in self.reader.buffer and not self.reader.buffer.startswith(b"\r\n"):
            raise Refusal(400, "Bad Request")
        return super().headers()


# -- wsgi.input


class _LinesByReadline(InputStream):
    """The base makes lists and iteration of one another; here both come from ``readline``."""

    def readlines(self, hint: int | None = -1) -> list[Any]:
        return list(iter(self.readline, b""))


@second("input-readline-splits-on-lf", _INPUT)
class LastLineGetsAnEnd(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        return line if not line or line.endswith(b"\n") or size not in (None, -1) else line + b"\n"


@second("input-readlines-lists-lines", _INPUT)
class ListsEndWithAnEmptyLine(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = super().readlines(hint)
        return [*lines, b""] if lines else lines


@second("input-readlines-lists-lines", _INPUT)
class ListsOfText(InputStream):
    def readlines(self, hint: int | None = -1) -> list[Any]:
        return [line.decode("latin-1") for line in iter(self.readline, b"")]


@second("input-iterates-over-lines", _INPUT)
class IterationEndsWithAnEmptyLine(_LinesByReadline):
    def __iter__(self) -> Iterator[bytes]:
        while True:
            line = self.readline()
            yield line
            if not line:
                return


@second("input-iterates-over-lines", _INPUT)
class IterationOverNumbers(_LinesByReadline):
    def __iter__(self) -> Iterator[Any]:
        return iter(self.read())


@second("input-readline-takes-size", _INPUT)
class ReadlineOfSizeRunsOn(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        return super().readline() if size is None or size < 0 else self.read(size)


@second("input-readlines-hint-optional", _INPUT)
class HintCutsLines(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        if hint is None or hint < 0:
            return super().readlines()
        data = self.read(hint)
        return [data] if data else []


@second("input-body-complete", _INPUT)
class LinesReadAheadAreLost(InputStream):
    """What ``readline`` has fetched beyond its line, ``read`` does not know of."""

    def read(self, size: int | None = -1) -> bytes:
        self.ready.clear()
        return super().read(size)


# -- responses


@second("header-names-any-case", _RESPONSE)
class LengthLookedUpByOneSpelling(Responder):
    def start_response(self, status: Any, headers: Any, *rest: Any) -> Any:
        write = super().start_response(status, headers, *rest)
        if self.has("content-length"):
            dict(headers)["Content-Length"]
        return write


@second("header-value-splits-nothing", _RESPONSE)
class LineBreaksBecomeFolds(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, re.sub("[\r\n]", "", value))

    def head(self, first: bytes) -> bytes:
        self.headers = [(name, re.sub("\r?\n|\r", "\r\n ", value)) for name, value in self.headers]
        return super().head(first)


@second("wide-text-refused", _RESPONSE)
class WideReasonDropped(Responder):
    """Passes reasons on, and of this one what Latin-1 has."""

    def check_status(self, status: Any) -> None:
        super().check_status(f"{status[:4]}OK" if type(status) is str and not status.isascii() else status)

    def head(self, first: bytes) -> bytes:
        self.status = self.status.encode("latin-1", "ignore").decode("latin-1")
        return super().head(first)


@second("invented-length-is-right", _RESPONSE)
class LengthOfTheFirstItem(Responder):
    def single(self) -> bool:
        try:
            return len(self.result) >= 1
        except TypeError:
            return False


@second("response-chunks-valid", _RESPONSE)
class LastChunkWhenMoreCame(Responder):
    def finish(self) -> None:
        if self.chunked and self.keep:
            self.connection.reader.fill()
        super().finish()


@second("app-called-positionally", _RESPONSE)
class CallsByKeyword(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        super().run(lambda environ, start_response: app(environ=environ, start_response=start_response), environ)
