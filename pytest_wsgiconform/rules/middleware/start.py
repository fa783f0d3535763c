"""``start_response`` as a middleware offers it to its inner app: PEP 3333, "The start_response() Callable".

What the middleware does with a call is its own business (it may wait, and it may answer an exc_info by raising or by a
page of its own: "Error Handling"); how the call must be answered is not.
"""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, InnerRecord, MiddlewareRun
from ..registry import middleware_rule
from .general import each

SECTION = "errors"


def works_with(run: MiddlewareRun, label: str) -> Crossing | None:
    """Return the crossing *label* of *run* when it led to a whole response that is the inner app's."""
    crossing = run.crossing(label)
    return crossing if crossing is not None and crossing.inner is not None and crossing.outer.complete else None


@middleware_rule(
    id="start-response-takes-exc-info",
    section="start-response",
    level=Level.ERROR,
    clauses=("start-signature",),
    stimuli=("*",),
    hint="Define it as start_response(status, headers, exc_info=None).",
    since="0.1",
)
def start_response_takes_exc_info(run: MiddlewareRun) -> Outcome:
    """The start_response that a middleware passes on takes two or three positional arguments.

    Applications pass the third one exactly when something has gone wrong (PEP 3333, "The start_response() Callable"). A
    wrapper that has no room for it turns every error page into a TypeError that hides the real error.
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


@middleware_rule(
    id="exc-info-none-is-no-exc-info",
    section="start-response",
    level=Level.ERROR,
    clauses=("start-exc-none",),
    stimuli=("exc-info",),
    hint="Ask whether exc_info is true, not how many arguments there are.",
    since="0.1",
)
def exc_info_none_is_no_exc_info(run: MiddlewareRun) -> Outcome:
    """An exc_info of None means the same as leaving it out.

    None is the parameter's default (PEP 3333, "The start_response() Callable"), and other middleware passes it on as it
    came.
    """
    plain, crossing = works_with(run, "plain"), run.crossing("none")
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


@middleware_rule(
    id="first-call-may-have-exc-info",
    level=Level.ERROR,
    clauses=("exc-first-call-ok",),
    stimuli=("exc-info",),
    hint="Treat a first call with exc_info like any first call.",
    since="0.1",
)
def first_call_may_have_exc_info(run: MiddlewareRun) -> Outcome:
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


@middleware_rule(
    id="error-page-has-its-own-status",
    level=Level.WARNING,
    clauses=("exc-replaces-headers",),
    stimuli=("exc-info",),
    hint="On a call with exc_info, pass the new status and headers on, or put them in the place of those you keep.",
    since="0.1",
)
def error_page_has_its_own_status(run: MiddlewareRun) -> Outcome:
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


@first_call_may_have_exc_info.good
@error_page_has_its_own_status.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@middleware_rule(
    id="exc-info-error-not-trapped",
    level=Level.ERROR,
    clauses=("exc-app-not-trap",),
    stimuli=("exc-info",),
    hint="Let what the server's start_response raises pass.",
    since="0.1",
)
def exc_info_error_not_trapped(run: MiddlewareRun) -> Outcome:
    """What the server's start_response raises when it is given exc_info leaves the middleware.

    It raises because the page has begun and can't be undone (PEP 3333, "The start_response() Callable": the application
    must not trap it). A middleware that does appends the error page to half of another page.
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
