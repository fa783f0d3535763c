"""Broken servers, one fault each: how messages are told apart, and request bodies."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import ConnectionEnded, Refusal, Request, RequestParser
from tests.corpora.servers.broken.requests import BROKEN as _REQUESTS
from tests.corpora.servers.broken.requests import connection, parser

#: The servers of this file, with the rule that has to find each.
BROKEN: list[tuple[type[Server], str]] = []
_before = len(_REQUESTS)


@parser("length-before-chunked-overridden")
class LengthWins(RequestParser):
    def framing(self, request: Request) -> None:
        if request.all(b"content-length"):
            request.length = self.content_length(request.all(b"content-length"))
        else:
            super().framing(request)


@parser("length-before-chunked-overridden")
class BothAndKeptOpen(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        request.headers = [(n, v) for n, v in request.headers if n != b"content-length"]
        super().transfer_encoding(request, codings, [])


@parser("chunked-before-length-counts")
class LengthWinsWhenSecond(RequestParser):
    def framing(self, request: Request) -> None:
        names = [n for n, _ in request.headers if n in (b"content-length", b"transfer-encoding")]
        if names == [b"transfer-encoding", b"content-length"]:
            request.length = self.content_length(request.all(b"content-length"))
        else:
            super().framing(request)


@parser("bare-lf-splits-no-message")
class BareLfMakesCoding(BothAndKeptOpen):
    def strip_end(self, line: bytes) -> bytes:
        return line.rstrip(b"\r\n")


@parser("coding-not-plainly-chunked-refused")
class ChunkedAnywhere(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if b"chunked" in b",".join(codings).lower() and not lengths:
            request.chunked = True
        else:
            super().transfer_encoding(request, codings, lengths)


@parser("coding-not-plainly-chunked-refused")
class UnknownCodingIgnored(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if [c.lower() for c in codings] == [b"chunked"]:
            super().transfer_encoding(request, codings, lengths)
        elif lengths:
            request.length = self.content_length(lengths)


@parser("unknown-coding-gets-501")
class GzipPassedOn(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        request.chunked = codings == [b"gzip, chunked"]
        if not request.chunked:
            super().transfer_encoding(request, codings, lengths)


@parser("coding-name-case-ignored")
class CodingInLowerCaseOnly(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if b"chunked" in codings or codings[0].lower() != b"chunked":
            super().transfer_encoding(request, codings, lengths)


@parser("coding-in-http10-ends-connection")
class ChunkedInHttp10(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        version, request.version = request.version, (1, 1)
        super().transfer_encoding(request, codings, [])
        request.version = version


@parser("differing-lengths-refused")
class FirstLengthCounts(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([values[0].split(b",")[0]])


@parser("differing-lengths-refused")
class LongestLengthCounts(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return max(super(LongestLengthCounts, self).content_length([v]) for v in b",".join(values).split(b", "))


@connection("repeated-length-taken-once")
class LengthListPassedOn(Connection):
    class Parser(RequestParser):
        def content_length(self, values: list[bytes]) -> int:
            whole = {v.strip() for value in values for v in value.split(b",")}
            return super().content_length(list(whole))

    def __init__(self, server: Server, sock: Any, address: Any) -> None:
        super().__init__(server, sock, address)
        self.parser = self.Parser(self.reader)


@parser("signed-length-refused")
class LengthByInt(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        if len(values) == 1 and re.fullmatch(rb"[+-]\s?[0-9]+", values[0]):
            return max(0, int(values[0].replace(b" ", b"")))
        return super().content_length(values)


@parser("length-of-digits-only")
class LengthWithUnderscores(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([v.replace(b"_", b"") for v in values])


@parser("length-of-digits-only")
class LengthUpToFirstLetter(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        match = re.match(rb"[0-9]+", values[0])
        return super().content_length([match.group()] if match and len(values) == 1 else values)


@parser("empty-length-refused")
class EmptyLengthIsNone(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return 0 if values == [b""] else super().content_length(values)


@connection("huge-length-handled")
class LengthOf64Bits(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, str(int(value) % 2**64) if name == b"content-length" else value)

    class Parser(RequestParser):
        def content_length(self, values: list[bytes]) -> int:
            if re.fullmatch(rb"[0-9]{19,400}", values[0]):
                return int(values[0]) % 2**64 % 5
            return super().content_length(values)

    def __init__(self, server: Server, sock: Any, address: Any) -> None:
        super().__init__(server, sock, address)
        self.parser = self.Parser(self.reader)


@connection("connection-closed-after-framing-error")
class GoesOnAfterRefusal(Connection):
    def run(self) -> None:
        try:
            while self.one():
                pass
        except ConnectionEnded:
            pass
        except Refusal as refusal:
            self.refuse(refusal)
            self.run()
        finally:
            self.hang_up()


@parser("no-framing-means-no-body")
class BodyUpToTheEnd(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if request.method == b"POST" and request.length is None and not request.chunked:
            request.body = bytes(self.reader.buffer)
            self.reader.buffer.clear()


@parser("valid-length-honoured")
class LeadingZerosRefused(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        if len(values[0]) > 1 and values[0].startswith(b"0"):
            raise Refusal(400, "Bad Request")
        return super().content_length(values)


# -- chunks


@parser("chunks-decoded")
class ChunksInLowerCaseOnly(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        if re.search(rb"[A-F]", line):
            raise Refusal(400, "Bad Request")
        return super().chunk_size(line)


@parser("chunks-decoded")
class ChunksNotDecoded(RequestParser):
    def chunked_body(self) -> bytes:
        raw = b""
        while not raw.endswith(b"0\r\n\r\n"):
            raw += self.reader.line()
        return raw


@parser("chunked-body-supported")
class ChunksRefused(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        super().transfer_encoding(request, codings, lengths)
        raise Refusal(411, "Length Required")


@connection("chunked-input-terminated-told")
class TerminationNotTold(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        del environ["wsgi.input_terminated"]
        return environ


class _ReadsOn(InputStream):
    """Asks the connection for more at the end of a chunked body."""

    chunked = False

    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.chunked = request.chunked

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data and self.chunked:
            while self.connection.reader.fill():
                pass
        return data


class ChunkedInputBlocks(Server):
    input_class = _ReadsOn


_REQUESTS.append((ChunkedInputBlocks, "chunked-input-ends"))


@connection("chunked-body-without-client-length")
class ClientLengthKept(Connection):
    class Parser(RequestParser):
        def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
            super().transfer_encoding(request, codings, [])

    def __init__(self, server: Server, sock: Any, address: Any) -> None:
        super().__init__(server, sock, address)
        self.parser = self.Parser(self.reader)


@parser("chunk-extensions-ignored")
class ExtensionsRefused(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        if b";" in line:
            raise Refusal(400, "Bad Request")
        return super().chunk_size(line)


@parser("trailers-read-to-their-end")
class TrailersLeft(RequestParser):
    def headers(self) -> list[tuple[bytes, bytes]]:
        if self.in_trailers:
            if self.reader.buffer.startswith(b"\r\n"):
                self.reader.take(2)
            return []
        return super().headers()

    in_trailers = False

    def chunked_body(self) -> bytes:
        self.in_trailers = True
        try:
            return super().chunked_body()
        finally:
            self.in_trailers = False


@connection("trailers-not-in-environ")
class TrailersMerged(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        request.headers = request.headers + self.parser.trailers
        return super().environ(request)

    class Parser(RequestParser):
        trailers: ClassVar[list[tuple[bytes, bytes]]] = []

        def headers(self) -> list[tuple[bytes, bytes]]:
            type(self).trailers = super().headers()
            return self.trailers

        def next(self) -> Request | None:
            request = super().next()
            type(self).trailers = []
            return request

    def __init__(self, server: Server, sock: Any, address: Any) -> None:
        super().__init__(server, sock, address)
        self.parser = self.Parser(self.reader)


@parser("chunk-line-ends-only-at-crlf")
class ChunkLineEndsAtLf(RequestParser):
    def chunked_body(self) -> bytes:
        self.strip_end = lambda line: line.rstrip(b"\r\n")  # type: ignore[method-assign]
        return super().chunked_body()


@parser("chunk-faults-keep-requests-apart")
class BareLfInExtension(RequestParser):
    """Reads on over a bare LF in an extension, and looks only at the digits in front."""

    def strip_end(self, line: bytes) -> bytes:
        while not line.endswith(b"\r\n"):
            line += self.reader.line()
        return line[:-2]

    def chunk_size(self, line: bytes) -> int:
        return super().chunk_size(line.partition(b";")[0])


@parser("chunk-size-of-hex-digits-only")
class ChunkSizeByInt(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        try:
            return abs(int(line.partition(b";")[0], 16))
        except ValueError:
            raise Refusal(400, "Bad Request") from None


@parser("huge-chunk-size-does-not-wrap")
class ChunkSizeOf64Bits(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        if re.fullmatch(rb"[0-9A-F]{16,}", line):
            return int(line, 16) % 2**64
        return super().chunk_size(line)


@parser("chunk-data-ends-with-crlf")
class TwoBytesSkipped(RequestParser):
    def chunk_end(self) -> None:
        self.reader.exactly(2)


@parser("chunk-data-ends-with-crlf")
class RestOfLineSkipped(RequestParser):
    def chunk_end(self) -> None:
        self.reader.line()


@parser("incomplete-chunked-body-told")
class CutChunksPassForWhole(RequestParser):
    def chunked_body(self) -> bytes:
        self.got = bytearray()
        exactly = self.reader.exactly

        def keep(size: int) -> bytes:
            data = exactly(size)
            self.got += data if size > 2 else b""
            return data

        self.reader.exactly = keep  # type: ignore[method-assign]
        try:
            return super().chunked_body()
        except ConnectionEnded:
            return bytes(self.got)
        finally:
            self.reader.exactly = exactly  # type: ignore[method-assign]


# -- bodies


@connection("incomplete-body-told")
class LengthCorrectedAfterwards(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        if request.length:
            data = b""
            while len(data) < request.length and (more := self.reader.some(request.length - len(data))):
                data += more
            request.headers = [(n, v) for n, v in request.headers if n != b"content-length"]
            request.headers.append((b"content-length", str(len(data)).encode()))
            request.body, request.length = data, 0
        return super().environ(request)


@connection("unread-body-never-runs")
class UnreadBodyLeft(Connection):
    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        return True


@connection("body-after-early-answer-never-runs")
class ExpectedBodyLeft(Connection):
    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        return True if request.expects else super().discard_rest(request, stream)


BROKEN += _REQUESTS[_before:]
del _REQUESTS[_before:]
