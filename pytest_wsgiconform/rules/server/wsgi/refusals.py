"""What a server's ``start_response`` has to refuse."""

from __future__ import annotations

from http import HTTPStatus

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "headers"

#: The reason that the behaviour ``custom-status`` gives.
CUSTOM_REASON = "Wholly Custom"


@server_rule(
    id="hop-by-hop-headers-refused",
    level=Level.WARNING,
    clauses=("header-server-rejects-hop",),
    stimuli=("hop:*",),
    hint="Raise from start_response when a header is hop-by-hop, and do not send it.",
    since="0.1",
)
def hop_by_hop_headers_refused(run: ServerRun) -> Outcome:
    """A server refuses hop-by-hop headers from an application.

    They belong to the server alone, and should be treated as a fatal error in ``start_response`` (PEP 3333, "The
    start_response() Callable"). On the wire, such a header may contradict what the server does.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if not found:
        return None
    name = run.stimulus.partition(":")[2]
    if not found[0]["raised"]:
        return broken(run, f"start_response accepted the hop-by-hop header {show(name)}", got="accepted")
    return HELD


@hop_by_hop_headers_refused.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("start", raised=""))])


@hop_by_hop_headers_refused.good
def _() -> ServerRun:
    return example_run(Response(500), calls=[example_call(event("start", raised="ValueError: hop-by-hop"))])


@server_rule(
    id="bad-headers-refused-early",
    level=Level.WARNING,
    clauses=("header-server-checks-early",),
    stimuli=("refuse:*",),
    hint="Check status and headers in start_response, so that the error is raised where the fault is.",
    since="0.1",
)
def bad_headers_refused_early(run: ServerRun) -> Outcome:
    """Wrong status and headers are refused while ``start_response`` is being called.

    Servers should check the headers then, so that an error can be raised while the application is still running (PEP
    3333, "The start_response() Callable").
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if not found:
        return None
    if not found[0]["raised"]:
        return broken(run, f"start_response accepted {run.stimulus.partition(':bad-')[2] or 'a bad header'}")
    return HELD


@bad_headers_refused_early.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("start", raised=""))])


@bad_headers_refused_early.good
def _() -> ServerRun:
    return example_run(Response(500), calls=[example_call(event("start", raised="TypeError: bytes"))])


@server_rule(
    id="wide-text-refused",
    level=Level.ERROR,
    clauses=("text-server-rejects-wide",),
    stimuli=("refuse:bad-value-wide", "refuse:bad-name-wide", "refuse:bad-status-wide"),
    hint="Encode status and headers as Latin-1, and let the error be raised.",
    since="0.1",
)
def wide_text_refused(run: ServerRun) -> Outcome:
    """A status or header beyond Latin-1 never reaches the client.

    Such text is a fatal error (PEP 3333, "Unicode Issues"). A server that encodes it as UTF-8, or puts a question mark
    there, sends what the application never said.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if not found:
        return None
    response = run.first_final
    if found[0]["raised"] or response is None or response.status >= 500:
        return HELD
    if response.deviates("head-incomplete"):  # the error cut the head short; the text itself never left
        return HELD
    if response.label == "next":  # nothing was sent for this request
        return HELD
    usual = run.final_on(1)
    if usual is not None and usual.reason != CUSTOM_REASON and response.reason in ("", HTTPStatus.OK.phrase):
        return None  # no text of the app's is sent as the reason at all
    head = response.head or repr(response.headers).encode()
    message = f"for a header or status with U+20AC the client got {show(head[:200])}"
    return broken(run, message, got=show(head[:200]), expected="an error")


@wide_text_refused.bad
def _() -> ServerRun:
    response = Response(200, [("X-Bad", "\xe2\x82\xac")])
    return example_run(response, calls=[example_call(event("start", raised=""))])


@wide_text_refused.good
def _() -> ServerRun:
    return example_run(Response(500), calls=[example_call(event("start", raised=""))])
