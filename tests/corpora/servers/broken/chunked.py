"""Broken servers: chunked bodies."""

from __future__ import annotations

import functools
import re
from typing import Any, ClassVar

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import ConnectionEnded, Refusal, Request, RequestParser
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- chunked bodies --------------------------------------------------------------------------------


_BODY = ("host-invalid-refused", "path-decoded-once", "content-type-as-sent", "status-sent-verbatim")


@breaks("trailers-read-to-their-end", apart=(*_BODY, "chunks-decoded"))
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


@breaks("chunks-decoded")
class ChunksInLowerCaseOnly(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        if re.search(rb"[A-F]", line):
            raise Refusal(400, "Bad Request")
        return super().chunk_size(line)


@breaks("chunks-decoded")
class ChunksNotDecoded(RequestParser):
    def chunked_body(self) -> bytes:
        raw = b""
        while not raw.endswith(b"0\r\n\r\n"):
            raw += self.reader.line()
        return raw


@breaks("chunked-body-supported")
class ChunksRefused(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        super().transfer_encoding(request, codings, lengths)
        raise Refusal(411, "Length Required")


@breaks("chunked-input-terminated-told")
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


@breaks("chunked-input-ends")
class ChunkedInputBlocks(Server):
    input_class = _ReadsOn


@breaks("chunked-body-without-client-length")
class ClientLengthKept(Connection):
    class Parser(RequestParser):
        def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
            super().transfer_encoding(request, codings, [])

    def __init__(self, server: Server, sock: Any, address: Any) -> None:
        super().__init__(server, sock, address)
        self.parser = self.Parser(self.reader)


@breaks("chunk-extensions-ignored")
class ExtensionsRefused(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        if b";" in line:
            raise Refusal(400, "Bad Request")
        return super().chunk_size(line)


@breaks("trailers-read-to-their-end")
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


@breaks("trailers-not-in-environ")
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


_NO_CHUNKS = ("valid-length-honoured", "no-framing-means-no-body", "host-invalid-refused", "path-decoded-once")


@breaks("trailers-read-to-their-end", apart=_NO_CHUNKS)
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


@breaks("trailers-read-to-their-end", apart=(*_NO_CHUNKS, "chunks-decoded"))
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


# -- faulty chunks ---------------------------------------------------------------------------------


@breaks("chunk-line-ends-only-at-crlf")
class ChunkLineEndsAtLf(RequestParser):
    def chunked_body(self) -> bytes:
        self.strip_end = lambda line: line.rstrip(b"\r\n")  # type: ignore[method-assign]
        return super().chunked_body()


@breaks("chunk-faults-keep-requests-apart")
class BareLfInExtension(RequestParser):
    """Reads on over a bare LF in an extension, and looks only at the digits in front."""

    def strip_end(self, line: bytes) -> bytes:
        while not line.endswith(b"\r\n"):
            line += self.reader.line()
        return line[:-2]

    def chunk_size(self, line: bytes) -> int:
        return super().chunk_size(line.partition(b";")[0])


@breaks("chunk-size-of-hex-digits-only")
class ChunkSizeByInt(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        try:
            return abs(int(line.partition(b";")[0], 16))
        except ValueError:
            raise Refusal(400, "Bad Request") from None


@breaks("huge-chunk-size-does-not-wrap")
class ChunkSizeOf64Bits(RequestParser):
    def chunk_size(self, line: bytes) -> int:
        if re.fullmatch(rb"[0-9A-F]{16,}", line):
            return int(line, 16) % 2**64
        return super().chunk_size(line)


@breaks("chunk-data-ends-with-crlf")
class TwoBytesSkipped(RequestParser):
    def chunk_end(self) -> None:
        self.reader.exactly(2)


@breaks("chunk-data-ends-with-crlf")
class RestOfLineSkipped(RequestParser):
    def chunk_end(self) -> None:
        self.reader.line()


@breaks("incomplete-chunked-body-told")
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


@breaks("chunk-faults-keep-requests-apart", apart=_NO_CHUNKS)
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
