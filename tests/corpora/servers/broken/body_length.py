"""Broken servers: the length of a response, and how its end can be told."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

_RESPONSE = ("input-body-complete", "second-start-refused", "content-length-as-sent")


@breaks("invented-length-is-right", apart=_RESPONSE)
class LengthOfTheFirstItem(Responder):
    def single(self) -> bool:
        try:
            return len(self.result) >= 1
        except TypeError:
            return False


@breaks("response-chunks-valid", apart=_RESPONSE)
class LastChunkWhenMoreCame(Responder):
    def finish(self) -> None:
        if self.chunked and self.keep:
            self.connection.reader.fill()
        super().finish()


_NO_BODY = ("header-names-any-case", "status-sent-verbatim", "input-body-complete", "second-start-refused")


class _Chunks(Responder):
    def chunk(self, data: bytes) -> bytes:
        raise NotImplementedError

    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        return self.chunk(data) if self.chunked and framed else framed


@breaks("response-chunks-valid", apart=_NO_BODY)
class SizeLineEndsWithLf(_Chunks):
    def chunk(self, data: bytes) -> bytes:
        return b"%x\n%b\r\n" % (len(data), data)


@breaks("response-chunks-valid", apart=(*_NO_BODY, "required-headers-added"))
class SizeOfSixteenBits(_Chunks):
    def chunk(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data) & 0xFFFF, data)


@breaks("response-chunks-valid", apart=_NO_BODY)
class LastChunkTwice(Responder):
    def finish(self) -> None:
        super().finish()
        if self.chunked and not self.bodiless:
            self.send(b"0\r\n\r\n")


@breaks("response-chunks-valid", apart=_NO_BODY)
class LastChunkWithoutEmptyLine(Responder):
    def send(self, data: bytes) -> None:
        super().send(b"0\r\n" if data == b"0\r\n\r\n" else data)


@breaks("response-chunks-valid", apart=(*_NO_BODY, "required-headers-added"))
class NoBodyNoLastChunk(Responder):
    """Announces chunks for an empty body, and sends none."""

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        if found == [("Content-Length", "0")] and self.request.version >= (1, 1):
            return [("Transfer-Encoding", "chunked")]
        return found


@breaks("invented-length-is-right", apart=_NO_BODY)
class LengthOneTooLong(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        return [(n, str(len(first) + 1) if n == "Content-Length" and first else v) for n, v in found]


@breaks("invented-length-is-right", apart=_NO_BODY)
class LengthForgetsWhatWasWritten(Responder):
    """Holds back what is written until there is an item to take the length from."""

    held = b""

    def write(self, data: Any, /) -> None:
        self.held += data

    def block(self, block: bytes) -> None:
        super().block(self.held + block)
        self.held = b""

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        if self.held and self.single():
            self.declared = len(self.result[0])
            return [("Content-Length", str(self.declared))]
        return super().framing_headers(code, first)


@breaks("short-body-ends-connection")
class ShortBodyKeptOpen(Responder):
    def finish(self) -> None:
        keep = self.keep
        super().finish()
        self.keep = keep


@breaks("no-bytes-beyond-content-length", "iteration-stops-at-content-length", "write-beyond-length-raises")
class LengthNotCounted(Responder):
    def frame(self, data: bytes) -> bytes:
        return b"" if self.bodiless else (b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data)

    def enough(self) -> bool:
        return False

    def finish(self) -> None:
        self.sent = self.declared or 0
        super().finish()


@breaks("short-body-ends-connection")
class ShortBodyIgnored(Responder):
    def finish(self) -> None:
        keep = self.keep
        super().finish()
        self.keep = keep


@breaks("response-end-can-be-told")
class NoEndInSight(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        keep, found = self.keep, super().framing_headers(code, first)
        self.keep, self.chunked = keep, False
        return [header for header in found if header[0] != "Transfer-Encoding"]


@breaks("invented-length-is-right")
class LengthOfTheOneItem(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        if self.wrote:
            self.declared = len(first)
            return [("Content-Length", str(len(first)))]
        return super().framing_headers(code, first)


@breaks("no-chunks-to-http10")
class ChunksForAll(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        if found or self.value("content-length") is not None:
            return found
        self.chunked = True
        return [("Transfer-Encoding", "chunked")]


@breaks("response-chunks-valid")
class EmptyChunksSent(Responder):
    def block(self, block: bytes) -> None:
        super().block(block)
        if self.chunked and not block:
            self.send(b"0\r\n\r\n")


@breaks("response-chunks-valid")
class LastChunkMissing(Responder):
    def finish(self) -> None:
        if self.chunked:
            self.chunked = self.keep = False
        super().finish()
