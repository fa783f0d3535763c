"""Streaming: PEP 3333, "Buffering and Streaming" and "Middleware Handling of Block Boundaries".

Judged on an inner app that yields six blocks, step by step. The first fault of a middleware hides those that follow
from it: one that drains the inner app before it returns is reported for that, not also for waiting for several blocks.
"""

from __future__ import annotations

from ..model import HELD, Level, Outcome, fault
from ..records.middleware import Crossing, InnerRecord, MiddlewareRun, Step
from ..registry import middleware_rule
from .general import each

SECTION = "middleware"

#: A filler longer than this, or with anything but white space in it, is content.
_LONGEST_FILLER = 16


def _streamed(crossing: Crossing, inner: InnerRecord) -> bool:
    """Whether a whole response of several items was seen, item by item."""
    whole = inner.exhausted and inner.chunks > 1 and crossing.outer.complete and not crossing.overflowed
    return whole and inner.watched and not inner.elsewhere


@middleware_rule(
    id="returns-as-soon-as-inner-app",
    level=Level.ERROR,
    clauses=("mw-return-promptly",),
    stimuli=("blocks", "lazy", "large"),
    hint="Return an iterable that takes the inner app's items one by one when it is itself asked for one.",
    since="0.1",
)
def returns_as_soon_as_inner_app(run: MiddlewareRun) -> Outcome:
    """A middleware returns an iterable as soon as its inner app has returned one.

    A page that takes a minute, or a feed that never ends, is otherwise held in memory until it is complete, and the
    server can neither send nor close meanwhile (PEP 3333, "Middleware Handling of Block Boundaries").
    """
    return each(run, _returns_promptly)


def _returns_promptly(crossing: Crossing, inner: InnerRecord) -> Outcome:
    outer_returned = crossing.at("outer", "returned")
    if not inner.returned or outer_returned is None or inner.chunks < 2 or inner.elsewhere:
        return None
    taken = _count(crossing.steps[:outer_returned], "inner", "item")
    if taken:
        return fault(
            f"the middleware took {taken} of {inner.chunks} items from the inner app before it returned",
            got=str(taken),
            expected="0",
            exchange=crossing.label,
        )
    return HELD


def _count(steps: list[Step], side: str, what: str) -> int:
    return sum(1 for step in steps if step.side == side and step.what == what)


@returns_as_soon_as_inner_app.bad
def _(app):
    def middleware(environ, start_response):
        body = app(environ, start_response)
        try:
            return [block.upper() for block in body]
        finally:
            if hasattr(body, "close"):
                body.close()

    return middleware


@returns_as_soon_as_inner_app.good
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
    id="one-inner-step-at-a-time",
    level=Level.ERROR,
    clauses=("mw-no-block",),
    stimuli=("blocks",),
    hint='Yield b"" for each item that you keep; take the next one only when you are asked again.',
    since="0.1",
)
def one_inner_step_at_a_time(run: MiddlewareRun) -> Outcome:
    """A middleware does not wait for several items of the inner app before it yields one.

    The server may have other requests to serve between two items of a slow page (PEP 3333, "Middleware Handling of
    Block Boundaries"). While the middleware loops over the inner app, it can't.
    """
    return each(run, _one_at_a_time)


def _one_at_a_time(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not _streamed(crossing, inner) or crossing.label == "fillers":
        return None
    if _returns_promptly(crossing, inner):
        return None
    waiting = most = 0
    for step in crossing.steps:
        if (step.side, step.what) == ("inner", "item"):
            waiting += 1
            most = max(most, waiting)
        elif (step.side, step.what) in (("outer", "item"), ("outer", "write")):
            waiting = 0
    if most > 1:
        return fault(
            f"the middleware took {most} items from the inner app for one of its own",
            got=str(most),
            expected="1",
            exchange=crossing.label,
        )
    return HELD


@one_inner_step_at_a_time.bad
def _(app):
    class Paired:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            blocks = iter(self.body)
            for block in blocks:
                yield block + next(blocks, b"")

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Paired(app(environ, start_response))


@one_inner_step_at_a_time.good
def _(app):
    class Paired:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            kept = []
            for block in self.body:
                kept.append(block)
                if len(kept) < 2:
                    yield b""
                else:
                    yield b"".join(kept)
                    kept.clear()
            yield b"".join(kept)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Paired(app(environ, start_response))


@middleware_rule(
    id="one-item-for-each-inner-item",
    level=Level.ERROR,
    clauses=("mw-one-per-value",),
    stimuli=("blocks",),
    hint='Yield something for each item of the inner app, b"" where you have nothing to send.',
    since="0.1",
)
def one_item_for_each_inner_item(run: MiddlewareRun) -> Outcome:
    """A middleware yields at least one item for each item of the inner app, empty ones included.

    An empty item is an application's way to say "not yet, go on with something else" (PEP 3333, "Middleware Handling of
    Block Boundaries"); a middleware that leaves it out keeps the server waiting.
    """
    blocks = run.crossing("blocks")
    inner = blocks.inner if blocks is not None else None
    if blocks is not None and inner is not None and (_returns_promptly(blocks, inner) or _one_at_a_time(blocks, inner)):
        return None
    return each(run, _one_per_value)


def _one_per_value(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not _streamed(crossing, inner):
        return None
    given = crossing.outer.chunks + _count(crossing.steps, "outer", "write")
    if given < inner.chunks:
        return fault(
            f"the inner app yielded {inner.chunks} items, and the middleware only {given}",
            got=str(given),
            expected=f"at least {inner.chunks}",
            exchange=crossing.label,
        )
    return HELD


@one_item_for_each_inner_item.bad
def _(app):
    class WithoutEmpty:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            return (block for block in self.body if block)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: WithoutEmpty(app(environ, start_response))


@one_item_for_each_inner_item.good
def _(app):
    class Counted:
        size = 0

        def __init__(self, body):
            self.body = body

        def __iter__(self):
            for block in self.body:
                self.size += len(block)
                yield block

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: Counted(app(environ, start_response))


@middleware_rule(
    id="block-passed-on-at-once",
    level=Level.ERROR,
    clauses=("mw-no-delay", "body-no-delay"),
    stimuli=("blocks",),
    hint="Yield all of a block in the step in which you took it.",
    since="0.1",
)
def block_passed_on_at_once(run: MiddlewareRun) -> Outcome:
    """A middleware hands each block on in full and does not keep it back until the next one comes.

    The next block may be minutes away (PEP 3333, "Buffering and Streaming"): a progress report that is always one block
    late is wrong. Judged where the body passes unchanged: a middleware that works on the whole body may yield empty
    items until it has all of it, and one that searches for text may keep the end of a block.
    """
    return each(run, _at_once)


def _at_once(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not _streamed(crossing, inner) or not crossing.same_body or crossing.label == "fillers":
        return None
    if _returns_promptly(crossing, inner) or _one_at_a_time(crossing, inner):
        return None
    before = inside = outside = 0  # bytes of the inner blocks up to the last but one, up to the last, and handed on
    for step in crossing.steps:
        if (step.side, step.what) == ("inner", "item"):
            before, inside = inside, inside + max(step.size, 0)
        elif (step.side, step.what) == ("inner", "exhausted"):
            break
        elif (step.side, step.what) == ("outer", "item") and step.size > 0:
            outside += step.size
            if before and outside <= before:
                return fault(
                    f"after {inside} bytes of the inner app the middleware had handed on {outside}: a block behind",
                    got=str(outside),
                    expected=f"more than {before}",
                    exchange=crossing.label,
                )
    return HELD


@block_passed_on_at_once.bad
def _(app):
    class OneBehind:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            kept = b""
            for block in self.body:
                yield kept
                kept = block
            yield kept

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: OneBehind(app(environ, start_response))


@middleware_rule(
    id="filler-is-empty",
    level=Level.ERROR,
    clauses=("mw-yield-empty",),
    stimuli=("blocks",),
    hint='While you collect, yield b"".',
    since="0.1",
)
def filler_is_empty(run: MiddlewareRun) -> Outcome:
    """A middleware that is still collecting yields empty bytestrings meanwhile.

    Anything else, such as a space or a line end, becomes part of the page (PEP 3333, "Middleware Handling of Block
    Boundaries"): it breaks Content-Length, images and signatures.
    """
    return each(run, _filler)


def _filler(crossing: Crossing, inner: InnerRecord) -> Outcome:
    if not _streamed(crossing, inner) or crossing.label == "fillers":
        return None
    end = crossing.at("inner", "exhausted")
    fillers = [s for s in crossing.steps[:end] if (s.side, s.what) == ("outer", "item")]
    if len(fillers) < 2 or any(s.size < 0 or s.size > _LONGEST_FILLER or s.text.strip() for s in fillers):
        return None
    extra = sum(step.size for step in fillers)
    if extra and crossing.outer.size == inner.size + extra and crossing.outer.body[extra:] == inner.body:
        return fault(
            f"the middleware yielded {fillers[0].text!r} while it was collecting, {len(fillers)} times",
            got=repr(fillers[0].text),
            expected='b""',
            exchange=crossing.label,
        )
    return None if extra else HELD


@filler_is_empty.bad
def _(app):
    class AllAtTheEnd:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            kept = []
            for block in self.body:
                kept.append(block)
                yield b" "
            yield b"".join(kept)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    def middleware(environ, start_response):
        def start_without_length(status, headers, exc_info=None):
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            return start_response(status, headers, exc_info)

        body = app(environ, start_without_length)
        return AllAtTheEnd(body) if environ.get("REQUEST_METHOD") == "GET" else body

    return middleware


@block_passed_on_at_once.good
@filler_is_empty.good
def _(app):
    class AllAtTheEnd:
        def __init__(self, body):
            self.body = body

        def __iter__(self):
            kept = []
            for block in self.body:
                kept.append(block)
                yield b""
            yield b"".join(kept)

        def close(self):
            if hasattr(self.body, "close"):
                self.body.close()

    return lambda environ, start_response: AllAtTheEnd(app(environ, start_response))
