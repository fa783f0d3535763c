"""What a middleware keeps between requests.

Sources: PEP 3333, "The Application/Framework Side" and "The start_response() Callable".
"""

from __future__ import annotations

from typing import Any

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, MiddlewareRun
from ..registry import middleware_rule

SECTION = "middleware"


@middleware_rule(
    id="response-made-each-time",
    level=Level.ERROR,
    clauses=("call-app-repeatable", "mw-both-sides"),
    stimuli=("repeated",),
    hint="Keep the bytes of a response, not the iterable: an iterable may be used up, and is closed, with its request.",
    since="0.1",
)
def response_made_each_time(run: MiddlewareRun) -> Outcome:
    """A middleware answers the same request again as it did the first time.

    Toward the server it is an application, which is called for one request after another (PEP 3333, "The
    Application/Framework Side"). One that keeps an inner app's iterable to use it again, as a cache may want to, hands
    out a body that is used up and closed.
    """
    first = run.crossing("first")
    if first is None or not first.outer.complete or not first.outer.size or (first.outer.code or 0) >= 300:
        return None
    for label in ("second", "third"):
        crossing = run.crossing(label)
        lost = _lost(crossing, first) if crossing is not None else None
        if lost is not None:
            return fault(f"the {label} request, equal to the first, {lost}", exchange=label)
    return HELD


def _lost(crossing: Crossing, first: Crossing) -> str | None:
    """Say what is wrong with a later response, ``None`` for nothing; another status is an answer of its own."""
    error = crossing.outer.error
    if error is not None:
        return f"ended in {error.type}: {error.message}"
    if crossing.outer.complete and crossing.outer.code == first.outer.code and not crossing.outer.size:
        return f"got {crossing.outer.status} and an empty body instead of {first.outer.size} bytes"
    return None


@response_made_each_time.bad
def _(app):
    kept: dict[Any, Any] = {}

    def middleware(environ, start_response):
        if environ["REQUEST_METHOD"] != "GET":
            return app(environ, start_response)
        key = environ["PATH_INFO"], environ["QUERY_STRING"]
        if key not in kept:
            started: list[Any] = []

            def start(*args):
                started[:] = args[:2]
                return start_response(*args)

            body = app(environ, start)
            if started:
                kept[key] = (*started, body)
            return body
        status, headers, body = kept[key]
        start_response(status, list(headers))
        return body

    return middleware


@response_made_each_time.good
def _(app):
    kept: dict[Any, Any] = {}

    def middleware(environ, start_response):
        if environ["REQUEST_METHOD"] != "GET":
            return app(environ, start_response)
        key = environ["PATH_INFO"], environ["QUERY_STRING"]
        if key not in kept:
            started: list[Any] = []

            def start(*args):
                started[:] = args[:2]
                return start_response(*args)

            body = app(environ, start)
            if started and type(body) is list:
                kept[key] = (started[0], list(started[1]), list(body))
            return body
        status, headers, body = kept[key]
        start_response(status, list(headers))
        return list(body)

    return middleware


@middleware_rule(
    id="exc-info-not-kept-by-middleware",
    section="start-response",
    level=Level.WARNING,
    clauses=("exc-no-reference",),
    stimuli=("exc-info-kept",),
    hint="Pass exc_info on and forget it; to remember an error, keep its text.",
    since="0.1",
)
def exc_info_not_kept_by_middleware(run: MiddlewareRun) -> Outcome:
    """A middleware's start_response keeps nothing of exc_info once the request is over.

    The traceback holds every frame of the request, and all that is in them, for as long as somebody keeps it (PEP 3333,
    "The start_response() Callable"). Looked at after the response is closed and the garbage collector has run, with the
    middleware still in use.
    """
    crossing = run.crossing("replaced")
    inner = crossing.inner if crossing is not None else None
    if inner is None or "error_kept" not in inner.facts:
        return None
    if inner.facts["error_kept"]:
        return fault(
            "the exception that was passed to start_response is still alive after the response",
            expected="nothing refers to it any more",
            location=inner.called_at,
            exchange="replaced",
        )
    return HELD


@exc_info_not_kept_by_middleware.bad
def _(app):
    errors: list[Any] = []

    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if exc_info:
                errors[:] = [exc_info]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@exc_info_not_kept_by_middleware.good
def _(app):
    errors: list[Any] = []

    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if exc_info:
                errors[:] = [repr(exc_info[1])]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware
