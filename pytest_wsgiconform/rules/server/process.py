"""Whether the server comes through at all: it answers, it survives, and the app's errors do not take it along."""

from __future__ import annotations

from typing import Any

from ..display import clean, shorten, show
from ..model import HELD, Level, Outcome
from ..records.server import Call, Connection, Response, ServerRun
from ..records.stimulus_facts import Noted
from ..registry import server_rule
from .evidence import broken
from .examples import event, example_call, example_run

SECTION = "process"


@server_rule(
    id="server-answers",
    level=Level.ERROR,
    clauses=("call-once-per-request",),
    stimuli=("basic:get",),
    hint="Speak HTTP/1.x on the configured port, and serve the app that the server was given.",
    since="0.1",
)
def server_answers(run: ServerRun) -> Outcome:
    """An ordinary request gets the application's response.

    A server calls the application for each request (PEP 3333, "The Server/Gateway Side"), and nothing else can be
    judged unless it does. A server that is silent, speaks another protocol, sends one byte a second or does not serve
    the application it was given fails here, and the rules that need more are not exercised.
    """
    connection = run.connection
    response = run.first_final
    if response is not None and response.complete and response.label == "first" and response.status == 200:
        if run.probed and not run.calls:
            return broken(run, "the response came, but the probe inside the server did not report its call")
        return HELD
    printed = run.output.strip().rpartition("\n")[2]
    more: dict[str, Any] = {"printed": clean(run.output[-2000:])} if printed else {}
    said = f"; the last that it printed is: {shorten(clean(printed), 200)}" if printed else ""
    if connection.ended == "refused":
        return broken(run, f"the server does not accept connections any more{said}", got="refused", **more)
    if connection.stray or (response is not None and not response.status):
        received = connection.stray or connection.bytes_received
        message = f"the server answered with what is not HTTP/1.x: {show(received[:60])}{said}"
        return broken(run, message, **more)
    if response is not None and not response.complete and response.status == 200:
        got = f"{len(response.body)} bytes of it came"
        return broken(run, f"the response to an ordinary request did not come to its end: {got}{said}", got=got, **more)
    if response is not None:
        message = f"an ordinary request was answered with {response.status} {show(response.body[:100])}{said}"
        return broken(run, message, **more)
    ended = _ENDS.get(connection.ended, "nothing came in time")
    return broken(run, f"an ordinary request got no response: {ended}{said}", got=connection.ended, **more)


#: How the connection of an unanswered request ended, in words.
_ENDS = {
    "eof": "the server closed the connection (does it speak TLS?)",
    "reset": "the server reset the connection (does it speak TLS?)",
}


@server_answers.bad
def _() -> ServerRun:
    run = example_run(ended="open")
    run.connection.stray = b"\x15\x03\x03\x00\x02\x02\x16"
    return run


@server_answers.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"ok 00000000.first\n"), calls=[example_call()])


@server_rule(
    id="server-survives",
    level=Level.ERROR,
    clauses=("call-once-per-request", "exc-server-traps-call", "exc-server-traps-iteration"),
    stimuli=("*",),
    hint="Whatever one request holds, serve the next one.",
    since="0.1",
)
def server_survives(run: ServerRun) -> Outcome:
    """The server still serves an ordinary request after each stimulus.

    One client's bytes, or one response, must not end the service for all others (PEP 3333, "Error Handling": servers
    trap what applications raise). The server was started again for the stimuli that followed. Judged over all that was
    played before this rule.
    """
    if run.noted.not_started:
        return None
    if run.alive:
        return HELD
    ended = run.noted.ended
    if not ended and run.launch.first and server_answers.check(run) != HELD:
        return None  # it lives, but never answered: that rule reports it
    how = f"the server {ended}" if ended else "the server did not serve an ordinary request any more"
    return broken(run, f"after the stimulus {run.stimulus}, {how}", got=ended or "silent")


@server_survives.bad
def _() -> ServerRun:
    return example_run(alive=False, noted=Noted(ended="was killed by signal 11"))


@server_survives.good
def _() -> ServerRun:
    return example_run(Response(200))


def _next_served(run: ServerRun, phase: str) -> Outcome:
    """Judge that the request after one whose app raised in *phase* is served."""
    call = run.called("first")
    raised = call.named("raise") if call is not None else []
    if not raised or raised[0]["phase"] != phase:
        return None
    response = run.final_on(1)
    if response is None or response.status != 200 or response.label != "next":
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        shown = run.connections[-1] if response is not None else run.connection
        return broken(run, f"after the application raised, the next request got {got}", shown, got=got)
    return HELD


def _after(phase: str, *responses: Response) -> ServerRun:
    run = example_run(calls=[example_call(event("raise", error="ProbeError: x", phase=phase))])
    run.connections.append(Connection(responses=list(responses)))
    return run


@server_rule(
    id="raising-call-trapped",
    level=Level.WARNING,
    clauses=("exc-server-traps-call",),
    stimuli=("raise:call",),
    hint="Catch what leaves the application's call, log it, and answer with a 500.",
    since="0.1",
)
def raising_call_trapped(run: ServerRun) -> Outcome:
    """An exception that leaves the application's call does not stop the server.

    Servers should trap and log exceptions raised by applications, and continue to execute (PEP 3333, "Error Handling").
    """
    return _next_served(run, "call")


@raising_call_trapped.bad
def _() -> ServerRun:
    return _after("call")


@raising_call_trapped.good
def _() -> ServerRun:
    return _after("call", Response(200, body=b"ok 00000000.next\n"))


@server_rule(
    id="raising-step-trapped",
    level=Level.WARNING,
    clauses=("exc-server-traps-iteration",),
    stimuli=("raise:step", "raise:first-step"),
    hint="Catch what the iterable raises, at whichever step, log it, and go on serving.",
    since="0.1",
)
def raising_step_trapped(run: ServerRun) -> Outcome:
    """An exception in a step of the iterable does not stop the server.

    Servers should trap and log exceptions that occur while iterating, and continue to execute (PEP 3333, "Error
    Handling").
    """
    return _next_served(run, "next")


@raising_step_trapped.bad
def _() -> ServerRun:
    return _after("next")


@raising_step_trapped.good
def _() -> ServerRun:
    return _after("next", Response(200, body=b"ok 00000000.next\n"))


def _partial(body: bytes, text: bool) -> ServerRun:
    kind = "text/plain" if text else "application/octet-stream"
    response = Response(200, [("Content-Type", kind)], body=body, complete=False)
    call: Call = example_call(event("raise", error="ProbeError: x", phase="next"))
    return example_run(response, calls=[call])


@server_rule(
    id="nothing-appended-to-partial-body",
    level=Level.WARNING,
    clauses=("exc-server-aborts", "exc-partial-append-may"),
    stimuli=("exc:partial-text", "exc:partial-binary"),
    hint="Abort the response; append an error message to text only, if at all.",
    since="0.1",
)
def nothing_appended_to_partial_body(run: ServerRun) -> Outcome:
    """After an error in mid-response, no error page follows what was sent.

    The server may abort the response; only to a text response may it append an error message (PEP 3333, "Error
    Handling"). A page of HTML, or a second status line, inside a download is a corrupt file that looks whole.
    """
    call = run.called("first")
    response = run.first_final
    if call is None or not call.named("raise") or response is None:
        return None
    if response.status != 200 or not response.body.startswith(b"partial,"):
        return None
    added = response.body[len(b"partial,") :]
    is_text = (response.header("Content-Type") or [""])[0].startswith("text/")
    if b"HTTP/1." in added or b"HTTP/1." in response.stray:
        return broken(run, "a second response was sent inside the one that had failed", got=show(added[:80]))
    if added and not is_text:
        return broken(run, f"{show(added[:80])} was appended to a binary response", got=show(added[:80]))
    return HELD


@nothing_appended_to_partial_body.bad
def _() -> ServerRun:
    return _partial(b"partial,<h1>Internal Server Error</h1>", text=False)


@nothing_appended_to_partial_body.good
def _() -> ServerRun:
    return _partial(b"partial,", text=False)
