"""``wsgi.input``, from both sides: PEP 3333, "Input and Error Streams"."""

from __future__ import annotations

import io

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, Exchange, InputUsed
from ..registry import event_rule

SECTION = "input"


@event_rule(
    id="input-gives-bytes",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-bytes",),
    on=InputUsed,
    silent_when_clean=True,
    hint="Offer a binary stream as wsgi.input.",
    since="0.1",
)
def input_gives_bytes(event: InputUsed, exchange: Exchange) -> Outcome:
    """Everything read from wsgi.input is of type bytes.

    The request body is a byte stream; decoding it is the application's business (PEP 3333, "A Note On String Types" and
    "Unicode Issues").
    """
    if not event.listed or event.value is MISSING:
        return None
    items = event.value if event.method == "readlines" and type(event.value) is list else [event.value]
    for item in items:
        if type(item) is not bytes:
            kind = type_name(item)
            return fault(f"wsgi.input.{event.method}() gave {show(item)}, of type {kind}", got=kind, expected="bytes")
    return HELD if items else None


@input_gives_bytes.bad
def _(environ):
    environ.update({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5", "wsgi.input": io.StringIO("a=b&c")})


@input_gives_bytes.good
def _(environ):
    environ.update({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5", "wsgi.input": io.BytesIO(b"a=b&c")})


@event_rule(
    id="input-read-with-size",
    level=Level.ADVICE,
    side=Blame.APP,
    clauses=("input-app-read-size",),
    on=InputUsed,
    silent_when_clean=True,
    hint="Pass a size to read(): at most what CONTENT_LENGTH leaves.",
    since="0.1",
)
def input_read_with_size(event: InputUsed, exchange: Exchange) -> Outcome:
    """read() is called with a size.

    Servers are only advised to accept a read() without one (PEP 3333, "Input and Error Streams", note 1), so an
    application that needs it is tied to the servers that do.
    """
    if event.method != "read":
        return None
    if not event.sized:
        return fault("wsgi.input.read() was called without a size", got="read()", expected="read(size)")
    return HELD


@input_read_with_size.bad
def _(environ, start_response):
    data = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [data]


@input_read_with_size.good
def _(environ, start_response):
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [data]


@event_rule(
    id="input-not-overread",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("input-app-no-overread",),
    on=InputUsed,
    silent_when_clean=True,
    hint="Keep count of what was read, and ask for no more than CONTENT_LENGTH leaves.",
    since="0.1",
)
def input_not_overread(event: InputUsed, exchange: Exchange) -> Outcome:
    """The application does not ask for more bytes than CONTENT_LENGTH announces.

    The body is followed by the next request, or by a client that waits for an answer: servers are asked to simulate an
    end of file there, and not all do (PEP 3333, "Input and Error Streams", note 1). Without CONTENT_LENGTH the rule has
    nothing to compare with, and a server that sets ``wsgi.input_terminated`` promises the end of file.
    """
    declared = exchange.declared_length
    if event.method != "read" or declared is None or exchange.environ.get("wsgi.input_terminated"):
        return None
    left = max(declared - event.consumed, 0)
    if not event.sized:
        return None  # input-read-with-size has it
    size = event.size
    if size is None or (isinstance(size, int) and size < 0):
        return fault(f"read({show(size)}) asks for everything there is", got=show(size), expected=f"at most {left}")
    if isinstance(size, int) and size > left:
        message = f"read({show(size)}) asks for more than the {left} bytes that CONTENT_LENGTH leaves"
        return fault(message, got=show(size), expected=f"at most {left}")
    return HELD


@input_not_overread.bad
def _(environ, start_response):
    environ["wsgi.input"].read(65536)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"thanks"]


@input_not_overread.good
def _(environ, start_response):
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left:
        block = environ["wsgi.input"].read(min(left, 65536))
        if not block:
            break
        left -= len(block)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"thanks"]


@event_rule(
    id="input-only-listed-methods",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("input-app-only-listed",),
    on=InputUsed,
    silent_when_clean=True,
    hint="Use read, readline, readlines and iteration only; copy the body into a BytesIO to seek in it.",
    since="0.1",
)
def input_only_listed_methods(event: InputUsed, exchange: Exchange) -> Outcome:
    """Only read, readline, readlines and iteration are used of wsgi.input.

    The stream may be a socket's, without seek, tell or fileno (PEP 3333, "Input and Error Streams"); asking whether it
    has them makes the application behave differently from server to server.
    """
    if event.method == "close":
        return None  # input-not-closed has it
    if not event.listed:
        name = show(f"wsgi.input.{event.method}")
        return fault(
            f"the attribute {name} was used", got=event.method, expected="read, readline, readlines, iteration"
        )
    return HELD


@input_only_listed_methods.bad
def _(environ, start_response):
    environ["wsgi.input"].seek(0)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"rewound"]


@input_only_listed_methods.good
def _(environ, start_response):
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    copy = io.BytesIO(data)
    copy.seek(0)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"copied"]


@event_rule(
    id="input-not-closed",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("input-app-no-close",),
    on=InputUsed,
    silent_when_clean=True,
    hint="Leave wsgi.input open; the server opened it.",
    since="0.1",
)
def input_not_closed(event: InputUsed, exchange: Exchange) -> Outcome:
    """The application does not close wsgi.input.

    The stream belongs to the server (PEP 3333, "Input and Error Streams"), which may still have to read what the
    application left, and the next request after it.
    """
    if event.method == "close":
        return fault("wsgi.input was closed")
    return HELD


@input_not_closed.bad
def _(environ, start_response):
    with environ["wsgi.input"] as stream:
        stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"thanks"]


@input_not_closed.good
def _(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"thanks"]
