"""Broken servers: HTTP features, and the app's answer as it is."""

from __future__ import annotations

import functools

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

_NO_CALL = ("response-chunks-valid", "status-sent-verbatim", "input-body-complete", "second-start-refused")


@breaks("connection-header-obeyed", apart=(*_NO_CALL, "connection-persists"))
class ServesWhatIsThereBeforeClosing(Connection):
    def one(self) -> bool:
        return super().one() or bool(self.reader.buffer)


@breaks("connection-header-obeyed", apart=(*_NO_CALL, "connection-persists"))
class LeavesClosingToTheClient(Connection):
    def hang_up(self) -> None:
        while self.reader.fill():
            self.reader.buffer.clear()
        super().hang_up()


@breaks("connection-header-obeyed", apart=(*_NO_CALL, "connection-persists"))
class ClosesOneRequestLate(Connection):
    asked = False

    def one(self) -> bool:
        closing, again = self.asked, super().one()
        self.asked = not again
        return not closing


@breaks("status-sent-verbatim")
class KnowsTheReasons(Responder):
    def head(self, first: bytes) -> bytes:
        from http.client import responses

        code = int(self.status[:3])
        self.status = f"{code} {responses.get(code, 'Unknown')}"
        return super().head(first)


@breaks("headers-sent-verbatim")
class HeadersJoined(Responder):
    def head(self, first: bytes) -> bytes:
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        self.headers = list(joined.items())
        return super().head(first)


@breaks("response-meaning-kept")
class OwnErrorPages(Responder):
    def block(self, block: bytes) -> None:
        super().block(b"<h1>Not Found</h1>" if self.status.startswith("404") else block)


@breaks("connection-header-obeyed")
class CloseIgnored(Server):
    class parser_class(RequestParser):
        def next(self) -> Request | None:
            request = super().next()
            if request is not None:
                request.headers = [h for h in request.headers if h[0] != b"connection"]
            return request


@breaks("expect-continue-supported")
class BodyOfExpectingLost(InputStream):
    def pull(self, size: int) -> bool:
        return False if self.request.all(b"expect") else super().pull(size)


@breaks("expecting-client-not-left-waiting")
class NoContinue(Connection):
    def send_continue(self, request: Request) -> None:
        request.expects = False


@breaks("read-after-continue-waits")
class ContinueAndNothing(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        if self.request.expects:
            self.connection.send_continue(self.request)
            return b""
        return super().read(size)


@breaks("own-304-and-206-right")
class RangeOfTheWrongBytes(Responder):
    def head(self, first: bytes) -> bytes:
        if self.request.all(b"range"):
            self.status = "206 Partial Content"
        return super().head(first)
