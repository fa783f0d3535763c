"""Broken middleware: errors hidden, and answers of its own."""

from __future__ import annotations

import functools
import io
import itertools
import zlib
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, Wrapped, around_body, around_environ, close

corpus = Corpus(__name__)
broken = corpus.program
body_breaks = functools.partial(corpus.program, wrap=around_body)
environ_breaks = functools.partial(corpus.program, wrap=around_environ)


@broken("changed-body-has-its-length")
def gzip_with_the_old_length(app: App) -> App:
    """The compressor is right; Content-Length is that of the text."""

    class Compressed(Body):
        def __iter__(self) -> Iterator[bytes]:
            squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
            for block in self.inner:
                yield squeeze.compress(block)
            yield squeeze.flush()

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        if environ["REQUEST_METHOD"] == "HEAD" or "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", "gzip"):
            return app(environ, start_response)
        plain = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            plain.append(status[:3] not in ("204", "304"))
            extra = [("Content-Encoding", "gzip")] if plain[-1] else []
            return start_response(status, headers + extra, exc_info)

        body = app(environ, start)
        return Compressed(body) if plain and plain[-1] else body

    return middleware


@broken("request-body-passed-on")
def body_recorded_and_gone(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["independent.body"] = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return app(environ, start_response)

    return middleware


@environ_breaks("request-body-passed-on")
def form_is_parsed_and_gone(environ: dict[str, Any]) -> None:
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        environ["form.fields"] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).split(b"&")


@environ_breaks("request-body-passed-on")
def body_is_cut_at_a_limit(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), 1000)))


@environ_breaks("environ-offers-functions")
def host_is_precomputed(environ: dict[str, Any]) -> None:
    environ["site.base"] = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}/"


@environ_breaks("environ-offers-functions")
def query_is_precomputed(environ: dict[str, Any]) -> None:
    environ["query.parts"] = tuple(environ.get("QUERY_STRING", "").split(";"))


@broken("changed-body-has-its-length")
def lines_are_doubled(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return Wrapped(app(environ, start_response), lambda body: (block.replace(b"l", b"ll") for block in body))

    return middleware


@body_breaks("changed-body-has-its-length")
def spaces_are_squeezed(body: Any) -> Any:
    return (block.replace(b"o ", b"o") for block in body)


@broken("close-forwarded")
def returns_a_bare_generator(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        return (block for block in app(environ, start_response))

    return middleware


@broken("close-forwarded")
def close_is_swallowed(app: App) -> App:
    class Silent(Wrapped):
        def close(self) -> None:
            self.body = None

    return lambda environ, start_response: Silent(app(environ, start_response), iter)


@broken("write-only-for-written")
def whole_body_is_written(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        writes: list[Any] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            writes[:] = [start_response(status, headers, exc_info)]
            return writes[0]

        body = app(environ, start)
        try:
            data = b"".join(body)
        finally:
            close(body)
        if data:
            writes[0](data)
        return ()

    return middleware


@broken("write-only-for-written")
def first_block_is_written(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        writes: list[Any] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            writes[:] = [start_response(status, headers, exc_info)]
            return writes[0]

        body = app(environ, start)
        blocks = iter(body)
        try:
            for block in itertools.islice(blocks, 1):
                writes[0](block)
        except BaseException:
            close(body)
            raise
        return Wrapped(body, lambda _: blocks)

    return middleware
