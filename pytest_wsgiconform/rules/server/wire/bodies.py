"""Rules on request bodies that are cut short or never read."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken

SECTION = "request-body"


@server_rule(
    id="incomplete-body-told",
    level=Level.ERROR,
    clauses=("rfc-body-incomplete",),
    stimuli=("body-incomplete:*",),
    hint="End the read with an error or short data when the client goes early; leave CONTENT_LENGTH as declared.",
    since="0.1",
)
def incomplete_body_told(run: ServerRun) -> Outcome:
    """A body that the client cut short is not presented as complete, and reading it does not hang.

    Short data is enough of a sign as long as CONTENT_LENGTH still says what was promised (RFC 9112 section 6.3).
    """
    if not run.took_place or not run.probed:
        return None
    call = run.first_call
    ended = run.connection.ended
    if call is None:
        return HELD if run.connection.closed_by_server or run.connection.finals else None
    if (
        ended in ("open", "eof-late", "reset-late")
        and not run.connection.finals
        and not call.body_ended
        and not call.body_error
    ):
        return broken(run, "the app's read did not return after the client had gone", got="no end", expected="an end")
    wanted = run.wanted.announced
    if wanted is None:
        return None
    length = call.get("CONTENT_LENGTH")
    if call.body_error or (length == str(wanted) and len(call.body) < wanted):
        return HELD
    got = f"{len(call.body)} bytes with CONTENT_LENGTH {show(length)}"
    return broken(run, f"the cut body looks complete: {got}", got=got, expected="an error, or short data")


_CUT = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello"


@incomplete_body_told.bad
def _() -> ServerRun:
    calls = [Call("first", {"CONTENT_LENGTH": "5"}, b"hello")]
    return one_connection(
        _CUT, Response(200), calls=calls, stimulus="body-incomplete:length", wanted=Wanted(announced=10)
    )


@incomplete_body_told.good
def _() -> ServerRun:
    calls = [Call("first", {"CONTENT_LENGTH": "10"}, b"hello", body_ended=True)]
    return one_connection(
        _CUT, Response(200), calls=calls, stimulus="body-incomplete:length", wanted=Wanted(announced=10)
    )


@server_rule(
    id="unread-body-never-runs",
    section="smuggling",
    level=Level.ERROR,
    clauses=("rfc-unread-body",),
    stimuli=("unread:*",),
    hint="Read what the app left of the body before the next request, or close the connection.",
    since="0.1",
)
def unread_body_never_runs(run: ServerRun) -> Outcome:
    """A body that the app did not read is consumed, or the connection closed; it never runs as a request.

    An app that answers 404 without looking at the upload must not let the uploader choose the next request (RFC 9112
    section 9.3).
    """
    if not run.took_place or not (run.calls or run.connection.finals or run.connection.closed_by_server):
        return None
    if run.ran("planted"):
        return broken(run, "the unread body ran as a request of its own", got="second request", expected="skipped")
    stray = next((final for final in run.connection.finals[1:] if final.status in (400, 405, 501)), None)
    if stray is not None and not run.ran("next"):
        return broken(run, f"the unread body was parsed as a request and got {stray.status}", got=str(stray.status))
    return HELD


_UNREAD = b"POST /probe/ignore/00000000.first HTTP/1.1\r\nHost: x\r\nContent-Length: 57\r\n\r\nGET /probe/echo/..."


@unread_body_never_runs.bad
def _() -> ServerRun:
    calls = [Call("first"), Call("planted")]
    return one_connection(_UNREAD, Response(200), Response(200), calls=calls, stimulus="unread:length")


@unread_body_never_runs.good
def _() -> ServerRun:
    calls = [Call("first"), Call("next")]
    return one_connection(_UNREAD, Response(200), Response(200), calls=calls, stimulus="unread:length")
