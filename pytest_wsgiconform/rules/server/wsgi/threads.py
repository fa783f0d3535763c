"""What environ says of threads and processes, and what middleware must not change."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Connection, Response, Sent, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_request, example_run

SECTION = "environ"


def _held_together(run: ServerRun) -> list[list[Call]]:
    """Return, per process, the calls that were inside the application at the same time as another one of it."""
    inside = [call for call in run.calls if call.label in ("a", "b", "c", "d") and call.named("gate")]
    processes: dict[object, list[Call]] = {}
    for call in inside:
        if any(_overlap(call, other) for other in inside if other is not call):
            processes.setdefault(_pid(call), []).append(call)
    return list(processes.values())


def _pid(call: Call) -> object:
    return next((entry["pid"] for entry in call.named("process")), None)


def _span(call: Call) -> tuple[float, float]:
    until = next((entry["at"] for entry in call.named("gate-passed")), float("inf"))
    return call.at, until


def _overlap(one: Call, other: Call) -> bool:
    (start, end), (other_start, other_end) = _span(one), _span(other)
    return start < other_end and other_start < end


@server_rule(
    id="multithread-flag-true",
    level=Level.WARNING,
    clauses=("env-multithread-truth",),
    stimuli=("overlap:four",),
    hint="Set wsgi.multithread to true when one process may run the application in more than one thread at a time.",
    since="0.1",
)
def multithread_flag_true(run: ServerRun) -> Outcome:
    """``wsgi.multithread`` is true where one process runs calls side by side.

    Applications guard what they share by it; it should be true if another thread of the process may invoke the
    application at the same time (PEP 3333, "environ Variables"). That calls did not overlap proves nothing.
    """
    outcome: Outcome = None
    for calls in _held_together(run):
        if len(calls) < 2:
            continue
        for call in calls:
            if not call.environ.get("wsgi.multithread"):
                message = f"{len(calls)} calls were inside one process at once, and wsgi.multithread is false"
                return broken(run, message, got="false", expected="true")
        outcome = HELD
    if outcome is None and len(run.calls) > 1 and not run.calls[0].environ.get("wsgi.multithread"):
        return HELD
    return outcome


def _inside(label: str, pid: int, **environ: object) -> Call:
    events = event("process", pid=pid), event("gate", name="hold"), event("gate-passed", 9.0, name="hold")
    return example_call(*events, label=label, **environ)


@multithread_flag_true.bad
def _() -> ServerRun:
    calls = [_inside(label, 1, **{"wsgi.multithread": False}) for label in "ab"]
    return example_run(calls=calls)


@multithread_flag_true.good
def _() -> ServerRun:
    calls = [_inside(label, 1, **{"wsgi.multithread": True}) for label in "ab"]
    return example_run(calls=calls)


@server_rule(
    id="multiprocess-flag-true",
    level=Level.WARNING,
    clauses=("env-multiprocess-truth",),
    stimuli=("overlap:four",),
    hint="Set wsgi.multiprocess to true when another process may run the application at the same time.",
    since="0.1",
)
def multiprocess_flag_true(run: ServerRun) -> Outcome:
    """``wsgi.multiprocess`` is true where several processes run the application side by side.

    It should be true if another process may invoke an equivalent application object at the same time (PEP 3333,
    "environ Variables"). That only one process was seen proves nothing.
    """
    together = _held_together(run)
    if len(together) < 2:
        return None
    for calls in together:
        for call in calls:
            if not call.environ.get("wsgi.multiprocess"):
                message = f"{len(together)} processes ran calls at once, and wsgi.multiprocess is false"
                return broken(run, message, got="false", expected="true")
    return HELD


@multiprocess_flag_true.bad
def _() -> ServerRun:
    return example_run(calls=[_inside(label, pid, **{"wsgi.multiprocess": False}) for pid, label in enumerate("ab")])


@multiprocess_flag_true.good
def _() -> ServerRun:
    return example_run(calls=[_inside(label, pid, **{"wsgi.multiprocess": True}) for pid, label in enumerate("ab")])


@server_rule(
    id="run-once-flag-true",
    level=Level.WARNING,
    clauses=("env-run-once-truth",),
    stimuli=("env:fresh",),
    hint="Set wsgi.run_once to true only where a process serves one request, as under CGI.",
    since="0.1",
)
def run_once_flag_true(run: ServerRun) -> Outcome:
    """``wsgi.run_once`` is false in a process that calls the application again.

    It should be true only where the application is expected to be invoked once in the life of its process (PEP 3333,
    "environ Variables"); applications skip caching when it is.
    """
    counts: dict[object, int] = {}
    for call in run.calls:
        counts[_pid(call)] = counts.get(_pid(call), 0) + 1
    again = [call for call in run.calls if _pid(call) is not None and counts[_pid(call)] > 1]
    for call in again:
        if call.environ.get("wsgi.run_once"):
            message = "one process called the application more than once, and wsgi.run_once is true"
            return broken(run, message, got="true", expected="false")
    return HELD if again else None


@run_once_flag_true.bad
def _() -> ServerRun:
    return example_run(calls=[_inside(label, 1, **{"wsgi.run_once": True}) for label in "ab"])


@run_once_flag_true.good
def _() -> ServerRun:
    return example_run(calls=[_inside(label, 1, **{"wsgi.run_once": False}) for label in "ab"])


@server_rule(
    id="single-thread-mode-is-single",
    level=Level.WARNING,
    clauses=("thread-single-option",),
    stimuli=("overlap:single-thread",),
    hint="In the single-threaded mode, call the application for one request at a time.",
    since="0.1",
)
def single_thread_mode_is_single(run: ServerRun) -> Outcome:
    """In its single-threaded mode, a server runs one call at a time.

    Servers that run requests in parallel should also offer to run an application that is not thread-safe (PEP 3333,
    "Thread Support"). Tried for the servers whose single-threaded mode is known.
    """
    if run.noted.not_started:
        return broken(run, f"the server does not start in its single-threaded mode: {run.noted.not_started}")
    if not any(call.named("gate") for call in run.calls):
        return None
    if any(len(calls) > 1 for calls in _held_together(run)):
        return broken(run, "in the single-threaded mode, calls of the application overlapped in one process")
    return HELD


@single_thread_mode_is_single.bad
def _() -> ServerRun:
    return example_run(calls=[_inside(label, 1) for label in "ab"])


@single_thread_mode_is_single.good
def _() -> ServerRun:
    return example_run(calls=[_inside("a", 1)])


@server_rule(
    id="middleware-changes-nothing",
    section="call",
    level=Level.WARNING,
    clauses=("mw-transparent", "ext-no-assume-no-mw"),
    stimuli=("middleware:identity",),
    hint="Do not rely on getting back your own start_response, environ or iterable.",
    since="0.1",
)
def middleware_changes_nothing(run: ServerRun) -> Outcome:
    """A middleware that only passes everything on makes no difference.

    The presence of middleware should be transparent to both sides (PEP 3333, "Middleware"), and servers should not
    assume that none is used (PEP 3333, "Server Extension APIs"). Here environ is copied, and start_response and the
    iterable are wrapped.
    """
    answers = [run.final_on(number) for number in range(2)]
    direct, wrapped = answers
    if direct is None or direct.status != 200 or not direct.complete:
        return None
    if wrapped is None or not wrapped.complete or (wrapped.status, wrapped.body) != (direct.status, direct.body):
        got = "nothing" if wrapped is None else f"{wrapped.status} {show(wrapped.body)}"
        message = f"through an identity middleware the response was {got}"
        return broken(run, message, run.connections[1], got=got, expected=f"{direct.status} {show(direct.body)}")
    return HELD


def _two(first_body: bytes, second_body: bytes) -> ServerRun:
    run = example_run(Response(200, body=first_body))
    sent = [Sent(example_request("wrapped"))]
    run.connections.append(Connection(sent=sent, responses=[Response(200, body=second_body)]))
    return run


@middleware_changes_nothing.bad
def _() -> ServerRun:
    return _two(b"first,second", b"")


@middleware_changes_nothing.good
def _() -> ServerRun:
    return _two(b"first,second", b"first,second")
