"""A middleware and the bytes, texts and names that pass through it."""

from __future__ import annotations

from collections import Counter

from ..display import show
from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, MiddlewareRun
from ..registry import middleware_rule
from .body import failure_of

SECTION = "body"


@middleware_rule(
    id="binary-body-unchanged",
    level=Level.WARNING,
    clauses=("body-binary-safe",),
    stimuli=("binary",),
    hint="Work on bytes; don't decode, split lines or translate line ends of what may be an image.",
    since="0.1",
)
def binary_body_unchanged(run: MiddlewareRun) -> Outcome:
    """A middleware that leaves text as it is leaves binary data as it is.

    Bodies are bytes, whatever they hold (PEP 3333, "Specification Details"). Judged for middleware that passes a body
    of plain ASCII and the same type unchanged.
    """
    plain, binary = run.crossing("plain"), run.crossing("binary")
    if plain is None or binary is None or not plain.outer.complete or not plain.same_content or binary.inner is None:
        return None
    failure = failure_of(binary)
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


@middleware_rule(
    id="text-body-not-encoded",
    level=Level.ERROR,
    clauses=("text-server-no-body-encoding",),
    stimuli=("texts",),
    hint="Pass on what the inner app yields, or raise; don't encode it.",
    since="0.1",
)
def text_body_not_encoded(run: MiddlewareRun) -> Outcome:
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


@binary_body_unchanged.good
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


@middleware_rule(
    id="wide-text-not-mangled",
    section="headers",
    level=Level.ERROR,
    clauses=("text-server-rejects-wide",),
    stimuli=("texts",),
    hint="Pass the header on, or raise; don't replace what you can't encode.",
    since="0.1",
)
def wide_text_not_mangled(run: MiddlewareRun) -> Outcome:
    """A header that is not Latin-1 text is not sent in a mangled form.

    It is an error, and the server raises it (PEP 3333, "Unicode Issues"). A middleware that puts question marks in its
    place, or drops the characters, loses data silently.
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


@middleware_rule(
    id="header-names-known-in-any-case",
    section="headers",
    level=Level.ERROR,
    clauses=("header-case-insensitive",),
    stimuli=("header-case",),
    hint="Compare header names in lower case.",
    explains=(
        "content-length-matches-body",
        "changed-body-has-its-length",
    ),
    since="0.1",
)
def header_names_known_in_any_case(run: MiddlewareRun) -> Outcome:
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
    failure = failure_of(other)
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
