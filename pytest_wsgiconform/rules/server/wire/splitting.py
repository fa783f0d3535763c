"""Rules on apps that try to split the response: nothing that they put into a status or header may do it."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import behaviour_run

SECTION = "smuggling"


def _not_split(run: ServerRun, what: str) -> Outcome:
    """Judge that nothing of the app's text acts as a line end, a field or a response of its own."""
    if not run.took_place or run.first_call is None:
        return None
    for connection in run.connections:
        for response in connection.responses:
            if response.header("X-Injected"):
                return broken(run, f"{what} became a field of its own", connection, got="X-Injected")
            for detail in response.deviates("line-end", "field-value", "field-name", "field-line", "obs-fold"):
                return broken(run, f"{what} reached the wire: {detail}", connection, got=detail)
            # An error page of the server's own may quote what it refused.
            content = response.body if response.status < 400 else b""
            if b"X-Injected" in response.stray + content:
                return broken(run, f"{what} began a body or a response", connection, got="X-Injected in the content")
    if not run.connection.responses and not run.connection.closed_by_server:
        return None
    return HELD


@server_rule(
    id="header-value-splits-nothing",
    level=Level.ERROR,
    clauses=("rfc-response-split-value",),
    stimuli=("split-value:*",),
    hint="Raise from start_response for a header value with CR, LF or NUL.",
    since="0.1",
)
def header_value_splits_nothing(run: ServerRun) -> Outcome:
    """CR, LF or NUL in an app's header value never reaches the wire.

    Apps put user input into Location and cookies; the server is the last place where a second response in it can be
    stopped (RFC 9110 sections 2.2 and 5.5). Raising, a 5xx, or spaces instead are all right.
    """
    return _not_split(run, "CR, LF or NUL in a header value")


@header_value_splits_nothing.bad
def _() -> ServerRun:
    return behaviour_run("split-value:split-value-crlf", Response(200, [("X-Bad", "a"), ("X-Injected", "yes")]))


@header_value_splits_nothing.good
def _() -> ServerRun:
    return behaviour_run("split-value:split-value-crlf", Response(500))


@server_rule(
    id="header-name-splits-nothing",
    level=Level.ERROR,
    clauses=("rfc-response-split-name",),
    stimuli=("split-name:*",),
    hint="Raise from start_response for a header name that is not a token.",
    since="0.1",
)
def header_name_splits_nothing(run: ServerRun) -> Outcome:
    """An app's header name that is not a token never reaches the wire.

    A colon or a line break in a name makes another field of it, a space one that recipients read in different ways (RFC
    9110 sections 2.2 and 5.1).
    """
    return _not_split(run, "an invalid header name")


@header_name_splits_nothing.bad
def _() -> ServerRun:
    fault = ("field-name", "not a field name: b'X Bad'")
    return behaviour_run("split-name:split-name-blank", Response(200, [("X Bad", "value")], deviations=[fault]))


@header_name_splits_nothing.good
def _() -> ServerRun:
    return behaviour_run("split-name:split-name-blank", Response(500))


@server_rule(
    id="status-splits-nothing",
    level=Level.ERROR,
    clauses=("rfc-response-split-status",),
    stimuli=("split-status:*",),
    hint="Raise from start_response for a status with CR or LF.",
    since="0.1",
)
def status_splits_nothing(run: ServerRun) -> Outcome:
    """A status with CR or LF never splits the response.

    User input gets into reason phrases, and few look for it there (RFC 9112 section 4).
    """
    outcome = _not_split(run, "a line break in the status")
    if outcome != HELD:
        return outcome
    for response in run.connection.responses:
        for detail in response.deviates("status-line"):
            return broken(run, f"the status line is malformed: {detail}", got=detail)
    return HELD


@status_splits_nothing.bad
def _() -> ServerRun:
    return behaviour_run("split-status:split-status-crlf", Response(200, [("X-Injected", "yes")]))


@status_splits_nothing.good
def _() -> ServerRun:
    return behaviour_run("split-status:split-status-crlf", Response(500))
