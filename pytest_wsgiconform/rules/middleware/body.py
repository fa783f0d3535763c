"""What a middleware does with the iterables and the values of its inner app: it is their server.

Source: PEP 3333, "Specification Details", "Unicode Issues" and "Optional Platform-Specific File Handling" (on iterables
that only have ``__getitem__``).
"""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, MiddlewareRun
from ..registry import middleware_rule
from .general import together

SECTION = "body"


def failure_of(crossing: Crossing) -> str | None:
    """Say how the response failed, ``None`` when it is whole."""
    error = crossing.outer.error
    if error is not None:
        return f"the middleware raised {error.type}: {error.message}"
    if crossing.outer.timed_out:
        return "the response did not come to its end in time"
    return None


@middleware_rule(
    id="empty-body-accepted",
    level=Level.ERROR,
    clauses=("body-zero-items-ok",),
    stimuli=("empty",),
    hint="Don't ask for a first item without being ready for StopIteration.",
    explains=("start-response-called",),
    since="0.1",
)
def empty_body_accepted(run: MiddlewareRun) -> Outcome:
    """An iterable without any item is accepted.

    An iterable yields "zero or more" bytestrings (PEP 3333, "Specification Details"): redirects, 204 and answers to
    HEAD have none.
    """
    control = run.crossing("one-item")
    if control is None or not control.outer.complete:
        return None
    return together([_empty(run.crossing(label)) for label in ("list", "generator", "closing")])


def _empty(crossing: Crossing | None) -> Outcome:
    if crossing is None or crossing.inner is None or crossing.inner.status is None:
        return None
    failure = failure_of(crossing)
    if failure is None and not crossing.outer.starts:
        failure = "the server's start_response was never called"
    if failure is not None:
        location = crossing.outer.error.location if crossing.outer.error is not None else None
        return fault(f"with an iterable without items, {failure}", location=location, exchange=crossing.label)
    return HELD


@empty_body_accepted.bad
def _(app):
    class WithoutMark:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            blocks = iter(self.body)
            first = next(blocks)
            yield first.removeprefix(b"\xef\xbb\xbf")
            yield from blocks

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    def middleware(environ, start_response):
        body = app(environ, start_response)
        return WithoutMark(body) if environ.get("REQUEST_METHOD") == "GET" else body

    return middleware


@empty_body_accepted.good
def _(app):
    class WithoutMark:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            blocks = iter(self.body)
            for first in blocks:
                yield first.removeprefix(b"\xef\xbb\xbf")
                yield from blocks

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    def middleware(environ, start_response):
        body = app(environ, start_response)
        return WithoutMark(body) if environ.get("REQUEST_METHOD") == "GET" else body

    return middleware


def _raw(run: MiddlewareRun, label: str) -> Crossing | None:
    """Return the crossing *label*, if the middleware copes with an ordinary iterable."""
    control, crossing = run.crossing("closing"), run.crossing(label)
    if control is None or not control.outer.complete or crossing is None or crossing.inner is None:
        return None
    return crossing


def _lost(run: MiddlewareRun, crossing: Crossing) -> str | None:
    """Say how the body of *crossing* differs from that of an ordinary iterable, ``None`` when it doesn't."""
    failure = failure_of(crossing)
    if failure is not None:
        return failure
    control = run.crossing("closing")
    if (
        control is not None
        and control.decoded_body != crossing.decoded_body
        and control.outer.code == crossing.outer.code
    ):
        return f"{len(crossing.decoded_body)} bytes came out, and {len(control.decoded_body)} of an ordinary iterable"
    return None


@middleware_rule(
    id="sequence-protocol-accepted",
    level=Level.ERROR,
    clauses=("body-sequence-protocol",),
    stimuli=("objects",),
    hint="Use iter() or a for loop instead of calling __iter__().",
    explains=("iterable-can-be-iterated",),
    since="0.1",
)
def sequence_protocol_accepted(run: MiddlewareRun) -> Outcome:
    """An iterable that has only ``__getitem__`` is accepted.

    Both iter() and for loops accept it (PEP 3333, "Optional Platform-Specific File Handling" names such iterables);
    code that looks for ``__iter__`` itself does not.
    """
    crossing = _raw(run, "sequence")
    if crossing is None:
        return None
    lost = _lost(run, crossing)
    if lost is not None:
        location = crossing.outer.error.location if crossing.outer.error is not None else None
        return fault(f"with an iterable that has only __getitem__, {lost}", location=location, exchange="sequence")
    return HELD


@sequence_protocol_accepted.bad
def _(app):
    class Upper:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return map(bytes.upper, self.body.__iter__())

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Upper(app(environ, start_response))


@sequence_protocol_accepted.good
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


@middleware_rule(
    id="iterable-only-iterated",
    level=Level.ERROR,
    clauses=("body-no-other-attributes",),
    stimuli=("objects",),
    hint="Iterate, ask for len(), close; look for nothing else, and don't ask whether the iterable is true.",
    explains=(
        "lazy-start-accepted",
        "empty-body-accepted",
    ),
    since="0.1",
)
def iterable_only_iterated(run: MiddlewareRun) -> Outcome:
    """A middleware uses nothing of the inner app's iterable but iteration, len() and close().

    Other attributes are the inner app's own business, whatever they are called (PEP 3333, "Specification Details"); an
    iterable that happens to be false still has items.
    """
    only_lists = _only_lists(run)
    if only_lists is not None:
        return only_lists
    inspected, falsy = _raw(run, "inspected"), _raw(run, "falsy")
    if inspected is None or falsy is None:
        return None
    faults = HELD
    names = inspected.inner.facts.get("read", []) if inspected.inner is not None else []
    if names:
        listed = ", ".join(dict.fromkeys(names))
        faults += fault(
            f"the middleware looked up {listed} of what the inner app returned", got=listed, exchange="inspected"
        )
    lost = _lost(run, falsy)
    if lost is not None:
        faults += fault(f"with an iterable that is false but has items, {lost}", exchange="falsy")
    return faults


def _only_lists(run: MiddlewareRun) -> Outcome:
    """Return the fault of a middleware that copes with a list and with no other iterable, ``None`` for any other."""
    listed, others = run.crossing("list"), [run.crossing(label) for label in ("closing", "no-close")]
    if listed is None or not listed.outer.complete or not all(o is not None and o.outer.error for o in others):
        return None
    error = others[0].outer.error if others[0] is not None else None
    if error is None:
        return None
    return fault(
        f"with an iterable that is not a list the middleware raised {error.type}: {error.message}",
        expected="any iterable",
        location=error.location,
        exchange="closing",
    )


@iterable_only_iterated.bad
def _(app):
    def middleware(environ, start_response):
        body = app(environ, start_response)
        if hasattr(body, "headers"):
            print("a response object", file=environ["wsgi.errors"])
        return body

    return middleware


@iterable_only_iterated.good
def _(app):
    def middleware(environ, start_response):
        body = app(environ, start_response)
        if hasattr(body, "close"):
            print("something to close", file=environ["wsgi.errors"])
        return body

    return middleware
