"""``close()`` through a middleware: every path on which the inner app's iterable must be closed.

Source: PEP 3333, "Specification Details". The first fault hides those that follow from it: a middleware that never
passes ``close()`` on is reported once, by ``close-forwarded``.
"""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, InnerRecord, MiddlewareRun
from ..registry import middleware_rule
from .general import each

SECTION = "close"


def _closes_normally(run: MiddlewareRun) -> bool:
    """Whether the middleware passed ``close()`` on when a whole response had been sent."""
    whole = run.crossing("whole")
    return whole is not None and whole.inner is not None and whole.inner.closed > 0


def _closable(inner: InnerRecord) -> bool:
    return inner.watched and inner.returned and inner.has_close


@middleware_rule(
    id="close-not-on-iterator",
    level=Level.ERROR,
    clauses=("close-on-returned-object",),
    stimuli=("*",),
    hint="Keep what the inner app returned, and call close() on that, not on iter() of it.",
    explains=(
        "close-called",
        "close-forwarded",
    ),
    since="0.1",
)
def close_not_on_iterator(run: MiddlewareRun) -> Outcome:
    """close() is called on the object that the inner app returned, not on the iterator made of it.

    They may be two objects, and only the first has the application's close() (PEP 3333, "Specification Details"). With
    generators it makes no difference, which is why this is found so late.
    """
    return each(run, _on_returned_object)


def _on_returned_object(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not _closable(inner):
        return None
    if inner.closed:
        return HELD
    if inner.iterator_closed:
        return fault("close() was called on the iterator, not on what the inner app returned", exchange=crossing.label)
    return None


@close_not_on_iterator.bad
def _(app):
    class Upper:
        def __init__(self, body):
            self.blocks = iter(body)

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.blocks).upper()

        def close(self):
            if hasattr(self.blocks, "close"):
                self.blocks.close()

    return lambda environ, start_response: Upper(app(environ, start_response))


@close_not_on_iterator.good
def _(app):
    class Upper:
        def __init__(self, body):
            self.body, self.blocks = body, iter(body)

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.blocks).upper()

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Upper(app(environ, start_response))


@middleware_rule(
    id="close-forwarded-when-stopped",
    level=Level.ERROR,
    clauses=("close-called-on-disconnect",),
    stimuli=("stopped",),
    hint="Close the inner iterable in a finally block, or in the close() of your own.",
    explains=(
        "close-called",
        "close-not-on-iterator",
    ),
    since="0.1",
)
def close_forwarded_when_stopped(run: MiddlewareRun) -> Outcome:
    """close() is passed on when the server stops in the middle of the body.

    A client that goes away makes the server close early (PEP 3333, "Specification Details"). Code after the loop does
    not run then, so whatever closes the inner iterable only at the end of its items leaks it with each lost client.
    """
    crossing = run.crossing("after-one")
    if crossing is None or crossing.inner is None or not _closes_normally(run):
        return None
    inner = crossing.inner
    if not _closable(inner) or not crossing.outer.stopped_early or inner.exhausted or crossing.outer.error is not None:
        return None
    if inner.closed:
        return HELD
    return fault(
        "the server closed after the first block, and the inner app's iterable was not closed", exchange="after-one"
    )


@close_forwarded_when_stopped.bad
def _(app):
    def upper(body):
        try:
            yield from map(bytes.upper, body)
        except Exception:
            close(body)
            raise
        close(body)

    def close(body):
        if hasattr(body, "close"):
            body.close()

    return lambda environ, start_response: upper(app(environ, start_response))


@middleware_rule(
    id="close-forwarded-before-first-block",
    level=Level.WARNING,
    clauses=("close-called-on-disconnect",),
    stimuli=("stopped",),
    hint="Return an object whose close() closes the inner iterable: an unstarted generator runs no finally.",
    explains=(
        "close-called",
        "close-not-on-iterator",
    ),
    since="0.1",
)
def close_forwarded_before_first_block(run: MiddlewareRun) -> Outcome:
    """close() is passed on even when the server takes no item at all.

    Servers may close at once, for a HEAD request or a client that is gone (PEP 3333, "Specification Details"). Closing
    a generator that was never started runs nothing of it, so a try and finally in there doesn't help.
    """
    crossing = run.crossing("at-once")
    if crossing is None or crossing.inner is None or not _closes_normally(run):
        return None
    inner = crossing.inner
    if not _closable(inner) or crossing.outer.error is not None:
        return None
    if inner.closed:
        return HELD
    return fault(
        "the server closed without taking a block, and the inner app's iterable was not closed", exchange="at-once"
    )


@close_forwarded_before_first_block.bad
def _(app):
    def upper(body):
        try:
            for block in body:
                yield block.upper()
        finally:
            if hasattr(body, "close"):
                body.close()

    return lambda environ, start_response: upper(app(environ, start_response))


@middleware_rule(
    id="close-forwarded-after-error",
    level=Level.ERROR,
    clauses=("close-called-on-error",),
    stimuli=("failing",),
    hint="Close the inner iterable in a finally block, or in the close() of your own.",
    explains=(
        "close-called",
        "close-not-on-iterator",
    ),
    since="0.1",
)
def close_forwarded_after_error(run: MiddlewareRun) -> Outcome:
    """close() is passed on when the inner app's iterable has raised.

    An application that failed has resources to give back as well (PEP 3333, "Specification Details"): often a
    transaction that must be rolled back.
    """
    if not _closes_normally(run):
        return None
    return each(run, _after_error)


def _after_error(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not _closable(inner) or inner.failed is None:
        return None
    if inner.closed:
        return HELD
    return fault("the inner app's iterable raised, and was never closed", exchange=crossing.label)


@close_forwarded_after_error.bad
def _(app):
    class Upper:
        failed = False

        def __init__(self, body):
            self.body = body

        def __iter__(self):
            try:
                yield from map(bytes.upper, self.body)
            except Exception:
                self.failed = True
                raise

        def close(self):
            if hasattr(self.body, "close") and not self.failed:
                self.body.close()

    return lambda environ, start_response: Upper(app(environ, start_response))


@middleware_rule(
    id="iterable-without-close-accepted",
    level=Level.ERROR,
    clauses=("close-absent-ok",),
    stimuli=("objects",),
    hint='Look with hasattr(body, "close") before you call it.',
    since="0.1",
)
def iterable_without_close_accepted(run: MiddlewareRun) -> Outcome:
    """An iterable without close() is accepted.

    A list has none, nor has a plain iterator (PEP 3333, "Specification Details": "if the iterable has a close()").
    """
    control = run.crossing("closing")
    if control is None or not control.outer.complete:
        return None
    for label in ("list", "no-close"):
        crossing = run.crossing(label)
        error = crossing.outer.error if crossing is not None else None
        if error is not None:
            return fault(
                f"with an iterable without close() the middleware raised {error.type}: {error.message}",
                location=error.location,
                exchange=label,
            )
    return HELD


@iterable_without_close_accepted.bad
def _(app):
    class Upper:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return map(bytes.upper, self.body)

        def close(self):
            self.body.close()

    return lambda environ, start_response: Upper(app(environ, start_response))


@close_forwarded_when_stopped.good
@close_forwarded_before_first_block.good
@close_forwarded_after_error.good
@iterable_without_close_accepted.good
def _(app):
    class Upper:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return map(bytes.upper, self.body)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Upper(app(environ, start_response))
