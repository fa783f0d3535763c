"""The questions that most wire rules ask of a run: was it refused, did it run, did the server hang."""

from __future__ import annotations

from collections.abc import Iterator

from ..display import show
from ..model import HELD, Outcome
from ..records.server import Call, Connection, Response, ServerRun
from .evidence import broken


def took_place(run: ServerRun) -> bool:
    """Whether there was a conversation to judge."""
    return run.connection.ended != "refused"


def first_call(run: ServerRun) -> Call | None:
    """Return the app's call for the request under test; see :attr:`ServerRun.first_call`."""
    return run.first_call


def ran_first(run: ServerRun) -> bool:
    """Whether the app ran for the request under test."""
    return run.ran_first


def unseen(run: ServerRun) -> bool:
    """Whether the app answered the first request, and nobody can tell what it saw: there is no side channel."""
    return not run.probed and run.answer("first") is not None


def first_final(run: ServerRun) -> Response | None:
    """Return the final response to the request under test; see :attr:`ServerRun.first_final`."""
    return run.first_final


def hung(connection: Connection) -> bool:
    """Whether the server neither answered nor closed until the client gave up waiting."""
    if connection.closed_by_server or connection.ended in ("client", "refused"):
        return False
    return not any(in_time(connection, final) for final in connection.finals)


def must_refuse(run: ServerRun, what: str, *, redirect: bool = False) -> Outcome:
    """Judge that the first request is refused: a 4xx, 501, 503 or 505, or a plain close; and that the app never ran.

    :param what: the request in words, for the message. :param redirect: 301 will do, too (RFC 9112 section 3).
    """
    if not took_place(run):
        return None
    if ran_first(run):
        return broken(run, f"{what} reached the app instead of being refused", got=answered(run), expected="400")
    final = first_final(run)
    if final is not None:
        if 400 <= final.status <= 499 or final.status in (501, 503, 505) or (redirect and final.status == 301):
            return HELD
        return broken(run, f"{what} was answered with {final.status}", got=str(final.status), expected="400")
    if hung(run.connection):
        return broken(run, f"{what} was neither refused nor the connection closed", got="silence", expected="400")
    return _told_when_passed_over(run, what) if run.passed_over else HELD


def _told_when_passed_over(run: ServerRun, what: str) -> Outcome:
    return broken(run, f"{what} got no answer, and the one behind it was served", got="passed over", expected="400")


def turned_away(run: ServerRun, what: str) -> Outcome:
    """Judge a request that did not reach the app and need not: refusing it is fine, passing over it is not.

    :param what: the request in words, for the message.
    """
    if run.passed_over:
        return _told_when_passed_over(run, what)
    return HELD if refused(run) else None


def refused(run: ServerRun) -> bool:
    """Whether the server turned the first request away: no call of the app, and an error status or a close."""
    final = first_final(run)
    return not ran_first(run) and (not run.ran("next") if final is None else final.status >= 400)


def answered(run: ServerRun) -> str:
    """Return in words what became of the first request."""
    final = first_final(run)
    if final is None:
        return f"no response (the connection ended: {run.connection.ended})"
    return f"{final.status} {final.reason}".strip()


def failed_inside(run: ServerRun) -> bool:
    """Whether the server met the first request with a 500 although the app did not run."""
    final = first_final(run)
    return not ran_first(run) and final is not None and final.status == 500


def texts(call: Call) -> Iterator[tuple[str, str]]:
    """Yield the variables with text values."""
    for name, value in call.environ.items():
        if type(value) is str:
            yield name, value


#: Variables beside HTTP_* that a request fills.
_OF_REQUEST = frozenset(
    (
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "PATH_INFO",
        "SCRIPT_NAME",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "REQUEST_URI",
        "RAW_URI",
    )
)


def holding(call: Call, *needles: str) -> tuple[str, str] | None:
    """Return the first variable whose name or value holds one of *needles*.

    Only variables that come from the request count: a server may add its process environment.
    """
    for name, value in texts(call):
        if not (name.startswith("HTTP_") or name in _OF_REQUEST):
            continue
        if any(needle in name or needle in value for needle in needles):
            return name, value
    return None


def saw_whole_body(call: Call) -> bool:
    """Whether the app could take what it read for the whole body: no error, and its end or its full length seen."""
    if call.body_error:
        return False
    return call.body_ended or call.get("CONTENT_LENGTH") == str(len(call.body))


def rest_of_path(call: Call) -> str:
    """Return what followed ``<token>.<label>`` in the path."""
    path = call.get("SCRIPT_NAME") + call.get("PATH_INFO")
    _, found, rest = path.partition(f".{call.label}")
    return rest if found else path


def differs(run: ServerRun, name: str, got: str, wanted: str, why: str) -> Outcome:
    """Judge that a variable has exactly the value *wanted*."""
    if got == wanted:
        return HELD
    return broken(run, f"{name} is {show(got)}, {why}", got=show(got), expected=show(wanted))


def in_time(connection: Connection, response: Response) -> bool:
    """Whether *response* was complete before the client gave up waiting and half-closed.

    True for a run without time stamps (one written by hand).
    """
    if not connection.ended.endswith("-late") and connection.ended != "open":
        return response.complete
    shut = next((step.at for step in connection.sent if step.what == "half-close"), None)
    if shut is None or not connection.received:
        return response.complete and connection.ended != "open"
    size = sum(len(piece.data) for piece in connection.received if piece.at <= shut)
    return response.complete and response.end <= size
