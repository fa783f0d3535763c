"""What a middleware does with the iterables and the values of its inner app: it is their server.

Source: PEP 3333, "Specification Details", "Unicode Issues" and "Optional Platform-Specific File Handling" (on iterables
that only have ``__getitem__``).
"""

from __future__ import annotations

from collections import Counter

from .display import show
from .middleware import together
from .middleware_run import Crossing, MiddlewareRun
from .model import HELD, Blame, Level, Outcome, fault
from .registry import rule


def _failure(crossing: Crossing) -> str | None:
    """Say how the response failed, ``None`` when it is whole."""
    error = crossing.outer.error
    if error is not None:
        return f"the middleware raised {error.type}: {error.message}"
    if crossing.outer.timed_out:
        return "the response did not come to its end in time"
    return None


@rule(
    id="empty-body-accepted",
    section="body",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("body-zero-items-ok",),
    stimuli=("empty",),
    hint="Don't ask for a first item without being ready for StopIteration.",
)
def empty_body_accepted(run: MiddlewareRun, _: None) -> Outcome:
    """An iterable without any item is accepted.

    "Zero or more" is what the PEP says (PEP 3333, "Specification Details"): redirects, 204 and answers to HEAD have
    none.
    """
    control = run.crossing("one-item")
    if control is None or not control.outer.complete:
        return None
    return together([_empty(run.crossing(label)) for label in ("list", "generator", "closing")])


def _empty(crossing: Crossing | None) -> Outcome:
    if crossing is None or crossing.inner is None or crossing.inner.status is None:
        return None
    failure = _failure(crossing)
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
    failure = _failure(crossing)
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


@rule(
    id="sequence-protocol-accepted",
    section="body",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("body-sequence-protocol",),
    stimuli=("objects",),
    hint="Use iter() or a for loop instead of calling __iter__().",
)
def sequence_protocol_accepted(run: MiddlewareRun, _: None) -> Outcome:
    """An iterable that has only ``__getitem__`` is accepted.

    iter() and for loops take it (PEP 3333, "Optional Platform-Specific File Handling" names such iterables); code that
    looks for ``__iter__`` itself does not.
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


@rule(
    id="iterable-only-iterated",
    section="body",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("body-no-other-attributes",),
    stimuli=("objects",),
    hint="Iterate, ask for len(), close; look for nothing else, and don't ask whether the iterable is true.",
)
def iterable_only_iterated(run: MiddlewareRun, _: None) -> Outcome:
    """A middleware uses nothing of the inner app's iterable but iteration, len() and close().

    Other attributes are the inner app's own business, whatever they are called (PEP 3333, "Specification Details");
    an iterable that happens to be false still has items.
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


@rule(
    id="binary-body-unchanged",
    section="body",
    level=Level.WARNING,
    side=Blame.MIDDLEWARE,
    clauses=("body-binary-safe",),
    stimuli=("binary",),
    hint="Work on bytes; don't decode, split lines or translate line ends of what may be an image.",
)
def binary_body_unchanged(run: MiddlewareRun, _: None) -> Outcome:
    """A middleware that leaves text as it is leaves binary data as it is.

    Bodies are bytes, whatever they hold (PEP 3333, "Specification Details"). Judged for middleware that passes a
    body of plain ASCII and the same type unchanged.
    """
    plain, binary = run.crossing("plain"), run.crossing("binary")
    if plain is None or binary is None or not plain.outer.complete or not plain.same_content or binary.inner is None:
        return None
    failure = _failure(binary)
    if failure is not None:
        return fault(f"with a body of all byte values, {failure}", exchange="binary")
    if binary.outer.code == binary.inner_code and not binary.same_content:
        got, expected = show(binary.decoded_body, 60), show(binary.inner.body, 60)
        return fault("a body of all byte values came out changed", got=got, expected=expected, exchange="binary")
    return HELD


@binary_body_unchanged.bad
def _(app):
    class Lines:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return (block.replace(b"\r\n", b"\n") for block in self.body)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Lines(app(environ, start_response))


@binary_body_unchanged.good
def _(app):
    class Counted:
        def __init__(self, body):
            self.body, self.size = body, 0

        def __iter__(self):
            for block in self.body:
                self.size += len(block)
                yield block

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Counted(app(environ, start_response))


@rule(
    id="text-body-not-encoded",
    section="body",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("text-server-no-body-encoding",),
    stimuli=("texts",),
    hint="Pass on what the inner app yields, or raise; don't encode it.",
)
def text_body_not_encoded(run: MiddlewareRun, _: None) -> Outcome:
    """A middleware does not encode text that the inner app yields.

    Only the application knows which encoding its Content-Type promises (PEP 3333, "Unicode Issues"). A middleware that
    guesses hides the fault until it is taken out, or until the first page isn't ASCII.
    """
    crossing = run.crossing("text-body")
    if (
        crossing is None
        or crossing.inner is None
        or not any(s.what == "item" and s.side == "inner" for s in crossing.steps)
    ):
        return None
    if b"text, not bytes" in crossing.decoded_body:
        return fault("the inner app yielded a str, and the middleware made bytes of it", exchange="text-body")
    return HELD


@text_body_not_encoded.bad
def _(app):
    class Encoded:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return (block.encode() if isinstance(block, str) else block for block in self.body)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Encoded(app(environ, start_response))


@text_body_not_encoded.good
def _(app):
    class Counted:
        def __init__(self, body):
            self.body, self.size = body, 0

        def __iter__(self):
            for block in self.body:
                self.size += len(block)
                yield block

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Counted(app(environ, start_response))


@rule(
    id="wide-text-not-mangled",
    section="headers",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("text-server-rejects-wide",),
    stimuli=("texts",),
    hint="Pass the header on, or raise; don't replace what you can't encode.",
)
def wide_text_not_mangled(run: MiddlewareRun, _: None) -> Outcome:
    """A header that is not Latin-1 text is not sent in a mangled form.

    It is an error, and the server raises it (PEP 3333, "Unicode Issues"). A middleware that puts question marks in its
    place, or drops the characters, makes silent loss of data of it.
    """
    narrow, wide = run.crossing("narrow"), run.crossing("wide-header")
    if narrow is None or wide is None or wide.inner is None or narrow.outer.header("X-Price") != ["5 EUR"]:
        return None
    if not wide.outer.complete:
        return HELD
    came_out = wide.outer.header("X-Price")
    if came_out and came_out[0].rstrip() in ("5 ?", "5"):
        return fault(
            f"the header value {show('5 ' + chr(0x20AC))} came out as {show(came_out[0])}",
            got=show(came_out[0]),
            expected="the value as it was, or an error",
            exchange="wide-header",
        )
    return HELD


@wide_text_not_mangled.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            headers = [(name, value.encode("latin-1", "replace").decode("latin-1")) for name, value in headers]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@wide_text_not_mangled.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            headers = [(name, value.encode("latin-1").decode("latin-1")) for name, value in headers]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@rule(
    id="header-names-known-in-any-case",
    section="headers",
    level=Level.ERROR,
    side=Blame.MIDDLEWARE,
    clauses=("header-case-insensitive",),
    stimuli=("header-case",),
    hint="Compare header names in lower case.",
)
def header_names_known_in_any_case(run: MiddlewareRun, _: None) -> Outcome:
    """A middleware treats a header alike in whatever case its name is written.

    Names are case-insensitive (PEP 3333, "The start_response() Callable"; RFC 9110 section 5.1). One that removes only
    "Content-Length" leaves "content-length" behind, and one that adds what is there already makes two of it.
    """
    usual, again = run.crossing("usual"), run.crossing("usual-again")
    if usual is None or again is None or usual.inner is None or _names(usual) != _names(again):
        return None  # what differs by itself can't be compared
    if not usual.outer.complete:
        return None
    faults = HELD
    for label in ("lower", "upper"):
        crossing = run.crossing(label)
        if crossing is None or crossing.inner is None:
            continue
        difference = _difference(usual, crossing)
        if difference is not None:
            faults += fault(f"with header names in {label} case, {difference}", exchange=label)
    return faults[:1]


def _names(crossing: Crossing) -> Counter[str]:
    return Counter(name.lower() for name, _ in crossing.outer.headers)


def _difference(usual: Crossing, other: Crossing) -> str | None:
    failure = _failure(other)
    if failure is not None:
        return failure
    if usual.outer.code != other.outer.code:
        return f"the status is {other.outer.status}, not {usual.outer.status}"
    missing, extra = _names(usual) - _names(other), _names(other) - _names(usual)
    if missing or extra:
        words = [f"{name} is missing" for name in missing] + [f"there is one {name} too many" for name in extra]
        return "; ".join(words)
    if usual.decoded_body != other.decoded_body and usual.same_content != other.same_content:
        return "the body is another one"
    return None


@header_names_known_in_any_case.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if "Cache-Control" not in dict(headers):
                headers = [*headers, ("Cache-Control", "no-store")]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@header_names_known_in_any_case.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if not any(name.lower() == "cache-control" for name, _ in headers):
                headers = [*headers, ("Cache-Control", "no-store")]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware
