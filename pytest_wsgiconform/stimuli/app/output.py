"""Servers that are particular in how they take a response."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...wsgiref.util import FileWrapper
from .model import Stage, Stimulus


class CountingFileWrapper(FileWrapper):
    """A file wrapper of the plainest kind that counts how often it was used."""

    uses: list[Any]

    def __init__(self, filelike: Any, block_size: int = 8192, /) -> None:
        self.uses.append(None)
        super().__init__(filelike, block_size)


def _file_wrapper(stage: Stage) -> None:
    uses: list[Any] = []
    wrapper = type("FileWrapper", (CountingFileWrapper,), {"uses": uses})
    stage.compare(
        ("with", lambda: stage.environ(extra={"wsgi.file_wrapper": wrapper})),
        ("without", stage.environ),
    )
    stage.run.facts["wrapped"] = len(uses)


def _cut(stage: Stage) -> None:
    stage.play("whole")
    stage.play("cut after one", take=1)
    stage.play("after the first cut")
    stage.play("cut before any", take=0)
    stage.play("after the second cut")


def _slow(stage: Stage) -> None:
    stage.play("slow", pause=0.002)


def _write_fails(stage: Stage) -> None:
    gone = BrokenPipeError(32, "the client closed the connection")
    stage.play("write fails", judged=False, write_error=gone)
    stage.play("after")


#: What the server leaves in the header list that it was given.
MARKER = ("X-Wsgiconform-Marker", "left by the server")


def _headers_taken(stage: Stage) -> None:
    def takes_the_list(start_response: Callable[..., Any]) -> Callable[..., Any]:
        def taking(status: Any, headers: Any, exc_info: Any = None, /) -> Any:
            try:
                given = list(headers) if type(headers) is list else headers
                write = start_response(status, given, *(() if exc_info is None else (exc_info,)))
            finally:
                exc_info = None
            if type(headers) is list:
                headers[:] = [MARKER]
            return write

        return taking

    stage.play("first", start_wrapper=takes_the_list)
    # An app that keeps the list now gives ours: that is its one fault, not what is missing in it.
    stage.play("second", start_wrapper=takes_the_list, judged=False)
    stage.play("third", judged=False)


class IdentityMiddleware:
    """Wraps everything and changes nothing: the middleware that PEP 3333 says needs no special support."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app, self.calls = app, 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1

        def starting(status: Any, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], Any]:
            try:
                write = start_response(status, headers, *(() if exc_info is None else (exc_info,)))
            finally:
                exc_info = None
            return lambda data, /: write(data)

        return _IdentityIterable(self.app(environ, starting))


class _IdentityIterable:
    def __init__(self, inner: Iterable[bytes]) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        yield from self._inner

    def close(self) -> None:
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()


def _wrapped(stage: Stage) -> None:
    middleware = IdentityMiddleware(stage.app)
    stage.compare(("plain", stage.environ), ("wrapped", stage.environ), variant_behaviour={"app": middleware})
    stage.run.facts["wrapped_calls"] = middleware.calls


OUTPUT: tuple[Stimulus, ...] = (
    Stimulus("file-wrapper", "wsgi.file_wrapper offered, and absent", _file_wrapper),
    Stimulus("cut-short", "responses closed after the first item and before it, then another request", _cut),
    Stimulus("slow-client", "a client that takes its time between items", _slow),
    Stimulus("write-fails", "a write() that raises because the client has gone", _write_fails),
    Stimulus("header-list-taken", "a server that empties the header list it was given", _headers_taken),
    Stimulus("wrapped", "the app inside a middleware that does nothing", _wrapped),
)
