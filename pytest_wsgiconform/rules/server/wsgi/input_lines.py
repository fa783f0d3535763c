"""A server's ``wsgi.input``: its lines, its end, and a body that comes in chunks."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.call import data_of
from ...records.server import ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run, lines_event, read_event, reading_call

SECTION = "input"


def split_lines(body: bytes) -> list[bytes]:
    """Return the lines of *body*, split after line feeds only."""
    lines = body.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _within(run: ServerRun, lines: list[bytes], size: int) -> list[bytes]:
    """Return *lines* up to *size* bytes: what else of the connection they hold is judged by the rule on the end."""
    body = run.wanted.body
    behind = run.connection.bytes_sent.rpartition(body)[2] if body else b""
    kept: list[bytes] = []
    for line in lines:
        inside, beyond = line[: max(size, 0)], line[max(size, 0) :]
        foreign = bool(beyond) and behind.startswith(beyond)
        if not foreign:
            kept.append(line)
        elif inside:
            kept.append(inside)
        if beyond:
            behind = behind.removeprefix(beyond)
        size -= len(line)
    return kept


def _differs(run: ServerRun, lines: list[bytes], wanted: list[bytes], what: str) -> Outcome:
    got = _within(run, lines, sum(map(len, wanted)))
    for number, (mine, theirs) in enumerate(zip(wanted, got, strict=False)):
        if mine != theirs:
            message = f"{what} gave {show(theirs)} as line {number + 1}"
            return broken(run, message, got=show(theirs), expected=show(mine))
    if len(got) != len(wanted):
        return broken(run, f"{what} gave {len(got)} lines of {len(wanted)}", got=str(len(got)))
    return HELD


def _texts(found: list[dict[str, Any]]) -> list[bytes]:
    return [str(entry.get("data", "")).encode("latin-1", "replace") for entry in found]


def _up_to_the_end(found: list[dict[str, Any]]) -> list[bytes]:
    """Return what the reads gave, without the empty bytestring that marked the end."""
    texts = _texts(found)
    return texts[:-1] if texts and not texts[-1] else texts


def _lines(found: dict[str, Any]) -> list[bytes]:
    return [str(line).encode("latin-1", "replace") for line in found.get("lines", ())]


@server_rule(
    id="input-readline-splits-on-lf",
    level=Level.ERROR,
    clauses=("input-readline-semantics",),
    stimuli=("input:readline",),
    hint="Split after each line feed, keep it, and take nothing else for a line end.",
    since="0.1",
)
def input_readline_splits_on_lf(run: ServerRun) -> Outcome:
    """``readline()`` returns one line with its newline byte, split on LF only.

    Binary streams know one line end (the library reference that PEP 3333, "Input and Error Streams", refers to). A
    server that splits on CR or on Unicode separators tears bodies apart.
    """
    call = run.called("first")
    found = [f for f in call.reads("readline") if not f["raised"]] if call is not None else []
    if not found or run.wanted.body is None:
        return None
    return _differs(run, _up_to_the_end(found), split_lines(run.wanted.body), "readline()")


@input_readline_splits_on_lf.bad
def _() -> ServerRun:
    events = [read_event("readline", line) for line in (b"a\r", b"b\n", b"")]
    return example_run(calls=[reading_call(b"a\rb\n", *events)], body=b"a\rb\n")


@input_readline_splits_on_lf.good
def _() -> ServerRun:
    events = [read_event("readline", line) for line in (b"a\rb\n", b"c", b"")]
    return example_run(calls=[reading_call(b"a\rb\nc", *events)], body=b"a\rb\nc")


@server_rule(
    id="input-readlines-lists-lines",
    level=Level.ERROR,
    clauses=("input-readlines-semantics",),
    stimuli=("input:readlines",),
    hint="Return a list of what readline() would give.",
    since="0.1",
)
def input_readlines_lists_lines(run: ServerRun) -> Outcome:
    """``readlines()`` returns a list of the remaining lines.

    That is its meaning in the library reference that PEP 3333, "Input and Error Streams", refers to.
    """
    call = run.called("first")
    found = [f for f in call.reads("readlines") if not f["raised"]] if call is not None else []
    if not found or run.wanted.body is None:
        return None
    if found[0]["type"] != "list":
        return broken(run, f"readlines() returned {found[0]['type']}", got=found[0]["type"], expected="list")
    return _differs(run, _lines(found[0]), split_lines(run.wanted.body), "readlines()")


@input_readlines_lists_lines.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a\nb", lines_event("readlines", b"a\nb"))], body=b"a\nb")


@input_readlines_lists_lines.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a\nb", lines_event("readlines", b"a\n", b"b"))], body=b"a\nb")


@server_rule(
    id="input-iterates-over-lines",
    level=Level.ERROR,
    clauses=("input-iter-semantics",),
    stimuli=("input:iterate", "input:iterate-after-readline"),
    hint="Make iteration yield what readline() would return.",
    since="0.1",
)
def input_iterates_over_lines(run: ServerRun) -> Outcome:
    """Iterating over ``wsgi.input`` yields the lines that ``readline()`` would return.

    That is what iteration means for the streams that PEP 3333, "Input and Error Streams", refers to, also after a line
    was read otherwise.
    """
    call = run.called("first")
    found = [f for f in call.reads("iter") if not f["raised"]] if call is not None else []
    if call is None or not found or run.wanted.body is None:
        return None
    wanted = split_lines(run.wanted.body)[len(call.reads("readline")) :]
    return _differs(run, _lines(found[0]), wanted, "iteration")


@input_iterates_over_lines.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"ab\n", lines_event("iter", b"a", b"b", b"\n"))], body=b"ab\n")


@input_iterates_over_lines.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"a\nb", lines_event("iter", b"a\n", b"b"))], body=b"a\nb")


@server_rule(
    id="input-ends-at-content-length",
    level=Level.WARNING,
    clauses=("input-eof-at-length", "input-no-read-past-may"),
    stimuli=("input:read-past", "input:readline", "input:readlines", "input:iterate"),
    hint="Count the bytes of the body, and return what is left when more is asked for.",
    since="0.1",
)
def input_ends_at_content_length(run: ServerRun) -> Outcome:
    """Reading beyond Content-Length gives an end of file; it does not block.

    A server "should simulate an end-of-file condition" there (PEP 3333, "Input and Error Streams"). On a connection
    that stays open, one that does not waits for the next request, or swallows it.
    """
    method = {"input:readline": "readline", "input:readlines": "readlines", "input:iterate": "iter"}
    asked = method.get(run.stimulus, "read")
    what = {"read": "a read beyond Content-Length", "iter": "iteration to the end"}
    return _ends(run, asked, what.get(asked, f"{asked}() up to the end"))


def _ends(run: ServerRun, method: str, what: str) -> Outcome:
    call, wanted = run.called("first"), run.wanted.body
    if call is None or wanted is None or not call.tried(method):
        return None
    found = call.reads(method)
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
def _() -> ServerRun:
    call = example_call(event("reading", method="read", args=[103]))
    return example_run(calls=[call], body=b"abc", skipped=["AwaitFinal"])


@input_ends_at_content_length.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc", read_event("read", b"abc", 103))], body=b"abc")


@server_rule(
    id="input-read-needs-no-size",
    level=Level.WARNING,
    clauses=("input-read-noarg",),
    stimuli=("input:read-all",),
    hint="Make the size optional: without one, return the rest of the body.",
    since="0.1",
)
def input_read_needs_no_size(run: ServerRun) -> Outcome:
    """``read()`` without a size returns the rest of the body.

    A server should allow it (PEP 3333, "Input and Error Streams"), and many applications call it so.
    """
    return _ends(run, "read", "read() without a size")


@input_read_needs_no_size.bad
def _() -> ServerRun:
    events = read_event("read", b"abcd", 4), read_event("read", b"", raised="TypeError: size is missing")
    return example_run(calls=[reading_call(b"abcd", *events)], body=b"abcdef")


@input_read_needs_no_size.good
def _() -> ServerRun:
    events = read_event("read", b"abcd", 4), read_event("read", b"ef")
    return example_run(calls=[reading_call(b"abcdef", *events)], body=b"abcdef")


@server_rule(
    id="input-empty-after-end",
    level=Level.WARNING,
    clauses=("input-empty-after-eof",),
    stimuli=("input:after-end", "input:none"),
    hint="Return an empty bytestring from every read at the end of the body, as often as asked.",
    since="0.1",
)
def input_empty_after_end(run: ServerRun) -> Outcome:
    """Every read from an exhausted or empty stream returns an empty bytestring.

    A server "should return empty bytestrings from any attempt to read from an empty or exhausted input stream" (PEP
    3333, "Input and Error Streams"): a loop that reads until nothing comes must end.
    """
    call = run.called("first")
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
def _() -> ServerRun:
    reading_ = event("reading", method="readline", args=[])
    return example_run(calls=[example_call(event("at-end"), reading_)], skipped=["AwaitFinal"])


@input_empty_after_end.good
def _() -> ServerRun:
    reading_ = event("reading", method="readline", args=[])
    return example_run(calls=[example_call(event("at-end"), reading_, read_event("readline", b""))])


@server_rule(
    id="input-readline-takes-size",
    level=Level.WARNING,
    clauses=("input-readline-size",),
    stimuli=("input:readline-sized",),
    hint="Give readline() an optional size, and return at most that many bytes of the line.",
    since="0.1",
)
def input_readline_takes_size(run: ServerRun) -> Outcome:
    """``readline(size)`` returns at most size bytes of the line.

    Servers should support the size (PEP 3333, "Input and Error Streams"), since parsers that do not want to hold an
    endless line in memory pass it.
    """
    call = run.called("first")
    found = call.reads("readline") if call is not None else []
    if not found or run.wanted.body is None:
        return None
    for entry in found[:2]:
        if entry["raised"]:
            return broken(run, f"readline(3) raised {entry['raised']}", got=entry["raised"])
        if entry["size"] != 3:
            return broken(run, f"readline(3) on a longer line gave {entry['size']} bytes", got=f"{entry['size']} bytes")
    stream = BytesIO(run.wanted.body)
    wanted = [stream.readline(*entry["args"]) for entry in found]
    return _differs(run, _up_to_the_end(found), [line for line in wanted if line], "readline(size)")


@input_readline_takes_size.bad
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abcdefg", read_event("readline", b"abcdefg", 3))], body=b"abcdefg")


@input_readline_takes_size.good
def _() -> ServerRun:
    events = [read_event("readline", part, 3) for part in (b"abc", b"def", b"g")]
    return example_run(calls=[reading_call(b"abcdefg", *events)], body=b"abcdefg")


@server_rule(
    id="input-readlines-hint-optional",
    level=Level.ERROR,
    clauses=("input-readlines-hint",),
    stimuli=("input:readlines-hint",),
    hint="Accept readlines(hint); you may disregard the hint.",
    since="0.1",
)
def input_readlines_hint_optional(run: ServerRun) -> Outcome:
    """``readlines(hint)`` is accepted, and repeated calls give the whole body.

    The hint is optional for caller and implementer alike (PEP 3333, "Input and Error Streams"): it may be ignored, but
    not refused, and no line may get lost.
    """
    call = run.called("first")
    found = call.reads("readlines") if call is not None else []
    if not found or run.wanted.body is None:
        return None
    if found[0]["raised"]:
        return broken(run, f"readlines(1) raised {found[0]['raised']}", got=found[0]["raised"])
    lines = [line for entry in found for line in _lines(entry)]
    return _differs(run, lines, split_lines(run.wanted.body), "readlines(1) called again and again")


@input_readlines_hint_optional.bad
def _() -> ServerRun:
    events = lines_event("readlines", b"a\n"), lines_event("readlines")
    return example_run(calls=[reading_call(b"a\n", *events)], body=b"a\nb")


@input_readlines_hint_optional.good
def _() -> ServerRun:
    events = lines_event("readlines", b"a\n"), lines_event("readlines", b"b"), lines_event("readlines")
    return example_run(calls=[reading_call(b"a\nb", *events)], body=b"a\nb")


@server_rule(
    id="transfer-coding-decoded",
    level=Level.ERROR,
    clauses=("http-server-decodes-te",),
    stimuli=("input:chunked",),
    hint="Decode the transfer coding before the application reads, or refuse the request with 411 or 501.",
    since="0.1",
)
def transfer_coding_decoded(run: ServerRun) -> Outcome:
    """The application reads a chunked body without its chunk syntax.

    A server must handle inbound hop-by-hop headers on its own, which includes decoding any Transfer-Encoding it
    supports (PEP 3333, "Other HTTP Features"). Only a body that the server offers (by a CONTENT_LENGTH, or by
    ``wsgi.input_terminated``) is judged for being whole.
    """
    call, wanted = run.called("first"), run.wanted.body
    if call is None or wanted is None:
        return None
    if call.body == wanted:
        return HELD
    if not call.body and not call.get("CONTENT_LENGTH") and call.environ.get("wsgi.input_terminated") is not True:
        return None
    message = "a chunked request body did not reach the app as the bytes that it stands for"
    return broken(run, message, got=show(call.body[:60]), expected=show(wanted[:60]))


@transfer_coding_decoded.bad
def _() -> ServerRun:
    body = b"3\r\nabc\r\n0\r\n\r\n"
    return example_run(calls=[reading_call(body, read_event("read", body, 65536))], body=b"abc")


@transfer_coding_decoded.good
def _() -> ServerRun:
    return example_run(calls=[reading_call(b"abc", read_event("read", b"abc", 65536))], body=b"abc")
