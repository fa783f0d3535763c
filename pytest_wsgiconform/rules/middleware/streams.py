"""Streams, errors and what a middleware keeps of them: PEP 3333, "Input and Error Streams" and "Error Handling"."""

from __future__ import annotations

from typing import Any

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, InnerRecord, MiddlewareRun
from ..registry import middleware_rule
from .general import each, together

SECTION = "errors"


@middleware_rule(
    id="input-methods-work",
    section="input",
    level=Level.ERROR,
    clauses=("input-read-supported", "input-readline-supported", "input-readlines-supported", "input-iter-supported"),
    stimuli=("input-methods",),
    hint="Put a whole file object such as io.BytesIO in the place of wsgi.input.",
    since="0.1",
)
def input_methods_work(run: MiddlewareRun) -> Outcome:
    """The wsgi.input that a middleware passes on can be read in every way that the PEP lists.

    The inner app may use read, readline, readlines or iteration (PEP 3333, "Input and Error Streams"). A wrapper that
    only counts what read() gives breaks the applications that read lines.
    """
    return each(run, _input_works)


def _input_works(crossing: Crossing, inner: InnerRecord) -> Outcome:
    error = inner.facts.get("error")
    if error is not None:
        message = f"{crossing.label} of wsgi.input raised {error}"
        return fault(message, got=error, location=inner.called_at, exchange=crossing.label)
    return HELD if inner.facts.get("declared") else None


@input_methods_work.bad
def _(app):
    class Counted:
        def __init__(self, stream):
            self.stream, self.count = stream, 0

        def read(self, size):
            data = self.stream.read(size)
            self.count += len(data)
            return data

    def middleware(environ, start_response):
        environ["wsgi.input"] = Counted(environ["wsgi.input"])
        return app(environ, start_response)

    return middleware


@input_methods_work.good
def _(app):
    class Counted:
        def __init__(self, stream):
            self.stream, self.count = stream, 0

        def read(self, *size):
            return self.counted(self.stream.read(*size))

        def readline(self, *size):
            return self.counted(self.stream.readline(*size))

        def readlines(self, *hint):
            return list(map(self.counted, self.stream.readlines(*hint)))

        def __iter__(self):
            return map(self.counted, self.stream)

        def counted(self, data: Any) -> Any:
            self.count += len(data)
            return data

    def middleware(environ, start_response):
        environ["wsgi.input"] = Counted(environ["wsgi.input"])
        return app(environ, start_response)

    return middleware


@middleware_rule(
    id="errors-methods-work",
    level=Level.ERROR,
    clauses=("errors-flush-supported", "errors-write-supported", "errors-writelines-supported"),
    stimuli=("errors-methods",),
    hint="Give your stand-in for wsgi.errors write, writelines and flush.",
    since="0.1",
)
def errors_methods_work(run: MiddlewareRun) -> Outcome:
    """The wsgi.errors that a middleware passes on can be written to in every way that the PEP lists.

    The stream has write, writelines and flush (PEP 3333, "Input and Error Streams"): logging handlers use all three,
    and an error in there is one in the middle of reporting another.
    """
    return each(run, _errors_work)


def _errors_work(crossing: Crossing, inner: InnerRecord) -> Outcome:
    error = inner.facts.get("error")
    if error is not None:
        message = f"{crossing.label} of wsgi.errors raised {error}"
        return fault(message, got=error, location=inner.called_at, exchange=crossing.label)
    return HELD if inner.facts.get("used") else None


@errors_methods_work.bad
def _(app):
    class Prefixed:
        def __init__(self, stream):
            self.stream = stream

        def write(self, text):
            self.stream.write(f"[me] {text}")

    def middleware(environ, start_response):
        environ["wsgi.errors"] = Prefixed(environ["wsgi.errors"])
        return app(environ, start_response)

    return middleware


@errors_methods_work.good
def _(app):
    class Prefixed:
        def __init__(self, stream):
            self.stream, self.flush = stream, stream.flush

        def write(self, text):
            self.stream.write(f"[me] {text}")

        def writelines(self, lines):
            self.stream.writelines([f"[me] {line}" for line in lines])

    def middleware(environ, start_response):
        environ["wsgi.errors"] = Prefixed(environ["wsgi.errors"])
        return app(environ, start_response)

    return middleware


@middleware_rule(
    id="inner-error-not-hidden",
    level=Level.WARNING,
    clauses=("exc-server-logs",),
    stimuli=("failing",),
    hint="Let the exception go on, or answer with an error page and log it.",
    since="0.1",
)
def inner_error_not_hidden(run: MiddlewareRun) -> Outcome:
    """An exception that leaves the inner app is not silently swallowed.

    A middleware that catches it has to log it (PEP 3333, "Error Handling"). A middleware that ends the body as if
    nothing had happened makes a truncated page a success that no monitoring sees.
    """
    return together([_hidden(run.crossing(label)) for label in ("call", "started", "first", "later")])


def _hidden(crossing: Crossing | None) -> Outcome:
    if crossing is None or crossing.inner is None or crossing.inner.failed is None:
        return None
    outer = crossing.outer
    silent = outer.complete and (outer.code or 0) < 400 and not outer.log and (crossing.same_body or not outer.size)
    if silent:
        message = f"the inner app raised {crossing.inner.failed}, and {outer.status} went out as if it were whole"
        return fault(message, exchange=crossing.label)
    return HELD


@inner_error_not_hidden.bad
def _(app):
    class Tolerant:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            try:
                yield from self.body
            except LookupError:
                return

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Tolerant(app(environ, start_response))


@inner_error_not_hidden.good
def _(app):
    import traceback

    class Tolerant:
        def __init__(self, body, log):
            self.body, self.log = body, log

        def __iter__(self):
            try:
                yield from self.body
            except LookupError:
                traceback.print_exc(file=self.log)
                yield b"An error has occurred, and this page ends here."

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Tolerant(app(environ, start_response), environ["wsgi.errors"])
