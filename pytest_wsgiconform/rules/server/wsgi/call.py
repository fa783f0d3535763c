"""How a server calls the application: which kinds, how often, and with what."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...records.stimulus_facts import Launch
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "call"

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


@server_rule(
    id="any-callable-served",
    level=Level.ERROR,
    clauses=("call-app-any-kind",),
    stimuli=("kind:*",),
    hint="Call the object with two positional arguments; rely on nothing else about it.",
    since="0.1",
)
def any_callable_served(run: ServerRun) -> Outcome:
    """Functions, bound methods, classes and instances with ``__call__`` are served alike.

    An application is any callable, and a server "must not have any dependency on what kind of callable was provided to
    it" (PEP 3333, "Specification Overview").
    """
    kind = run.launch.app or "a function"
    if run.noted.not_started:
        return broken(run, f"the server does not start with {kind} as its application: {run.noted.not_started}")
    response = run.first_final
    if run.probed and not run.calls and response is None:
        return broken(run, f"the server neither called {kind} nor answered")
    wanted = f"ok {run.token}.first\n".encode()
    if response is None or not response.complete or response.status != 200 or response.body != wanted:
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        return broken(run, f"with {kind} as the application the response was {got}", got=got, expected=show(wanted))
    return HELD


@any_callable_served.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()], launch=Launch(app="app_class"))


@any_callable_served.good
def _() -> ServerRun:
    response = Response(200, body=b"ok t.first\n")
    return example_run(response, calls=[example_call()], launch=Launch(app="app_class"), token="t")


@server_rule(
    id="app-not-introspected",
    level=Level.ERROR,
    clauses=("call-app-not-introspected",),
    stimuli=("kind:app_instance",),
    hint="Call the application; do not read attributes of it.",
    since="0.1",
)
def app_not_introspected(run: ServerRun) -> Outcome:
    """A server calls the application and reads no attributes of it.

    Callables "are only to be called, not introspected upon" (PEP 3333, "Specification Overview"): what a server finds
    out about one kind of object, another kind does not have. What logging, ``isinstance`` and ``functools.wraps`` look
    up (names, module, class, documentation) is not counted.
    """
    call = run.called("first")
    if call is None or "wsgiconform.lookups" not in call.environ:
        return None
    looked_up = call.environ["wsgiconform.lookups"]
    seen = [name for name in looked_up if name not in HARMLESS] if type(looked_up) is list else []
    if seen:
        return broken(run, f"the server looked up {show(seen[0])} on the application object", got=show(seen[0]))
    return HELD


@app_not_introspected.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(**{"wsgiconform.lookups": ["__code__"]})])


@app_not_introspected.good
def _() -> ServerRun:
    return example_run(calls=[example_call(**{"wsgiconform.lookups": ["__class__"]})])


@server_rule(
    id="app-called-once-per-request",
    level=Level.ERROR,
    clauses=("call-once-per-request",),
    stimuli=("body:*", "env:*", "raise:*", "input:unread"),
    hint="Call the application once for each request, also when it fails or the client is slow.",
    since="0.1",
)
def app_called_once_per_request(run: ServerRun) -> Outcome:
    """Each request makes the server call the application exactly once.

    The server invokes the application "once for each request it receives" that is directed at it (PEP 3333, "The
    Server/Gateway Side"). A second call repeats orders and payments.
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
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(), example_call()])


@app_called_once_per_request.good
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call()])


@server_rule(
    id="start-response-takes-positionals",
    level=Level.ERROR,
    clauses=("start-signature", "exc-first-call-ok"),
    stimuli=("body:generator", "start:none", "exc:first"),
    hint="Define start_response(status, headers, exc_info=None).",
    since="0.1",
)
def start_response_takes_positionals(run: ServerRun) -> Outcome:
    """``start_response`` takes two positional arguments, and a third.

    It must accept two required positional arguments and one optional one (PEP 3333, "Specification Details"). A first
    call that carries exc_info, as an error page's does, is an ordinary start.
    """
    call = run.called("first")
    found = call.starts if call is not None else []
    if call is None or not found:
        return None
    if found[0]["raised"]:
        return broken(run, f"start_response raised {found[0]['raised']}", got=found[0]["raised"])
    return HELD


@start_response_takes_positionals.bad
def _() -> ServerRun:
    raised = "TypeError: start_response() takes 2 positional arguments but 3 were given"
    return example_run(calls=[example_call(event("start", status="200 OK", raised=raised))])


@start_response_takes_positionals.good
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("start", status="200 OK", raised=""))])


@server_rule(
    id="write-takes-bytes",
    section="write",
    level=Level.ERROR,
    clauses=("write-signature",),
    stimuli=("write:order", "gated:write"),
    hint="Return a callable from start_response that takes one bytestring.",
    since="0.1",
)
def write_takes_bytes(run: ServerRun) -> Outcome:
    """What ``start_response`` returns takes one bytestring.

    It must return a ``write(body_data)`` callable with one positional argument (PEP 3333, "Specification Details"),
    which older frameworks still use.
    """
    call = run.called("first")
    found = call.named("write") if call is not None else []
    for entry in found:
        if entry["raised"]:
            return broken(run, f"write() raised {entry['raised']}", got=entry["raised"])
    return HELD if found else None


@write_takes_bytes.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("write", size=3, raised="TypeError: 'NoneType' is not callable"))])


@write_takes_bytes.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("write", size=3, raised=""))])
