"""Rules on expectations and upgrades."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...registry import server_rule
from ..evidence import broken

SECTION = "connection"

_HEAD = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
_CONTINUE = Response(100, reason="Continue", framing="none")


def _final() -> Response:
    headers = [("X-Wsgiconform", "00000000.first"), ("Date", "Tue, 15 Nov 1994 08:12:31 GMT")]
    return Response(200, headers, b"ok 00000000.first\n")


@server_rule(
    id="http10-expect-ignored",
    level=Level.ERROR,
    clauses=("rfc-continue-not-10",),
    stimuli=("continue-10:*",),
    hint="Send no 100 to an HTTP/1.0 client.",
    since="0.1",
)
def http10_expect_ignored(run: ServerRun) -> Outcome:
    """An HTTP/1.0 request never gets 100 Continue, even with an Expect header.

    An HTTP/1.0 client takes the first response for the answer (RFC 9110 section 10.1.1).
    """
    if not run.took_place or not run.connection.responses:
        return None
    if run.connection.interims:
        status = run.connection.interims[0].status
        return broken(run, f"the HTTP/1.0 request got a {status} first", got=str(status), expected="a final status")
    return HELD


_TEN = _HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"hello"


@http10_expect_ignored.bad
def _() -> ServerRun:
    return one_connection(_TEN, _CONTINUE, _final(), calls=[Call("first")], stimulus="continue-10:body-at-once")


@http10_expect_ignored.good
def _() -> ServerRun:
    return one_connection(_TEN, _final(), calls=[Call("first")], stimulus="continue-10:body-at-once")


@server_rule(
    id="continue-sent-once",
    level=Level.ERROR,
    clauses=("rfc-continue-once",),
    stimuli=("continue:*",),
    hint="Send 100 when the app first reads, once, and not after the response has begun.",
    since="0.1",
)
def continue_sent_once(run: ServerRun) -> Outcome:
    """At most one 100 is sent for a request, and none after the final status.

    A 100 between the head and the body of a response is content to the client; a second one may be taken for the answer
    to the next request (RFC 9110 section 10.1.1).
    """
    connection = run.connection
    if not run.took_place or not connection.finals:
        return None
    statuses = [response.status for response in connection.responses]
    count = statuses.index(connection.finals[0].status)
    if count > 1:
        return broken(run, f"{count} interim responses were sent for one request", got=str(count), expected="at most 1")
    if any(b"HTTP/1.1 100" in r.body + r.stray for r in connection.finals) or any(s == 100 for s in statuses[count:]):
        return broken(run, "a 100 was sent after the final status", got="100", expected="none")
    return HELD


@continue_sent_once.bad
def _() -> ServerRun:
    return one_connection(_HEAD, _CONTINUE, _CONTINUE, _final(), calls=[Call("first")], stimulus="continue:steps")


@continue_sent_once.good
def _() -> ServerRun:
    return one_connection(_HEAD, _CONTINUE, _final(), calls=[Call("first")], stimulus="continue:steps")


@server_rule(
    id="continue-lets-the-app-read",
    level=Level.ERROR,
    clauses=("http-expect-supported",),
    stimuli=("continue:read", "continue:mixed-case", "continue:body-at-once"),
    hint="Send 100 before waiting for the body, match the expectation without regard to case, or refuse with 417.",
    since="0.1",
)
def continue_lets_the_app_read(run: ServerRun) -> Outcome:
    """A client that expects 100 gets it, or a final status; neither side waits for the other.

    A server that reads the body without sending 100 first leaves the client waiting, and both time out (RFC 9110
    section 10.1.1).
    """
    connection = run.connection
    if not run.took_place:
        return None
    if connection.skipped and "AwaitInterim" in connection.skipped:
        return broken(run, "neither 100 nor a final status came before the body", got="silence", expected="100")
    call = run.called("first")
    if call is not None and call.body != b"hello" and not call.body_error:
        return broken(run, f"the app read {len(call.body)} of 5 bytes", got=str(len(call.body)), expected="5")
    return HELD if connection.finals else None


@continue_lets_the_app_read.bad
def _() -> ServerRun:
    run = one_connection(_HEAD, _final(), calls=[Call("first", body=b"hello")], stimulus="continue:read")
    run.connection.skipped.append("AwaitInterim")
    return run


@continue_lets_the_app_read.good
def _() -> ServerRun:
    calls = [Call("first", body=b"hello")]
    return one_connection(_HEAD, _CONTINUE, _final(), calls=calls, stimulus="continue:read")


@server_rule(
    id="body-after-early-answer-never-runs",
    section="smuggling",
    level=Level.ERROR,
    clauses=("rfc-continue-unread",),
    stimuli=("continue-unread:*",),
    hint="After a final answer without 100, read the announced body or close the connection.",
    since="0.1",
)
def body_after_early_answer_never_runs(run: ServerRun) -> Outcome:
    """After a final answer without the 100, the server reads the announced body or closes.

    The client may still send the body, and it must not be taken for requests (RFC 9112 section 9.3 and RFC 9110 section
    10.1.1).
    """
    if not run.took_place or not (run.calls or run.connection.finals):
        return None
    if run.ran("planted"):
        return broken(run, "the body ran as a request of its own", got="second request", expected="skipped or closed")
    return HELD


@body_after_early_answer_never_runs.bad
def _() -> ServerRun:
    calls = [Call("first"), Call("planted")]
    return one_connection(_HEAD, _final(), Response(200), calls=calls, stimulus="continue-unread:body-after-answer")


@body_after_early_answer_never_runs.good
def _() -> ServerRun:
    return one_connection(_HEAD, _final(), calls=[Call("first")], stimulus="continue-unread:body-after-answer")


def _answered(run: ServerRun, what: str) -> Outcome:
    if not run.took_place:
        return None
    if run.connection.hung:
        return broken(run, f"{what} got no answer and no end", got="silence", expected="an answer")
    final = run.first_final
    if final is not None and final.status == 500:
        return broken(run, f"{what} was answered with 500", got="500", expected="an ordinary answer")
    return HELD if run.connection.responses else None


@server_rule(
    id="unknown-expectation-answered",
    level=Level.WARNING,
    clauses=("rfc-expect-unknown",),
    stimuli=("expect-unknown:*",),
    hint="Answer an expectation that the server does not know with 417, or ignore it.",
    since="0.1",
)
def unknown_expectation_answered(run: ServerRun) -> Outcome:
    """An unknown expectation gets an answer.

    RFC 9110 section 10.1.1 allows a server to answer with 417 or to ignore it, not to wait.
    """
    return _answered(run, "an unknown expectation")


_STRANGE = b"GET /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\nExpect: x-made-up\r\n\r\n"


@unknown_expectation_answered.bad
def _() -> ServerRun:
    return one_connection(_STRANGE, ended="open", stimulus="expect-unknown:made-up")


@unknown_expectation_answered.good
def _() -> ServerRun:
    return one_connection(_STRANGE, Response(417), stimulus="expect-unknown:made-up")


@server_rule(
    id="upgrade-offer-answered",
    level=Level.WARNING,
    clauses=("rfc-upgrade-ignored",),
    stimuli=("upgrade:*",),
    hint="Serve a request that offers an upgrade as an ordinary one.",
    since="0.1",
)
def upgrade_offer_answered(run: ServerRun) -> Outcome:
    """A request that offers an upgrade gets an answer.

    A server may ignore the offer and serve HTTP/1.1, or switch, but must not stall (RFC 9110 section 7.8).
    """
    return _answered(run, "an offer to upgrade")


_OFFER = b"GET /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@upgrade_offer_answered.bad
def _() -> ServerRun:
    return one_connection(_OFFER, Response(500), stimulus="upgrade:websocket")


@upgrade_offer_answered.good
def _() -> ServerRun:
    return one_connection(_OFFER, _final(), calls=[Call("first")], stimulus="upgrade:websocket")
