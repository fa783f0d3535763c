"""Middleware: PEP 3333, "Middleware: Components that Play Both Sides", and what follows from it.

These rules judge crossings, requests seen on both sides of the middleware at once. What a middleware does to its own
end (it changes the body, answers by itself, asks the inner app twice) is no fault, so each rule judges only crossings
in which the inner app was called exactly once, unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import HELD, Fault, Level, Outcome, fault
from ..records.middleware import Crossing, InnerRecord, MiddlewareRun
from ..registry import middleware_rule

SECTION = "middleware"

#: Shortest text that can be recognised as derived from the request.
_RECOGNISABLE = 4


def together(outcomes: list[Outcome]) -> Outcome:
    """Return the faults of all *outcomes*; HELD when there are none but something was put to the test."""
    tested = [outcome for outcome in outcomes if outcome is not None]
    if not tested:
        return None
    faults: tuple[Fault, ...] = sum(tested, ())
    return faults


def each(run: MiddlewareRun, judge: Callable[[Crossing, InnerRecord], Outcome]) -> Outcome:
    """Apply ``judge(crossing, inner)`` to every crossing of *run* that called the inner app once."""
    return together([judge(crossing, inner) for crossing, inner in run.single()])


@middleware_rule(
    id="request-body-passed-on",
    level=Level.ERROR,
    clauses=("mw-both-sides",),
    stimuli=("request-body",),
    hint="After reading wsgi.input put a new io.BytesIO of what was read in its place.",
    since="0.1",
)
def request_body_passed_on(run: MiddlewareRun) -> Outcome:
    """The inner app can read as much of the request body as its CONTENT_LENGTH says.

    Toward its inner app a middleware is the server (PEP 3333, "Middleware: Components that Play Both Sides"). One that
    reads a form or logs a body and leaves the empty stream behind hands on a request that says it has a body and has
    none; the application then waits, or sees a form without fields.
    """
    return each(run, _body_passed_on)


def _body_passed_on(crossing: Crossing, inner: InnerRecord) -> Outcome:
    declared, read = inner.facts.get("declared", 0), inner.facts.get("read")
    if not declared or read is None or "error" in inner.facts:
        return None
    if read < declared:
        message = f"the inner app was told of a body of {declared} bytes, and wsgi.input gave {read}"
        return fault(message, got=str(read), expected=str(declared), location=inner.called_at, exchange=crossing.label)
    return HELD


@request_body_passed_on.bad
def _(app):
    def middleware(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        print("request body:", environ["wsgi.input"].read(length), file=environ["wsgi.errors"])
        return app(environ, start_response)

    return middleware


@request_body_passed_on.good
def _(app):
    import io

    def middleware(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        print("request body:", body, file=environ["wsgi.errors"])
        environ["wsgi.input"] = io.BytesIO(body)
        return app(environ, start_response)

    return middleware


@middleware_rule(
    id="changed-body-has-its-length",
    level=Level.ERROR,
    clauses=("mw-length-consistent",),
    stimuli=("*",),
    hint="When you change the body, take Content-Length out of the headers, or set it to the new length.",
    explains=("content-length-matches-body",),
    since="0.1",
)
def changed_body_has_its_length(run: MiddlewareRun) -> Outcome:
    """A middleware that changes the body corrects or drops Content-Length.

    The header that the inner app gave is about the inner app's body (PEP 3333, "Middleware: Components that Play Both
    Sides"). Left as it is, clients cut the page off or wait for bytes that never come.
    """
    return each(run, _length_of_changed_body)


def _length_of_changed_body(crossing: Crossing, inner: InnerRecord) -> Outcome:
    outer = crossing.outer
    no_body = outer.method == "HEAD" or outer.code in (204, 304)
    if not outer.complete or crossing.same_body or no_body or not inner.exhausted:
        return None
    stated = outer.header("Content-Length")
    if not stated:
        return HELD if inner.header("Content-Length") else None
    if len(stated) > 1 or not (stated[0].isascii() and stated[0].isdigit()):
        return None  # rules on the header itself have it
    if int(stated[0]) != outer.size:
        return fault(
            f"the middleware made {outer.size} bytes of a body of {inner.size}, and says Content-Length: {stated[0]}",
            got=stated[0],
            expected=str(outer.size),
            exchange=crossing.label,
        )
    return HELD


@changed_body_has_its_length.bad
def _(app):
    class WithLine:
        def __init__(self, body, line):
            self.body, self.line = body, line

        def __iter__(self):
            yield from self.body
            yield from self.line

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if status == "200 OK" and environ.get("REQUEST_METHOD") != "HEAD":
                line[:] = [b"<!-- served by me -->"]
            return start_response(status, headers, exc_info)

        line: list[bytes] = []
        return WithLine(app(environ, start), line)

    return middleware


@changed_body_has_its_length.good
def _(app):
    class WithLine:
        def __init__(self, body, line):
            self.body, self.line = body, line

        def __iter__(self):
            yield from self.body
            yield from self.line

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            if status == "200 OK" and environ.get("REQUEST_METHOD") != "HEAD":
                line[:] = [b"<!-- served by me -->"]
                headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            return start_response(status, headers, exc_info)

        line: list[bytes] = []
        return WithLine(app(environ, start), line)

    return middleware


@middleware_rule(
    id="close-forwarded",
    section="close",
    level=Level.ERROR,
    clauses=("close-mw-forwards",),
    stimuli=("*",),
    hint="Give the iterable you return a close() that calls the inner iterable's; in a generator, use try and finally.",
    explains=("close-called",),
    since="0.1",
)
def close_forwarded(run: MiddlewareRun) -> Outcome:
    """A middleware that returns its own iterable passes close() on to the inner app's.

    The server can close only what it was given (PEP 3333, "Specification Details"). When the middleware drops the call,
    the application's connections, files and locks stay open, one request at a time, and nothing shows why.
    """
    return each(run, _close_forwarded)


def _close_forwarded(crossing: Crossing, inner: InnerRecord) -> Outcome:
    outer = crossing.outer
    if not (inner.watched and inner.returned and inner.has_close and outer.complete) or crossing.drained_early:
        return None
    if inner.closed:
        return HELD
    if inner.iterator_closed:
        return None  # close-not-on-iterator has it
    return fault("the response was closed, and the inner app's iterable was not", exchange=crossing.label)


@close_forwarded.bad
def _(app):
    def middleware(environ, start_response):
        return map(bytes.upper, app(environ, start_response))

    return middleware


@close_forwarded.good
def _(app):
    class Upper:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return map(bytes.upper, self.body)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    def middleware(environ, start_response):
        return Upper(app(environ, start_response))

    return middleware


@middleware_rule(
    id="write-only-for-written",
    section="write",
    level=Level.ERROR,
    clauses=("mw-write-only-for-write",),
    stimuli=("*",),
    hint="Hand on what the inner app yields by yielding it.",
    explains=("returns-as-soon-as-inner-app",),
    since="0.1",
)
def write_only_for_written(run: MiddlewareRun) -> Outcome:
    """A middleware uses the server's write() only for what its inner app wrote.

    What was yielded is to be yielded (PEP 3333, "Middleware Handling of Block Boundaries" and "The write() Callable"):
    write() blocks until the data is on its way, and a server that runs other requests between two blocks no longer can.
    """
    return each(run, _write_only_for_written)


def _write_only_for_written(crossing: Crossing, inner: InnerRecord) -> Outcome:
    taken = written = spontaneous = 0
    for step in crossing.steps:
        if (step.side, step.what) == ("inner", "item"):
            taken += step.size > 0
        elif (step.side, step.what) == ("outer", "write"):
            written += 1
            if step.size > 0 and taken and not step.writing:
                spontaneous += step.size
    if not written or crossing.overflowed or inner.failed is not None:
        return None
    # What it makes up itself, or kept of what was written, it may write; yielded data it may not.
    from_yielded = inner.written == 0 or (crossing.same_body and _outer_written(crossing) > inner.written)
    if spontaneous and from_yielded:
        return fault(
            f"{spontaneous} bytes went through write() that the inner app had yielded, not written",
            exchange=crossing.label,
        )
    return HELD


def _outer_written(crossing: Crossing) -> int:
    return sum(max(s.size, 0) for s in crossing.steps if (s.side, s.what) == ("outer", "write"))


@write_only_for_written.bad
def _(app):
    def middleware(environ, start_response):
        writes: list[Any] = []

        def start(status, headers, exc_info=None):
            writes[:] = [start_response(status, headers, exc_info)]
            return writes[0]

        body = app(environ, start)
        try:
            for block in body:
                writes[0](block)
        finally:
            if hasattr(body, "close"):
                body.close()
        return []

    return middleware


@write_only_for_written.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@middleware_rule(
    id="environ-offers-functions",
    level=Level.ADVICE,
    clauses=("ext-mw-functions",),
    stimuli=("*",),
    hint="Put a function into environ that works the value out from the environ it is given.",
    since="0.1",
)
def environ_offers_functions(run: MiddlewareRun) -> Outcome:
    """What a middleware derives from environ it offers as a function, not as a value.

    Another middleware further in may change the variables that the value was derived from (PEP 3333, "Server Extension
    APIs"); a function that is given the current environ can't be out of date. Seen when a new key holds a value in
    which a variable of the request reappears.
    """
    return each(run, _offers_functions)


def _offers_functions(crossing: Crossing, inner: InnerRecord) -> Outcome:
    extensions = [entry for entry in inner.added if "." in entry[0]]
    if not extensions:
        return None
    for key, kind, text, _ in extensions:
        source = _derived_from(text, crossing.environ)
        if source is not None:
            message = f"environ[{key!r}] is {text}, worked out from {source}"
            return fault(message, got=kind, expected="a function of environ", location=inner.called_at)
    return HELD


def _derived_from(text: str, environ: dict[str, str]) -> str | None:
    """Return the name of the request variable that reappears in *text*, ``None`` when there is none."""
    for name in ("PATH_INFO", "QUERY_STRING", "HTTP_USER_AGENT", "HTTP_COOKIE", "REMOTE_ADDR", "HTTP_HOST"):
        value = environ.get(name, "").strip("/")
        if len(value) >= _RECOGNISABLE and value in text:
            return name
    return None


@environ_offers_functions.bad
def _(app):
    def middleware(environ, start_response):
        environ["example.page"] = environ.get("PATH_INFO", "").strip("/")
        return app(environ, start_response)

    return middleware


@environ_offers_functions.good
def _(app):
    def middleware(environ, start_response):
        environ["example.get_page"] = lambda environ: environ.get("PATH_INFO", "").strip("/")
        return app(environ, start_response)

    return middleware
