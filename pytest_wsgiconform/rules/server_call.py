"""How a server calls the application: which kinds, how often, and how its processes and threads are told."""

from __future__ import annotations

from .display import show
from .model import HELD, Blame, Level, Outcome
from .registry import rule
from .server_requests import answer, event, example_call, example_request, example_run, first, started
from .server_run import Call, Connection, Response, Sent, ServerRun
from .wire_evidence import broken

#: Looked up by isinstance() and issubclass(), by logging and by functools.wraps(): of no use to tell how to call.
HARMLESS = frozenset(
    {
        "__class__",
        "__bases__",
        "__mro__",
        "__module__",
        "__name__",
        "__qualname__",
        "__doc__",
        "__dict__",
        "__annotations__",
        "__type_params__",
    }
)


@rule(
    id="any-callable-served",
    section="call",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("call-app-any-kind",),
    stimuli=("kind:*",),
    hint="Call the object with two positional arguments; care for nothing else about it.",
)
def any_callable_served(run: ServerRun, _exchange: object) -> Outcome:
    """Functions, bound methods, classes and instances with ``__call__`` are served alike.

    Why it matters: an application is any callable, and a server "must not have any dependency on what kind of callable
    was provided to it" (PEP 3333, "Specification Overview").
    """
    kind = str(run.facts.get("app", "a function"))
    if "not-started" in run.facts:
        return broken(run, f"the server does not start with {kind} as its application: {run.facts['not-started']}")
    response = answer(run)
    if run.probed and not run.calls and response is None:
        return broken(run, f"the server neither called {kind} nor answered")
    wanted = f"ok {run.token}.first\n".encode()
    if response is None or not response.complete or response.status != 200 or response.body != wanted:
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"with {kind} as the application the response was {got}", got=got, expected=show(wanted))
    return HELD


@any_callable_served.bad
def _():
    return example_run(Response(status=500, body=b"error"), calls=[example_call()], facts={"app": "app_class"})


@any_callable_served.good
def _():
    response = Response(body=b"ok t.first\n")
    return example_run(response, calls=[example_call()], facts={"app": "app_class"}, token="t")


@rule(
    id="app-not-introspected",
    section="call",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("call-app-not-introspected",),
    stimuli=("kind:app_instance",),
    hint="Call the application; do not read attributes of it.",
)
def app_not_introspected(run: ServerRun, _exchange: object) -> Outcome:
    """A server calls the application and reads no attributes of it.

    Why it matters: callables "are only to be called, not introspected upon" (PEP 3333, "Specification Overview"):
    what a server finds out about one kind of object, another kind does not have. What logging, ``isinstance`` and
    ``functools.wraps`` look up (names, module, class, documentation) is not counted.
    """
    call = first(run)
    if call is None or "wsgiconform.lookups" not in call.environ:
        return None
    looked_up = call.environ["wsgiconform.lookups"]
    seen = [name for name in looked_up if name not in HARMLESS] if type(looked_up) is list else []
    if seen:
        return broken(run, f"the server looked up {show(seen[0])} on the application object", got=show(seen[0]))
    return HELD


@app_not_introspected.bad
def _():
    return example_run(calls=[example_call(**{"wsgiconform.lookups": ["__code__"]})])


@app_not_introspected.good
def _():
    return example_run(calls=[example_call(**{"wsgiconform.lookups": ["__class__"]})])


@rule(
    id="app-called-once-per-request",
    section="call",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("call-once-per-request",),
    stimuli=("body:*", "env:*", "raise:*", "input:unread"),
    hint="Call the application once for each request, also when it fails or the client is slow.",
)
def app_called_once_per_request(run: ServerRun, _exchange: object) -> Outcome:
    """Each request makes the server call the application exactly once.

    Why it matters: the server invokes the application "once for each request it receives" that is directed at it (PEP
    3333, "The Server/Gateway Side"). A second call repeats orders and payments.
    """
    labels = [call.label for call in run.calls if call.label]
    for label in labels:
        if labels.count(label) > 1:
            return broken(run, f"the application was called {labels.count(label)} times for one request")
    for connection in run.connections:
        for response in connection.finals:
            if run.probed and response.label and response.label not in labels:
                return broken(run, "a response came without a call of the application", connection)
    return HELD if labels else None


@app_called_once_per_request.bad
def _():
    return example_run(Response(), calls=[example_call(), example_call()])


@app_called_once_per_request.good
def _():
    return example_run(Response(), calls=[example_call()])


@rule(
    id="start-response-takes-positionals",
    section="call",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-signature", "exc-first-call-ok"),
    stimuli=("body:generator", "start:none", "exc:first"),
    hint="Define start_response(status, headers, exc_info=None).",
)
def start_response_takes_positionals(run: ServerRun, _exchange: object) -> Outcome:
    """``start_response`` takes two positional arguments, and a third.

    Why it matters: it must accept two required positional arguments and one optional one (PEP 3333, "Specification
    Details"). A first call that carries exc_info, as an error page's does, is an ordinary start.
    """
    call = first(run)
    found = started(call) if call is not None else []
    if call is None or not found:
        return None
    if found[0]["raised"]:
        return broken(run, f"start_response raised {found[0]['raised']}", got=found[0]["raised"])
    return HELD


@start_response_takes_positionals.bad
def _():
    raised = "TypeError: start_response() takes 2 positional arguments but 3 were given"
    return example_run(calls=[example_call(event("start", status="200 OK", raised=raised))])


@start_response_takes_positionals.good
def _():
    return example_run(Response(), calls=[example_call(event("start", status="200 OK", raised=""))])


@rule(
    id="write-takes-bytes",
    section="write",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("write-signature",),
    stimuli=("write:order", "gated:write"),
    hint="Return a callable from start_response that takes one bytestring.",
)
def write_takes_bytes(run: ServerRun, _exchange: object) -> Outcome:
    """What ``start_response`` returns takes one bytestring.

    Why it matters: it must return a ``write(body_data)`` callable with one positional argument (PEP 3333,
    "Specification Details"), which older frameworks still use.
    """
    call = first(run)
    found = call.named("write") if call is not None else []
    for entry in found:
        if entry["raised"]:
            return broken(run, f"write() raised {entry['raised']}", got=entry["raised"])
    return HELD if found else None


@write_takes_bytes.bad
def _():
    return example_run(calls=[example_call(event("write", size=3, raised="TypeError: 'NoneType' is not callable"))])


@write_takes_bytes.good
def _():
    return example_run(calls=[example_call(event("write", size=3, raised=""))])


# -- threads and processes


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


@rule(
    id="multithread-flag-true",
    section="environ",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-multithread-truth",),
    stimuli=("overlap:four",),
    hint="Set wsgi.multithread to true when one process may run the application in more than one thread at a time.",
)
def multithread_flag_true(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.multithread`` is true where one process runs calls side by side.

    Why it matters: applications guard what they share by it; it should be true if another thread of the process may
    invoke the application at the same time (PEP 3333, "environ Variables"). That calls did not overlap proves nothing.
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
def _():
    calls = [_inside(label, 1, **{"wsgi.multithread": False}) for label in "ab"]
    return example_run(calls=calls)


@multithread_flag_true.good
def _():
    calls = [_inside(label, 1, **{"wsgi.multithread": True}) for label in "ab"]
    return example_run(calls=calls)


@rule(
    id="multiprocess-flag-true",
    section="environ",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-multiprocess-truth",),
    stimuli=("overlap:four",),
    hint="Set wsgi.multiprocess to true when another process may run the application at the same time.",
)
def multiprocess_flag_true(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.multiprocess`` is true where several processes run the application side by side.

    Why it matters: it should be true if another process may invoke an equivalent application object at the same
    time (PEP 3333, "environ Variables"). That only one process was seen proves nothing.
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
def _():
    return example_run(calls=[_inside(label, pid, **{"wsgi.multiprocess": False}) for pid, label in enumerate("ab")])


@multiprocess_flag_true.good
def _():
    return example_run(calls=[_inside(label, pid, **{"wsgi.multiprocess": True}) for pid, label in enumerate("ab")])


@rule(
    id="run-once-flag-true",
    section="environ",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("env-run-once-truth",),
    stimuli=("env:fresh",),
    hint="Set wsgi.run_once to true only where a process serves one request, as under CGI.",
)
def run_once_flag_true(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.run_once`` is false in a process that calls the application again.

    Why it matters: it should be true only where the application is expected to be invoked once in the life of its
    process (PEP 3333, "environ Variables"); applications skip caching when it is.
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
def _():
    return example_run(calls=[_inside(label, 1, **{"wsgi.run_once": True}) for label in "ab"])


@run_once_flag_true.good
def _():
    return example_run(calls=[_inside(label, 1, **{"wsgi.run_once": False}) for label in "ab"])


@rule(
    id="single-thread-mode-is-single",
    section="environ",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("thread-single-option",),
    stimuli=("overlap:single-thread",),
    hint="In the single-threaded mode, call the application for one request at a time.",
)
def single_thread_mode_is_single(run: ServerRun, _exchange: object) -> Outcome:
    """In its single-threaded mode, a server runs one call at a time.

    Why it matters: servers that run requests in parallel should also offer to run an application that is not
    thread-safe (PEP 3333, "Thread Support"). Tried for the servers whose such mode is known.
    """
    if "not-started" in run.facts:
        return broken(run, f"the server does not start in its single-threaded mode: {run.facts['not-started']}")
    if not any(call.named("gate") for call in run.calls):
        return None
    if any(len(calls) > 1 for calls in _held_together(run)):
        return broken(run, "in the single-threaded mode, calls of the application overlapped in one process")
    return HELD


@single_thread_mode_is_single.bad
def _():
    return example_run(calls=[_inside(label, 1) for label in "ab"])


@single_thread_mode_is_single.good
def _():
    return example_run(calls=[_inside("a", 1)])


@rule(
    id="middleware-changes-nothing",
    section="call",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("mw-transparent", "ext-no-assume-no-mw"),
    stimuli=("middleware:identity",),
    hint="Do not rely on getting back your own start_response, environ or iterable.",
)
def middleware_changes_nothing(run: ServerRun, _exchange: object) -> Outcome:
    """A middleware that only passes everything on makes no difference.

    Why it matters: the presence of middleware should be transparent to both sides (PEP 3333, "Middleware"), and servers
    should not assume that none is used ("Server Extension APIs"). Here environ is copied, and start_response and the
    iterable are wrapped.
    """
    answers = [answer(run, number) for number in range(2)]
    direct, wrapped = answers
    if direct is None or direct.status != 200 or not direct.complete:
        return None
    if wrapped is None or not wrapped.complete or (wrapped.status, wrapped.body) != (direct.status, direct.body):
        got = "nothing" if wrapped is None else f"{wrapped.status} {show(wrapped.body)}"
        message = f"through an identity middleware the response was {got}"
        return broken(run, message, run.connections[1], got=got, expected=f"{direct.status} {show(direct.body)}")
    return HELD


def _two(first_body: bytes, second_body: bytes) -> ServerRun:
    run = example_run(Response(body=first_body))
    sent = [Sent(example_request("wrapped"))]
    run.connections.append(Connection(sent=sent, responses=[Response(body=second_body)]))
    return run


@middleware_changes_nothing.bad
def _():
    return _two(b"first,second", b"")


@middleware_changes_nothing.good
def _():
    return _two(b"first,second", b"first,second")
