"""A server's ``wsgi.input``: every method that the PEP lists, used on a real request body."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.call import data_of
from ...records.server import ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import example_run, lines_event, read_event, reading_call

SECTION = "input"


def _unsupported(run: ServerRun, method: str, shown: str) -> Outcome:
    """Judge that calling *method* of ``wsgi.input`` doesn't raise."""
    call = run.called("first")
    if call is None or not call.tried(method):
        return None
    for found in call.reads(method):
        if found["raised"]:
            return broken(run, f"wsgi.input.{shown} raised {found['raised']}", got=found["raised"])
    return HELD if call.reads(method) else None


@server_rule(
    id="input-body-complete",
    level=Level.ERROR,
    clauses=("input-body-exact",),
    stimuli=("input:binary", "input:lines", "input:one-byte", "input:read-sized", "input:read-after-readline"),
    hint="Hand over the body's bytes as they came; count Content-Length in bytes.",
    since="0.1",
)
def input_body_complete(run: ServerRun) -> Outcome:
    """``wsgi.input`` delivers exactly the bytes of the request body.

    It is an input stream "from which the HTTP request body bytes can be read" (PEP 3333, "environ Variables"). A byte
    too few or changed breaks every upload.
    """
    call = run.called("first")
    wanted = run.wanted.body
    if call is None or not wanted or not call.reads("read"):
        return None
    line = call.reads("readline")
    if line and str(line[0].get("data", "")).encode("latin-1", "replace") != wanted[: wanted.find(b"\n") + 1]:
        return None  # it read no line first: the rule on lines reports it
    # What comes behind the body is judged by the rule on the end of file: the probe asked for more than is due.
    if not call.body.startswith(wanted):
        got = f"{len(call.body)} bytes"
        at = next((n for n, (a, b) in enumerate(zip(call.body, wanted, strict=False)) if a != b), None)
        where = f", which differ from byte {at} on" if at is not None else ""
        message = f"reading a body of {len(wanted)} bytes gave {got}{where}"
        return broken(run, message, got=got, expected=f"{len(wanted)} bytes")
    return HELD


@input_body_complete.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc\n", read_event("read", b"abc\n", 10))], body=b"abc\r\n")


@input_body_complete.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc\r\n", read_event("read", b"abc\r\n", 10))], body=b"abc\r\n")


@server_rule(
    id="input-read-takes-size",
    level=Level.ERROR,
    clauses=("input-read-supported",),
    stimuli=("input:read-sized",),
    hint="Give the stream a read(size) method.",
    since="0.1",
)
def input_read_takes_size(run: ServerRun) -> Outcome:
    """``wsgi.input`` supports ``read(size)``.

    It is the first of the methods that every server's stream must support (PEP 3333, "Input and Error Streams"), and
    the one that every form parser uses.
    """
    return _unsupported(run, "read", "read(size)")


@input_read_takes_size.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"", read_event("read", b"", 7, raised="TypeError: no size"))])


@input_read_takes_size.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc", read_event("read", b"abc", 7))])


@server_rule(
    id="input-has-readline",
    level=Level.ERROR,
    clauses=("input-readline-supported",),
    stimuli=("input:readline",),
    hint="Give the stream a readline() method.",
    since="0.1",
)
def input_has_readline(run: ServerRun) -> Outcome:
    """``wsgi.input`` supports ``readline()``.

    It is one of the methods that every server's stream must support (PEP 3333, "Input and Error Streams"); parsers of
    multipart bodies read line by line.
    """
    return _unsupported(run, "readline", "readline()")


@input_has_readline.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"", read_event("readline", b"", raised="AttributeError: readline"))])


@input_has_readline.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a\n", read_event("readline", b"a\n"))])


@server_rule(
    id="input-has-readlines",
    level=Level.ERROR,
    clauses=("input-readlines-supported",),
    stimuli=("input:readlines",),
    hint="Give the stream a readlines() method with an optional hint.",
    since="0.1",
)
def input_has_readlines(run: ServerRun) -> Outcome:
    """``wsgi.input`` supports ``readlines()``.

    It is one of the methods that every server's stream must support (PEP 3333, "Input and Error Streams").
    """
    return _unsupported(run, "readlines", "readlines()")


@input_has_readlines.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"", read_event("readlines", b"", raised="AttributeError: readlines"))])


@input_has_readlines.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a\n", lines_event("readlines", b"a\n"))])


@server_rule(
    id="input-can-be-iterated",
    level=Level.ERROR,
    clauses=("input-iter-supported",),
    stimuli=("input:iterate",),
    hint="Give the stream an __iter__ that yields its lines.",
    since="0.1",
)
def input_can_be_iterated(run: ServerRun) -> Outcome:
    """``wsgi.input`` can be iterated.

    ``__iter__()`` is one of the methods that every server's stream must support (PEP 3333, "Input and Error Streams").
    """
    return _unsupported(run, "iter", "__iter__()")


@input_can_be_iterated.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"", read_event("iter", b"", raised="TypeError: not iterable"))])


@input_can_be_iterated.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a\n", lines_event("iter", b"a\n"))])


@server_rule(
    id="input-read-at-most-size",
    level=Level.ERROR,
    clauses=("input-read-size-limit",),
    stimuli=("input:read-sized",),
    hint="Return no more than the size that was asked for.",
    since="0.1",
)
def input_read_at_most_size(run: ServerRun) -> Outcome:
    """``read(n)`` returns at most n bytes.

    The methods mean what the Python library reference says (PEP 3333, "Input and Error Streams"); a reader that limits
    its memory relies on it.
    """
    call = run.called("first")
    outcome: Outcome = None
    for found in call.reads("read") if call is not None else ():
        if found["raised"] or not found["args"]:
            continue
        if found["size"] > found["args"][0]:
            got = f"{found['size']} bytes"
            return broken(run, f"read({found['args'][0]}) returned {got}", got=got)
        outcome = HELD
    return outcome


@input_read_at_most_size.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc", read_event("read", b"abc", 1))])


@input_read_at_most_size.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a", read_event("read", b"a", 1))])


@server_rule(
    id="input-read-fills-up",
    level=Level.ERROR,
    clauses=("input-read-fills",),
    stimuli=("input:fills",),
    hint="Go on receiving until the size that was asked for is there, or the body ends.",
    since="0.1",
)
def input_read_fills_up(run: ServerRun) -> Outcome:
    """``read(n)`` returns fewer than n bytes only at the end of the body.

    A buffered stream fills the request unless the data ends (the library reference that PEP 3333, "Input and Error
    Streams", refers to). Where ``read`` returns what one packet held, uploads break on slow networks only.
    """
    call = run.called("first")
    found = call.reads("read") if call is not None else []
    if not found or found[0]["raised"]:
        return None
    wanted, size = found[0]["args"][0], found[0]["size"]
    if size < wanted:
        message = f"read({wanted}) returned {size} bytes although the body came whole, in several packets"
        return broken(run, message, got=f"{size} bytes", expected=f"{wanted} bytes")
    return HELD


@input_read_fills_up.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abcde", read_event("read", b"abcde", 20))])


@input_read_fills_up.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a" * 20, read_event("read", b"a" * 20, 20))])


@server_rule(
    id="input-read-zero-consumes-nothing",
    level=Level.ERROR,
    clauses=("input-read-zero",),
    stimuli=("input:read-zero",),
    hint="Treat a size of 0 as 0, not as no size.",
    since="0.1",
)
def input_read_zero_consumes_nothing(run: ServerRun) -> Outcome:
    """``read(0)`` returns an empty bytestring and consumes nothing.

    That is what it does on every stream of the library that PEP 3333, "Input and Error Streams", refers to. A server
    that takes 0 for "everything" loses the body.
    """
    call = run.called("first")
    found = call.reads("read") if call is not None else []
    if not found or found[0]["raised"] or run.wanted.body is None:
        return None
    if found[0]["size"] != 0 or found[0]["type"] != "bytes":
        return broken(run, f"read(0) returned {found[0]['size']} bytes", got=f"{found[0]['size']} bytes")
    if not data_of(found).startswith(run.wanted.body):
        return broken(run, "after read(0), the body was not whole any more")
    return HELD


@input_read_zero_consumes_nothing.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc", read_event("read", b"abc", 0))], body=b"abc")


@input_read_zero_consumes_nothing.good
def _() -> ServerRun:
    events = read_event("read", b"", 0), read_event("read", b"abc", 4096)
    return example_run(calls=[reading_call(b"abc", *events)], body=b"abc")
