"""A server's ``start_response``: when headers leave, what exc_info does, and what has to be refused."""

from __future__ import annotations

from http import HTTPStatus

from .display import show
from .model import HELD, Blame, Level, Outcome
from .registry import rule
from .server_requests import (
    answer,
    event,
    example_call,
    example_run,
    first,
    passed,
    received_by,
    started,
)
from .server_run import Call, Response, ServerRun
from .wire_evidence import broken


def _silent_until(run: ServerRun, gate: str, what: str) -> Outcome:
    """Judge that no byte came while the app waited at *gate*."""
    call = first(run)
    moment = passed(call, gate) if call is not None else None
    if moment is None:
        return None
    early = received_by(run.connection, moment)
    if early:
        return broken(run, f"{what}, the client got {show(early[:60])}", got=show(early[:60]), expected="nothing")
    return HELD


@rule(
    id="start-response-sends-nothing",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-no-transmit",),
    stimuli=("silent:start",),
    hint="Only keep status and headers in start_response; send them with the first block.",
)
def start_response_sends_nothing(run: ServerRun, _exchange: object) -> Outcome:
    """Calling ``start_response`` sends nothing to the client.

    Why it matters: it "must not actually transmit the response headers" but store them (PEP 3333, "The start_response()
    Callable"), so that an error found later can still become a 500.
    """
    return _silent_until(run, "started", "while the application had called start_response and not returned")


def _passing(gate: str, at: float) -> Call:
    return example_call(event("gate-passed", at, name=gate, opened=True))


@start_response_sends_nothing.bad
def _():
    return example_run(calls=[_passing("started", 2.0)], received=[(1.5, b"HTTP/1.1 200 OK\r\n")])


@start_response_sends_nothing.good
def _():
    return example_run(calls=[_passing("started", 2.0)], received=[(2.5, b"HTTP/1.1 200 OK\r\n")])


@rule(
    id="headers-wait-for-data",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-headers-on-first-block", "start-headers-cl0-may"),
    stimuli=("silent:empty-blocks",),
    hint="Send the headers with the first block that is not empty.",
)
def headers_wait_for_data(run: ServerRun, _exchange: object) -> Outcome:
    """Headers leave only with the first block that is not empty.

    Why it matters: they must not be sent before the iterable has yielded a non-empty bytestring, ended, or ``write()``
    was called (PEP 3333, "The start_response() Callable"): until then exc_info may replace them. A Content-Length of 0
    would be an exception, and is not given here.
    """
    return _silent_until(run, "empty", "after empty blocks only")


@headers_wait_for_data.bad
def _():
    return example_run(calls=[_passing("empty", 2.0)], received=[(1.5, b"HTTP/1.1 200 OK\r\n")])


@headers_wait_for_data.good
def _():
    return example_run(calls=[_passing("empty", 2.0)], received=[(2.5, b"HTTP/1.1 200 OK\r\n")])


@rule(
    id="first-write-sends-headers",
    section="write",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-headers-on-first-write",),
    stimuli=("gated:write",),
    hint="Let the first write() with data send the stored headers.",
)
def first_write_sends_headers(run: ServerRun, _exchange: object) -> Outcome:
    """The first ``write()`` releases the headers.

    Why it matters: the headers are sent upon the first invocation of ``write()`` (PEP 3333, "The start_response()
    Callable"), not when the application has ended.
    """
    call = first(run)
    moment = passed(call, "one") if call is not None else None
    if call is None or moment is None or any(entry["raised"] for entry in call.named("write")):
        return None
    if b"\r\n\r\n" not in received_by(run.connection, moment):
        return broken(run, "after write() the client got no header section while the application went on")
    return HELD


@first_write_sends_headers.bad
def _():
    return example_run(calls=[_passing("one", 2.0)], received=[(2.5, b"HTTP/1.1 200 OK\r\n\r\n<one>")])


@first_write_sends_headers.good
def _():
    return example_run(calls=[_passing("one", 2.0)], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>")])


@rule(
    id="headers-sent-at-end",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-headers-at-end", "body-zero-items-ok"),
    stimuli=("body:empty-list", "body:empty-generator", "body:only-empty-blocks"),
    hint="When the iterable ends without data, send the headers and an empty body.",
)
def headers_sent_at_end(run: ServerRun, _exchange: object) -> Outcome:
    """An iterable without data makes a complete empty response.

    Why it matters: the iterable yields zero or more bytestrings (PEP 3333, "Specification Details"), and the headers go
    out when it is exhausted ("The start_response() Callable").
    """
    if run.probed and not run.calls:
        return None
    response = answer(run)
    if response is None or response.status != 200 or not response.complete or response.body:
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an iterable without data made {got}", got=got, expected="a complete empty 200")
    return HELD


@headers_sent_at_end.bad
def _():
    return example_run(Response(status=500, body=b"error"), calls=[example_call()])


@headers_sent_at_end.good
def _():
    return example_run(Response(), calls=[example_call()])


@rule(
    id="start-response-may-come-late",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-lazy-ok",),
    stimuli=("body:lazy-start",),
    hint="Look for status and headers when the first non-empty block is there, not before iterating.",
)
def start_response_may_come_late(run: ServerRun, _exchange: object) -> Outcome:
    """``start_response`` may be called by the iterable's first step.

    Why it matters: servers "must not assume that start_response() has been called before they begin iterating" (PEP
    3333, "Specification Details"): every application that is a generator calls it then.
    """
    if run.probed and not run.calls:
        return None
    response = answer(run)
    if response is None or response.status != 200 or response.label != "first":
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an application that starts late made {got}", got=got)
    return HELD


@start_response_may_come_late.bad
def _():
    return example_run(Response(status=500, body=b"error"), calls=[example_call()])


@start_response_may_come_late.good
def _():
    return example_run(Response(body=b"ok 00000000.first\n"), calls=[example_call()])


@rule(
    id="empty-block-before-start-tolerated",
    section="start-response",
    level=Level.ADVICE,
    side=Blame.SERVER,
    clauses=("start-lazy-ok",),
    stimuli=("body:start-in-second-step",),
    hint="Do nothing for an empty block: neither headers nor an error are due yet.",
)
def empty_block_before_start_tolerated(run: ServerRun, _exchange: object) -> Outcome:
    """An empty block before ``start_response`` was called does no harm.

    Why it matters: middleware that waits for more input yields empty blocks (PEP 3333, "Middleware Handling of Block
    Boundaries"), possibly before it can start its response. The text is not clear on whether it may, so this is advice.
    """
    return start_response_may_come_late.check(run, None)


@empty_block_before_start_tolerated.bad
def _():
    return example_run(Response(status=500, body=b"error"), calls=[example_call()])


@empty_block_before_start_tolerated.good
def _():
    return example_run(Response(body=b"ok 00000000.first\n"), calls=[example_call()])


@rule(
    id="explicit-none-is-no-exc-info",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-exc-none",),
    stimuli=("start:none",),
    hint="Test exc_info for being None, not for having been passed.",
)
def explicit_none_is_no_exc_info(run: ServerRun, _exchange: object) -> Outcome:
    """An explicit ``None`` for exc_info means the same as leaving it out.

    Why it matters: None is the default of the optional argument (PEP 3333, "The start_response() Callable"), and
    middleware passes it on.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if not found:
        return None
    if found[0]["raised"]:
        return broken(run, f"start_response(..., None) raised {found[0]['raised']}", got=found[0]["raised"])
    if len(found) < 2 or found[1]["raised"]:
        return HELD
    plain = run.called("plain")
    left_out = started(plain) if plain is not None else []
    if len(left_out) > 1 and not left_out[1]["raised"]:
        return None  # any second call is accepted, which is another rule's matter
    return broken(run, "a second start_response(..., None) was accepted, as if it had exc_info")


@explicit_none_is_no_exc_info.bad
def _():
    return example_run(calls=[example_call(event("start", raised=""), event("start", raised=""))])


@explicit_none_is_no_exc_info.good
def _():
    return example_run(calls=[example_call(event("start", raised=""), event("start", raised="AssertionError: twice"))])


@rule(
    id="second-start-refused",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-second-call-fatal",),
    stimuli=("start:second-call",),
    hint="Raise from a second start_response call that has no exc_info.",
)
def second_start_refused(run: ServerRun, _exchange: object) -> Outcome:
    """A second ``start_response`` without exc_info is refused.

    Why it matters: it is a fatal error (PEP 3333, "The start_response() Callable"), and only the server can tell the
    application so. A server that takes it silently hides the mistake.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if len(found) < 2 or found[0]["raised"]:
        return None
    if found[1]["raised"]:
        return HELD
    response = answer(run)
    if response is not None and response.status >= 500:
        return HELD
    got = "no response" if response is None else f"{response.status} {response.reason}"
    return broken(run, f"a second start_response call was accepted; the client got {got}", got=got)


@second_start_refused.bad
def _():
    return example_run(Response(), calls=[example_call(event("start", raised=""), event("start", raised=""))])


@second_start_refused.good
def _():
    call = example_call(event("start", raised=""), event("start", raised="AssertionError: called twice"))
    return example_run(Response(), calls=[call])


@rule(
    id="start-after-failed-start-refused",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-second-after-failed-first",),
    stimuli=("start:second-after-failed",),
    hint="Note that start_response was called before checking its arguments.",
)
def start_after_failed_start_refused(run: ServerRun, _exchange: object) -> Outcome:
    """A second call without exc_info is refused also when the first one raised.

    Why it matters: it is an error "if start_response has already been called within the current invocation" (PEP
    3333, "The start_response() Callable"), also when that call failed; the way on from an error is exc_info.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if len(found) < 2 or not found[0]["raised"]:
        return None
    if found[1]["raised"]:
        return HELD
    response = answer(run)
    if response is not None and response.status >= 500:
        return HELD
    return broken(run, "after a start_response call that raised, another without exc_info was accepted")


@start_after_failed_start_refused.bad
def _():
    call = example_call(event("start", raised="ValueError: bad header"), event("start", raised=""))
    return example_run(Response(), calls=[call])


@start_after_failed_start_refused.good
def _():
    call = example_call(event("start", raised="ValueError: bad header"), event("start", raised="AssertionError: again"))
    return example_run(Response(), calls=[call])


@rule(
    id="server-replaces-headers",
    section="start-response",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("exc-replaces-headers",),
    stimuli=("exc:replace",),
    hint="With exc_info and nothing sent yet, forget the first status and headers.",
)
def server_replaces_headers(run: ServerRun, _exchange: object) -> Outcome:
    """With exc_info and nothing sent, the stored status and headers are replaced.

    Why it matters: the new ones should replace the stored ones, so that the application may "change its mind" about
    the output when an error has occurred (PEP 3333, "The start_response() Callable"). A leftover Content-Length of
    the first set would cut the error page.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if len(found) < 2:
        return None
    if found[1]["raised"]:
        return broken(run, f"the call with exc_info raised {found[1]['raised']} although nothing had been sent")
    response = answer(run)
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
def _():
    call = example_call(event("start", raised=""), event("start", raised=""))
    return example_run(Response(headers=[("X-Mark", "first"), ("X-First", "first")]), calls=[call])


@server_replaces_headers.good
def _():
    call = example_call(event("start", raised=""), event("start", raised=""))
    headers = [("X-Mark", "second"), ("X-Wsgiconform", "00000000.first")]
    return example_run(Response(status=500, reason="Second", headers=headers), calls=[call])


@rule(
    id="server-starts-with-exc-info",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("exc-first-call-ok",),
    stimuli=("exc:first",),
    hint="Treat a first call with exc_info as an ordinary start.",
)
def server_starts_with_exc_info(run: ServerRun, _exchange: object) -> Outcome:
    """A first call that carries exc_info is an ordinary start.

    Why it matters: an error handler does not know whether the application had started when it failed (PEP 3333, "The
    start_response() Callable"); its error page has to be delivered either way.
    """
    call = first(run)
    if call is None or not started(call):
        return None
    response = answer(run)
    if response is None or response.status != 500 or response.label != "first":
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an error page started with exc_info arrived as {got}", got=got)
    return HELD


@server_starts_with_exc_info.bad
def _():
    return example_run(
        Response(status=500, body=b"generic"), calls=[example_call(event("start", raised="KeyError: 0"))]
    )


@server_starts_with_exc_info.good
def _():
    response = Response(status=500, headers=[("X-Wsgiconform", "00000000.first")])
    return example_run(response, calls=[example_call(event("start", raised=""))])


@rule(
    id="exc-info-after-sending-raises",
    section="start-response",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("exc-raise-after-sent",),
    stimuli=("gated:exc-sent",),
    hint="When the headers are out, let start_response(..., exc_info) raise.",
)
def exc_info_after_sending_raises(run: ServerRun, _exchange: object) -> Outcome:
    """With exc_info and headers already sent, ``start_response`` raises.

    Why it matters: it "must raise an error" then (PEP 3333, "The start_response() Callable"): the status on the
    wire cannot be taken back, and the application has to be stopped. Judged only when the client had the headers
    before.
    """
    call = first(run)
    moment = passed(call, "one") if call is not None else None
    late = call.named("late") if call is not None else []
    if moment is None or not late or b"<one>" not in received_by(run.connection, moment):
        return None
    if not late[0]["raised"]:
        return broken(run, "start_response accepted exc_info although the client had the headers already")
    return HELD


def _late(raised: str, same: bool) -> ServerRun:
    late = event("late", raised=raised, same=same, frames=["_exc_sent", "_fail"])
    call = example_call(event("gate-passed", 2.0, name="one", opened=True), late)
    return example_run(calls=[call], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>")])


@exc_info_after_sending_raises.bad
def _():
    return _late("", False)


@exc_info_after_sending_raises.good
def _():
    return _late("ProbeError: late", True)


@rule(
    id="exc-info-error-raised-itself",
    section="start-response",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("exc-reraise-same",),
    stimuli=("gated:exc-sent",),
    hint="Raise exc_info[1].with_traceback(exc_info[2]).",
)
def exc_info_error_raised_itself(run: ServerRun, _exchange: object) -> Outcome:
    """What ``start_response`` raises then is the supplied exception, with its traceback.

    Why it matters: it should raise the exc_info itself (PEP 3333, "The start_response() Callable"), so that the log
    shows what went wrong, not where the server noticed.
    """
    call = first(run)
    late = call.named("late") if call is not None else []
    if not late or not late[0]["raised"]:
        return None
    if not late[0]["same"]:
        return broken(run, f"start_response raised {late[0]['raised']}, not the exception that it was given")
    if "_fail" not in late[0]["frames"]:
        return broken(run, "the exception came back without the traceback that it was given with")
    return HELD


@exc_info_error_raised_itself.bad
def _():
    return _late("AssertionError: headers already sent", False)


@exc_info_error_raised_itself.good
def _():
    return _late("ProbeError: late", True)


@rule(
    id="exc-info-not-kept",
    section="start-response",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("exc-no-reference",),
    stimuli=("exc:reference",),
    hint="Set exc_info to None in a finally clause of start_response.",
)
def exc_info_not_kept(run: ServerRun, _exchange: object) -> Outcome:
    """``start_response`` keeps no reference to exc_info after it returned.

    Why it matters: a traceback holds frames and all that is in them; kept, it makes circular references (PEP 3333, "The
    start_response() Callable" asks to avoid them). Judged where objects die at once (CPython).
    """
    call = first(run)
    found = call.named("reference") if call is not None else []
    if not found or not found[0]["counted"]:
        return None
    if found[0]["alive"]:
        return broken(run, "after start_response returned, something still holds the traceback it was given")
    return HELD


@exc_info_not_kept.bad
def _():
    return example_run(calls=[example_call(event("reference", alive=True, counted=True))])


@exc_info_not_kept.good
def _():
    return example_run(calls=[example_call(event("reference", alive=False, counted=True))])


@rule(
    id="hop-by-hop-headers-refused",
    section="headers",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("header-server-rejects-hop",),
    stimuli=("hop:*",),
    hint="Raise from start_response when a header is hop-by-hop, and do not send it.",
)
def hop_by_hop_headers_refused(run: ServerRun, _exchange: object) -> Outcome:
    """A server refuses hop-by-hop headers from an application.

    Why it matters: they are the server's exclusive province; one should be treated as a fatal error in
    ``start_response`` (PEP 3333, "The start_response() Callable"). On the wire, it may contradict what the server does.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if not found:
        return None
    name = run.stimulus.partition(":")[2]
    if not found[0]["raised"]:
        return broken(run, f"start_response accepted the hop-by-hop header {show(name)}", got="accepted")
    return HELD


@hop_by_hop_headers_refused.bad
def _():
    return example_run(Response(), calls=[example_call(event("start", raised=""))])


@hop_by_hop_headers_refused.good
def _():
    return example_run(Response(status=500), calls=[example_call(event("start", raised="ValueError: hop-by-hop"))])


@rule(
    id="bad-headers-refused-early",
    section="headers",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("header-server-checks-early",),
    stimuli=("refuse:*",),
    hint="Check status and headers in start_response, so that the error is raised where the fault is.",
)
def bad_headers_refused_early(run: ServerRun, _exchange: object) -> Outcome:
    """Wrong status and headers are refused while ``start_response`` is being called.

    Why it matters: servers should check the headers then, so that an error can be raised while the application is still
    running (PEP 3333, "The start_response() Callable").
    """
    call = first(run)
    found = started(call) if call is not None else []
    if not found:
        return None
    if not found[0]["raised"]:
        return broken(run, f"start_response accepted {run.stimulus.partition(':bad-')[2] or 'a bad header'}")
    return HELD


@bad_headers_refused_early.bad
def _():
    return example_run(Response(), calls=[example_call(event("start", raised=""))])


@bad_headers_refused_early.good
def _():
    return example_run(Response(status=500), calls=[example_call(event("start", raised="TypeError: bytes"))])


@rule(
    id="wide-text-refused",
    section="headers",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("text-server-rejects-wide",),
    stimuli=("refuse:bad-value-wide", "refuse:bad-name-wide", "refuse:bad-status-wide"),
    hint="Encode status and headers as Latin-1, and let the error be raised.",
)
def wide_text_refused(run: ServerRun, _exchange: object) -> Outcome:
    """A status or header beyond Latin-1 never reaches the client.

    Why it matters: such text is a fatal error (PEP 3333, "Unicode Issues"). A server that encodes it as UTF-8, or puts
    a question mark there, sends what the application never said.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if not found:
        return None
    response = answer(run)
    if found[0]["raised"] or response is None or response.status >= 500:
        return HELD
    if response.deviates("head-incomplete"):  # the error cut the head short; the text itself never left
        return HELD
    if response.label == "next":  # nothing was sent for this request
        return HELD
    if run.stimulus.endswith("-status-wide") and response.reason in ("", HTTPStatus.OK.phrase):
        return None  # no text of the app's is sent as the reason at all
    head = response.head or repr(response.headers).encode()
    message = f"for a header or status with U+20AC the client got {show(head[:200])}"
    return broken(run, message, got=show(head[:200]), expected="an error")


@wide_text_refused.bad
def _():
    response = Response(headers=[("X-Bad", "\xe2\x82\xac")])
    return example_run(response, calls=[example_call(event("start", raised=""))])


@wide_text_refused.good
def _():
    return example_run(Response(status=500), calls=[example_call(event("start", raised=""))])
