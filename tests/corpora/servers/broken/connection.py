"""Broken servers: the life of a connection and of the process."""

from __future__ import annotations

import contextlib
import functools
import socket
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, InputStream
from tests.corpora.servers.base_http import Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- connections -----------------------------------------------------------------------------------


_BODY = ("host-invalid-refused", "path-decoded-once", "content-type-as-sent", "status-sent-verbatim")


@breaks("packets-make-no-difference", apart=_BODY)
class LengthLostWhenSplit(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        if request.length and len(self.reader.buffer) < request.length:
            environ.pop("CONTENT_LENGTH", None)
        return environ


@breaks("packets-make-no-difference", apart=_BODY)
class HeadInOneRecv(RequestParser):
    def headers(self) -> list[tuple[bytes, bytes]]:
        if b"\r\n\r\n" not in self.reader.buffer and not self.reader.buffer.startswith(b"\r\n"):
            raise Refusal(400, "Bad Request")
        return super().headers()


_NO_PACKETS = ("valid-length-honoured", "chunks-decoded", "host-invalid-refused", "repeated-fields-joined")


@breaks("packets-make-no-difference", apart=_NO_PACKETS)
class ShortRecvIsTheEnd(InputStream):
    """Takes a packet with less than it asked for as the last one of the body."""

    def pull(self, size: int) -> bool:
        due, before = min(size, self.left), self.left
        more = super().pull(size)
        if before - self.left < due:
            self.left = 0
        return more


@breaks("packets-make-no-difference", apart=_NO_PACKETS)
class ChunkSizeInOneRecv(RequestParser):
    def chunked_body(self) -> bytes:
        if not self.reader.buffer:
            self.reader.fill()
        if b"\n" not in self.reader.buffer:
            raise Refusal(400, "Bad Request")
        return super().chunked_body()


@breaks("connection-persists")
class AlwaysCloses(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = False


@breaks("close-request-honoured")
class CloseNotHeeded(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = True


@breaks("close-request-honoured")
class CloseInListOverlooked(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = [v.lower() for v in request.all(b"connection")] != [b"close"]


@breaks("http10-connection-ends")
class Http10KeptOpen(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = self.keep or request.version < (1, 1)


@breaks("http10-connection-ends")
class ChunksToHttp10(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        self.request.version = (1, 1)
        return super().framing_headers(code, first)


@breaks("close-announced")
class ClosesUnannounced(Responder):
    def connection_headers(self) -> list[tuple[str, str]]:
        return []


@breaks("pipelined-requests-in-order")
class SecondRequestForgotten(Connection):
    def one(self) -> bool:
        again = super().one()
        self.reader.buffer.clear()
        return again


@breaks("packets-make-no-difference")
class BodyInOneRecv(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        stream = environ["wsgi.input"]
        if stream.left:
            stream.pull(stream.left)
            stream.left = 0
        return environ


# -- expectations ----------------------------------------------------------------------------------


@breaks("body-after-early-answer-never-runs")
class ExpectedBodyLeft(Connection):
    def discard_rest(self, request: Request, stream: InputStream) -> bool:
        return True if request.expects else super().discard_rest(request, stream)


@breaks("http10-expect-ignored")
class ContinueToHttp10(RequestParser):
    def expectation(self, request: Request) -> None:
        request.expects = bool(request.all(b"expect")) and bool(request.length)


@breaks("continue-sent-once")
class ContinueForEveryRead(Connection):
    def send_continue(self, request: Request) -> None:
        expected = bool(request.all(b"expect")) and not request.answered
        request.expects = False
        if expected:
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 2)


@breaks("continue-sent-once")
class ContinueAfterAnswer(Connection):
    def send_continue(self, request: Request) -> None:
        request.answered = False
        super().send_continue(request)


@breaks("continue-lets-the-app-read")
class NeverContinues(Connection):
    def send_continue(self, request: Request) -> None:
        return None


@breaks("continue-lets-the-app-read")
class ContinueInLowerCaseOnly(RequestParser):
    def expectation(self, request: Request) -> None:
        request.expects = request.all(b"expect") == [b"100-continue"]


@breaks("unknown-expectation-answered")
class UnknownExpectationStalls(RequestParser):
    def expectation(self, request: Request) -> None:
        if request.all(b"expect") == [b"x-made-up"]:
            while self.reader.fill():
                pass
        super().expectation(request)


@breaks("upgrade-offer-answered")
class UpgradeIsAnInternalError(RequestParser):
    def expectation(self, request: Request) -> None:
        if request.all(b"upgrade"):
            raise Refusal(500, "Internal Server Error")
        super().expectation(request)


# -- failures --------------------------------------------------------------------------------------


@breaks("app-failure-gets-5xx")
class FailureLooksFine(Responder):
    def failed(self) -> None:
        if not self.headers_sent:
            self.called, self.status, self.headers = True, "200 OK", [("Content-Length", "0")]
            self.send(self.head(b""))


@breaks("app-failure-gets-an-answer")
class FailureHangsUp(Responder):
    def failed(self) -> None:
        self.keep = False


@breaks("aborted-response-looks-incomplete")
class LastChunkInFinally(Responder):
    def failed(self) -> None:
        super().failed()
        if self.chunked:
            self.send(b"0\r\n\r\n")


# -- the process -----------------------------------------------------------------------------------


@breaks("raising-step-trapped", "server-survives")
class DiesOnError(Responder):
    def failed(self) -> None:
        self.connection.server.stop()


@breaks("raising-call-trapped")
class StopsListeningOnError(Responder):
    def failed(self) -> None:
        super().failed()
        with contextlib.suppress(OSError):
            self.connection.server.listener.shutdown(socket.SHUT_RDWR)
        self.connection.server.listener.close()


@breaks("nothing-appended-to-partial-body")
class ErrorPageAppended(Responder):
    def failed(self) -> None:
        super().failed()
        if self.headers_sent and self.chunked:
            self.send(b"15\r\n<h1>Server Error</h1>\r\n0\r\n\r\n"[:0] + self.frame(b"<h1>Server Error</h1>"))
            self.send(b"0\r\n\r\n")


@breaks("server-answers")
class SpeaksSomethingElse(Connection):
    def one(self) -> bool:
        self.reader.fill()
        self.send(b"\x00\x00\x00\x04\x01\x00\x00\x00\x00")
        return False


@breaks("server-answers")
class OldestHttp(Responder):
    def head(self, first: bytes) -> bytes:
        super().head(first)
        self.keep = self.chunked = False
        return b""
