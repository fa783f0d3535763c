"""Broken servers: environ."""

from __future__ import annotations

import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection, Server
from tests.corpora.servers.base_http import Request, RequestParser
from tests.corpora.servers.base_response import Responder
from tests.corpora.servers.parts import Edited, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- variables -------------------------------------------------------------------------------------


@breaks("request-method-as-sent")
class MethodUnknownIsGet(RequestParser):
    def method(self, token: bytes) -> bytes:
        return token if token in (b"GET", b"HEAD", b"POST", b"OPTIONS") else b"GET"


@breaks("path-info-is-rest-of-path", "url-can-be-rebuilt")
class PathNotDecoded(Connection):
    def path_info(self, request: Request) -> str:
        return request.path.decode("latin-1")


@breaks("path-info-is-rest-of-path", "environ-text-gives-bytes-back")
class PathDecodedAsUtf8(Connection):
    def path_info(self, request: Request) -> str:
        from urllib.parse import unquote

        return unquote(request.path.decode("latin-1"))


@breaks("path-info-is-rest-of-path")
class PlusIsBlank(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).replace("+", " ")


@breaks("query-string-as-sent")
class QueryDecoded(Connection):
    def query_string(self, request: Request) -> str:
        from urllib.parse import unquote

        return unquote(super().query_string(request))


@breaks("query-string-as-sent")
class QuerySplitAtLastMark(RequestParser):
    def split_target(self, request: Request) -> None:
        super().split_target(request)
        request.query = request.query.rpartition(b"?")[2]


@breaks("content-type-as-sent")
class ContentTypeWithoutParameters(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if "CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = environ["CONTENT_TYPE"].partition(";")[0]


@breaks("content-length-as-sent")
class ContentLengthMissing(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ.pop("CONTENT_LENGTH", None)


@breaks("server-address-names-listener")
class PortIsAlwaysEighty(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["SERVER_PORT"] = "80"


@breaks("server-address-names-listener")
class NameIsNoHost(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["SERVER_NAME"] = "Base Server/1.0"


@breaks("server-protocol-is-request-version")
class ProtocolIsServersOwn(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["SERVER_PROTOCOL"] = "HTTP/1.1"


# -- header fields ---------------------------------------------------------------------------------


@breaks("request-headers-passed-on")
class HyphensKept(Connection):
    def variable(self, name: bytes) -> str:
        return super().variable(name) if name.count(b"-") < 2 else "HTTP_" + name.decode().upper()


@breaks("request-headers-passed-on")
class RefererDropped(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ.pop("HTTP_REFERER", None)


@breaks("request-header-values-as-sent")
class BlanksCollapsed(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, " ".join(value.split()))


@breaks("no-invented-request-headers")
class InventedProxyHeader(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["HTTP_PROXY"] = "http://127.0.0.1:3128"


@breaks("url-scheme-is-clients")
class SchemeFromHeader(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["wsgi.url_scheme"] = "https"


@breaks("environ-text-gives-bytes-back")
class HeadersDecodedAsUtf8(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, value.encode("latin-1").decode("utf-8", "replace"))


@breaks("environ-fresh-per-request")
class EnvironReused(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        self.shared: dict[str, Any] = getattr(self, "shared", {})
        fresh = super().environ(request)
        self.shared.update(fresh)
        return self.shared


@breaks("deployer-variables-reach-app")
class NothingDeployed(Server):
    deployed = {}  # noqa: RUF012 - the base's annotation says what it is


@breaks("unknown-environ-keys-harmless")
class KnowsItsOwnKeysOnly(Responder):
    """Logs the request from environ when the app has returned, and fails at a value that is no text."""

    def run(self, app: Any, environ: dict[str, Any]) -> None:
        def logged(environ: dict[str, Any], start_response: Any) -> Any:
            own = set(environ)
            result = app(environ, start_response)
            self.line = " ".join(environ[key] for key in environ if key not in own)
            return result

        super().run(logged, environ)
