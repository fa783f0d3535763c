"""Rules on what the client gets when the app fails."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import behaviour_run

SECTION = "response"


def _ran(run: ServerRun) -> bool:
    return run.took_place and run.first_call is not None


@server_rule(
    id="app-failure-gets-5xx",
    level=Level.ERROR,
    clauses=("rfc-error-on-app-failure",),
    stimuli=("failure:*",),
    hint="Answer an app that fails before any output with a 500.",
    since="0.1",
)
def app_failure_gets_5xx(run: ServerRun) -> Outcome:
    """An app that fails before any output never looks like a success to the client.

    Nothing was sent when the app failed, so the server can still report the error; a cached 200 with half a page is
    worse (RFC 9110 section 15.6.1).
    """
    if not _ran(run):
        return None
    final = run.first_final
    if final is not None:
        status = final.status
        if 500 <= status <= 599:
            return HELD
        got = str(status) if status else "no status code"
        return broken(run, f"the client got {got} although the app failed", got=got, expected="500")
    if run.connection.hung:
        return broken(run, "the client got no answer and no end when the app failed", got="silence", expected="500")
    return HELD


@app_failure_gets_5xx.bad
def _() -> ServerRun:
    return behaviour_run("failure:raise-first", Response(200))


@app_failure_gets_5xx.good
def _() -> ServerRun:
    return behaviour_run("failure:raise-first", Response(500))


@server_rule(
    id="app-failure-gets-an-answer",
    level=Level.WARNING,
    clauses=("rfc-error-on-app-failure",),
    stimuli=("failure:*",),
    hint="Answer an app that fails before any output with a 500 instead of hanging up.",
    since="0.1",
)
def app_failure_gets_an_answer(run: ServerRun) -> Outcome:
    """An app that fails before any output gives the client a response, not just the end of the connection.

    A client that sees a bare close may repeat the request, and a proxy reports the server as down (RFC 9110 section
    15.6.1).
    """
    if not _ran(run):
        return None
    if run.first_final is not None:
        return HELD
    return broken(run, "the connection ended without a response when the app failed", got="close", expected="500")


@app_failure_gets_an_answer.bad
def _() -> ServerRun:
    return behaviour_run("failure:raise-started")


@app_failure_gets_an_answer.good
def _() -> ServerRun:
    return behaviour_run("failure:raise-started", Response(500))


@server_rule(
    id="aborted-response-looks-incomplete",
    level=Level.ERROR,
    clauses=("rfc-abort-visible",),
    stimuli=("abort:*",),
    hint="Close the connection without the last chunk when the app fails after its output began.",
    since="0.1",
)
def aborted_response_looks_incomplete(run: ServerRun) -> Outcome:
    """When the app fails after its output began, the client can see that the response is incomplete.

    It sees a missing last chunk, or fewer bytes than Content-Length, and then the end of the connection (RFC 9112
    section 8). A last chunk written in a ``finally`` makes a valid, wrong response. A response that is delimited by the
    end of the connection is not looked at: it looks the same either way.
    """
    response = run.first_final
    if not _ran(run) or response is None or response.status != 200 or response.framing not in ("chunked", "length"):
        return None
    if b"HTTP/1." in response.body:
        return broken(run, "the next response was sent into the unfinished one", got="two responses in one")
    if response.complete:
        return broken(run, f"the response looks complete ({response.framing})", got="complete", expected="cut short")
    if run.connection.closed_by_server:
        return HELD
    return broken(run, "the connection stayed open behind the unfinished response", got="open", expected="closed")


@aborted_response_looks_incomplete.bad
def _() -> ServerRun:
    return behaviour_run("abort:raise-later", Response(200, body=b"partial,", framing="chunked"))


@aborted_response_looks_incomplete.good
def _() -> ServerRun:
    return behaviour_run("abort:raise-later", Response(200, body=b"partial,", framing="chunked", complete=False))
