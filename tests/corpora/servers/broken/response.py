"""Broken servers: the bytes of a response."""

from __future__ import annotations

import functools
import re
import time
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection
from tests.corpora.servers.base_http import Refusal
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- splitting -------------------------------------------------------------------------------------


_RESPONSE = ("input-body-complete", "second-start-refused", "content-length-as-sent")


@breaks("header-value-splits-nothing", apart=_RESPONSE)
class LineBreaksBecomeFolds(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, re.sub("[\r\n]", "", value))

    def head(self, first: bytes) -> bytes:
        self.headers = [(name, re.sub("\r?\n|\r", "\r\n ", value)) for name, value in self.headers]
        return super().head(first)


_NO_HEAD = ("response-chunks-valid", "status-sent-verbatim", "body-bytes-unchanged", "second-start-refused")


@breaks("header-value-splits-nothing", apart=(*_NO_HEAD, "header-name-splits-nothing", "status-splits-nothing"))
class NulPasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, value.replace("\0", ""))


@breaks("header-value-splits-nothing", apart=(*_NO_HEAD, "header-name-splits-nothing", "status-splits-nothing"))
class LoneCrPasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, re.sub("\r(?!\n)", "", value))


@breaks("header-value-splits-nothing", apart=(*_NO_HEAD, "header-name-splits-nothing", "status-splits-nothing"))
class ErrorPageHeaderQuotesValue(Responder):
    """Refuses the value, and tells the client of it in a header."""

    refused = ""

    def check_header(self, name: str, value: str) -> None:
        self.refused = value
        super().check_header(name, value)
        self.refused = ""

    def head(self, first: bytes) -> bytes:
        if self.refused:
            self.headers.append(("X-Error", self.refused))
        return super().head(first)


@breaks("header-name-splits-nothing", apart=(*_NO_HEAD, "header-value-splits-nothing", "status-splits-nothing"))
class BlankInNamePasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name.replace(" ", "") if ":" not in name and "\n" not in name else name, value)


@breaks("header-name-splits-nothing", apart=(*_NO_HEAD, "header-value-splits-nothing", "status-splits-nothing"))
class ColonInNamePasses(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name.partition(":")[0], value)


@breaks("header-value-splits-nothing")
class ValuesUnchecked(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, re.sub(r"[\r\n\0]", "", value))


@breaks("header-value-splits-nothing")
class OnlyCrlfChecked(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header(name, value if name == "Content-Length" or "\r\n" in value else "")


@breaks("header-name-splits-nothing")
class NamesUnchecked(Responder):
    def check_header(self, name: str, value: str) -> None:
        super().check_header("X", value)


@breaks("status-splits-nothing")
class StatusUnchecked(Responder):
    def check_status(self, status: Any) -> None:
        super().check_status(re.sub(r"[\r\n]", "", status))


# -- the head --------------------------------------------------------------------------------------


@breaks("status-line-well-formed")
class StatusWithoutItsBlank(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"299 Wholly Custom", b"299", 1)


@breaks("status-line-well-formed")
class VersionInLowerCase(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"HTTP/1.1 404", b"http/1.1 404", 1)


@breaks("response-head-well-formed")
class LinesEndWithLf(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"\r\nDate", b"\nDate")


@breaks("response-body-well-formed")
class NoLastChunk(Responder):
    def finish(self) -> None:
        chunked, self.chunked = self.chunked, False
        super().finish()
        self.keep = self.keep and not chunked


@breaks("response-body-well-formed")
class ChunkSizeInDecimal(Responder):
    def frame(self, data: bytes) -> bytes:
        framed = super().frame(data)
        return b"%d\r\n%b\r\n" % (len(data), data) if self.chunked and framed else framed


@breaks("response-has-one-framing")
class LengthBesideChunks(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        headers = super().framing_headers(code, first)
        return [*headers, ("Content-Length", str(len(first)))] if self.chunked else headers


@breaks("response-has-one-length")
class LengthAddedToLength(Responder):
    def check_headers(self, headers: Any) -> None:
        super().check_headers(list(dict.fromkeys(headers)))


@breaks("cookies-sent-apart")
class CookiesJoined(Responder):
    def head(self, first: bytes) -> bytes:
        cookies = ", ".join(v for n, v in self.headers if n == "Set-Cookie")
        self.headers = [(n, v) for n, v in self.headers if n != "Set-Cookie"]
        if cookies:
            self.headers.append(("Set-Cookie", cookies))
        return super().head(first)


@breaks("response-has-one-date")
class DateTwice(Responder):
    def has(self, name: str) -> bool:
        return name != "date" and super().has(name)


@breaks("response-has-one-date")
class RefusalsWithoutDate(Connection):
    def refuse(self, refusal: Refusal) -> None:
        self.send(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % refusal.code)


@breaks("date-in-fixed-form")
class DateInLocalZone(Connection):
    def date(self) -> str:
        return super().date().replace("GMT", "+0000")


@breaks("date-in-fixed-form")
class DateHoursAway(Connection):
    def date(self) -> str:
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 7200))


@breaks("server-field-without-detail")
class ServerTellsAll(Responder):
    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"Server: base", b"Server: base/1.2.3 Python/3.11 OpenSSL/3.0.1 mod/2")


# -- responses without a body ----------------------------------------------------------------------


@breaks("head-without-content")
class HeadWithBody(Responder):
    def head(self, first: bytes) -> bytes:
        head = super().head(first)
        self.bodiless = False
        return head


@breaks("head-without-content")
class HeadWithLastChunk(Responder):
    def finish(self) -> None:
        super().finish()
        if self.bodiless and self.chunked:
            self.send(b"0\r\n\r\n")


@breaks("head-has-fields-of-get")
class HeadLengthZero(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        if self.request.method == b"HEAD":
            self.headers = [(n, v) for n, v in self.headers if n.lower() != "content-length"]
            return [("Content-Length", "0")]
        return super().framing_headers(code, first)


@breaks("status-204-without-content")
class Status204WithBody(Responder):
    def head(self, first: bytes) -> bytes:
        head = super().head(first)
        self.bodiless = self.bodiless and not self.status.startswith("204")
        return head


@breaks("status-204-without-length")
class Status204WithLength(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return [("Content-Length", "0")] if code == 204 else super().framing_headers(code, first)


@breaks("status-304-without-content")
class Status304WithBody(Responder):
    def head(self, first: bytes) -> bytes:
        head = super().head(first)
        self.bodiless = self.bodiless and not self.status.startswith("304")
        return head


@breaks("status-304-without-invented-length")
class Status304WithLength(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return [("Content-Length", "0")] if code == 304 else super().framing_headers(code, first)


@breaks("bodiless-without-coding")
class Status204Chunked(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return [("Transfer-Encoding", "chunked")] if code == 204 else super().framing_headers(code, first)
