"""Odd servers that keep the clauses: the responses."""

from __future__ import annotations

import functools
import re
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
conforms = functools.partial(corpus.program, wrap=server_of)


@conforms()
class SecondDate(Responder):
    """Adds its own Date always: a fault, but none of spelling."""

    def has(self, name: str) -> bool:
        return name != "date" and super().has(name)


@conforms()
class OwnDateInstead(Responder):
    def head(self, first: bytes) -> bytes:
        self.headers = [(n, v) for n, v in self.headers if n.lower() not in ("date", "server")]
        return super().head(first)


@conforms()
class NamesInTitleCase(Responder):
    def head(self, first: bytes) -> bytes:
        self.headers = [(n.title(), v) for n, v in self.headers]
        return super().head(first)


@conforms()
class ErrorPageQuotes(Responder):
    """Shows on its error page what it refused, byte for byte."""

    wanted = ""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        self.wanted = f"{status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        return super().start_response(status, headers, exc_info)

    def send_body(self, data: bytes) -> None:
        if data == b"error" and not self.headers_sent:
            data = b"This was refused:\r\n\r\n" + self.wanted.encode("latin-1", "replace")
            self.headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))]
        super().send_body(data)


@conforms()
class LineBreaksBlanked(Responder):
    """Puts a space in the place of what may not be in a value, and checks names and status."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if type(headers) is list:
            headers = [(n, re.sub(r"[\r\n\0]", " ", v)) for n, v in headers]
        return super().start_response(status, headers, exc_info)


@conforms()
class NoReason(Responder):
    """Sends no reason at all, and so doesn't look at the application's."""

    def check_status(self, status: Any) -> None:
        super().check_status(status.encode("ascii", "replace").decode() if type(status) is str else status)

    def head(self, first: bytes) -> bytes:
        self.status = f"{self.status[:3]} "
        return super().head(first)


@conforms()
class WideTextFoundLate(Responder):
    """Finds out when it puts the head together, and then has nothing to send."""

    def check_status(self, status: Any) -> None:
        super().check_status(status.replace("\u20ac", "") + "x" if type(status) is str else status)

    def check_header(self, name: str, value: str) -> None:
        super().check_header(name.replace("\u20ac", ""), value.replace("\u20ac", ""))


@conforms()
class OddChunks(Responder):
    """Pads its sizes, writes them in capitals, and adds extensions."""

    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        return b'%06X;a="b;c";d\r\n%b\r\n' % (len(data), data) if self.chunked and framed else framed

    def send(self, data: bytes) -> None:
        super().send(b"000;last\r\n\r\n" if data == b"0\r\n\r\n" else data)


@conforms()
class TrailersSent(Responder):
    def send(self, data: bytes) -> None:
        super().send(b"0\r\nX-Sum: 1\r\nX-End: 2\r\n\r\n" if data == b"0\r\n\r\n" else data)


@conforms()
class ChunkPerByte(Responder):
    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        if not (self.chunked and framed) or len(data) > 1000:
            return framed
        return b"".join(b"1\r\n%c\r\n" % byte for byte in data)


@conforms()
class NeverChunks(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        if self.chunked:
            self.chunked = self.keep = False
            return []
        return found


@conforms()
class SecondStartIsAFailure(Responder):
    """Does not raise from a second start_response, but answers with an error."""

    twice = False

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if self.called and not exc_info:
            self.twice = True
            return self.write
        return super().start_response(status, headers, exc_info)

    def iterate(self) -> None:
        if self.twice:
            raise AssertionError("start_response was called twice")
        super().iterate()
