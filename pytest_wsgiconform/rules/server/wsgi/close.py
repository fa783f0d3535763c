"""A server and ``close()``: on the object that the app returned, also after an error or when the client has gone."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "close"


def _closed(call: Call, of: str = "outer") -> int:
    return sum(entry.get("of", "outer") == of for entry in call.named("close"))


@server_rule(
    id="close-on-returned-object",
    level=Level.ERROR,
    clauses=("close-on-returned-object",),
    stimuli=("body:separate-iterator",),
    hint="Keep the returned object, and call close() on it, not on what iter() made of it.",
    since="0.1",
)
def close_on_returned_object(run: ServerRun) -> Outcome:
    """``close()`` is called on the object that the application returned.

    It is the iterable returned by the application whose ``close()`` must be called (PEP 3333, "Specification Details"),
    not the iterator that was derived from it.
    """
    call = run.called("first")
    response = run.first_final
    if call is None or response is None or not response.complete:
        return None
    if not _closed(call):
        inner = " (that of its iterator was called)" if _closed(call, "inner") else ""
        return broken(run, f"close() was not called on the returned object{inner}", got="not called")
    return HELD


@close_on_returned_object.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("close", of="inner", number=1))])


@close_on_returned_object.good
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("close", of="outer", number=1))])


@server_rule(
    id="close-called-after-error",
    level=Level.ERROR,
    clauses=("close-called-on-error",),
    stimuli=("exc:close-error",),
    hint="Call close() in a finally clause.",
    since="0.1",
)
def close_called_after_error(run: ServerRun) -> Outcome:
    """``close()`` is called when iteration ends with an exception.

    It must be called whether the request completed normally or terminated early due to an application error (PEP 3333,
    "Specification Details"). Locks and database connections hang on it.
    """
    call = run.called("first")
    if call is None or not call.named("raise"):
        return None
    if not _closed(call):
        return broken(run, "the iterable raised in its second step, and close() was not called", got="not called")
    return HELD


@close_called_after_error.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("raise", error="ProbeError: x", phase="next"))])


@close_called_after_error.good
def _() -> ServerRun:
    events = event("raise", error="ProbeError: x", phase="next"), event("close", of="outer", number=1)
    return example_run(calls=[example_call(*events)])


@server_rule(
    id="close-called-after-disconnect",
    level=Level.ERROR,
    clauses=("close-called-on-disconnect",),
    stimuli=("leave:reset", "leave:close"),
    hint="Call close() in a finally clause around the sending, too.",
    since="0.1",
)
def close_called_after_disconnect(run: ServerRun) -> Outcome:
    """``close()`` is called when the client goes away in the middle of the response.

    It must also be called on early termination due to a browser disconnect (PEP 3333, "Specification Details"). The
    application goes on yielding, so that the server can notice; where it came to its end first, nothing is judged.
    """
    call = run.called("first")
    if call is None or not call.named("yield") or call.named("exhausted"):
        return None
    if not call.named("close"):
        message = f"the client left, {len(call.named('yield'))} blocks were taken, and close() was not called"
        return broken(run, message, got="not called")
    return HELD


@close_called_after_disconnect.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("yield", number=1, size=8000))], ended="client")


@close_called_after_disconnect.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("yield", number=1, size=8000), event("close", number=1))])


# -- write() and the order of data
