"""Broken servers: the Host field."""

from __future__ import annotations

import functools

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base_http import HOST, Refusal, Request, RequestParser
from tests.corpora.servers.parts import PassesOver, Skipped, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

_NO_HOST = ("request-line-malformed-refused", "absolute-form-gives-path-and-query", "repeated-fields-joined")


@breaks("host-missing-refused", apart=(*_NO_HOST, "host-repeated-refused", "host-invalid-refused"))
class HostInvented(RequestParser):
    def check_host(self, request: Request) -> None:
        if not request.all(b"host"):
            request.headers.append((b"host", b"localhost"))
        super().check_host(request)


@breaks("host-missing-refused", apart=(*_NO_HOST, "host-repeated-refused", "host-invalid-refused"))
class NoHostGetsNoAnswer(PassesOver):
    def check_host(self, request: Request) -> None:
        if not request.all(b"host") and request.version >= (1, 1):
            raise Skipped
        super().check_host(request)


@breaks("host-repeated-refused", apart=(*_NO_HOST, "host-missing-refused", "host-invalid-refused"))
class EqualHostsAreOne(RequestParser):
    def check_host(self, request: Request) -> None:
        if len(set(request.all(b"host"))) == 1:
            others = [(n, v) for n, v in request.headers if n != b"host"]
            request.headers = [*others, (b"host", request.all(b"host")[0])]
        super().check_host(request)


@breaks("host-repeated-refused", apart=(*_NO_HOST, "host-missing-refused", "host-invalid-refused"))
class SecondHostGetsNoAnswer(PassesOver):
    def check_host(self, request: Request) -> None:
        if len(request.all(b"host")) > 1:
            raise Skipped
        super().check_host(request)


@breaks("host-invalid-refused", apart=(*_NO_HOST, "host-missing-refused", "host-repeated-refused"))
class UserinfoOfHostDropped(RequestParser):
    def check_host(self, request: Request) -> None:
        request.headers = [(n, v.rpartition(b"@")[2] if n == b"host" else v) for n, v in request.headers]
        super().check_host(request)


@breaks("host-invalid-refused", apart=(*_NO_HOST, "host-missing-refused", "host-repeated-refused"))
class InvalidHostGetsNoAnswer(PassesOver):
    def check_host(self, request: Request) -> None:
        hosts = request.all(b"host")
        if len(hosts) == 1 and not HOST.match(hosts[0]):
            raise Skipped
        super().check_host(request)


@breaks("host-missing-refused")
class NoHostNeeded(RequestParser):
    def check_host(self, request: Request) -> None:
        if request.all(b"host"):
            super().check_host(request)


@breaks("host-missing-refused")
class HostNeededInHttp10(RequestParser):
    def check_host(self, request: Request) -> None:
        super().check_host(request)
        if not request.all(b"host"):
            raise Refusal(400, "Bad Request")


@breaks("host-repeated-refused")
class LastHostCounts(RequestParser):
    def check_host(self, request: Request) -> None:
        hosts = request.all(b"host")
        request.headers = [(n, v) for n, v in request.headers if n != b"host"] + [(b"host", v) for v in hosts[-1:]]
        super().check_host(request)


@breaks("host-invalid-refused")
class AnyHostGoes(RequestParser):
    def check_host(self, request: Request) -> None:
        if len(request.all(b"host")) != 1 and request.version >= (1, 1):
            raise Refusal(400, "Bad Request")
