"""What the servers of the corpora are made of: the base server with one of its parts exchanged."""

from __future__ import annotations

from typing import Any

from tests.corpora.servers.base import Connection, ErrorStream, FileWrapper, InputStream, Server
from tests.corpora.servers.base_http import Request, RequestParser
from tests.corpora.servers.base_response import Responder

_PARTS: dict[type, str] = {
    RequestParser: "parser_class",
    Connection: "connection_class",
    Responder: "responder_class",
    InputStream: "input_class",
    ErrorStream: "errors_class",
    FileWrapper: "file_wrapper_class",
}


def server_of(part: type) -> type[Server]:
    """Return *part* when it is a server, else a server that uses it in place of the base's own."""
    if issubclass(part, Server):
        return part
    attribute = next(name for base, name in _PARTS.items() if issubclass(part, base))
    return type(part.__name__, (Server,), {attribute: part})


class Skipped(Exception):
    """The request gets no answer, and the next one is taken."""


class PassesOver(RequestParser):
    """Takes the next request when a check raises :class:`Skipped`."""

    def next(self) -> Request | None:
        while True:
            try:
                return super().next()
            except Skipped:
                continue


class Folds(RequestParser):
    """Takes a continuation line, and does with it what :meth:`fold` says."""

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] in b" \t" and found:
            self.fold(found, line)
        else:
            super().add_header(found, line)

    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, value = found[-1]
        found[-1] = (name, (value + b" " + line.strip(b" \t")).strip(b" "))


class Edited(Connection):
    """Changes environ by :meth:`edit`."""

    def edit(self, environ: dict[str, Any], request: Request) -> None: ...

    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        self.edit(environ, request)
        return environ
