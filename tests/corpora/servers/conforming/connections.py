"""Odd servers that keep the clauses: connections."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, Server
from tests.corpora.servers.base_http import Request
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import Edited, server_of

corpus = Corpus(__name__)
conforms = functools.partial(corpus.program, wrap=server_of)


@conforms()
class ClosesAlways(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        self.keep = False


@conforms()
class AnswersAsHttp10(Responder):
    def __init__(self, connection: Connection, request: Request) -> None:
        super().__init__(connection, request)
        request.version = (1, 0)
        self.keep = False

    def head(self, first: bytes) -> bytes:
        return super().head(first).replace(b"HTTP/1.1", b"HTTP/1.0", 1)


@conforms()
class ForgetsWhatWasPipelined(Connection):
    """Takes one request at a time: what came behind it is lost, and the connection stays open."""

    def one(self) -> bool:
        again = super().one()
        self.reader.buffer.clear()
        return again


@conforms()
class OneConnectionAtATime(Server):
    def dispatch(self, sock: Any, address: Any) -> None:
        self.serve(sock, address)


@conforms()
class NumberForEachConnection(Edited):
    count = 0

    def edit(self, environ: dict[str, Any], request: Request) -> None:
        type(self).count += 1
        environ["HTTP_X_REQUEST_ID"] = str(self.count)
