"""A server and Content-Length: too much, too little, none; and how a response is delimited."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "response"


@server_rule(
    id="no-bytes-beyond-content-length",
    level=Level.WARNING,
    clauses=("length-server-no-excess",),
    stimuli=("body:excess", "body:excess-one-block"),
    hint="Count what was sent, and cut the block that goes beyond Content-Length.",
    since="0.1",
)
def no_bytes_beyond_content_length(run: ServerRun) -> Outcome:
    """No more of the body is sent than the application's Content-Length says.

    Servers should not transmit more (PEP 3333, "Handling the Content-Length Header"): on a connection that stays open,
    the client takes the surplus for the next response.
    """
    response = run.first_final
    if run.called("first") is None or response is None or response.header("Content-Length") != ["5"]:
        return None
    if response.stray or len(response.body) > 5:
        return broken(run, f"the Content-Length is 5, and more came: {show(response.stray)}", got=show(response.stray))
    return HELD


_FIVE = [("Content-Length", "5")]


@no_bytes_beyond_content_length.bad
def _() -> ServerRun:
    return example_run(Response(200, _FIVE, body=b"12345", stray=b"67890"), calls=[example_call()])


@no_bytes_beyond_content_length.good
def _() -> ServerRun:
    return example_run(Response(200, _FIVE, body=b"12345"), calls=[example_call()])


@server_rule(
    id="iteration-stops-at-content-length",
    section="body",
    level=Level.WARNING,
    clauses=("length-server-stop",),
    stimuli=("body:excess",),
    hint="Stop iterating when Content-Length bytes were sent.",
    since="0.1",
)
def iteration_stops_at_content_length(run: ServerRun) -> Outcome:
    """A server stops iterating when enough data has been sent.

    A server should stop iterating over the response then, or raise an error when the application tries to ``write()``
    past that point (PEP 3333, "Handling the Content-Length Header"). The blocks that follow are wasted work. One more
    step, to find the end, is allowed.
    """
    call = run.called("first")
    if call is None or not call.named("yield"):
        return None
    size, enough = 0, 0
    for number, entry in enumerate(call.named("yield"), 1):
        size += entry["size"]
        if size >= 5 and not enough:
            enough = number
    if not enough:
        return None
    taken = len(call.named("yield"))
    if taken > enough + 1:
        return broken(run, f"{taken} blocks were taken, {enough} were enough for the Content-Length", got=str(taken))
    return HELD


def _yields(*sizes: int) -> ServerRun:
    events = [event("yield", number=number, size=size) for number, size in enumerate(sizes, 1)]
    return example_run(calls=[example_call(*events)])


@iteration_stops_at_content_length.bad
def _() -> ServerRun:
    return _yields(3, 4, 3, 3)


@iteration_stops_at_content_length.good
def _() -> ServerRun:
    return _yields(3, 4)


@server_rule(
    id="write-beyond-length-raises",
    section="write",
    level=Level.WARNING,
    clauses=("length-server-write-error",),
    stimuli=("write:beyond",),
    hint="Raise from write() when it goes beyond Content-Length.",
    since="0.1",
)
def write_beyond_length_raises(run: ServerRun) -> Outcome:
    """``write()`` past the declared length raises an error.

    The server should raise one (PEP 3333, "Handling the Content-Length Header"); silence hides the loss of data.
    """
    call = run.called("first")
    found = call.named("write") if call is not None else []
    if len(found) < 2 or found[0]["raised"]:
        return None
    if not found[1]["raised"]:
        return broken(run, "write() of 7 bytes in all was accepted with a Content-Length of 5")
    return HELD


@write_beyond_length_raises.bad
def _() -> ServerRun:
    events = event("write", size=3, raised=""), event("write", size=4, raised="")
    return example_run(calls=[example_call(*events)])


@write_beyond_length_raises.good
def _() -> ServerRun:
    events = event("write", size=3, raised=""), event("write", size=4, raised="ValueError: too much")
    return example_run(calls=[example_call(*events)])


@server_rule(
    id="short-body-ends-connection",
    level=Level.WARNING,
    clauses=("length-short-close",),
    stimuli=("short:pipelined",),
    hint="Close the connection when the application gave fewer bytes than its Content-Length.",
    since="0.1",
)
def short_body_ends_connection(run: ServerRun) -> Outcome:
    """When the application produces too little, the server closes the connection.

    The server should (PEP 3333, "Handling the Content-Length Header"). If it goes on, the client takes the head of the
    next response for the bytes that are missing.
    """
    if run.called("first") is None or not run.connection.responses:
        return None
    response = run.connection.responses[0]
    if response.header("Content-Length") != ["100"]:
        return None
    if b"HTTP/1." in response.body or len(run.connection.finals) > 1:
        return broken(run, "the next response was sent in the place of the missing bytes")
    if run.connection.ended in ("open", "eof-late", "reset-late"):
        return broken(run, "the connection stayed open, and bytes are missing", got=run.connection.ended)
    return HELD


_HUNDRED = [("Content-Length", "100")]


@short_body_ends_connection.bad
def _() -> ServerRun:
    response = Response(200, _HUNDRED, body=b"partial,HTTP/1.1 200 OK\r\n\r\n", complete=False)
    return example_run(response, calls=[example_call()])


@short_body_ends_connection.good
def _() -> ServerRun:
    return example_run(Response(200, _HUNDRED, body=b"partial,", complete=False), calls=[example_call()])


@server_rule(
    id="response-end-can-be-told",
    level=Level.ERROR,
    clauses=("length-absent-delimited", "length-chunked-may"),
    stimuli=("body:delimited-11", "body:delimited-10", "body:empty-blocks", "body:empty-blocks-10"),
    hint="Without a Content-Length, use chunked coding towards HTTP/1.1, or close the connection.",
    since="0.1",
)
def response_end_can_be_told(run: ServerRun) -> Outcome:
    """Without a Content-Length from the application, the client knows where the response ends.

    The server may generate a length, use chunked coding, or close the connection (PEP 3333, "Handling the
    Content-Length Header"); with none of them the client waits, or loses the end.
    """
    response = run.first_final
    if run.called("first") is None or response is None:
        return None
    behaviour_body = b"first,second," if "delimited" in run.stimulus else b"one,two,"
    wanted = behaviour_body + b"ok " + f"{run.token}.first".encode() + b"\n"
    if not response.complete or (response.framing == "close" and not run.connection.closed_by_server):
        return broken(run, "the client can't tell where the response ends", got=run.connection.ended)
    if response.body != wanted:
        return broken(run, "the response did not arrive whole", got=show(response.body), expected=show(wanted))
    return HELD


@response_end_can_be_told.bad
def _() -> ServerRun:
    response = Response(200, framing="close", body=b"one,two,ok t.first\n")
    return example_run(response, calls=[example_call()], ended="open", token="t")


@response_end_can_be_told.good
def _() -> ServerRun:
    response = Response(200, framing="chunked", body=b"one,two,ok t.first\n")
    return example_run(response, calls=[example_call()], ended="open", token="t")


@server_rule(
    id="invented-length-is-right",
    level=Level.ERROR,
    clauses=("length-auto-single", "length-auto-not-with-write"),
    stimuli=("body:one-item", "write:one-item", "body:empty-list", "body:list", "body:tuple"),
    hint="Derive a Content-Length from a list of one item only when write() was not used.",
    since="0.1",
)
def invented_length_is_right(run: ServerRun) -> Outcome:
    """A Content-Length that the server works out is the length of the whole body.

    For an iterable of one item it may be that item's size, but not if ``write()`` was used (PEP 3333, "Handling the
    Content-Length Header"): then part of the body would be cut off.
    """
    call = run.called("first")
    response = run.first_final
    if call is None or response is None or any(entry["raised"] for entry in call.named("write")):
        return None
    line = b"ok " + f"{run.token}.first".encode() + b"\n"
    bodies = {"body:one-item": line, "write:one-item": b"abcde", "body:list": b"first," + line}
    wanted = bodies.get(run.stimulus.replace("tuple", "list"), b"")
    if response.status != 200 or not response.header("Content-Length"):
        return None
    if response.body != wanted or not response.complete:
        return broken(run, f"the body arrived as {show(response.body)}", got=show(response.body), expected=show(wanted))
    return HELD


@invented_length_is_right.bad
def _() -> ServerRun:
    run = example_run(Response(200, [("Content-Length", "3")], body=b"abc"), calls=[example_call()])
    run.stimulus = "write:one-item"
    return run


@invented_length_is_right.good
def _() -> ServerRun:
    run = example_run(Response(200, [("Content-Length", "5")], body=b"abcde"), calls=[example_call()])
    run.stimulus = "write:one-item"
    return run


@server_rule(
    id="no-chunks-to-http10",
    level=Level.ERROR,
    clauses=("length-chunked-only-11",),
    stimuli=("body:delimited-10", "body:empty-blocks-10", "body:binary-10"),
    hint="Close the connection to end a response of unknown length to an HTTP/1.0 client.",
    since="0.1",
)
def no_chunks_to_http10(run: ServerRun) -> Outcome:
    """Chunked coding is not used towards an HTTP/1.0 client.

    Both sides have to support it (PEP 3333, "Handling the Content-Length Header"); an HTTP/1.0 client takes the chunk
    sizes for part of the body.
    """
    response = run.first_final
    if response is None:
        return None
    if response.header("Transfer-Encoding"):
        return broken(run, "a response to an HTTP/1.0 request has Transfer-Encoding", got="chunked")
    return HELD


@no_chunks_to_http10.bad
def _() -> ServerRun:
    return example_run(Response(200, [("Transfer-Encoding", "chunked")], framing="chunked"))


@no_chunks_to_http10.good
def _() -> ServerRun:
    return example_run(Response(200, framing="close"))


@server_rule(
    id="response-chunks-valid",
    level=Level.ERROR,
    clauses=("length-chunked-valid",),
    stimuli=("body:delimited-11", "body:empty-blocks", "body:binary", "body:empty-generator", "gated:large"),
    hint="Skip empty blocks: a chunk of size 0 ends the body. End with 0 CRLF CRLF.",
    since="0.1",
)
def response_chunks_valid(run: ServerRun) -> Outcome:
    """A server that chunks follows the chunked format completely.

    A server that uses chunked coding must do so as HTTP defines it (PEP 3333, "Handling the Content-Length Header"). An
    empty block sent as a chunk ends the body too early; a missing last chunk makes it incomplete.
    """
    response = run.first_final
    if run.called("first") is None or response is None:
        return None
    if response.framing != "chunked":
        return None
    faults = response.deviates("chunk", "body-incomplete", "both-framings")
    if response.stray:
        faults.append("stray bytes follow it")
    if not response.complete and not faults:
        faults.append("its last chunk is missing")
    if not response.complete and not _app_was_done(run):
        return None  # cut short by the client, who gave up waiting while the app was still at work
    if not faults and _ended_by_the_client(run):
        faults.append("its last chunk came only when the client sent more")
    if faults:
        return broken(run, f"the chunked response is malformed: {faults[0]}", got=show(faults[0]))
    return HELD


def _app_was_done(run: ServerRun) -> bool:
    """Whether the app's last block had been asked for before the client stopped waiting."""
    given_up = next((step.at for step in run.connection.sent if step.what != "data"), None)
    return not run.connection.ended.endswith("-late") or _was_done_at(run, given_up)


def _ended_by_the_client(run: ServerRun) -> bool:
    """Whether the app was done, and the response still had no end until the client gave up waiting for it."""
    sent = run.connection.sent
    return "AwaitFinal" in run.connection.skipped and len(sent) > 1 and _was_done_at(run, sent[1].at)


def _was_done_at(run: ServerRun, moment: float | None) -> bool:
    """Whether the iterable of the app had come to its end at *moment*; if that is not known, whether the call had."""
    call = run.called("first")
    if call is None or moment is None:
        return True
    ends = call.named("exhausted") or call.named("finished")
    return any(entry["at"] <= moment for entry in ends)


@response_chunks_valid.bad
def _() -> ServerRun:
    response = Response(200, framing="chunked", complete=False, deviations=[("body-incomplete", "no last chunk")])
    return example_run(response, calls=[example_call()])


@response_chunks_valid.good
def _() -> ServerRun:
    return example_run(Response(200, framing="chunked", body=b"one"), calls=[example_call()])
