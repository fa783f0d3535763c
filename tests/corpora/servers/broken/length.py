"""Broken servers: Content-Length, and the bodies that it ends."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import ConnectionEnded, Refusal, Request, RequestParser
from tests.corpora.servers.parts import PassesOver, Skipped, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- Content-Length --------------------------------------------------------------------------------


_BODY = ("host-invalid-refused", "path-decoded-once", "content-type-as-sent", "status-sent-verbatim")


def _is_unframed_post(request: Request) -> bool:
    return request.method == b"POST" and request.length is None and not request.chunked


@breaks("no-framing-means-no-body", apart=_BODY)
class UnframedPostWaits(RequestParser):
    """Waits for the end of the connection, and only then goes on to what came behind."""

    def framing(self, request: Request) -> None:
        super().framing(request)
        while _is_unframed_post(request) and self.reader.fill():
            pass


@breaks("no-framing-means-no-body", apart=_BODY)
class UnframedPostIsAnInternalError(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if _is_unframed_post(request):
            raise Refusal(500, "Internal Server Error")


@breaks("no-framing-means-no-body", apart=_BODY)
class UnframedPostGetsNoAnswer(PassesOver):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if _is_unframed_post(request):
            raise Skipped


@breaks("valid-length-honoured", apart=_BODY)
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


@breaks("valid-length-honoured", apart=_BODY)
class LeadingZeroMeansOctal(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        length = super().content_length(values)
        return int(values[0], 8) if values[0].startswith(b"0") and values[0].isdigit() else length


@breaks("differing-lengths-refused")
class FirstLengthCounts(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([values[0].split(b",")[0]])


@breaks("differing-lengths-refused")
class LongestLengthCounts(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return max(super(LongestLengthCounts, self).content_length([v]) for v in b",".join(values).split(b", "))


@breaks("repeated-length-taken-once")
class LengthListPassedOn(Connection):
    class Parser(RequestParser):
        def content_length(self, values: list[bytes]) -> int:
            whole = {v.strip() for value in values for v in value.split(b",")}
            return super().content_length(list(whole))

    def __init__(self, server: Server, sock: Any, address: Any) -> None:
        super().__init__(server, sock, address)
        self.parser = self.Parser(self.reader)


@breaks("signed-length-refused")
class LengthByInt(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        if len(values) == 1 and re.fullmatch(rb"[+-]\s?[0-9]+", values[0]):
            return max(0, int(values[0].replace(b" ", b"")))
        return super().content_length(values)


@breaks("length-of-digits-only")
class LengthWithUnderscores(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([v.replace(b"_", b"") for v in values])


@breaks("length-of-digits-only")
class LengthUpToFirstLetter(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        match = re.match(rb"[0-9]+", values[0])
        return super().content_length([match.group()] if match and len(values) == 1 else values)


@breaks("empty-length-refused")
class EmptyLengthIsNone(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return 0 if values == [b""] else super().content_length(values)


@breaks("huge-length-handled")
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


@breaks("connection-closed-after-framing-error")
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


@breaks("no-framing-means-no-body")
class BodyUpToTheEnd(RequestParser):
    def framing(self, request: Request) -> None:
        super().framing(request)
        if request.method == b"POST" and request.length is None and not request.chunked:
            request.body = bytes(self.reader.buffer)
            self.reader.buffer.clear()


@breaks("valid-length-honoured")
class LeadingZerosRefused(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        if len(values[0]) > 1 and values[0].startswith(b"0"):
            raise Refusal(400, "Bad Request")
        return super().content_length(values)


_NO_LENGTH = ("chunks-decoded", "host-missing-refused", "content-type-as-sent", "large-fields-whole-or-refused")


@breaks("differing-lengths-refused", apart=_NO_LENGTH)
class LastLengthCounts(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([b",".join(values).split(b",")[-1].strip()])


@breaks("differing-lengths-refused", apart=_NO_LENGTH)
class DifferingLengthsGetNoAnswer(PassesOver):
    def content_length(self, values: list[bytes]) -> int:
        if len(set(b",".join(values).replace(b" ", b"").split(b","))) > 1:
            raise Skipped
        return super().content_length(values)


@breaks("signed-length-refused", apart=(*_NO_LENGTH, "differing-lengths-refused"))
class SignCutOff(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([re.sub(rb"^[+-] ?", b"", value) for value in values])


@breaks("signed-length-refused", apart=(*_NO_LENGTH, "differing-lengths-refused"))
class NegativeLengthGetsNoAnswer(PassesOver):
    def content_length(self, values: list[bytes]) -> int:
        if values[0].startswith(b"-"):
            raise Skipped
        return super().content_length(values)


@breaks("length-of-digits-only", apart=(*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class LengthInAnyDigits(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        text = values[0].decode("utf-8", "replace")
        return super().content_length([str(int(text)).encode()] if text.isdecimal() and len(values) == 1 else values)


@breaks("length-of-digits-only", apart=(*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class LengthStrippedAsText(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        return super().content_length([value.decode("latin-1").strip().encode("latin-1") for value in values])


@breaks("length-of-digits-only", apart=(*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class UnreadableLengthIsAnInternalError(RequestParser):
    def content_length(self, values: list[bytes]) -> int:
        if len(values) == 1 and re.search(rb"[A-Za-z]", values[0]):
            raise Refusal(500, "Internal Server Error")
        return super().content_length(values)


@breaks("empty-length-refused", apart=(*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class EmptyLengthTakesAll(RequestParser):
    def framing(self, request: Request) -> None:
        if request.all(b"content-length") != [b""]:
            super().framing(request)
            return
        request.body = bytes(self.reader.buffer)
        self.reader.buffer.clear()


@breaks("empty-length-refused", apart=(*_NO_LENGTH, "differing-lengths-refused", "signed-length-refused"))
class EmptyLengthGetsNoAnswer(PassesOver):
    def content_length(self, values: list[bytes]) -> int:
        if values == [b""]:
            raise Skipped
        return super().content_length(values)


@breaks("valid-length-honoured", apart=("chunks-decoded", "differing-lengths-refused", "host-missing-refused"))
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


@breaks("valid-length-honoured", apart=("chunks-decoded", "differing-lengths-refused", "host-missing-refused"))
class ZeroMeansUnknown(_ReadsOn):
    """Takes a length of 0 for none, and none for a body up to the end; tells the application of no length."""

    def unknown(self, request: Request) -> bool:
        if request.length != 0:
            return False
        request.headers = [(n, v) for n, v in request.headers if n != b"content-length"]
        return True


@breaks("no-framing-means-no-body", apart=("valid-length-honoured", "chunks-decoded", "host-missing-refused"))
class PostWithoutLengthReadsOn(_ReadsOn):
    def unknown(self, request: Request) -> bool:
        return request.method == b"POST" and request.length is None and not request.chunked


@breaks("no-framing-means-no-body", apart=("valid-length-honoured", "chunks-decoded", "host-missing-refused"))
class DroppedBehindPostWithoutLength(Connection):
    """Takes what is there for the body of the request, and gives it to nobody."""

    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        if request.method == b"POST" and request.length is None and not request.chunked:
            self.reader.buffer.clear()
        return super().discard_rest(request, stream)


# -- bodies ----------------------------------------------------------------------------------------


@breaks("incomplete-body-told")
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


@breaks("unread-body-never-runs")
class UnreadBodyLeft(Connection):
    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        return True
