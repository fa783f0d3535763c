"""Broken servers: the headers that they add, and look up."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

_RESPONSE = ("input-body-complete", "second-start-refused", "content-length-as-sent")


@breaks("header-names-any-case", apart=_RESPONSE)
class LengthLookedUpByOneSpelling(Responder):
    def start_response(self, status: Any, headers: Any, *rest: Any) -> Any:
        write = super().start_response(status, headers, *rest)
        if self.has("content-length"):
            dict(headers)["Content-Length"]
        return write


_NO_HEAD = ("response-chunks-valid", "status-sent-verbatim", "body-bytes-unchanged", "second-start-refused")
_NO_NAMES = (*_NO_HEAD, "response-has-one-date", "response-has-one-length", "required-headers-added")


@breaks("header-names-any-case", apart=(*_NO_NAMES, "no-chunks-to-http10"))
class LengthInUsualCaseOnly(Responder):
    def value(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n == name.title()), None)


@breaks("header-names-any-case", apart=_NO_NAMES)
class DateOfUsualNameReplaced(Responder):
    """Always gives its own Date, in the place of the application's when that has the usual name."""

    def head(self, first: bytes) -> bytes:
        self.headers = [(n, v) for n, v in self.headers if n != "Date"]
        self.headers.append(("Date", self.connection.date()))
        return super().head(first)


@breaks("header-names-any-case", apart=_NO_NAMES)
class TypeAddedByUsualName(Responder):
    def head(self, first: bytes) -> bytes:
        if not any(n == "Content-Type" for n, _ in self.headers) and not self.bodiless:
            self.headers.append(("Content-Type", "application/octet-stream"))
        return super().head(first)


@breaks("required-headers-added")
class NeedsContentType(Responder):
    def head(self, first: bytes) -> bytes:
        if not self.has("content-type") and self.status.startswith("200"):
            raise KeyError("Content-Type")
        return super().head(first)


@breaks("date-supplied")
class NoDate(Responder):
    def has(self, name: str) -> bool:
        return name == "date" or super().has(name)


@breaks("server-header-supplied")
class NoServerHeader(Responder):
    def has(self, name: str) -> bool:
        return name == "server" or super().has(name)


@breaks("header-names-any-case")
class CaseMatters(Responder):
    def has(self, name: str) -> bool:
        return any(n == name.title() for n, _ in self.headers)
