"""A second make of each fault, over the base: how messages are told apart."""

from __future__ import annotations

import re
import sys
from typing import Any

from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import Refusal, Request, RequestParser
from tests.corpora.servers.broken.refusals import PassesOver, Skipped, second

_NO_LENGTH = ("chunks-decoded", "host-missing-refused", "content-type-as-sent", "large-fields-whole-or-refused")
_NO_CODING = ("valid-length-honoured", "signed-length-refused", "chunks-decoded", "host-invalid-refused")
_NO_CHUNKS = ("valid-length-honoured", "no-framing-means-no-body", "host-invalid-refused", "path-decoded-once")
_NO_PACKETS = ("valid-length-honoured", "chunks-decoded", "host-invalid-refused", "repeated-fields-joined")


# -- Content-Length


@second("differing-lengths-refused", _NO_LENGTH)
class LastLengthCounts(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([b",".join(values).split(b",")[-1].strip()])


@second("differing-lengths-refused", _NO_LENGTH)
class DifferingLengthsGetNoAnswer(PassesOver):
    def content_length(self, values: list[bytes]) -> int:
        if len(set(b",".join(values).replace(b" ", b"").split(b","))) > 1:
            raise Skipped
        return super().content_length(values)


@second("signed-length-refused", (*_NO_LENGTH, "differing-lengths-refused"))
class SignCutOff(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([re.sub(rb"^[+-] ?", b"", value) for value in values])


@second("signed-length-refused", (*_NO_LENGTH, "differing-lengths-refused"))
class NegativeLengthGetsNoAnswer(PassesOver):
    def content_length(self, values: list[bytes]) -> int:
        if values[0].startswith(b"-"):
            raise Skipped
        return super().content_length(values)


@second("length-of-digits-only", (*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class LengthInAnyDigits(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        text = values[0].decode("utf-8", "replace")
        return super().content_length([str(int(text)).encode()] if text.isdecimal() and len(values) == 1 else values)


@second("length-of-digits-only", (*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class LengthStrippedAsText(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([value.decode("latin-1").strip().encode("latin-1") for value in values])


@second("length-of-digits-only", (*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class UnreadableLengthIsAnInternalError(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        if len(values) == 1 and re.search(rb"[A-Za-z]", values[0]):
            raise Refusal(500, "Internal Server Error")
        return super().content_length(values)


@second("empty-length-refused", (*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class EmptyLengthTakesAll(RequestParser):
    def framing(self, request: Request) -> None:
        if request.all(b"content-length") != [b""]:
            super().framing(request)
            return
        request.body = bytes(self.reader.buffer)
        self.reader.buffer.clear()


@second("empty-length-refused", (*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class EmptyLengthGetsNoAnswer(PassesOver):
    def content_length(self, values: list[bytes]) -> int:
        if values == [b""]:
            raise Skipped
        return super().content_length(values)


@second("valid-length-honoured", ("chunks-decoded", "differing-lengths-refused", "host-missing-refused"))
class LengthOneShort(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return max(0, super().content_length(values) - 1)


class _ReadsOn(InputStream):
    """Reads what this says to have no known length until the client ends the connection."""

    def unknown(self, request: Request) -> bool:
        raise NotImplementedError

    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        if self.unknown(request):
            self.left = sys.maxsize

    def pull(self, size: int) -> bool:
        try:
            return super().pull(size)
        except OSError:
            return False


@second("valid-length-honoured", ("chunks-decoded", "differing-lengths-refused", "host-missing-refused"))
class ZeroMeansUnknown(_ReadsOn):
    """Takes a length of 0 for none, and none for a body up to the end; tells the application of no length."""

    def unknown(self, request: Request) -> bool:
        if request.length != 0:
            return False
        request.headers = [(n, v) for n, v in request.headers if n != b"content-length"]
        return True


@second("no-framing-means-no-body", ("valid-length-honoured", "chunks-decoded", "host-missing-refused"))
class PostWithoutLengthReadsOn(_ReadsOn):
    def unknown(self, request: Request) -> bool:
        return request.method == b"POST" and request.length is None and not request.chunked


@second("no-framing-means-no-body", ("valid-length-honoured", "chunks-decoded", "host-missing-refused"))
class DroppedBehindPostWithoutLength(Connection):
    """Takes what is there for the body of the request, and gives it to nobody."""

    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        if request.method == b"POST" and request.length is None and not request.chunked:
            self.reader.buffer.clear()
        return super().discard_rest(request, stream)


# -- fields that only look like framing


_NO_SPOOF = ("valid-length-honoured", "chunks-decoded", "differing-lengths-refused", "content-type-as-sent")


@second("underscore-framing-without-effect", _NO_SPOOF)
class LengthByEitherName(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        lengths = request.all(b"content_length")
        if lengths and request.length is None and not request.chunked:
            request.length = self.content_length(lengths)


@second("underscore-framing-without-effect", _NO_SPOOF)
class TypeByEitherName(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        for value in request.all(b"content_type"):
            self.add_header(environ, b"content-type", value.decode("latin-1"))


@second("underscore-framing-without-effect", _NO_SPOOF)
class FirstLengthOfEitherNameCounts(Connection):
    def add_headers(self, environ: dict[str, Any], request: Request) -> None:
        super().add_headers(environ, request)
        lengths = [v for n, v in request.headers if n in (b"content-length", b"content_length")]
        if lengths and request.all(b"content-length"):
            environ["CONTENT_LENGTH"] = lengths[0].decode()


# -- Transfer-Encoding


@second("coding-not-plainly-chunked-refused", _NO_CODING)
class QuotedCodingTaken(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        super().transfer_encoding(request, [c.strip(b"\"'") for c in codings], lengths)


@second("coding-not-plainly-chunked-refused", _NO_CODING)
class CodingInAnyScript(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        lowered = [c.decode("utf-8", "replace").lower().encode() for c in codings]
        super().transfer_encoding(request, lowered, lengths)


@second("coding-not-plainly-chunked-refused", _NO_CODING)
class FirstCodingCounts(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        super().transfer_encoding(request, [b",".join(codings).split(b",")[0]], lengths)


@second("coding-not-plainly-chunked-refused", _NO_CODING)
class OtherCodingsGetNoAnswer(PassesOver):
    """Takes everything up to what looks like another request for the body."""

    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        try:
            super().transfer_encoding(request, codings, lengths)
        except Refusal:
            _, found, rest = bytes(self.reader.buffer).partition(b"GET ")
            self.reader.buffer[:] = found + rest
            raise Skipped from None


# -- chunks


@second("chunk-faults-keep-requests-apart", _NO_CHUNKS)
class GoesOnBehindAFaultyChunk(Server):
    """Refuses the chunk, and looks for a request in what comes after it."""

    class parser_class(RequestParser):
        in_chunks = False

        def chunked_body(self) -> bytes:
            self.in_chunks = True
            body = super().chunked_body()
            self.in_chunks = False
            return body

    class connection_class(Connection):
        def one(self) -> bool:
            try:
                return super().one()
            except Refusal as refusal:
                if not getattr(self.parser, "in_chunks", False):
                    raise
                self.refuse(refusal)
                return True


@second("trailers-read-to-their-end", _NO_CHUNKS)
class OneTrailerRead(RequestParser):
    def headers(self) -> list[tuple[bytes, bytes]]:
        if not self.in_trailers:
            return super().headers()
        if self.read_line((400, "Bad Request")) and self.reader.buffer.startswith(b"\r\n"):
            self.reader.take(2)
        return []

    in_trailers = False

    def chunked_body(self) -> bytes:
        self.in_trailers = True
        try:
            return super().chunked_body()
        finally:
            self.in_trailers = False


@second("trailers-read-to-their-end", (*_NO_CHUNKS, "chunks-decoded"))
class TrailersEndTwice(RequestParser):
    """Waits for a second empty line behind trailers, and so takes the next request for more of them."""

    def chunked_body(self) -> bytes:
        body = super().chunked_body()
        while self.trailers and self.read_line((400, "Bad Request")):
            pass
        return body

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.trailers = super().headers()
        return self.trailers


# -- packets


@second("packets-make-no-difference", _NO_PACKETS)
class ShortRecvIsTheEnd(InputStream):
    """Takes a packet with less than it asked for as the last one of the body."""

    def pull(self, size: int) -> bool:
        due, before = min(size, self.left), self.left
        more = super().pull(size)
        if before - self.left < due:
            self.left = 0
        return more


@second("packets-make-no-difference", _NO_PACKETS)
class ChunkSizeInOneRecv(RequestParser):
    def chunked_body(self) -> bytes:
        if not self.reader.buffer:
            self.reader.fill()
        if b"\n" not in self.reader.buffer:
            raise Refusal(400, "Bad Request")
        return super().chunked_body()
