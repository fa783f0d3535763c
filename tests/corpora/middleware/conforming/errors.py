"""Conforming middleware: error pages, retries and reports."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Wrapped, around_start, close

corpus = Corpus(__name__)
correct = corpus.program


@correct()
def error_page(app: App) -> App:
    def page(environ: Any, start_response: Any) -> Any:
        traceback.print_exc(file=environ["wsgi.errors"])
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"something went wrong\n"]

    def middleware(environ: Any, start_response: Any) -> Any:
        try:
            body = app(environ, start_response)
        except Exception:
            return page(environ, start_response)

        def steps(body: Any) -> Any:
            try:
                yield from body
            except Exception:
                yield from page(environ, start_response)

        return Wrapped(body, steps)

    return middleware


@correct()
def error_log(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        def steps(body: Any) -> Any:
            try:
                yield from body
            except Exception:
                traceback.print_exc(file=environ["wsgi.errors"])
                raise

        try:
            return Wrapped(app(environ, start_response), steps)
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            raise

    return middleware


@correct()
def error_reporter_by_exc_info(app: App) -> App:
    def change(start_response: Any, environ: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            if exc_info:
                print(f"reported: {exc_info[0].__name__}", file=environ["wsgi.errors"])
            return start_response(status, headers, exc_info)

        return start

    return around_start(change)(app)


@correct()
def exc_info_is_raised(app: App) -> App:
    def change(start_response: Any, environ: Any) -> Any:
        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            if exc_info:
                raise exc_info[1].with_traceback(exc_info[2])
            return start_response(status, headers)

        return start

    return around_start(change)(app)


@correct()
def transaction(app: App) -> App:
    class Committing(Wrapped):
        def __init__(self, body: Any, environ: Any) -> None:
            super().__init__(body, self.watch)
            self.environ, self.failed = environ, False

        def watch(self, body: Any) -> Any:
            try:
                yield from body
            except Exception:
                self.failed = True
                raise

        def close(self) -> None:
            try:
                super().close()
            finally:
                self.environ["wsgi.errors"].write("rollback\n" if self.failed else "commit\n")

    return lambda environ, start_response: Committing(app(environ, start_response), environ)


class _Guarded:
    """Turns a failure into a page as long as the server can still take one."""

    def __init__(self, app: App, environ: dict[str, Any], start_response: App) -> None:
        self.app, self.environ, self.start_response = app, environ, start_response
        self.body: Any = None

    def page(self) -> list[bytes]:
        content = b"<h1>Something went wrong</h1>"
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(content)))]
        # Raises again when the headers are gone: then the response is cut short, and the client can tell.
        self.start_response("500 Internal Server Error", headers, sys.exc_info())
        return [] if self.environ["REQUEST_METHOD"] == "HEAD" else [content]

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.body
        except Exception:
            yield from self.page()

    def close(self) -> None:
        close(self.body)


@correct()
def error_page_by_a_guard(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        guarded = _Guarded(app, environ, start_response)
        try:
            guarded.body = app(environ, start_response)
        except Exception:
            return guarded.page()
        return guarded

    return middleware


@correct()
def retry_once(app: App) -> App:
    """Tries a request without a body again, if the app failed before it started a response."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        started = False

        def start(*args: Any) -> Any:
            nonlocal started
            started = True
            return start_response(*args)

        fresh = dict(environ)
        try:
            return app(environ, start)
        except OSError:
            if started or environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ.get("CONTENT_LENGTH"):
                raise
        return app(fresh, start_response)

    return middleware


class _Reporting:
    def __init__(self, body: Any, seen: list[str]) -> None:
        self.body, self.seen = body, seen

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self.body:  # noqa: UP028  # "yield from" would close the iterator too
                yield block
        except Exception as error:
            self.seen.append(repr(error))
            raise

    def close(self) -> None:
        try:
            close(self.body)
        except Exception as error:
            self.seen.append(repr(error))
            raise


@correct()
def reporter_of_errors(app: App) -> App:
    """Sees every exception, tells of it, and lets it go on."""
    seen: list[str] = []

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        try:
            body = app(environ, start_response)
        except BaseException as error:
            seen.append(repr(error))
            raise
        return _Reporting(body, seen)

    return middleware
