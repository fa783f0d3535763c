"""Broken middleware: wsgi.input, wsgi.errors and files."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, around_body, around_environ

corpus = Corpus(__name__)
broken = corpus.program
body_breaks = functools.partial(corpus.program, wrap=around_body)
environ_breaks = functools.partial(corpus.program, wrap=around_environ)

# -- streams ---------------------------------------------------------------------------------------


@broken("inner-error-not-hidden")
def errors_end_the_body_quietly(app: App) -> App:
    class Swallowing(Body):
        def __iter__(self) -> Iterator[bytes]:
            with contextlib.suppress(Exception):
                yield from self.inner

    return lambda environ, start_response: Swallowing(app(environ, start_response))


@broken("input-methods-work")
def body_limit_with_read_only(app: App) -> App:
    class Limited:
        def __init__(self, stream: Any) -> None:
            self.read = stream.read

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["wsgi.input"] = Limited(environ["wsgi.input"])
        return app(environ, start_response)

    return middleware


@broken("input-gives-bytes")
def body_decoded_for_the_app(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.StringIO(environ["wsgi.input"].read(length).decode("latin-1"))
        return app(environ, start_response)

    return middleware


@broken("input-not-closed")
def input_closed_at_the_end(app: App) -> App:
    class Closing(Body):
        stream: Any = None

        def close(self) -> None:
            super().close()
            self.stream.close()

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        body = Closing(app(environ, start_response))
        body.stream = environ["wsgi.input"]
        return body

    return middleware


@broken("errors-gets-text")
def log_of_bytes(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["wsgi.errors"].write(b"%s\n" % environ.get("PATH_INFO", "").encode())
        return app(environ, start_response)

    return middleware


class _ReadOnly:
    def __init__(self, stream: Any) -> None:
        self.read = stream.read


@environ_breaks("input-methods-work")
def input_can_only_read(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = _ReadOnly(environ["wsgi.input"])


@environ_breaks("input-methods-work")
def input_is_an_iterator(environ: dict[str, Any]) -> None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = iter([environ["wsgi.input"].read(length)])


class _TextOnly:
    def __init__(self, stream: Any) -> None:
        self.write, self.flush = stream.write, stream.flush


@environ_breaks("errors-methods-work")
def errors_has_no_writelines(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = _TextOnly(environ["wsgi.errors"])


@environ_breaks("errors-methods-work")
def errors_is_binary(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"] = io.BytesIO()


@environ_breaks("input-gives-bytes")
def input_gives_text(environ: dict[str, Any]) -> None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.StringIO(environ["wsgi.input"].read(length).decode("latin-1"))


@body_breaks("inner-error-not-hidden")
def errors_end_the_page(body: Any) -> Any:
    import contextlib

    with contextlib.suppress(Exception):
        yield from body


@broken("inner-error-not-hidden")
def errors_become_an_empty_page(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        try:
            return app(environ, start_response)
        except LookupError:
            start_response("204 No Content", [], sys.exc_info())
            return []

    return middleware


# -- files -----------------------------------------------------------------------------------------


@broken("file-wrapper-takes-file-and-size")
def file_wrapper_of_one_argument(app: App) -> App:
    """Puts its own file wrapper there, which knows nothing of block sizes."""

    def wrap(filelike: Any) -> Iterator[bytes]:
        yield from iter(functools.partial(filelike.read, 8192), b"")

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        environ["wsgi.file_wrapper"] = wrap
        return app(environ, start_response)

    return middleware


@environ_breaks("file-wrapper-takes-file-and-size")
def file_wrapper_by_keyword(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = lambda file, *, size=4096: iter(lambda: file.read(size), b"")


@environ_breaks("file-wrapper-takes-file-and-size")
def file_wrapper_that_needs_a_size(environ: dict[str, Any]) -> None:
    environ["wsgi.file_wrapper"] = lambda file, size: iter(lambda: file.read(size), b"")
