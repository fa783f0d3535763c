"""How the two sides call each other: PEP 3333, "Specification Overview" and "Specification Details"."""

from __future__ import annotations

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import AppCalled, AppRaised, CallableInspected, Exchange, IterableReturned, StartResponseCalled
from ..registry import event_rule

SECTION = "call"


@event_rule(
    id="app-called-positionally",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("call-app-positional",),
    on=AppCalled,
    environ=(),
    hint="Call the application as app(environ, start_response), without keywords.",
    since="0.1",
)
def app_called_positionally(event: AppCalled, exchange: Exchange) -> Outcome:
    """The application is called with exactly two positional arguments.

    An application may name its parameters as it likes (PEP 3333, "Specification Details"), so a server that passes them
    by name, or passes more of them, works only with applications written for it.
    """
    if event.kwargs:
        names = ", ".join(sorted(event.kwargs))
        return fault(
            f"the application was called with keyword arguments: {show(names)}", got=show(names), expected="none"
        )
    if len(event.args) != 2:
        count = len(event.args)
        return fault(f"the application was called with {count} positional arguments", got=str(count), expected="2")
    return HELD


@app_called_positionally.bad
def _(app, environ):
    def start_response(status, headers, exc_info=None):
        return lambda data: None

    body = app(environ=environ, start_response=start_response)
    list(body)
    body.close()


@app_called_positionally.good
def _(app, environ):
    def start_response(status, headers, exc_info=None):
        return lambda data: None

    body = app(environ, start_response)
    list(body)
    body.close()


@event_rule(
    id="environ-builtin-dict",
    section="environ",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("env-builtin-dict",),
    on=AppCalled,
    environ=(),
    hint="Pass a plain dict; convert a mapping of your own with dict(...).",
    since="0.1",
)
def environ_builtin_dict(event: AppCalled, exchange: Exchange) -> Outcome:
    """The environ is a builtin dict, not a subclass or another mapping.

    PEP 3333, "Specification Details", rules out subclasses and look-alikes by name, so that an application may rely on
    everything a dict does.
    """
    if type(event.environ) is not dict:
        return fault(f"environ is of type {type_name(event.environ)}", got=type_name(event.environ), expected="dict")
    return HELD


@environ_builtin_dict.bad
def _(app, environ):
    class Environ(dict[str, object]):
        pass

    body = app(Environ(environ), lambda status, headers, exc_info=None: print)
    list(body)
    body.close()


@environ_builtin_dict.good
def _(app, environ):
    body = app(dict(environ), lambda status, headers, exc_info=None: print)
    list(body)
    body.close()


@event_rule(
    id="app-takes-two-arguments",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("call-app-two-args",),
    on=(AppRaised, IterableReturned),
    silent_when_clean=True,
    hint="Define the application so that it can be called as app(environ, start_response).",
    since="0.1",
)
def app_takes_two_arguments(event: AppRaised | IterableReturned, exchange: Exchange) -> Outcome:
    """The application accepts two positional arguments.

    The whole interface is one call with environ and start_response (PEP 3333, "Specification Details"); an object that
    can't be called so is not a WSGI application.
    """
    if isinstance(event, IterableReturned) or (event.phase == "call" and event.inside):
        return HELD
    if event.phase != "call":
        return None
    return fault(
        f"the application can't be called with two positional arguments: {show(event.error)}", got=show(event.error)
    )


@app_takes_two_arguments.bad
def _(environ):
    return [b"called with the environ only"]


@app_takes_two_arguments.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="start-response-only-called",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("call-start-response-opaque",),
    on=(CallableInspected, StartResponseCalled),
    headers=(),
    hint="Only call start_response and write; don't look at their attributes.",
    since="0.1",
)
def start_response_only_called(event: CallableInspected | StartResponseCalled, exchange: Exchange) -> Outcome:
    """start_response and write are only called, never inspected.

    They may be functions, methods or any other callables (PEP 3333, "Specification Overview"); code that reads their
    attributes works on the one server whose callable happens to have them.
    """
    if isinstance(event, StartResponseCalled):
        return HELD
    name = f"{event.callable_name}.{event.attribute}"
    return fault(f"the attribute {show(name)} was read", got=show(name), expected="only calls")


@start_response_only_called.bad
def _(environ, start_response):
    server = getattr(start_response, "im_self", None)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served by " + repr(server).encode()]


@start_response_only_called.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served by " + environ.get("SERVER_SOFTWARE", "?").encode("latin-1")]
