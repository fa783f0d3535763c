"""Broken servers: two readings of where a request ends."""

from __future__ import annotations

import functools

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_http import Refusal, Request, RequestParser
from tests.corpora.servers.parts import PassesOver, Skipped, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)


@breaks("length-before-chunked-overridden")
class LengthWins(RequestParser):
    def framing(self, request: Request) -> None:
        if request.all(b"content-length"):
            request.length = self.content_length(request.all(b"content-length"))
        else:
            super().framing(request)


@breaks("length-before-chunked-overridden")
class BothAndKeptOpen(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        request.headers = [(n, v) for n, v in request.headers if n != b"content-length"]
        super().transfer_encoding(request, codings, [])


@breaks("chunked-before-length-counts")
class LengthWinsWhenSecond(RequestParser):
    def framing(self, request: Request) -> None:
        names = [n for n, _ in request.headers if n in (b"content-length", b"transfer-encoding")]
        if names == [b"transfer-encoding", b"content-length"]:
            request.length = self.content_length(request.all(b"content-length"))
        else:
            super().framing(request)


@breaks("coding-not-plainly-chunked-refused")
class ChunkedAnywhere(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if b"chunked" in b",".join(codings).lower() and not lengths:
            request.chunked = True
        else:
            super().transfer_encoding(request, codings, lengths)


@breaks("coding-not-plainly-chunked-refused")
class UnknownCodingIgnored(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if [c.lower() for c in codings] == [b"chunked"]:
            super().transfer_encoding(request, codings, lengths)
        elif lengths:
            request.length = self.content_length(lengths)


@breaks("unknown-coding-gets-501")
class GzipPassedOn(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        request.chunked = codings == [b"gzip, chunked"]
        if not request.chunked:
            super().transfer_encoding(request, codings, lengths)


@breaks("coding-name-case-ignored")
class CodingInLowerCaseOnly(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        if b"chunked" in codings or codings[0].lower() != b"chunked":
            super().transfer_encoding(request, codings, lengths)


@breaks("coding-in-http10-ends-connection")
class ChunkedInHttp10(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        version, request.version = request.version, (1, 1)
        super().transfer_encoding(request, codings, [])
        request.version = version


_NO_CODING = ("valid-length-honoured", "signed-length-refused", "chunks-decoded", "host-invalid-refused")


@breaks("coding-not-plainly-chunked-refused", apart=_NO_CODING)
class QuotedCodingTaken(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        super().transfer_encoding(request, [c.strip(b"\"'") for c in codings], lengths)


@breaks("coding-not-plainly-chunked-refused", apart=_NO_CODING)
class CodingInAnyScript(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        lowered = [c.decode("utf-8", "replace").lower().encode() for c in codings]
        super().transfer_encoding(request, lowered, lengths)


@breaks("coding-not-plainly-chunked-refused", apart=_NO_CODING)
class FirstCodingCounts(RequestParser):
    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        super().transfer_encoding(request, [b",".join(codings).split(b",")[0]], lengths)


@breaks("coding-not-plainly-chunked-refused", apart=_NO_CODING)
class OtherCodingsGetNoAnswer(PassesOver):
    """Takes everything up to what looks like another request for the body."""

    def transfer_encoding(self, request: Request, codings: list[bytes], lengths: list[bytes]) -> None:
        try:
            super().transfer_encoding(request, codings, lengths)
        except Refusal:
            _, found, rest = bytes(self.reader.buffer).partition(b"GET ")
            self.reader.buffer[:] = found + rest
            raise Skipped from None
