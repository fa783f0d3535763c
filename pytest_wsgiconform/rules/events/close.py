"""``close()``: PEP 3333, "Specification Details" (the paragraphs on the iterable's close method).

A server may close early (clause close-early-may), so an iterable that was not exhausted is no fault.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import CloseCalled, Exchange, ExchangeEnded, NextAfterClose
from ..registry import event_rule

SECTION = "close"


@event_rule(
    id="close-called",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("close-called-normal",),
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Call the iterable's close(), if it has one, in a finally block around the iteration.",
    only_of_complete=True,
    since="0.1",
)
def close_called(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """The iterable's close() is called when the request is complete.

    Applications release database connections, files and locks there (PEP 3333, "Specification Details"); a server or
    middleware that forgets it leaks them, one request at a time.
    """
    if not exchange.has_close or (exchange.failed is not None and not exchange.closed):
        return None
    if not exchange.closed:
        how = "to the end" if exchange.exhausted else "or thrown away"
        return fault(f"close() of the returned iterable was never called; it was iterated {how}")
    return HELD


@close_called.bad
def _(app, environ):
    for block in app(environ, lambda status, headers, exc_info=None: print):
        bytes(block)


@close_called.good
def _(app, environ):
    body = app(environ, lambda status, headers, exc_info=None: print)
    try:
        for block in body:
            bytes(block)
    finally:
        if hasattr(body, "close"):
            body.close()


@event_rule(
    id="close-called-once",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("close-once",),
    on=CloseCalled,
    silent_when_clean=True,
    hint="Call close() in one place only.",
    since="0.1",
)
def close_called_once(event: CloseCalled, exchange: Exchange) -> Outcome:
    """close() is called once per request.

    PEP 3333, "Specification Details", speaks of one call upon completion without saying "once". In the field a second
    call releases a resource that somebody else has been given meanwhile.
    """
    if not exchange.has_close:
        return None
    if event.number > 1:
        return fault(f"close() was called {event.number} times", got=str(event.number), expected="1")
    return HELD


@close_called_once.bad
def _(app, environ):
    body = app(environ, lambda status, headers, exc_info=None: print)
    list(body)
    body.close()
    body.close()


@close_called_once.good
def _(app, environ):
    body = app(environ, lambda status, headers, exc_info=None: print)
    list(body)
    body.close()


@event_rule(
    id="close-not-during-step",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("close-not-early",),
    on=CloseCalled,
    silent_when_clean=True,
    hint="Wait for the running step of the iterable to return before calling close().",
    since="0.1",
)
def close_not_during_step(event: CloseCalled, exchange: Exchange) -> Outcome:
    """close() is not called while a step of the iterable is running.

    Calling close() marks the completion of the request (PEP 3333, "Specification Details"); called in the middle of a
    step, from another thread or from within, it takes resources away that the step is using.
    """
    if not exchange.has_close:
        return None
    if event.stepping:
        return fault("close() was called while the iterable was producing an item")
    return HELD


@close_not_during_step.bad
def _(app, environ):
    bodies: list[Any] = []

    def start_response(status, headers, exc_info=None):
        for body in bodies:
            with contextlib.suppress(ValueError):
                body.close()
        return print

    bodies.append(app(environ, start_response))
    next(iter(bodies[0]), None)


@close_not_during_step.good
def _(app, environ):
    body = app(environ, lambda status, headers, exc_info=None: print)
    list(body)
    body.close()


@event_rule(
    id="close-comes-last",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("close-not-early",),
    on=(NextAfterClose, ExchangeEnded),
    silent_when_clean=True,
    hint="Call close() only when no further item will be asked for.",
    since="0.1",
)
def close_comes_last(event: NextAfterClose | ExchangeEnded, exchange: Exchange) -> Outcome:
    """Nothing is asked of the iterable after close().

    After close() the application has released what its iterable needs (PEP 3333, "Specification Details"), so the next
    item comes from a closed file or a returned connection.
    """
    if isinstance(event, ExchangeEnded):
        return HELD if exchange.closed else None
    return fault("another item was asked for after close()")


@close_comes_last.bad
def _(app, environ):
    body = app(environ, lambda status, headers, exc_info=None: print)
    blocks = iter(body)
    next(blocks)
    body.close()
    next(blocks, None)


@close_comes_last.good
def _(app, environ):
    body = app(environ, lambda status, headers, exc_info=None: print)
    blocks = iter(body)
    next(blocks)
    next(blocks)
    body.close()
