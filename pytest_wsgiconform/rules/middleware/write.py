"""``write()`` as a middleware offers it to its inner app: PEP 3333, "The write() Callable"."""

from __future__ import annotations

from typing import Any

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, InnerRecord, MiddlewareRun
from ..registry import middleware_rule
from .general import each

SECTION = "write"


@middleware_rule(
    id="write-takes-one-argument",
    level=Level.ERROR,
    clauses=("write-signature",),
    stimuli=("written",),
    hint="Let the callable that your start_response returns take one bytestring.",
    since="0.1",
)
def write_takes_one_argument(run: MiddlewareRun) -> Outcome:
    """The write that a middleware gives its inner app takes one positional argument.

    It is called as ``write(data)`` (PEP 3333, "The start_response() Callable"), by old frameworks and by streaming code
    that few tests cover.
    """
    return each(run, _takes_one)


def _takes_one(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not inner.writes:
        return None
    refused = next((call.raised for call in inner.writes if call.refused), None)
    if refused is not None:
        return fault(f"write(data) was refused: {refused}", got=refused, exchange=crossing.label)
    return HELD


@write_takes_one_argument.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            start_response(status, headers, exc_info)
            return lambda: None

        return app(environ, start)

    return middleware


def _content(run: MiddlewareRun, label: str) -> bytes | None:
    crossing = run.crossing(label)
    if crossing is None or crossing.inner is None or not crossing.outer.complete:
        return None
    return crossing.decoded_body


@middleware_rule(
    id="written-data-delivered",
    level=Level.ERROR,
    clauses=("mw-provides-write",),
    stimuli=("written",),
    hint="Return the server's write from your start_response, or keep what is written and send it first.",
    since="0.1",
)
def written_data_delivered(run: MiddlewareRun) -> Outcome:
    """What the inner app writes is part of the response.

    A middleware has to offer a write() that works (PEP 3333, "The start_response() Callable" and "Middleware:
    Components that Play Both Sides"). A dummy that throws the data away loses pages of those applications that still
    use it.
    """
    yielded, half, crossing = _content(run, "yielded"), _content(run, "half"), run.crossing("written")
    if yielded is None or half is None or yielded == half or crossing is None or crossing.inner is None:
        return None
    failed = next((call for call in crossing.inner.writes if call.raised and not call.refused), None)
    if failed is not None:
        return fault(f"write() raised {failed.error}: {failed.raised}", got=failed.raised, exchange="written")
    written = _content(run, "written")
    if written is None:
        return None
    if written == half:
        return fault("what the inner app wrote is not in the response", got=repr(written[:60]), exchange="written")
    return HELD


@written_data_delivered.bad
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            start_response(status, headers, exc_info)
            return lambda data: None

        return app(environ, start)

    return middleware


@write_takes_one_argument.good
@written_data_delivered.good
def _(app):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return middleware


@middleware_rule(
    id="written-data-first",
    level=Level.ERROR,
    clauses=("write-order", "write-then-yield"),
    stimuli=("written",),
    hint="Send what was written before anything that was yielded, and what was yielded after it.",
    since="0.1",
)
def written_data_first(run: MiddlewareRun) -> Outcome:
    """What was written comes first, and what was yielded follows it.

    A call of write() delivers before it returns (PEP 3333, "The write() Callable"), and the iterable is sent after
    that. Judged for middleware that leaves the body as it is.
    """
    whole, crossing = run.crossing("yielded"), run.crossing("written")
    written = _content(run, "written")
    if whole is None or crossing is None or crossing.inner is None or written is None or not whole.same_content:
        return None
    if b"one " not in written:
        return None  # written-data-delivered has it
    if written != whole.decoded_body:
        got, expected = repr(written[:60]), repr(whole.decoded_body[:60])
        return fault(f"the inner app wrote and yielded {expected}, and {got} came out", got=got, expected=expected)
    return HELD


@written_data_first.bad
def _(app):
    def middleware(environ, start_response):
        written: list[bytes] = []

        def start(status, headers, exc_info=None):
            start_response(status, headers, exc_info)
            return written.append

        return Body(app(environ, start), written)

    class Body:
        def __init__(self, body: Any, written: list[bytes]) -> None:
            self.body, self.written = body, written

        def __iter__(self):
            yield from self.body
            yield from self.written

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return middleware


@written_data_first.good
def _(app):
    def middleware(environ, start_response):
        written: list[bytes] = []

        def start(status, headers, exc_info=None):
            start_response(status, headers, exc_info)
            return written.append

        return Body(app(environ, start), written)

    class Body:
        def __init__(self, body: Any, written: list[bytes]) -> None:
            self.body, self.written = body, written

        def __iter__(self):
            yield from self.written
            yield from self.body

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return middleware
