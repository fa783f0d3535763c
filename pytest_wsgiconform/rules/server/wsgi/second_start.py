"""A second call of a server's ``start_response``: exc_info, and what is due without it."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "start-response"


@server_rule(
    id="explicit-none-is-no-exc-info",
    level=Level.ERROR,
    clauses=("start-exc-none",),
    stimuli=("start:none",),
    hint="Test exc_info for being None, not for having been passed.",
    since="0.1",
)
def explicit_none_is_no_exc_info(run: ServerRun) -> Outcome:
    """An explicit ``None`` for exc_info means the same as leaving it out.

    None is the default of the optional argument (PEP 3333, "The start_response() Callable"), and middleware passes it
    on.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if not found:
        return None
    if found[0]["raised"]:
        return broken(run, f"start_response(..., None) raised {found[0]['raised']}", got=found[0]["raised"])
    if len(found) < 2 or found[1]["raised"]:
        return HELD
    plain = run.called("plain")
    left_out = plain.starts if plain is not None else []
    if len(left_out) > 1 and not left_out[1]["raised"]:
        return None  # any second call is accepted, which is another rule's matter
    return broken(run, "a second start_response(..., None) was accepted, as if it had exc_info")


@explicit_none_is_no_exc_info.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("start", raised=""), event("start", raised=""))])


@explicit_none_is_no_exc_info.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("start", raised=""), event("start", raised="AssertionError: twice"))])


@server_rule(
    id="second-start-refused",
    level=Level.ERROR,
    clauses=("start-second-call-fatal",),
    stimuli=("start:second-call",),
    hint="Raise from a second start_response call that has no exc_info.",
    since="0.1",
)
def second_start_refused(run: ServerRun) -> Outcome:
    """A second ``start_response`` without exc_info is refused.

    It is a fatal error (PEP 3333, "The start_response() Callable"), and only the server can report it to the
    application. A server that accepts it silently hides the mistake.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if len(found) < 2 or found[0]["raised"]:
        return None
    if found[1]["raised"]:
        return HELD
    response = run.first_final
    if response is not None and response.status >= 500:
        return HELD
    got = "no response" if response is None else f"{response.status} {response.reason}"
    return broken(run, f"a second start_response call was accepted; the client got {got}", got=got)


@second_start_refused.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("start", raised=""), event("start", raised=""))])


@second_start_refused.good
def _() -> ServerRun:
    call = example_call(event("start", raised=""), event("start", raised="AssertionError: called twice"))
    return example_run(Response(200), calls=[call])


@server_rule(
    id="start-after-failed-start-refused",
    level=Level.ERROR,
    clauses=("start-second-after-failed-first",),
    stimuli=("start:second-after-failed",),
    hint="Note that start_response was called before checking its arguments.",
    since="0.1",
)
def start_after_failed_start_refused(run: ServerRun) -> Outcome:
    """A second call without exc_info is refused also when the first one raised.

    It is an error "if start_response has already been called within the current invocation" (PEP 3333, "The
    start_response() Callable"), also when that call failed; the way on from an error is exc_info.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if len(found) < 2 or not found[0]["raised"]:
        return None
    if found[1]["raised"]:
        return HELD
    response = run.first_final
    if response is not None and response.status >= 500:
        return HELD
    return broken(run, "after a start_response call that raised, another without exc_info was accepted")


@start_after_failed_start_refused.bad
def _() -> ServerRun:
    call = example_call(event("start", raised="ValueError: bad header"), event("start", raised=""))
    return example_run(Response(200), calls=[call])


@start_after_failed_start_refused.good
def _() -> ServerRun:
    call = example_call(event("start", raised="ValueError: bad header"), event("start", raised="AssertionError: again"))
    return example_run(Response(200), calls=[call])


@server_rule(
    id="server-replaces-headers",
    level=Level.WARNING,
    clauses=("exc-replaces-headers",),
    stimuli=("exc:replace",),
    hint="With exc_info and nothing sent yet, forget the first status and headers.",
    since="0.1",
)
def server_replaces_headers(run: ServerRun) -> Outcome:
    """With exc_info and nothing sent, the stored status and headers are replaced.

    The new ones should replace the stored ones, so that the application may "change its mind" about the output when an
    error has occurred (PEP 3333, "The start_response() Callable"). A leftover Content-Length of the first set would cut
    the error page.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if len(found) < 2:
        return None
    if found[1]["raised"]:
        return broken(run, f"the call with exc_info raised {found[1]['raised']} although nothing had been sent")
    response = run.first_final
    if response is None:
        return broken(run, "no response came after the call with exc_info")
    if response.status != 500 or response.header("X-First") or response.header("X-Mark") != ["second"]:
        got = f"{response.status}, X-Mark {response.header('X-Mark')}"
        return broken(
            run, "the first status or headers are still there after exc_info", got=got, expected="500, second"
        )
    if response.label != "first":
        return broken(run, f"the error page arrived as {show(response.body)}", got=show(response.body))
    return HELD


@server_replaces_headers.bad
def _() -> ServerRun:
    call = example_call(event("start", raised=""), event("start", raised=""))
    return example_run(Response(200, [("X-Mark", "first"), ("X-First", "first")]), calls=[call])


@server_replaces_headers.good
def _() -> ServerRun:
    call = example_call(event("start", raised=""), event("start", raised=""))
    headers = [("X-Mark", "second"), ("X-Wsgiconform", "00000000.first")]
    return example_run(Response(500, headers, reason="Second"), calls=[call])


@server_rule(
    id="server-starts-with-exc-info",
    level=Level.ERROR,
    clauses=("exc-first-call-ok",),
    stimuli=("exc:first",),
    hint="Treat a first call with exc_info as an ordinary start.",
    since="0.1",
)
def server_starts_with_exc_info(run: ServerRun) -> Outcome:
    """A first call that carries exc_info is an ordinary start.

    An error handler does not know whether the application had started when it failed (PEP 3333, "The start_response()
    Callable"); its error page has to be delivered either way.
    """
    call = run.called("first")
    if call is None or not call.starts:
        return None
    response = run.first_final
    if response is None or response.status != 500 or response.label != "first":
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an error page started with exc_info arrived as {got}", got=got)
    return HELD


@server_starts_with_exc_info.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"generic"), calls=[example_call(event("start", raised="KeyError: 0"))])


@server_starts_with_exc_info.good
def _() -> ServerRun:
    response = Response(500, [("X-Wsgiconform", "00000000.first")])
    return example_run(response, calls=[example_call(event("start", raised=""))])


@server_rule(
    id="exc-info-after-sending-raises",
    level=Level.ERROR,
    clauses=("exc-raise-after-sent",),
    stimuli=("gated:exc-sent",),
    hint="When the headers are out, let start_response(..., exc_info) raise.",
    since="0.1",
)
def exc_info_after_sending_raises(run: ServerRun) -> Outcome:
    """With exc_info and headers already sent, ``start_response`` raises.

    It "must raise an error" then (PEP 3333, "The start_response() Callable"): the status on the wire cannot be taken
    back, and the application has to be stopped. Judged only when the client had the headers before.
    """
    call = run.called("first")
    moment = call.passed("one") if call is not None else None
    late = call.named("late") if call is not None else []
    if moment is None or not late or b"<one>" not in run.connection.received_by(moment):
        return None
    if not late[0]["raised"]:
        return broken(run, "start_response accepted exc_info although the client had the headers already")
    return HELD


def _late(raised: str, same: bool) -> ServerRun:
    late = event("late", raised=raised, same=same, frames=["_exc_sent", "_fail"])
    call = example_call(event("gate-passed", 2.0, name="one", opened=True), late)
    return example_run(calls=[call], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>")])


@exc_info_after_sending_raises.bad
def _() -> ServerRun:
    return _late("", False)


@exc_info_after_sending_raises.good
def _() -> ServerRun:
    return _late("ProbeError: late", True)


@server_rule(
    id="exc-info-error-raised-itself",
    level=Level.WARNING,
    clauses=("exc-reraise-same",),
    stimuli=("gated:exc-sent",),
    hint="Raise exc_info[1].with_traceback(exc_info[2]).",
    since="0.1",
)
def exc_info_error_raised_itself(run: ServerRun) -> Outcome:
    """What ``start_response`` raises after headers were sent is the supplied exception, with its traceback.

    Once headers are out it should raise the exc_info itself (PEP 3333, "The start_response() Callable"), so that the
    log shows what went wrong, not where the server noticed.
    """
    call = run.called("first")
    late = call.named("late") if call is not None else []
    if not late or not late[0]["raised"]:
        return None
    if not late[0]["same"]:
        return broken(run, f"start_response raised {late[0]['raised']}, not the exception that it was given")
    if "_fail" not in late[0]["frames"]:
        return broken(run, "the exception came back without the traceback that it was given with")
    return HELD


@exc_info_error_raised_itself.bad
def _() -> ServerRun:
    return _late("AssertionError: headers already sent", False)


@exc_info_error_raised_itself.good
def _() -> ServerRun:
    return _late("ProbeError: late", True)


@server_rule(
    id="exc-info-not-kept",
    level=Level.WARNING,
    clauses=("exc-no-reference",),
    stimuli=("exc:reference",),
    hint="Set exc_info to None in a finally clause of start_response.",
    since="0.1",
)
def exc_info_not_kept(run: ServerRun) -> Outcome:
    """``start_response`` keeps no reference to exc_info after it returned.

    A traceback holds frames and all that is in them; kept, it makes circular references (PEP 3333, "The
    start_response() Callable" asks to avoid them). Judged where objects die at once (CPython).
    """
    call = run.called("first")
    found = call.named("reference") if call is not None else []
    if not found or not found[0]["counted"]:
        return None
    if found[0]["alive"]:
        return broken(run, "after start_response returned, something still holds the traceback it was given")
    return HELD


@exc_info_not_kept.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("reference", alive=True, counted=True))])


@exc_info_not_kept.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("reference", alive=False, counted=True))])
