"""Odd servers that keep the clauses: what they refuse, and how."""

from __future__ import annotations

import functools
import re
from typing import ClassVar

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, Server
from tests.corpora.servers.base_http import HOST, Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import Skipped, server_of

corpus = Corpus(__name__)
conforms = functools.partial(corpus.program, wrap=server_of)


@conforms()
class RefusesUnderscores(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if b"_" in line.partition(b":")[0]:
            raise Refusal(400, "Bad Request")
        super().add_header(found, line)


@conforms()
class WantsALength(RequestParser):
    """Takes no body without a length, chunked or not."""

    def framing(self, request: Request) -> None:
        super().framing(request)
        if request.length is None and request.method == b"POST":
            raise Refusal(411, "Length Required")


@conforms()
class EndsChunkLinesAtLf(RequestParser):
    """Takes a lone LF for the end of a line in chunks: another rule's matter while nothing else runs for it."""

    def chunked_body(self) -> bytes:
        self.strip_end = lambda line: line.rstrip(b"\r\n")  # type: ignore[method-assign]
        try:
            return super().chunked_body()
        finally:
            del self.strip_end


@conforms()
class RefusesByClosing(Connection):
    def refuse(self, refusal: Refusal) -> None: ...


@conforms()
class RefusesTrailers(RequestParser):
    def chunked_body(self) -> bytes:
        body = super().chunked_body()
        if self.last_fields:
            raise Refusal(400, "Bad Request")
        return body

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.last_fields = super().headers()
        return self.last_fields


@conforms()
class ClosesAfterTrailers(Server):
    class parser_class(RequestParser):
        trailers: ClassVar[list[tuple[bytes, bytes]]] = []

        def headers(self) -> list[tuple[bytes, bytes]]:
            self.last_fields = super().headers()
            return self.last_fields

    class responder_class(Responder):
        def __init__(self, connection: Connection, request: Request) -> None:
            super().__init__(connection, request)
            if request.chunked and getattr(connection.parser, "last_fields", None):
                self.keep = False


@conforms()
class KeepsOpenAfterRefusal(Server):
    """Goes on after a request that is wrong, and whose end is clear all the same."""

    class parser_class(RequestParser):
        def check_host(self, request: Request) -> None:
            hosts = request.all(b"host")
            if request.version >= (1, 1) and not (len(hosts) == 1 and HOST.match(hosts[0])):
                raise Skipped
            super().check_host(request)

    class connection_class(Connection):
        def one(self) -> bool:
            try:
                return super().one()
            except Skipped:
                self.send(f"HTTP/1.1 400 Bad Request\r\nDate: {self.date()}\r\nContent-Length: 0\r\n\r\n".encode())
                return True


@conforms()
class TrailersRefused(RequestParser):
    """Answers trailers with 400, before the application is called."""

    in_chunks = False

    def chunked_body(self) -> bytes:
        self.in_chunks = True
        try:
            return super().chunked_body()
        finally:
            self.in_chunks = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        found = super().headers()
        if found and self.in_chunks:
            raise Refusal(400, "Bad Request")
        return found


@conforms()
class BlankInTargetRedirected(RequestParser):
    """Sends the client to the target with its blanks encoded (RFC 9112 section 3)."""

    def request_line(self, line: bytes) -> Request:
        if re.fullmatch(rb"[A-Z]+ [^ ]+ .+ HTTP/1\.[01]", line):
            raise Refusal(301, "Moved Permanently")
        return super().request_line(line)
