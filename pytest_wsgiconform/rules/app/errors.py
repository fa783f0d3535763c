"""Exchange rules: what the application does when something fails under its hands."""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun
from ..registry import app_rule

SECTION = "errors"

#: The stimuli in which something fails while the application answers.
_FAILING = ("input-fails", "input-ends-early", "input-guarded", "write-fails", "strict-streams", "odd-bodies")

#: Of these, those in which a stream or write() raises: that error is not the application's own, and nobody is left to
#: read a page.
_OUR_ERRORS = ("input-fails", "input-guarded", "write-fails")


@app_rule(
    id="reraised-error-let-through",
    level=Level.ERROR,
    clauses=("exc-app-not-trap",),
    stimuli=_FAILING,
    hint="Call start_response with exc_info outside of a try that catches its exception.",
    since="0.1",
)
def reraised_error_let_through(run: AppRun) -> Outcome:
    """The application lets the exception that start_response re-raises propagate.

    When body has been sent, start_response raises the exception again, so that the server can cut the response off (PEP
    3333, "The start_response() Callable"). An application that catches it makes the client take half a response for a
    whole one.
    """
    tried = [record for record in run.exchanges if record.facts.get("reraised")]
    for record in tried:
        if record.facts.get("trapped"):
            return fault(
                "start_response raised the error again, and the application went on",
                expected="the exception leaves the application",
                location=record.start_location,
                exchange=record.label,
            )
    return HELD if tried else None


@reraised_error_let_through.bad
def _(environ, start_response):
    import contextlib
    import sys

    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"got "
    try:
        yield environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    except OSError:
        with contextlib.suppress(OSError):
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())


@reraised_error_let_through.good
def _(environ, start_response):
    import sys

    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"got "
    try:
        yield environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    except OSError:
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())


@app_rule(
    id="error-page-before-output",
    level=Level.ERROR,
    clauses=("exc-app-error-before-output",),
    stimuli=_FAILING,
    hint="When start_response with exc_info raises, let the exception go and send nothing more.",
    since="0.1",
)
def error_page_before_output(run: AppRun) -> Outcome:
    """An error page is not appended to a response that has begun.

    Once body has been sent, the error page could only land in the middle of it (PEP 3333, "Error Handling"):
    start_response says so by raising, and after that nothing more may come.
    """
    tried = [record for record in run.exchanges if record.facts.get("reraised")]
    for record in tried:
        extra = record.facts.get("after_reraise", 0)
        if extra:
            return fault(
                f"{extra} bytes came after start_response had raised the error again",
                got=f"{extra} bytes",
                expected="nothing more",
                location=record.start_location,
                exchange=record.label,
            )
    return HELD if tried else None


def _example_run(**facts: object) -> AppRun:
    from ..records.app import ExchangeRecord

    return AppRun("input-fails", "/", [ExchangeRecord("fails after 5", starts=1, facts=dict(facts))])


@error_page_before_output.bad
def _():
    return _example_run(reraised=True, trapped=True, after_reraise=21)


@error_page_before_output.good
def _():
    return _example_run(reraised=True, trapped=False, after_reraise=0)


@app_rule(
    id="error-response-has-exc-info",
    level=Level.ERROR,
    clauses=("exc-app-always-provides",),
    stimuli=_FAILING,
    hint="Pass sys.exc_info() as the third argument when an error page replaces a response that was started.",
    since="0.1",
)
def error_response_has_exc_info(run: AppRun) -> Outcome:
    """An error response that replaces another is started with exc_info.

    Without it the second start_response is a fatal mistake, and the server can't know whether it is too late (PEP 3333,
    "The start_response() Callable" and "Error Handling").
    """
    exercised = False
    for record in run.exchanges:
        for with_exc_info in record.facts.get("restarted", ()):
            exercised = True
            if not with_exc_info:
                return fault(
                    "start_response was called again for an error, without exc_info",
                    got="two arguments",
                    expected="sys.exc_info() as the third",
                    location=record.error.location if record.error is not None else record.start_location,
                    exchange=record.label,
                )
    return HELD if exercised else None


@error_response_has_exc_info.bad
def _():
    return _example_run(restarted=[False])


@error_response_has_exc_info.good
def _():
    return _example_run(restarted=[True])


@app_rule(
    id="traps-own-errors",
    level=Level.ADVICE,
    clauses=("exc-app-traps-own",),
    stimuli=("*",),
    hint="Answer with an error page; what leaves the application is known to the server's log only.",
    since="0.1",
)
def traps_own_errors(run: AppRun) -> Outcome:
    """No exception leaves the application before it has sent anything.

    An application knows its users and their language; the server can only say that something failed (PEP 3333, "Error
    Handling").
    """
    own = [] if run.stimulus in _OUR_ERRORS else run.exchanges
    for record in own:
        if record.size:
            continue
        error = record.error
        if error is not None and error.is_exception:
            return fault(
                f"{error.type} left the application: {error.message}",
                got=error.type,
                expected="an error page",
                location=error.location,
                exchange=record.label,
            )
    provoked = any((record.code or 0) >= 500 or record.facts.get("restarted") for record in run.exchanges)
    return HELD if provoked else None


@traps_own_errors.bad
def _(environ, start_response):
    number = int(environ.get("QUERY_STRING", ""))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(number).encode()]


@traps_own_errors.good
def _(environ, start_response):
    try:
        number = int(environ.get("QUERY_STRING", ""))
    except ValueError:
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"That was no number."]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(number).encode()]
