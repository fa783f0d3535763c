"""Broken servers: how they call the app, and close what it returns."""

from __future__ import annotations

import contextlib
import functools
import io
from typing import Any

from pytest_wsgiconform.engine import TargetError
from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Server
from tests.corpora.servers.base_http import Request
from tests.corpora.servers.base_response import ClientGone, Responder
from tests.corpora.servers.parts import Edited, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- the call --------------------------------------------------------------------------------------


_RESPONSE = ("input-body-complete", "second-start-refused", "content-length-as-sent")


@breaks("app-called-positionally", apart=_RESPONSE)
class CallsByKeyword(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        super().run(lambda environ, start_response: app(environ=environ, start_response=start_response), environ)


_NO_CALL = ("response-chunks-valid", "status-sent-verbatim", "input-body-complete", "second-start-refused")


@breaks("any-callable-served", apart=_NO_CALL)
class ClassesMadeFirst(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        def made(*args: Any) -> Any:
            return app()(*args)

        super().run(made if isinstance(app, type) else app, environ)


@breaks("any-callable-served", apart=_NO_CALL)
class MethodsTakenApart(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        super().run(getattr(app, "__func__", app), environ)


@breaks("any-callable-served", apart=_NO_CALL)
class StartsWithAFunctionOnly(Server):
    def __init__(self, app: Any) -> None:
        if not hasattr(app, "__code__"):
            raise TargetError("the application is not a function")
        super().__init__(app)


@breaks("app-not-introspected")
class AsksForTheCode(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        getattr(app, "__code__", None)
        super().run(app, environ)


@breaks("any-callable-served")
class FunctionsOnly(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        arguments = app.__code__.co_argcount if hasattr(app, "__code__") else 0
        super().run(app if arguments == 2 else None, environ)


@breaks("app-called-once-per-request")
class CallsTwice(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        with contextlib.suppress(Exception):
            rehearsal = app({**environ, "wsgi.input": io.BytesIO()}, lambda *_: lambda data: None)
            list(rehearsal)
            rehearsal.close()
        super().run(app, environ)


@breaks("start-response-takes-positionals", "explicit-none-is-no-exc-info")
class StartTakesTwo(Responder):
    def start_response(self, status: Any, headers: Any, /) -> Any:  # type: ignore[override]
        return super().start_response(status, headers)


@breaks("write-takes-bytes")
class NoWrite(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        super().start_response(status, headers, exc_info)


# -- threads ---------------------------------------------------------------------------------------


@breaks("multithread-flag-true")
class ClaimsOneThread(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["wsgi.multithread"] = False


@breaks("run-once-flag-true")
class ClaimsToRunOnce(Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["wsgi.run_once"] = True


@breaks("middleware-changes-nothing")
class KnowsItsOwnStart(Responder):
    def iterate(self) -> None:
        inner = getattr(self.result, "_result", None)
        if getattr(inner, "__name__", "") == "_through_middleware":
            self.result = []
        super().iterate()


# -- close() ---------------------------------------------------------------------------------------


@breaks("close-on-returned-object")
class ClosesTheIterator(Responder):
    def iterate(self) -> None:
        self.result = iter(self.result)
        super().iterate()


@breaks("close-called-after-error")
class ClosesAfterSuccessOnly(Responder):
    def close(self) -> None:
        import sys

        if sys.exc_info()[0] is None:
            super().close()


@breaks("close-called-after-disconnect")
class ForgetsCloseOnDisconnect(Responder):
    def iterate(self) -> None:
        try:
            super().iterate()
        except ClientGone:
            self.result = []
            raise
