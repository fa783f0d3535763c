"""A server's ``wsgi.input``: every method that the PEP lists, used on a real request body."""

from __future__ import annotations

from typing import Any

from .display import show
from .model import HELD, Blame, Level, Outcome
from .registry import rule
from .server_requests import (
    data_of,
    event,
    example_call,
    example_run,
    fact_body,
    first,
    lines_event,
    read_event,
    reading,
    reads,
)
from .server_run import Call, ServerRun
from .wire_evidence import broken


def split_lines(body: bytes) -> list[bytes]:
    """Return the lines of *body*, split after line feeds only."""
    lines = body.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _unsupported(run: ServerRun, method: str, shown: str) -> Outcome:
    """Judge that calling *method* of ``wsgi.input`` doesn't raise."""
    call = first(run)
    if call is None or not reading(call, method):
        return None
    for found in reads(call, method):
        if found["raised"]:
            return broken(run, f"wsgi.input.{shown} raised {found['raised']}", got=found["raised"])
    return HELD if reads(call, method) else None


@rule(
    id="input-body-complete",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-body-exact",),
    stimuli=("input:binary", "input:lines", "input:one-byte", "input:read-sized"),
    hint="Hand over the body's bytes as they came; count Content-Length in bytes.",
)
def input_body_complete(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.input`` delivers exactly the bytes of the request body.

    Why it matters: it is an input stream "from which the HTTP request body bytes can be read" (PEP 3333, "environ
    Variables"). A byte too few or changed breaks every upload.
    """
    call = first(run)
    wanted = fact_body(run)
    if call is None or not wanted or not reads(call, "read"):
        return None
    # What comes behind the body is judged by the rule on the end of file: the probe asked for more than is due.
    if not call.body.startswith(wanted):
        got = f"{len(call.body)} bytes"
        at = next((n for n, (a, b) in enumerate(zip(call.body, wanted, strict=False)) if a != b), None)
        where = f", which differ from byte {at} on" if at is not None else ""
        message = f"reading a body of {len(wanted)} bytes gave {got}{where}"
        return broken(run, message, got=got, expected=f"{len(wanted)} bytes")
    return HELD


@input_body_complete.bad
def _():
    return example_run(calls=[_body_call(b"abc\n", read_event("read", b"abc\n", 10))], body=b"abc\r\n")


@input_body_complete.good
def _():
    return example_run(calls=[_body_call(b"abc\r\n", read_event("read", b"abc\r\n", 10))], body=b"abc\r\n")


def _body_call(body: bytes, *events: dict[str, Any]) -> Call:
    calls = [event("reading", method=e["method"], args=e["args"]) for e in events]
    call = example_call(*calls, *events)
    call.body = body
    return call


@rule(
    id="input-read-takes-size",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-read-supported",),
    stimuli=("input:read-sized",),
    hint="Give the stream a read(size) method.",
)
def input_read_takes_size(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.input`` supports ``read(size)``.

    Why it matters: it is the first of the methods that every server's stream must support (PEP 3333, "Input and Error
    Streams"), and the one that every form parser uses.
    """
    return _unsupported(run, "read", "read(size)")


@input_read_takes_size.bad
def _():
    return example_run(calls=[_body_call(b"", read_event("read", b"", 7, raised="TypeError: no size"))])


@input_read_takes_size.good
def _():
    return example_run(calls=[_body_call(b"abc", read_event("read", b"abc", 7))])


@rule(
    id="input-has-readline",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-readline-supported",),
    stimuli=("input:readline",),
    hint="Give the stream a readline() method.",
)
def input_has_readline(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.input`` supports ``readline()``.

    Why it matters: it is one of the methods that every server's stream must support (PEP 3333, "Input and Error
    Streams"); parsers of multipart bodies read line by line.
    """
    return _unsupported(run, "readline", "readline()")


@input_has_readline.bad
def _():
    return example_run(calls=[_body_call(b"", read_event("readline", b"", raised="AttributeError: readline"))])


@input_has_readline.good
def _():
    return example_run(calls=[_body_call(b"a\n", read_event("readline", b"a\n"))])


@rule(
    id="input-has-readlines",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-readlines-supported",),
    stimuli=("input:readlines",),
    hint="Give the stream a readlines() method with an optional hint.",
)
def input_has_readlines(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.input`` supports ``readlines()``.

    Why it matters: it is one of the methods that every server's stream must support (PEP 3333, "Input and Error
    Streams").
    """
    return _unsupported(run, "readlines", "readlines()")


@input_has_readlines.bad
def _():
    return example_run(calls=[_body_call(b"", read_event("readlines", b"", raised="AttributeError: readlines"))])


@input_has_readlines.good
def _():
    return example_run(calls=[_body_call(b"a\n", lines_event("readlines", b"a\n"))])


@rule(
    id="input-can-be-iterated",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-iter-supported",),
    stimuli=("input:iterate",),
    hint="Give the stream an __iter__ that yields its lines.",
)
def input_can_be_iterated(run: ServerRun, _exchange: object) -> Outcome:
    """``wsgi.input`` can be iterated.

    Why it matters: ``__iter__()`` is one of the methods that every server's stream must support (PEP 3333, "Input and
    Error Streams").
    """
    return _unsupported(run, "iter", "__iter__()")


@input_can_be_iterated.bad
def _():
    return example_run(calls=[_body_call(b"", read_event("iter", b"", raised="TypeError: not iterable"))])


@input_can_be_iterated.good
def _():
    return example_run(calls=[_body_call(b"a\n", lines_event("iter", b"a\n"))])


@rule(
    id="input-read-at-most-size",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-read-size-limit",),
    stimuli=("input:read-sized",),
    hint="Return no more than the size that was asked for.",
)
def input_read_at_most_size(run: ServerRun, _exchange: object) -> Outcome:
    """``read(n)`` returns at most n bytes.

    Why it matters: the methods mean what the Python library reference says (PEP 3333, "Input and Error Streams"); a
    reader that limits its memory relies on it.
    """
    call = first(run)
    outcome: Outcome = None
    for found in reads(call, "read") if call is not None else ():
        if found["raised"] or not found["args"]:
            continue
        if found["size"] > found["args"][0]:
            got = f"{found['size']} bytes"
            return broken(run, f"read({found['args'][0]}) returned {got}", got=got)
        outcome = HELD
    return outcome


@input_read_at_most_size.bad
def _():
    return example_run(calls=[_body_call(b"abc", read_event("read", b"abc", 1))])


@input_read_at_most_size.good
def _():
    return example_run(calls=[_body_call(b"a", read_event("read", b"a", 1))])


@rule(
    id="input-read-fills-up",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-read-fills",),
    stimuli=("input:fills",),
    hint="Go on receiving until the size that was asked for is there, or the body ends.",
)
def input_read_fills_up(run: ServerRun, _exchange: object) -> Outcome:
    """``read(n)`` returns fewer than n bytes only at the end of the body.

    Why it matters: a buffered stream fills the request unless the data ends (the library reference that PEP 3333,
    "Input and Error Streams", refers to). Where ``read`` returns what one packet held, uploads break on slow
    networks only.
    """
    call = first(run)
    found = reads(call, "read") if call is not None else []
    if not found or found[0]["raised"]:
        return None
    wanted, size = found[0]["args"][0], found[0]["size"]
    if size < wanted:
        message = f"read({wanted}) returned {size} bytes although the body came whole, in several packets"
        return broken(run, message, got=f"{size} bytes", expected=f"{wanted} bytes")
    return HELD


@input_read_fills_up.bad
def _():
    return example_run(calls=[_body_call(b"abcde", read_event("read", b"abcde", 20))])


@input_read_fills_up.good
def _():
    return example_run(calls=[_body_call(b"a" * 20, read_event("read", b"a" * 20, 20))])


@rule(
    id="input-read-zero-consumes-nothing",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-read-zero",),
    stimuli=("input:read-zero",),
    hint="Treat a size of 0 as 0, not as no size.",
)
def input_read_zero_consumes_nothing(run: ServerRun, _exchange: object) -> Outcome:
    """``read(0)`` returns an empty bytestring and consumes nothing.

    Why it matters: that is what it does on every stream of the library that PEP 3333, "Input and Error Streams", refers
    to. A server that takes 0 for "everything" loses the body.
    """
    call = first(run)
    found = reads(call, "read") if call is not None else []
    if not found or found[0]["raised"]:
        return None
    if found[0]["size"] != 0 or found[0]["type"] != "bytes":
        return broken(run, f"read(0) returned {found[0]['size']} bytes", got=f"{found[0]['size']} bytes")
    if not data_of(found).startswith(fact_body(run)):
        return broken(run, "after read(0), the body was not whole any more")
    return HELD


@input_read_zero_consumes_nothing.bad
def _():
    return example_run(calls=[_body_call(b"abc", read_event("read", b"abc", 0))], body=b"abc")


@input_read_zero_consumes_nothing.good
def _():
    events = read_event("read", b"", 0), read_event("read", b"abc", 4096)
    return example_run(calls=[_body_call(b"abc", *events)], body=b"abc")


def _within(lines: list[bytes], size: int) -> list[bytes]:
    """Return *lines* up to *size* bytes: what a stream gives beyond the body is judged by the rule on its end."""
    kept: list[bytes] = []
    for line in lines:
        if size <= 0:
            break
        kept.append(line[:size])
        size -= len(line)
    return kept


def _differs(run: ServerRun, lines: list[bytes], wanted: list[bytes], what: str) -> Outcome:
    got = _within(lines, sum(map(len, wanted)))
    for number, (mine, theirs) in enumerate(zip(wanted, got, strict=False)):
        if mine != theirs:
            message = f"{what} gave {show(theirs)} as line {number + 1}"
            return broken(run, message, got=show(theirs), expected=show(mine))
    if len(got) != len(wanted):
        return broken(run, f"{what} gave {len(got)} lines of {len(wanted)}", got=str(len(got)))
    return HELD


def _texts(found: list[dict[str, Any]]) -> list[bytes]:
    return [str(entry.get("data", "")).encode("latin-1", "replace") for entry in found]


def _lines(found: dict[str, Any]) -> list[bytes]:
    return [str(line).encode("latin-1", "replace") for line in found.get("lines", ())]


@rule(
    id="input-readline-splits-on-lf",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-readline-semantics",),
    stimuli=("input:readline",),
    hint="Split after each line feed, keep it, and take nothing else for a line end.",
)
def input_readline_splits_on_lf(run: ServerRun, _exchange: object) -> Outcome:
    """``readline()`` returns one line with its newline byte, split on LF only.

    Why it matters: binary streams know one line end (the library reference that PEP 3333, "Input and Error Streams",
    refers to). A server that splits on CR or on Unicode separators tears bodies apart.
    """
    call = first(run)
    found = [f for f in reads(call, "readline") if not f["raised"]] if call is not None else []
    if not found:
        return None
    return _differs(run, _texts(found), split_lines(fact_body(run)), "readline()")


@input_readline_splits_on_lf.bad
def _():
    events = [read_event("readline", line) for line in (b"a\r", b"b\n", b"")]
    return example_run(calls=[_body_call(b"a\rb\n", *events)], body=b"a\rb\n")


@input_readline_splits_on_lf.good
def _():
    events = [read_event("readline", line) for line in (b"a\rb\n", b"c", b"")]
    return example_run(calls=[_body_call(b"a\rb\nc", *events)], body=b"a\rb\nc")


@rule(
    id="input-readlines-lists-lines",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-readlines-semantics",),
    stimuli=("input:readlines",),
    hint="Return a list of what readline() would give.",
)
def input_readlines_lists_lines(run: ServerRun, _exchange: object) -> Outcome:
    """``readlines()`` returns a list of the remaining lines.

    Why it matters: that is its meaning in the library reference that PEP 3333, "Input and Error Streams", refers to.
    """
    call = first(run)
    found = [f for f in reads(call, "readlines") if not f["raised"]] if call is not None else []
    if not found:
        return None
    if found[0]["type"] != "list":
        return broken(run, f"readlines() returned {found[0]['type']}", got=found[0]["type"], expected="list")
    return _differs(run, _lines(found[0]), split_lines(fact_body(run)), "readlines()")


@input_readlines_lists_lines.bad
def _():
    return example_run(calls=[_body_call(b"a\nb", lines_event("readlines", b"a\nb"))], body=b"a\nb")


@input_readlines_lists_lines.good
def _():
    return example_run(calls=[_body_call(b"a\nb", lines_event("readlines", b"a\n", b"b"))], body=b"a\nb")


@rule(
    id="input-iterates-over-lines",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-iter-semantics",),
    stimuli=("input:iterate", "input:iterate-after-readline"),
    hint="Make iteration yield what readline() would return.",
)
def input_iterates_over_lines(run: ServerRun, _exchange: object) -> Outcome:
    """Iterating over ``wsgi.input`` yields the lines that ``readline()`` would return.

    Why it matters: that is what iteration means for the streams that PEP 3333, "Input and Error Streams", refers
    to, also after a line was read otherwise.
    """
    call = first(run)
    found = [f for f in reads(call, "iter") if not f["raised"]] if call is not None else []
    if call is None or not found:
        return None
    wanted = split_lines(fact_body(run))[len(reads(call, "readline")) :]
    return _differs(run, _lines(found[0]), wanted, "iteration")


@input_iterates_over_lines.bad
def _():
    return example_run(calls=[_body_call(b"ab\n", lines_event("iter", b"a", b"b", b"\n"))], body=b"ab\n")


@input_iterates_over_lines.good
def _():
    return example_run(calls=[_body_call(b"a\nb", lines_event("iter", b"a\n", b"b"))], body=b"a\nb")


@rule(
    id="input-ends-at-content-length",
    section="input",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("input-eof-at-length", "input-no-read-past-may"),
    stimuli=("input:read-past", "input:readline", "input:readlines", "input:iterate"),
    hint="Count the bytes of the body, and return what is left when more is asked for.",
)
def input_ends_at_content_length(run: ServerRun, _exchange: object) -> Outcome:
    """Reading beyond Content-Length gives an end of file; it does not block.

    Why it matters: a server "should simulate an end-of-file condition" there (PEP 3333, "Input and Error Streams").
    On a connection that stays open, one that does not waits for the next request, or swallows it.
    """
    method = {"input:readline": "readline", "input:readlines": "readlines", "input:iterate": "iter"}
    asked = method.get(run.stimulus, "read")
    what = {"read": "a read beyond Content-Length", "iter": "iteration to the end"}
    return _ends(run, asked, what.get(asked, f"{asked}() up to the end"))


def _ends(run: ServerRun, method: str, what: str) -> Outcome:
    call = first(run)
    wanted = fact_body(run)
    if call is None or not reading(call, method):
        return None
    found = reads(call, method)
    if not found or "AwaitFinal" in run.connection.skipped:
        return broken(run, f"{what} did not return while the client waited for its response", got="blocked")
    if found[-1]["raised"]:
        return broken(run, f"{what} raised {found[-1]['raised']}", got=found[-1]["raised"])
    got = data_of(found)
    if got != wanted:
        message = f"{what} gave {len(got)} bytes in all, the body has {len(wanted)}"
        return broken(run, message, got=f"{len(got)} bytes", expected=f"{len(wanted)} bytes")
    return HELD


@input_ends_at_content_length.bad
def _():
    call = example_call(event("reading", method="read", args=[103]))
    return example_run(calls=[call], body=b"abc", skipped=["AwaitFinal"])


@input_ends_at_content_length.good
def _():
    return example_run(calls=[_body_call(b"abc", read_event("read", b"abc", 103))], body=b"abc")


@rule(
    id="input-read-needs-no-size",
    section="input",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("input-read-noarg",),
    stimuli=("input:read-all",),
    hint="Make the size optional: without one, return the rest of the body.",
)
def input_read_needs_no_size(run: ServerRun, _exchange: object) -> Outcome:
    """``read()`` without a size returns the rest of the body.

    Why it matters: a server should allow it (PEP 3333, "Input and Error Streams"), and many applications call it so.
    """
    return _ends(run, "read", "read() without a size")


@input_read_needs_no_size.bad
def _():
    events = read_event("read", b"abcd", 4), read_event("read", b"", raised="TypeError: size is missing")
    return example_run(calls=[_body_call(b"abcd", *events)], body=b"abcdef")


@input_read_needs_no_size.good
def _():
    events = read_event("read", b"abcd", 4), read_event("read", b"ef")
    return example_run(calls=[_body_call(b"abcdef", *events)], body=b"abcdef")


@rule(
    id="input-empty-after-end",
    section="input",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("input-empty-after-eof",),
    stimuli=("input:after-end", "input:none"),
    hint="Return an empty bytestring from every read at the end of the body, as often as asked.",
)
def input_empty_after_end(run: ServerRun, _exchange: object) -> Outcome:
    """Every read from an exhausted or empty stream returns an empty bytestring.

    Why it matters: a server "should return empty bytestrings from any attempt to read from an empty or exhausted input
    stream" (PEP 3333, "Input and Error Streams"): a loop that reads until nothing comes must end.
    """
    call = first(run)
    if call is None or not call.named("at-end"):
        return None
    at = next(number for number, entry in enumerate(call.events) if entry["event"] == "at-end")
    after = call.events[at:]
    found = [entry for entry in after if entry["event"] == "read"]
    if len(found) < sum(entry["event"] == "reading" for entry in after) or "AwaitFinal" in run.connection.skipped:
        return broken(run, "a read at the end of the body blocked", got="blocked")
    for entry in found:
        shown = f"{entry['method']}({', '.join(map(str, entry['args']))})"
        if entry["raised"]:
            return broken(run, f"{shown} at the end of the body raised {entry['raised']}", got=entry["raised"])
        if entry["size"] != 0:
            return broken(run, f"{shown} at the end of the body was not empty", got=f"size {entry['size']}")
    return HELD


@input_empty_after_end.bad
def _():
    reading_ = event("reading", method="readline", args=[])
    return example_run(calls=[example_call(event("at-end"), reading_)], skipped=["AwaitFinal"])


@input_empty_after_end.good
def _():
    reading_ = event("reading", method="readline", args=[])
    return example_run(calls=[example_call(event("at-end"), reading_, read_event("readline", b""))])


@rule(
    id="input-readline-takes-size",
    section="input",
    level=Level.WARNING,
    side=Blame.SERVER,
    clauses=("input-readline-size",),
    stimuli=("input:readline-sized",),
    hint="Give readline() an optional size, and return at most that many bytes of the line.",
)
def input_readline_takes_size(run: ServerRun, _exchange: object) -> Outcome:
    """``readline(size)`` returns at most size bytes of the line.

    Why it matters: servers should support the size (PEP 3333, "Input and Error Streams"), since parsers that do not
    want to hold an endless line in memory pass it.
    """
    call = first(run)
    found = reads(call, "readline") if call is not None else []
    if not found:
        return None
    for entry in found[:2]:
        if entry["raised"]:
            return broken(run, f"readline(3) raised {entry['raised']}", got=entry["raised"])
        if entry["size"] != 3:
            return broken(run, f"readline(3) on a longer line gave {entry['size']} bytes", got=f"{entry['size']} bytes")
    if not data_of(found).startswith(fact_body(run)):
        return broken(run, "readline(size) called again and again did not give the whole body")
    return HELD


@input_readline_takes_size.bad
def _():
    return example_run(calls=[_body_call(b"abcdefg", read_event("readline", b"abcdefg", 3))], body=b"abcdefg")


@input_readline_takes_size.good
def _():
    events = [read_event("readline", part, 3) for part in (b"abc", b"def", b"g")]
    return example_run(calls=[_body_call(b"abcdefg", *events)], body=b"abcdefg")


@rule(
    id="input-readlines-hint-optional",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("input-readlines-hint",),
    stimuli=("input:readlines-hint",),
    hint="Accept readlines(hint); you may disregard the hint.",
)
def input_readlines_hint_optional(run: ServerRun, _exchange: object) -> Outcome:
    """``readlines(hint)`` is accepted, and repeated calls give the whole body.

    Why it matters: the hint is optional for caller and implementer alike (PEP 3333, "Input and Error Streams"): it
    may be ignored, but not refused, and no line may get lost.
    """
    call = first(run)
    found = reads(call, "readlines") if call is not None else []
    if not found:
        return None
    if found[0]["raised"]:
        return broken(run, f"readlines(1) raised {found[0]['raised']}", got=found[0]["raised"])
    if not data_of(found).startswith(fact_body(run)):
        return broken(run, "readlines(1) called again and again did not give the whole body")
    return HELD


@input_readlines_hint_optional.bad
def _():
    events = lines_event("readlines", b"a\n"), lines_event("readlines")
    return example_run(calls=[_body_call(b"a\n", *events)], body=b"a\nb")


@input_readlines_hint_optional.good
def _():
    events = lines_event("readlines", b"a\n"), lines_event("readlines", b"b"), lines_event("readlines")
    return example_run(calls=[_body_call(b"a\nb", *events)], body=b"a\nb")


@rule(
    id="transfer-coding-decoded",
    section="input",
    level=Level.ERROR,
    side=Blame.SERVER,
    clauses=("http-server-decodes-te",),
    stimuli=("input:chunked",),
    hint="Decode the transfer coding before the application reads, or refuse the request with 411 or 501.",
)
def transfer_coding_decoded(run: ServerRun, _exchange: object) -> Outcome:
    """The application reads a chunked body without its chunk syntax.

    Why it matters: a server must handle inbound hop-by-hop headers on its own, which includes decoding any
    Transfer-Encoding it supports (PEP 3333, "Other HTTP Features"). Only a body that the server offers (by a
    CONTENT_LENGTH, or by ``wsgi.input_terminated``) is judged for being whole.
    """
    call = first(run)
    if call is None:
        return None
    wanted = fact_body(run)
    if call.body == wanted:
        return HELD
    if not call.body and not call.get("CONTENT_LENGTH") and call.environ.get("wsgi.input_terminated") is not True:
        return None
    message = "a chunked request body did not reach the app as the bytes that it stands for"
    return broken(run, message, got=show(call.body[:60]), expected=show(wanted[:60]))


@transfer_coding_decoded.bad
def _():
    body = b"3\r\nabc\r\n0\r\n\r\n"
    return example_run(calls=[_body_call(body, read_event("read", body, 65536))], body=b"abc")


@transfer_coding_decoded.good
def _():
    return example_run(calls=[_body_call(b"abc", read_event("read", b"abc", 65536))], body=b"abc")
