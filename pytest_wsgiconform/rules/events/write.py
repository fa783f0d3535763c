"""The ``write()`` callable: PEP 3333, "The write() Callable"."""

from __future__ import annotations

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, Exchange, WriteCalled
from ..registry import event_rule

SECTION = "write"


@event_rule(
    id="write-native-bytes",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("write-arg-bytes",),
    on=WriteCalled,
    hint="Encode text before writing it, and pass one bytes object.",
    twin="body-native-bytes",
    since="0.1",
)
def write_native_bytes(event: WriteCalled, exchange: Exchange) -> Outcome:
    """write() gets one argument of type bytes.

    What is written goes out as it is (PEP 3333, "The write() Callable" and "Unicode Issues"); only the application can
    choose an encoding.
    """
    if event.data is MISSING:
        return fault("write() was called without data", got="nothing", expected="bytes")
    if type(event.data) is not bytes:
        kind = type_name(event.data)
        return fault(f"write() got {show(event.data)}, of type {kind}", got=kind, expected="bytes")
    return HELD


@write_native_bytes.bad
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write("hello")
    return []


@write_native_bytes.good
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"hello")
    return []


@event_rule(
    id="write-not-from-iterable",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("write-not-in-iterable",),
    on=WriteCalled,
    hint="Yield the data instead of writing it, or write it before the application returns.",
    since="0.1",
)
def write_not_from_iterable(event: WriteCalled, exchange: Exchange) -> Outcome:
    """write() is not called from within the returned iterable, nor later.

    Once the iterable is running the order of written and yielded data is undefined (PEP 3333, "The write() Callable").
    A generator application runs entirely inside its iterable, so it can't write at all.
    """
    if event.phase != "call":
        when = "from inside the returned iterable" if event.phase == "next" else "after the application had returned"
        return fault(f"write() was called {when}", got=event.phase, expected="inside the application's call")
    return HELD


@write_not_from_iterable.bad
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])

    def blocks():
        write(b"hello ")
        yield b"world"

    return blocks()


@write_not_from_iterable.good
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"hello ")
    return iter([b"world"])


@event_rule(
    id="write-avoided",
    level=Level.ADVICE,
    side=Blame.APP,
    clauses=("write-avoid",),
    on=WriteCalled,
    hint="Return the data, or yield it.",
    since="0.1",
)
def write_avoided(event: WriteCalled, exchange: Exchange) -> Outcome:
    """New applications return their data instead of writing it.

    The callable exists for frameworks with an imperative output interface; it forces the server to block until the data
    is sent or buffered (PEP 3333, "The write() Callable").
    """
    return fault("write() was used")


@write_avoided.bad
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"hello")
    return []


@write_avoided.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
