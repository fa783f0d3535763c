"""``start_response`` as a middleware offers it to its inner app: PEP 3333, "The start_response() Callable".

What the middleware does with a call is its own business (it may wait, and it may answer an exc_info by raising or by a
page of its own: "Error Handling"); how the call must be answered is not.
"""

from __future__ import annotations

from .middleware import each, together
from .middleware_run import Crossing, InnerRecord, MiddlewareRun
from .model import HELD, Blame, Level, Outcome, fault
from .registry import rule


def _works(run: MiddlewareRun, label: str) -> Crossing | None:
    """Return the crossing *label* of *run* when it led to a whole response that is the inner app's."""
    crossing = run.crossing(label)
    return crossing if crossing is not None and crossing.inner is not None and crossing.outer.complete else None


@rule(
    id="start-response-takes-exc-info",
    section="start-response",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("start-signature",),
    stimuli=("*",),
    hint="Define it as start_response(status, headers, exc_info=None).",
)
def start_response_takes_exc_info(run: MiddlewareRun, _: None) -> Outcome:
    """The start_response that a middleware passes on takes two or three positional arguments.

    Applications pass the third one exactly when something has gone wrong (PEP 3333, "The start_response() Callable").
    A wrapper that has no room for it turns every error page into a TypeError that hides the real error.
    """
    return each(run, _takes_three)


def _takes_three(crossing: Crossing, inner: InnerRecord) -> Outcome:
    for call in inner.starts:
        if call.refused:
            return fault(
                f"start_response refused {call.arguments} arguments: {call.raised}",
                got=call.raised,
                expected="2 or 3 positional arguments",
                exchange=crossing.label,
            )
    return HELD if any(call.arguments == 3 for call in inner.starts) else None


@start_response_takes_exc_info.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers):
            return start_response(status, [*headers, ("X-Served-By", "me")])

        return app(environ, start)

    return middleware


@start_response_takes_exc_info.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Served-By", "me")], exc_info)

        return app(environ, start)

    return middleware


@rule(
    id="exc-info-none-is-no-exc-info",
    section="start-response",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("start-exc-none",),
    stimuli=("exc-info",),
    hint="Ask whether exc_info is true, not how many arguments there are.",
)
def exc_info_none_is_no_exc_info(run: MiddlewareRun, _: None) -> Outcome:
    """An exc_info of None is the same as none at all.

    None is the parameter's default (PEP 3333, "The start_response() Callable"), and other middleware passes it on as
    it came.
    """
    plain, crossing = _works(run, "plain"), run.crossing("none")
    if plain is None or crossing is None or crossing.inner is None or not crossing.inner.starts:
        return None
    call = crossing.inner.starts[0]
    if call.refused:
        return None
    if call.raised is not None:
        message = f"start_response(status, headers, None) raised {call.error}: {call.raised}"
        return fault(message, got=call.raised, exchange="none")
    if crossing.outer.code != plain.outer.code:
        message = f"start_response(status, headers, None) led to status {crossing.outer.status}"
        return fault(message, got=str(crossing.outer.status), expected=str(plain.outer.status), exchange="none")
    return HELD


@exc_info_none_is_no_exc_info.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, *exc_info):
            if exc_info:
                status = "500 Internal Server Error"
            return start_response(status, headers, *exc_info)

        return app(environ, start)

    return middleware


@exc_info_none_is_no_exc_info.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, *exc_info):
            if any(exc_info):
                status = "500 Internal Server Error"
            return start_response(status, headers, *exc_info)

        return app(environ, start)

    return middleware


def _error_page(crossing: Crossing, inner: InnerRecord) -> bool:
    """Whether the inner app's own error page left the middleware, after calls that were all accepted."""
    accepted = inner.starts and not any(call.raised for call in inner.starts)
    return bool(accepted) and crossing.outer.complete and crossing.same_content


@rule(
    id="first-call-may-have-exc-info",
    section="errors",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("exc-first-call-ok",),
    stimuli=("exc-info",),
    hint="Treat a first call with exc_info like any first call.",
)
def first_call_may_have_exc_info(run: MiddlewareRun, _: None) -> Outcome:
    """A first start_response call that carries exc_info starts the response all the same.

    An application that fails before its first call has nothing to replace (PEP 3333, "Error Handling"); its status and
    headers count. A middleware may answer by an exception or a page of its own, but not with the page and another
    status.
    """
    crossing = run.crossing("first")
    if crossing is None or crossing.inner is None or not _error_page(crossing, crossing.inner):
        return None
    if crossing.outer.status != crossing.inner.status and (crossing.outer.code or 0) < 400:
        message = f"the inner app's error page went out with status {crossing.outer.status}"
        return fault(message, got=str(crossing.outer.status), expected=str(crossing.inner.status), exchange="first")
    return HELD


@first_call_may_have_exc_info.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if not exc_info:
                started.append(True)
            elif not started:
                status = "200 OK"
            return start_response(status, headers, exc_info)

        started: list[bool] = []
        return app(environ, start)

    return middleware


@first_call_may_have_exc_info.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@rule(
    id="error-page-has-its-own-status",
    section="errors",
    level=Level.WARNING,
    side=Blame.MIDDLEWARE,
    clauses=("exc-replaces-headers",),
    stimuli=("exc-info",),
    hint="On a call with exc_info, pass the new status and headers on, or put them in the place of those you keep.",
)
def error_page_has_its_own_status(run: MiddlewareRun, _: None) -> Outcome:
    """With exc_info and nothing sent yet, the new status and headers replace the old ones.

    That is what the third argument is for (PEP 3333, "The start_response() Callable"). An error page that goes out as
    200 OK is cached, indexed and counted as a success.
    """
    crossing = run.crossing("replaced")
    if crossing is None or crossing.inner is None or not _error_page(crossing, crossing.inner):
        return None
    outer, inner = crossing.outer, crossing.inner
    if outer.status != inner.status and (outer.code or 0) < 400:
        message = f"the inner app's error page went out with the status from before the error, {outer.status}"
        return fault(message, got=str(outer.status), expected=str(inner.status), exchange="replaced")
    if outer.header("X-Page"):
        message = "the inner app's error page went out with a header from before the error"
        return fault(message, got="X-Page: " + outer.header("X-Page")[0], exchange="replaced")
    return HELD


@error_page_has_its_own_status.bad
def _(app):
    def middleware(environ, start_response):
        written: list[bytes] = []
        first: list[bool] = []

        def start(status, headers, exc_info=None):
            if first and exc_info:
                return written.append
            first.append(True)
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@error_page_has_its_own_status.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@rule(
    id="exc-info-error-not-trapped",
    section="errors",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("exc-app-not-trap",),
    stimuli=("exc-info",),
    hint="Let what the server's start_response raises pass.",
)
def exc_info_error_not_trapped(run: MiddlewareRun, _: None) -> Outcome:
    """What the server's start_response raises when it is given exc_info leaves the middleware.

    It raises because the page has begun and can't be taken back (PEP 3333, "The start_response() Callable": the
    application must not trap it). A middleware that does appends the error page to half of another page.
    """
    crossing = run.crossing("after-body")
    if crossing is None or crossing.inner is None:
        return None
    if not _started_after_data(crossing):
        return None
    if crossing.outer.error is None and not crossing.outer.timed_out:
        return fault("the server's start_response raised for exc_info, and the response went on", exchange="after-body")
    return HELD


def _started_after_data(crossing: Crossing) -> bool:
    """Whether the middleware called the server's start_response again when data had gone out: then it raised."""
    sent = 0
    for step in crossing.steps:
        if step.side == "outer" and step.what in ("item", "write"):
            sent += max(step.size, 0)
        elif (step.side, step.what) == ("outer", "start") and sent:
            return True
    return False


@exc_info_error_not_trapped.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            try:
                return start_response(status, headers, exc_info)
            except Exception as error:
                if not exc_info:
                    raise
                print("too late for an error page:", error, file=environ["wsgi.errors"])
                return print

        return app(environ, start)

    return middleware


@exc_info_error_not_trapped.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            try:
                return start_response(status, headers, exc_info)
            except Exception as error:
                print("too late for an error page:", error, file=environ["wsgi.errors"])
                raise

        return app(environ, start)

    return middleware


@rule(
    id="second-start-is-fatal",
    section="start-response",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("start-second-call-fatal", "start-second-after-failed-first"),
    stimuli=("starts",),
    hint="Raise when start_response is called again without exc_info, or pass each call on as it comes.",
)
def second_start_is_fatal(run: MiddlewareRun, _: None) -> Outcome:
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


@rule(
    id="lazy-start-accepted",
    section="start-response",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("start-lazy-ok",),
    stimuli=("lazy",),
    hint="Don't use the status before the inner app has called start_response; a generator does so at its first step.",
)
def lazy_start_accepted(run: MiddlewareRun, _: None) -> Outcome:
    """An inner app may call start_response as late as its first step.

    A generator application does (PEP 3333, "Specification Details": a server must not assume that start_response was
    called before iteration begins). A middleware that looks at the status right after the call fails with those alone.
    """
    eager, lazy = _works(run, "eager"), run.crossing("lazy")
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


@rule(
    id="header-errors-come-early",
    section="headers",
    level=Level.ADVICE,
    side=Blame.MIDDLEWARE,
    clauses=("header-server-checks-early",),
    stimuli=("starts",),
    hint="Pass start_response on at once, or look at the headers when you get them.",
)
def header_errors_come_early(run: MiddlewareRun, _: None) -> Outcome:
    """A bad header raises while the inner app is calling start_response.

    There the application can still be asked what it did (PEP 3333, "The start_response() Callable"). No more than
    advice: a middleware that needs the body before it can start has to wait.
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
