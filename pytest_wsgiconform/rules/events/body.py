"""The iterable an app returns and the items it yields: PEP 3333, "Specification Details" and "Handling
the Content-Length Header".

Not checked here: whether a single large block would be better streamed; the PEP leaves that to the app.
"""

from __future__ import annotations

import io

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import AppRaised, ChunkYielded, Event, Exchange, ExchangeEnded, IterableReturned
from ..registry import event_rule

SECTION = "body"

_BARE_STRINGS = (str, bytes, bytearray, memoryview)

#: A body of at most this many bytes is modest enough for one block...
MODEST_BODY = 16384
#: ...and this many blocks of less than this size each are many tiny ones.
MANY_BLOCKS, TINY_BLOCK = 64, 16


def _not_iterable(event: IterableReturned) -> bool:
    kind = type(event.result)
    return getattr(kind, "__iter__", None) is None and getattr(kind, "__getitem__", None) is None


@event_rule(
    id="returns-iterable",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("body-iterable",),
    on=IterableReturned,
    silent_when_clean=True,
    hint="Return a list of bytestrings, a generator, or another iterable.",
    since="0.1",
)
def returns_iterable(event: IterableReturned, exchange: Exchange) -> Outcome:
    """The application returns an iterable.

    The server will iterate over whatever comes back (PEP 3333, "Specification Details"). A forgotten return gives None,
    and the failure then shows in the server's frame instead of the application's.
    """
    if event.used_write:
        return None  # returns-iterable-after-write has it
    if _not_iterable(event):
        kind = type_name(event.result)
        return fault(f"the application returned {show(event.result)}, of type {kind}", got=kind, expected="an iterable")
    return HELD


@returns_iterable.bad
def _(environ, start_response):
    start_response("204 No Content", [])


@returns_iterable.good
def _(environ, start_response):
    start_response("204 No Content", [])
    return []


@event_rule(
    id="iterable-can-be-iterated",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("body-iterable",),
    on=(AppRaised, ChunkYielded),
    silent_when_clean=True,
    hint="Let __iter__ return an iterator, or return a list or a generator.",
    since="0.1",
)
def iterable_can_be_iterated(event: AppRaised | ChunkYielded, exchange: Exchange) -> Outcome:
    """iter() succeeds on what the application returned.

    The application must return an iterable (PEP 3333, "Specification Details"). An object may have an ``__iter__`` and
    still not be iterable, because it raises or returns something without ``__next__``; the server can then send
    nothing.
    """
    if isinstance(event, ChunkYielded):
        return HELD
    if event.phase != "iter":
        return None
    return fault(f"iter() of the returned object raised {show(event.error)}", got=show(event.error))


@iterable_can_be_iterated.bad
def _(environ, start_response):
    class Page:
        def __iter__(self):
            return 5

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Page()


@iterable_can_be_iterated.good
def _(environ, start_response):
    class Page:
        def __iter__(self):
            return iter([b"hello"])

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Page()


@event_rule(
    id="returns-iterable-after-write",
    section="write",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("write-still-returns-iterable",),
    on=IterableReturned,
    silent_when_clean=True,
    hint="After write(), return an iterable all the same: [] will do.",
    since="0.1",
)
def returns_iterable_after_write(event: IterableReturned, exchange: Exchange) -> Outcome:
    """An application that used write() still returns an iterable.

    ``write`` is an addition to the return value, not a substitute (PEP 3333, "The write() Callable"); the server
    iterates over the result in any case.
    """
    if not event.used_write:
        return None
    if _not_iterable(event):
        kind = type_name(event.result)
        return fault(f"after write() the application returned {show(event.result)}", got=kind, expected="an iterable")
    return HELD


@returns_iterable_after_write.bad
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"hello")


@returns_iterable_after_write.good
def _(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"hello")
    return []


@event_rule(
    id="returns-no-bare-string",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("body-not-bare-string",),
    on=IterableReturned,
    silent_when_clean=True,
    hint="Put the bytestring into a list: return [body].",
    since="0.1",
)
def returns_no_bare_string(event: IterableReturned, exchange: Exchange) -> Outcome:
    """The application does not return a lone string or bytestring.

    A string is an iterable of characters, and a bytestring one of integers; neither is an iterable of bytestrings (PEP
    3333, "Specification Details").
    """
    if _not_iterable(event):
        return None
    if isinstance(event.result, _BARE_STRINGS):
        kind = type_name(event.result)
        return fault(f"the application returned a lone {kind}: {show(event.result)}", got=kind, expected="[body]")
    return HELD


@returns_no_bare_string.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return b"hello"


@returns_no_bare_string.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="returns-no-raw-file",
    level=Level.ADVICE,
    side=Blame.APP,
    clauses=("body-app-not-raw-file",),
    on=IterableReturned,
    silent_when_clean=True,
    hint="Wrap the file with wsgi.file_wrapper when the server offers it, else read it in blocks.",
    since="0.1",
)
def returns_no_raw_file(event: IterableReturned, exchange: Exchange) -> Outcome:
    """The application does not return a plain file object.

    A file iterates by lines, so a binary file comes in blocks of arbitrary size (PEP 3333, "Specification Details").
    """
    if isinstance(event.result, io.IOBase):
        return fault(f"the application returned a file object of type {type_name(event.result)}")
    return HELD


@returns_no_raw_file.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "image/png")])
    return io.BytesIO(b"\x89PNG\r\n")


@returns_no_raw_file.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "image/png")])
    picture = io.BytesIO(b"\x89PNG\r\n")
    return iter(lambda: picture.read(8192), b"")


@event_rule(
    id="body-native-bytes",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("body-bytes",),
    on=ChunkYielded,
    silent_when_clean=True,
    hint="Encode text before yielding it.",
    twin="write-native-bytes",
    since="0.1",
)
def body_native_bytes(event: ChunkYielded, exchange: Exchange) -> Outcome:
    """Every item that the iterable yields is of type bytes.

    The body is a byte stream (PEP 3333, "A Note On String Types" and "Unicode Issues"). Text becomes bytes only through
    an encoding, and only the application knows which; some servers refuse subclasses and buffers.
    """
    if type(event.data) is not bytes:
        kind = type_name(event.data)
        message = f"item {event.number} of the body is of type {kind}: {show(event.data)}"
        return fault(message, got=kind, expected="bytes", item=event.number)
    return HELD


@body_native_bytes.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["hello"]


@body_native_bytes.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"hello"]


@event_rule(
    id="body-length-matches-len",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("body-len-accurate",),
    on=ExchangeEnded,
    silent_when_clean=True,
    hint="Let __len__ return the number of items, or leave it out.",
    since="0.1",
)
def body_length_matches_len(event: Event, exchange: Exchange) -> Outcome:
    """If len() works on the returned iterable, it is the number of items it yields.

    Servers that see a length of one may send the length of the first item as Content-Length (PEP 3333, "Handling the
    Content-Length Header"), so a wrong one cuts or breaks the response.
    """
    if exchange.length is None or not exchange.exhausted or not exchange.observed:
        return None
    if exchange.length != exchange.chunks:
        message = f"len() of the returned iterable was {exchange.length}, but it yielded {exchange.chunks} items"
        place = exchange.returned_at
        return fault(message, got=str(exchange.length), expected=str(exchange.chunks), location=place)
    return HELD


@body_length_matches_len.bad
def _(environ, start_response):
    class Page:
        blocks = (b"hello ", b"world")

        def __iter__(self):
            return iter(self.blocks)

        def __len__(self):
            return sum(len(block) for block in self.blocks)

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Page()


@body_length_matches_len.good
def _(environ, start_response):
    class Page:
        blocks = (b"hello ", b"world")

        def __iter__(self):
            return iter(self.blocks)

        def __len__(self):
            return len(self.blocks)

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Page()


@event_rule(
    id="body-buffered-by-app",
    level=Level.ADVICE,
    side=Blame.APP,
    clauses=("body-app-buffers",),
    on=ExchangeEnded,
    silent_when_clean=True,
    once=True,
    hint='Join small pieces before returning them: return [b"".join(pieces)].',
    since="0.1",
)
def body_buffered_by_app(event: Event, exchange: Exchange) -> Outcome:
    """A modest response comes in few blocks, because the application does its own buffering.

    A server has to send each block before it asks for the next (PEP 3333, "Specification Details" and "Buffering and
    Streaming"), so many tiny blocks cost a system call and a packet each.
    """
    size, blocks = exchange.yielded, exchange.chunks
    if not exchange.complete or not blocks:
        return None
    if size <= MODEST_BODY and blocks >= MANY_BLOCKS and size < blocks * TINY_BLOCK:
        place = exchange.returned_at
        return fault(f"a body of {size} bytes was yielded in {blocks} items", got=f"{blocks} items", location=place)
    return HELD


@body_buffered_by_app.bad
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x"] * 1000


@body_buffered_by_app.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 1000]
