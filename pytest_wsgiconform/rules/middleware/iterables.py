"""What a middleware may take for granted of the object that its inner app returns: that it is iterable, no more.

Source: PEP 3333, "Specification Details".
"""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import MiddlewareRun
from ..registry import middleware_rule

SECTION = "body"


@middleware_rule(
    id="iterator-made-by-iter",
    level=Level.ERROR,
    clauses=("body-iterable",),
    stimuli=("objects",),
    hint="Call iter() on what the inner app returned, or loop over it; next() works on iterators only.",
    since="0.1",
)
def iterator_made_by_iter(run: MiddlewareRun) -> Outcome:
    """A middleware makes the iterator itself: what the inner app returns is an iterable, and need not be an iterator.

    Most applications return a list (PEP 3333, "Specification Details": "an iterable yielding zero or more
    bytestrings"). A wrapper that calls next() on it works with generator apps, and with nothing else.
    """
    iterator = run.crossing("no-close")
    others = [run.crossing("list"), run.crossing("closing")]
    if iterator is None or not iterator.outer.complete:
        return None
    errors = [crossing.outer.error for crossing in others if crossing is not None]
    if len(errors) < 2 or any(error is None for error in errors):
        return HELD
    error = errors[0]
    what = f"{error.type}: {error.message}" if error is not None else ""
    return fault(
        f"with a list, or another iterable that is no iterator, the middleware raised {what}",
        expected="iter() of what the inner app returned",
        location=error.location if error is not None else None,
        exchange="list",
    )


@iterator_made_by_iter.bad
def _(app):
    class Upper:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.body).upper()

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Upper(app(environ, start_response))


@iterator_made_by_iter.good
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
