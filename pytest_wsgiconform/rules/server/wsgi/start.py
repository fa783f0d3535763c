"""A server's ``start_response``: when headers leave, what exc_info does, and what has to be refused."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "start-response"


def _silent_until(run: ServerRun, gate: str, what: str) -> Outcome:
    """Judge that no byte came while the app waited at *gate*."""
    call = run.called("first")
    moment = call.passed(gate) if call is not None else None
    if moment is None:
        return None
    early = run.connection.received_by(moment)
    if early:
        return broken(run, f"{what}, the client got {show(early[:60])}", got=show(early[:60]), expected="nothing")
    return HELD


@server_rule(
    id="start-response-sends-nothing",
    level=Level.ERROR,
    clauses=("start-no-transmit",),
    stimuli=("silent:start",),
    hint="Only keep status and headers in start_response; send them with the first block.",
    since="0.1",
)
def start_response_sends_nothing(run: ServerRun) -> Outcome:
    """Calling ``start_response`` sends nothing to the client.

    It "must not actually transmit the response headers" but store them (PEP 3333, "The start_response() Callable"), so
    that an error found later can still become a 500.
    """
    return _silent_until(run, "started", "while the application had called start_response and not returned")


def _passing(gate: str, at: float) -> Call:
    return example_call(event("gate-passed", at, name=gate, opened=True))


@start_response_sends_nothing.bad
def _() -> ServerRun:
    return example_run(calls=[_passing("started", 2.0)], received=[(1.5, b"HTTP/1.1 200 OK\r\n")])


@start_response_sends_nothing.good
def _() -> ServerRun:
    return example_run(calls=[_passing("started", 2.0)], received=[(2.5, b"HTTP/1.1 200 OK\r\n")])


@server_rule(
    id="headers-wait-for-data",
    level=Level.ERROR,
    clauses=("start-headers-on-first-block", "start-headers-cl0-may"),
    stimuli=("silent:empty-blocks",),
    hint="Send the headers with the first block that is not empty.",
    since="0.1",
)
def headers_wait_for_data(run: ServerRun) -> Outcome:
    """Headers leave only with the first block that is not empty.

    They must not be sent before the iterable has yielded a non-empty bytestring, ended, or ``write()`` was called (PEP
    3333, "The start_response() Callable"): until then exc_info may replace them. A Content-Length of 0 would be an
    exception, and is not given here.
    """
    return _silent_until(run, "empty", "after empty blocks only")


@headers_wait_for_data.bad
def _() -> ServerRun:
    return example_run(calls=[_passing("empty", 2.0)], received=[(1.5, b"HTTP/1.1 200 OK\r\n")])


@headers_wait_for_data.good
def _() -> ServerRun:
    return example_run(calls=[_passing("empty", 2.0)], received=[(2.5, b"HTTP/1.1 200 OK\r\n")])


@server_rule(
    id="first-write-sends-headers",
    section="write",
    level=Level.ERROR,
    clauses=("start-headers-on-first-write",),
    stimuli=("gated:write",),
    hint="Let the first write() with data send the stored headers.",
    since="0.1",
)
def first_write_sends_headers(run: ServerRun) -> Outcome:
    """The first ``write()`` releases the headers.

    The headers are sent upon the first invocation of ``write()`` (PEP 3333, "The start_response() Callable"), not when
    the application has ended.
    """
    call = run.called("first")
    moment = call.passed("one") if call is not None else None
    if call is None or moment is None or any(entry["raised"] for entry in call.named("write")):
        return None
    if b"\r\n\r\n" not in run.connection.received_by(moment):
        return broken(run, "after write() the client got no header section while the application went on")
    return HELD


@first_write_sends_headers.bad
def _() -> ServerRun:
    return example_run(calls=[_passing("one", 2.0)], received=[(2.5, b"HTTP/1.1 200 OK\r\n\r\n<one>")])


@first_write_sends_headers.good
def _() -> ServerRun:
    return example_run(calls=[_passing("one", 2.0)], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>")])


@server_rule(
    id="headers-sent-at-end",
    level=Level.ERROR,
    clauses=("start-headers-at-end", "body-zero-items-ok"),
    stimuli=("body:empty-list", "body:empty-generator", "body:only-empty-blocks"),
    hint="When the iterable ends without data, send the headers and an empty body.",
    since="0.1",
)
def headers_sent_at_end(run: ServerRun) -> Outcome:
    """An iterable without data makes a complete empty response.

    The iterable yields zero or more bytestrings (PEP 3333, "Specification Details"), and the headers go out when it is
    exhausted (PEP 3333, "The start_response() Callable").
    """
    if run.probed and not run.calls:
        return None
    response = run.first_final
    if response is None or response.status != 200 or not response.complete or response.body:
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an iterable without data made {got}", got=got, expected="a complete empty 200")
    return HELD


@headers_sent_at_end.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@headers_sent_at_end.good
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call()])


@server_rule(
    id="start-response-may-come-late",
    level=Level.ERROR,
    clauses=("start-lazy-ok",),
    stimuli=("body:lazy-start",),
    hint="Look for status and headers when the first non-empty block is there, not before iterating.",
    since="0.1",
)
def start_response_may_come_late(run: ServerRun) -> Outcome:
    """``start_response`` may be called by the iterable's first step.

    Servers "must not assume that start_response() has been called before they begin iterating" (PEP 3333,
    "Specification Details"): every application that is a generator calls it then.
    """
    if run.probed and not run.calls:
        return None
    response = run.first_final
    if response is None or response.status != 200 or response.label != "first":
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"an application that starts late made {got}", got=got)
    return HELD


@start_response_may_come_late.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@start_response_may_come_late.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"ok 00000000.first\n"), calls=[example_call()])


@server_rule(
    id="empty-block-before-start-tolerated",
    level=Level.ADVICE,
    clauses=("start-lazy-ok",),
    stimuli=("body:start-in-second-step",),
    hint="Do nothing for an empty block: neither headers nor an error are due yet.",
    since="0.1",
)
def empty_block_before_start_tolerated(run: ServerRun) -> Outcome:
    """An empty block before ``start_response`` was called does no harm.

    Middleware that waits for more input yields empty blocks (PEP 3333, "Middleware Handling of Block Boundaries"),
    possibly before it can start its response. The text is not clear on whether it may, so this is advice.
    """
    return start_response_may_come_late.check(run)


@empty_block_before_start_tolerated.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@empty_block_before_start_tolerated.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"ok 00000000.first\n"), calls=[example_call()])
