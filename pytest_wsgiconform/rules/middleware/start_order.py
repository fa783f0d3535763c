"""A middleware and the order of start_response: one call, as late as the app likes, checked at once."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, MiddlewareRun
from ..registry import middleware_rule
from .general import together
from .start import works_with

SECTION = "start-response"


@middleware_rule(
    id="second-start-is-fatal",
    level=Level.ERROR,
    clauses=("start-second-call-fatal", "start-second-after-failed-first"),
    stimuli=("starts",),
    hint="Raise when start_response is called again without exc_info, or pass each call on as it comes.",
    since="0.1",
)
def second_start_is_fatal(run: MiddlewareRun) -> Outcome:
    """A second start_response call without exc_info fails, even when the first one was refused.

    It is a fatal error of the application (PEP 3333, "The start_response() Callable"). A middleware that keeps the
    status for later and lets the second call overwrite it hides the error that every server would show.
    """
    return together([_second_start(run.crossing(label)) for label in ("twice", "after-refused")])


def _second_start(crossing: Crossing | None) -> Outcome:
    if crossing is None or crossing.inner is None or len(crossing.inner.starts) < 2:
        return None
    first, second = crossing.inner.starts[:2]
    if crossing.label == "after-refused" and first.raised is None:
        return None  # the middleware keeps the headers until later, and they were never refused
    if second.raised is None and crossing.outer.complete and (crossing.outer.code or 0) < 500:
        again = "after a refused one" if first.raised else "without exc_info"
        message = f"a second start_response call {again} was accepted, and {crossing.outer.status} went out"
        return fault(message, exchange=crossing.label)
    return HELD


@second_start_is_fatal.bad
def _(app):
    def middleware(environ, start_response):
        calls: list[tuple[object, ...]] = []
        written: list[bytes] = []

        def start(*args):
            calls[:] = [args]
            return written.append

        def blocks():
            body = app(environ, start)
            try:
                for block in body:
                    if calls:
                        start_response(*calls.pop())
                    yield b"".join(written) + block
                    written.clear()
                if calls:
                    start_response(*calls.pop())
                yield b"".join(written)
            finally:
                if hasattr(body, "close"):
                    body.close()

        return blocks()

    return middleware


@second_start_is_fatal.good
def _(app):
    def middleware(environ, start_response):
        calls: list[tuple[object, ...]] = []
        written: list[bytes] = []
        begun: list[bool] = []

        def start(status, headers, exc_info=None):
            if begun and not exc_info:
                raise RuntimeError("start_response was called twice without exc_info")
            begun.append(True)
            calls[:] = [(status, headers, exc_info)]
            return written.append

        def blocks():
            body = app(environ, start)
            try:
                for block in body:
                    if calls:
                        start_response(*calls.pop())
                    yield b"".join(written) + block
                    written.clear()
                if calls:
                    start_response(*calls.pop())
                yield b"".join(written)
            finally:
                if hasattr(body, "close"):
                    body.close()

        return blocks()

    return middleware


@middleware_rule(
    id="lazy-start-accepted",
    level=Level.ERROR,
    clauses=("start-lazy-ok",),
    stimuli=("lazy",),
    hint="Don't use the status before the inner app has called start_response; a generator does so at its first step.",
    explains=("start-response-called",),
    since="0.1",
)
def lazy_start_accepted(run: MiddlewareRun) -> Outcome:
    """An inner app may call start_response as late as its first step.

    A generator application does (PEP 3333, "Specification Details": a server must not assume that start_response was
    called before iteration begins). A middleware that looks at the status right after the call fails with generators
    only.
    """
    eager, lazy = works_with(run, "eager"), run.crossing("lazy")
    if eager is None or lazy is None or lazy.outer.timed_out:
        return None
    outer = lazy.outer
    if outer.error is not None:
        message = f"with a generator app the middleware raised {outer.error.type}: {outer.error.message}"
        return fault(message, location=outer.error.location, exchange="lazy")
    if not outer.starts:
        return fault("with a generator app the middleware never called the server's start_response", exchange="lazy")
    if outer.code != eager.outer.code:
        message = f"with a generator app the status is {outer.status}, else {eager.outer.status}"
        return fault(message, got=str(outer.status), expected=str(eager.outer.status), exchange="lazy")
    if eager.same_content and not lazy.same_content:
        return fault("with a generator app the body is another one", got=f"{outer.size} bytes", exchange="lazy")
    return HELD


@lazy_start_accepted.bad
def _(app):
    def middleware(environ, start_response):
        statuses: list[str] = []

        def start(status, headers, exc_info=None):
            statuses.append(status)
            return start_response(status, headers, exc_info)

        body = app(environ, start)
        print("answered with", statuses[-1], file=environ["wsgi.errors"])
        return body

    return middleware


@lazy_start_accepted.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            print("answered with", status, file=environ["wsgi.errors"])
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@middleware_rule(
    id="header-errors-come-early",
    section="headers",
    level=Level.ADVICE,
    clauses=("header-server-checks-early",),
    stimuli=("starts",),
    hint="Pass start_response on at once, or look at the headers when you get them.",
    since="0.1",
)
def header_errors_come_early(run: MiddlewareRun) -> Outcome:
    """A bad header raises while the inner app is calling start_response.

    There the application's own frame is still on the stack (PEP 3333, "The start_response() Callable"). This is advice,
    since a middleware that needs the body before it can start has to wait.
    """
    crossing = run.crossing("after-refused")
    if crossing is None or crossing.inner is None or not crossing.inner.starts:
        return None
    if crossing.inner.starts[0].raised is None:
        return fault("a header with a line end in it was accepted by start_response", exchange="after-refused")
    return HELD


@header_errors_come_early.bad
def _(app):
    def middleware(environ, start_response):
        calls: list[tuple[object, ...]] = []
        written: list[bytes] = []
        begun: list[bool] = []

        def start(status, headers, exc_info=None):
            if begun and not exc_info:
                raise RuntimeError("start_response was called twice without exc_info")
            begun.append(True)
            calls[:] = [(status, headers, exc_info)]
            return written.append

        def blocks():
            body = app(environ, start)
            try:
                for block in body:
                    if calls:
                        start_response(*calls.pop())
                    yield b"".join(written) + block
                    written.clear()
                if calls:
                    start_response(*calls.pop())
                yield b"".join(written)
            finally:
                if hasattr(body, "close"):
                    body.close()

        return blocks()

    return middleware


@header_errors_come_early.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware
