"""Broken middleware: how it calls, replaces and answers start_response."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, Body, Deferred, Wrapped, around_start, close

corpus = Corpus(__name__)
broken = corpus.program
start_breaks = functools.partial(corpus.program, wrap=around_start)

# -- start_response --------------------------------------------------------------------------------


@broken("start-response-returns-write")
def no_write_at_all(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@broken("start-response-takes-exc-info")
def session_without_room_for_errors(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def set_cookie(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", "sid=1")])

        return app(environ, set_cookie)

    return middleware


@broken("start-response-called-once")
def session_that_drops_the_error(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def set_cookie(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", "sid=1")])

        return app(environ, set_cookie)

    return middleware


@broken("start-response-arguments-positional")
def started_by_keyword(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status=status, headers=headers, exc_info=exc_info)

        return app(environ, start)

    return middleware


@broken("start-response-called-once")
def error_page_started_again(app: App) -> App:
    """The page is started without exc_info."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        try:
            return app(environ, start_response)
        except Exception:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"sorry"]

    return middleware


@broken("exc-info-error-not-trapped")
def error_page_after_the_headers(app: App) -> App:
    """Goes on with its page when the server says that it is too late."""

    class Late(Body):
        start: App

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from iter(self.inner)
            except Exception:
                with contextlib.suppress(Exception):
                    self.start("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
                yield b"sorry"

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        late = Late(app(environ, start_response))
        late.start = start_response
        return late

    return middleware


@broken("start-response-called-once")
def retried_after_a_start(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        for _ in range(2):
            with contextlib.suppress(Exception):
                return app(environ, start_response)
        return app(environ, start_response)

    return middleware


@start_breaks("start-response-takes-exc-info")
def keyword_only_exc_info(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, *, exc_info: Any = None) -> Any:
        return start_response(status, headers, exc_info)

    return start


@start_breaks("start-response-takes-exc-info")
def lambda_of_two(start_response: Any, environ: Any) -> Any:
    return lambda status, headers: start_response(status, list(headers))


@start_breaks("exc-info-none-is-no-exc-info")
def unpacks_any_third_argument(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, *more: Any) -> Any:
        if more:
            _kind, _error, _trace = more[0]
        return start_response(status, headers, *more)

    return start


@start_breaks("exc-info-none-is-no-exc-info")
def counts_the_arguments(start_response: Any, environ: Any) -> Any:
    def start(*args: Any) -> Any:
        if len(args) == 3:
            return start_response("502 Bad Gateway", args[1], args[2])
        return start_response(*args)

    return start


@start_breaks("first-call-may-have-exc-info")
def errors_become_ok(start_response: Any, environ: Any) -> Any:
    calls: list[Any] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        first = not calls
        calls.append(status)
        return start_response("200 OK" if first and exc_info else status, headers, exc_info)

    return start


@start_breaks("first-call-may-have-exc-info")
def first_call_is_redirected(start_response: Any, environ: Any) -> Any:
    calls: list[Any] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        calls.append(status)
        return start_response("203 Changed" if len(calls) == 1 and exc_info else status, headers, exc_info)

    return start


@start_breaks("error-page-has-its-own-status")
def first_status_wins(start_response: Any, environ: Any) -> Any:
    statuses: list[str] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        statuses.append(status)
        return start_response(statuses[0], headers, exc_info)

    return start


@start_breaks("error-page-has-its-own-status")
def headers_pile_up(start_response: Any, environ: Any) -> Any:
    kept: list[Any] = []

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        kept.extend(pair for pair in headers if pair[0] not in dict(kept))
        return start_response(status, list(kept), exc_info)

    return start


@start_breaks("exc-info-error-not-trapped")
def every_second_error_is_ignored(start_response: Any, environ: Any) -> Any:
    import contextlib

    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        if not exc_info:
            return start_response(status, headers)
        with contextlib.suppress(Exception):
            return start_response(status, headers, exc_info)
        return print

    return start


@start_breaks("exc-info-error-not-trapped")
def errors_become_a_dummy_write(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        try:
            write = start_response(status, headers, exc_info)
        except BaseException:
            if exc_info is None:
                raise
            write = io.BytesIO().write
        return write

    return start


@start_breaks("start-response-returns-write")
def returns_nothing(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> None:
        start_response(status, headers, exc_info)

    return start


@start_breaks("start-response-arguments-positional")
def start_called_by_keyword(start_response: Any, environ: Any) -> Any:
    return lambda status, headers, exc_info=None: start_response(status, headers, exc_info=exc_info)


# -- when it is called -----------------------------------------------------------------------------


class _Overwriting(Deferred):
    def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        self.begun = False
        return super().__call__(status, headers, exc_info)


def _deferring(kind: type[Deferred]) -> Callable[[App], App]:
    def factory(app: App) -> App:
        def middleware(environ: Any, start_response: Any) -> Any:
            deferred = kind(start_response)
            return Wrapped(app(environ, deferred), lambda body: steps(body, deferred))

        def steps(body: Any, deferred: Deferred) -> Any:
            for block in body:
                deferred.send()
                written = b"".join(deferred.written)
                deferred.written.clear()
                yield written + block
            deferred.send()

        return middleware

    return factory


corpus.add("second_call_overwrites", lambda: _deferring(_Overwriting), "second-start-is-fatal")


class _FirstWins(Deferred):
    def __call__(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        if self.begun and not exc_info:
            return self.written.append
        return super().__call__(status, headers, exc_info)


corpus.add("second_call_is_ignored", lambda: _deferring(_FirstWins), "second-start-is-fatal")
corpus.add("waits_for_the_first_block", lambda: _deferring(Deferred), "header-errors-come-early")


@start_breaks("header-errors-come-early")
def bad_headers_are_left_out(start_response: Any, environ: Any) -> Any:
    def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
        if any("\n" in value for _, value in headers):
            return print
        return start_response(status, headers, exc_info)

    return start


@broken("lazy-start-accepted")
def status_is_asserted(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        seen: dict[str, Any] = {}

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            seen["status"] = status
            return start_response(status, headers, exc_info)

        body = app(environ, start)
        if "status" not in seen:
            close(body)
            raise ValueError("the application did not call start_response")
        return body

    return middleware


@broken("lazy-start-accepted")
def answers_itself_without_a_status(app: App) -> App:
    def middleware(environ: Any, start_response: Any) -> Any:
        seen: list[str] = []

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            seen.append(status)
            return start_response(status, headers, exc_info)

        body = app(environ, start)
        if not seen:
            close(body)
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"the application did not start"]
        return body

    return middleware
