"""Broken servers, one fault each: what goes back to the client, and the life of the connection."""

from __future__ import annotations

import re
import time
from typing import Any

from tests.corpora.servers.base import Connection, Server
from tests.corpora.servers.base_http import Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.broken.requests import BROKEN as _REQUESTS
from tests.corpora.servers.broken.requests import connection, parser

#: The servers of this file, with the rule that has to find each.
BROKEN: list[tuple[type[Server], str]] = []
_before = len(_REQUESTS)


def responder(rule: str) -> Any:
    """Register a server whose responders are of the decorated class, to be found by *rule*."""

    def register(cls: type[Responder]) -> type[Responder]:
        _REQUESTS.append((type(cls.__name__, (Server,), {"responder_class": cls}), rule))
        return cls

    return register


# -- the head


@responder("status-line-well-formed")
class StatusWithoutItsBlank(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"299 Wholly Custom", b"299", 1)


@responder("status-line-well-formed")
class VersionInLowerCase(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"HTTP/1.1 404", b"http/1.1 404", 1)


@responder("response-head-well-formed")
class LinesEndWithLf(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"\r\nDate", b"\nDate")


@responder("response-body-well-formed")
class NoLastChunk(Responder):
    def finish(self) -> None:
        chunked, self.chunked = self.chunked, False
        super().finish()
        self.keep = self.keep and not chunked


@responder("response-body-well-formed")
class ChunkSizeInDecimal(Responder):
    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        return b"%d\r\n%b\r\n" % (len(data), data) if self.chunked and framed else framed


@responder("response-has-one-framing")
class LengthBesideChunks(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        headers = super().framing_headers(code, first)
        return [*headers, ("Content-Length", str(len(first)))] if self.chunked else headers


@responder("response-has-one-length")
class LengthAddedToLength(Responder):
    def check_headers(self, headers: Any) -> None:
        super().check_headers(list(dict.fromkeys(headers)))


@responder("cookies-sent-apart")
class CookiesJoined(Responder):
    def head(self, first: bytes) -> bytes:
        cookies = ", ".join(v for n, v in self.headers if n == "Set-Cookie")
        self.headers = [(n, v) for n, v in self.headers if n != "Set-Cookie"]
        if cookies:
            self.headers.append(("Set-Cookie", cookies))
        return super().head(first)


@responder("response-has-one-date")
class DateTwice(Responder):
    def has(self, name: str) -> bool:
        return name != "date" and super().has(name)


@connection("response-has-one-date")
class RefusalsWithoutDate(Connection):
    def refuse(self, refusal: Refusal) -> None:
        self.send(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % refusal.code)


@connection("date-in-fixed-form")
class DateInLocalZone(Connection):
    def date(self) -> str:
        return super().date().replace("GMT", "+0000")


@connection("date-in-fixed-form")
class DateHoursAway(Connection):
    def date(self) -> str:
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 7200))


@responder("server-field-without-detail")
class ServerTellsAll(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"Server: base", b"Server: base/1.2.3 Python/3.11 OpenSSL/3.0.1 mod/2")


# -- bodiless


@responder("head-without-content")
class HeadWithBody(Responder):
    def head(self, first: bytes) -> bytes:
        head = super().head(first)
        self.bodiless = False
        return head


@responder("head-without-content")
class HeadWithLastChunk(Responder):
    def finish(self) -> None:
        super().finish()
        if self.bodiless and self.chunked:
            self.send(b"0\r\n\r\n")


@responder("head-has-fields-of-get")
class HeadLengthZero(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        if self.request.method == b"HEAD":
            self.headers = [(n, v) for n, v in self.headers if n.lower() != "content-length"]
            return [("Content-Length", "0")]
        return super().framing_headers(code, first)


@responder("status-204-without-content")
class Status204WithBody(Responder):
    def head(self, first: bytes) -> bytes:
        head = super().head(first)
        self.bodiless = self.bodiless and not self.status.startswith("204")
        return head


@responder("status-204-without-length")
class Status204WithLength(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return [("Content-Length", "0")] if code == 204 else super().framing_headers(code, first)


@responder("status-304-without-content")
class Status304WithBody(Responder):
    def head(self, first: bytes) -> bytes:
        head = super().head(first)
        self.bodiless = self.bodiless and not self.status.startswith("304")
        return head


@responder("status-304-without-invented-length")
class Status304WithLength(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return [("Content-Length", "0")] if code == 304 else super().framing_headers(code, first)


@responder("bodiless-without-coding")
class Status204Chunked(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return [("Transfer-Encoding", "chunked")] if code == 204 else super().framing_headers(code, first)


# -- splitting


@responder("header-value-splits-nothing")
class ValuesUnchecked(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, re.sub(r"[\r\n\0]", "", value))


@responder("header-value-splits-nothing")
class OnlyCrlfChecked(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, value if name == "Content-Length" or "\r\n" in value else "")


@responder("header-name-splits-nothing")
class NamesUnchecked(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header("X", value)


@responder("status-splits-nothing")
class StatusUnchecked(Responder):
    def check_status(self, status: Any) -> None:
        super().check_status(re.sub(r"[\r\n]", "", status))


# -- failures


@responder("app-failure-gets-5xx")
class FailureLooksFine(Responder):
    def failed(self) -> None:
        if not self.headers_sent:
            self.called, self.status, self.headers = True, "200 OK", [("Content-Length", "0")]
            self.send(self.head(b""))


@responder("app-failure-gets-an-answer")
class FailureHangsUp(Responder):
    def failed(self) -> None:
        self.keep = False


@responder("aborted-response-looks-incomplete")
class LastChunkInFinally(Responder):
    def failed(self) -> None:
        super().failed()
        if self.chunked:
            self.send(b"0\r\n\r\n")


@responder("short-body-ends-connection")
class ShortBodyKeptOpen(Responder):
    def finish(self) -> None:
        keep = self.keep
        super().finish()
        self.keep = keep


# -- connections


@responder("connection-persists")
class AlwaysCloses(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = False


@responder("close-request-honoured")
class CloseNotHeeded(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = True


@responder("close-request-honoured")
class CloseInListOverlooked(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = [v.lower() for v in request.all(b"connection")] != [b"close"]


@responder("http10-connection-ends")
class Http10KeptOpen(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = self.keep or request.version < (1, 1)


@responder("http10-connection-ends")
class ChunksToHttp10(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        self.request.version = (1, 1)
        return super().framing_headers(code, first)


@responder("close-announced")
class ClosesUnannounced(Responder):
    def connection_headers(self) -> list[tuple[str, str]]:
        return []


@connection("pipelined-requests-in-order")
class SecondRequestForgotten(Connection):
    def one(self) -> bool:
        again = super().one()
        self.reader.buffer.clear()
        return again


@connection("packets-make-no-difference")
class BodyInOneRecv(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        stream = environ["wsgi.input"]
        if stream.left:
            stream.pull(stream.left)
            stream.left = 0
        return environ


# -- expectations


@parser("http10-expect-ignored")
class ContinueToHttp10(RequestParser):
    def expectation(self, request: Request) -> None:
        request.expects = bool(request.all(b"expect")) and bool(request.length)


@connection("continue-sent-once")
class ContinueForEveryRead(Connection):
    def send_continue(self, request: Request) -> None:
        expected = bool(request.all(b"expect")) and not request.answered
        request.expects = False
        if expected:
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 2)


@connection("continue-sent-once")
class ContinueAfterAnswer(Connection):
    def send_continue(self, request: Request) -> None:
        request.answered = False
        super().send_continue(request)


@connection("continue-lets-the-app-read")
class NeverContinues(Connection):
    def send_continue(self, request: Request) -> None:
        return None


@parser("continue-lets-the-app-read")
class ContinueInLowerCaseOnly(RequestParser):
    def expectation(self, request: Request) -> None:
        request.expects = request.all(b"expect") == [b"100-continue"]


@parser("unknown-expectation-answered")
class UnknownExpectationStalls(RequestParser):
    def expectation(self, request: Request) -> None:
        if request.all(b"expect") == [b"x-made-up"]:
            while self.reader.fill():
                pass
        super().expectation(request)


@parser("upgrade-offer-answered")
class UpgradeIsAnInternalError(RequestParser):
    def expectation(self, request: Request) -> None:
        if request.all(b"upgrade"):
            raise Refusal(500, "Internal Server Error")
        super().expectation(request)


BROKEN += _REQUESTS[_before:]
del _REQUESTS[_before:]
