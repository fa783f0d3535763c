"""How an application uses ``start_response``, and what the server's callable gives back."""

from __future__ import annotations

from typing import Any

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import ChunkYielded, Exchange, ExchangeEnded, StartResponseCalled, StartResponseReturned
from ..registry import event_rule

SECTION = "start-response"


def is_falsy(value: Any) -> bool:
    """Whether *value* is false; an object whose truth value can't be had counts as true."""
    try:
        return not value
    except Exception:  # a stranger's __bool__ may raise anything
        return False


def _size(data: Any) -> int:
    """Return the length of a text or byte string, 0 for any other object (not body data at all)."""
    for kind in (bytes, str, bytearray):
        if issubclass(type(data), kind):
            return int(kind.__len__(data))
    return 0


@event_rule(
    id="start-response-two-or-three-arguments",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("start-arg-count",),
    on=StartResponseCalled,
    headers=(),
    hint="Call start_response(status, headers), or with sys.exc_info() as a third argument.",
    since="0.1",
)
def start_response_two_or_three_arguments(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """start_response is called with two or three arguments.

    The callable takes a status, a header list and, in an error handler, exc_info (PEP 3333, "Specification Details"). A
    server need accept nothing else, so any other count is a TypeError on most of them.
    """
    # Keywords are counted too: passing them is a fault of its own, which another rule reports.
    count = len(event.args) + len(event.kwargs)
    if count in (2, 3):
        return HELD
    return fault(f"start_response was called with {count} arguments", got=str(count), expected="2 or 3")


@start_response_two_or_three_arguments.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")], None, True)
    return [b"hello"]


@start_response_two_or_three_arguments.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="start-response-arguments-positional",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("start-positional",),
    on=StartResponseCalled,
    headers=(),
    hint="Pass the arguments of start_response by position.",
    since="0.1",
)
def start_response_arguments_positional(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The arguments of start_response are passed by position.

    The names of the parameters are not part of the contract (PEP 3333, "Specification Details"): each server and each
    middleware calls them what it likes, so a keyword works on one and is a TypeError on the next.
    """
    if not event.kwargs:
        return HELD
    names = ", ".join(show(name) for name in list(event.kwargs)[:10])
    return fault(f"start_response was called with keyword arguments: {names}", got=names, expected="positions only")


@start_response_arguments_positional.bad
def _(environ, start_response):
    start_response("200 OK", headers=[("Content-Type", "text/plain")])
    return [b"hello"]


@start_response_arguments_positional.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="start-response-returns-write",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("start-returns-write",),
    on=StartResponseReturned,
    silent_when_clean=True,
    hint="Return a write(body_data) callable from start_response, whether or not it gets used.",
    since="0.1",
)
def start_response_returns_write(event: StartResponseReturned, exchange: Exchange) -> Outcome:
    """start_response returns a callable.

    Old applications send their body through the ``write(body_data)`` callable that start_response must return (PEP
    3333, "Specification Details" and "The write() Callable"). A middleware whose own start_response forgets to pass on
    the value of the server's breaks them in the same way.
    """
    if callable(event.value):
        return HELD
    return fault(
        f"start_response returned {show(event.value, 80)}, which can't be called",
        got=type_name(event.value),
        expected="a callable",
    )


@start_response_returns_write.bad
def _(app, environ):
    def start_response(status, headers, exc_info=None):
        return None

    body = app(environ, start_response)
    try:
        return b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()


@start_response_returns_write.good
def _(app, environ):
    sent: list[bytes] = []

    def start_response(status, headers, exc_info=None):
        return sent.append

    body = app(environ, start_response)
    try:
        sent.extend(body)
        return b"".join(sent)
    finally:
        if hasattr(body, "close"):
            body.close()


@event_rule(
    id="start-response-before-body",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("start-before-body",),
    on=ChunkYielded,
    silent_when_clean=True,
    hint="Call start_response before the iterable yields its first non-empty block.",
    since="0.1",
)
def start_response_before_body(event: ChunkYielded, exchange: Exchange) -> Outcome:
    """start_response is called before any body data is yielded.

    A server has to send the status and the headers ahead of the first byte of the body, so it must know them by then
    (PEP 3333, "Specification Details"). An empty block asks for nothing to be sent and may come earlier.
    """
    size = _size(event.data)
    if size == 0:
        return None
    if event.started:
        return HELD
    if exchange.yielded:
        return None  # reported at the first block
    return fault(
        f"block {event.number} of the body ({size} long) came before start_response was called",
        got=show(event.data, 80),
        expected="start_response first",
    )


@start_response_before_body.bad
def _(environ, start_response):
    yield b"hello, "
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"world"


@start_response_before_body.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello, "
    yield b"world"


@event_rule(
    id="start-response-before-empty-blocks",
    level=Level.ADVICE,
    side=Blame.APP,
    clauses=("start-before-body",),
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Call start_response before the first block, even an empty one.",
    since="0.1",
)
def start_response_before_empty_blocks(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """start_response is called before even an empty block is yielded.

    Nothing is due for sending with an empty block, so it may come first, but servers and middleware exist that take any
    first block for the start of the body. Middleware is left out: where it waits for data it has to yield empty
    blocks (PEP 3333, "Middleware Handling of Block Boundaries").
    """
    if exchange.chunks == 0 or not exchange.starts or exchange.below is Blame.MIDDLEWARE:
        return None
    if not exchange.empty_first:
        return HELD
    return fault(
        "an empty block was yielded before start_response was called",
        location=exchange.starts[0].location,
        expected="start_response before the first block",
    )


@start_response_before_empty_blocks.bad
def _(environ, start_response):
    yield b""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello"


@start_response_before_empty_blocks.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello"


@event_rule(
    id="start-response-called",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("start-called",),
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Call start_response on every path through the app, also where the body is empty.",
    since="0.1",
)
def start_response_called(event: ExchangeEnded, exchange: Exchange) -> Outcome:
    """Every response that runs to its end has called start_response.

    Without the call the server has neither a status nor headers to send, and can only fail the request (PEP 3333,
    "Specification Details"). It is easily missed where a branch returns an empty body.
    """
    if exchange.starts:
        return HELD
    if not (exchange.exhausted and exchange.observed and exchange.failed is None):
        return None
    if exchange.yielded:
        return None  # body data without a start: start-response-before-body reported it
    return fault(
        "the response ended and start_response had never been called",
        got="no call",
        expected="one call of start_response",
        location=exchange.returned_at,
    )


@start_response_called.bad
def _(environ, start_response):
    return []


@start_response_called.good
def _(environ, start_response):
    start_response("204 No Content", [])
    return []


@event_rule(
    id="start-response-called-once",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("start-app-once",),
    on=StartResponseCalled,
    headers=(),
    hint="Call start_response once; to replace it with an error response pass sys.exc_info() as third argument.",
    since="0.1",
)
def start_response_called_once(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """start_response is called again only with exc_info.

    A second call without exc_info is a fatal error of the application (PEP 3333, "The start_response() Callable"): the
    first headers may already be on their way, and only exc_info lets the server give up cleanly if so.
    """
    if event.number == 1 or not is_falsy(event.exc_info):
        return HELD
    third = show(event.exc_info, 40) if event.gave_exc_info else "missing"
    return fault(
        f"call number {event.number} of start_response in one request came without exc_info",
        got=f"third argument {third}",
        expected="sys.exc_info()",
    )


@start_response_called_once.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here"]


@start_response_called_once.good
def _(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here"]
