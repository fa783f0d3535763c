"""What a server does with the object that the application returned: iterate, send, close."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Response, ServerRun
from ...registry import server_rule
from ..agreed_bytes import BINARY
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "body"

#: What a server may use of a returned object; the last three are what ``iter()``, ``list()`` and ``isinstance()``
#: look up.
ALLOWED = frozenset({"__iter__", "__next__", "__len__", "close", "__getitem__", "__length_hint__", "__class__"})


def _blocks_arrive(run: ServerRun, gates: tuple[tuple[str, bytes], ...], what: str) -> Outcome:
    """Judge that each block was with the client when the app was let on."""
    call = run.called("first")
    outcome: Outcome = None
    for gate, block in gates:
        moment = call.passed(gate) if call is not None else None
        if moment is None:
            continue
        if block not in run.connection.received_by(moment):
            message = f"{what} {show(block)} was held back until the application went on"
            return broken(run, message, got="held back", expected="sent before the next step")
        outcome = HELD
    return outcome


def _gated(*pieces: tuple[float, bytes]) -> ServerRun:
    call = example_call(event("gate-passed", 2.0, name="one", opened=True))
    return example_run(calls=[call], received=pieces)


@server_rule(
    id="blocks-sent-before-next",
    level=Level.ERROR,
    clauses=("body-send-before-next", "body-no-delay"),
    stimuli=("gated:blocks", "gated:length", "gated:large"),
    hint="Send each block, or hand it to something that sends, before asking for the next; flush every buffer.",
    since="0.1",
)
def blocks_sent_before_next(run: ServerRun) -> Outcome:
    """Each block reaches the client while the application has not yet been asked for, or has not made, the next.

    Servers "must not delay the transmission of any block" (PEP 3333, "Buffering and Streaming"), and transmit each
    before requesting another (PEP 3333, "Specification Details"). Progress and event streams depend on it. The
    application waits in its next step until the client has the block; what counts is the order, not the time.
    """
    return _blocks_arrive(run, (("one", b"<one>"), ("two", b"<two>")), "the block")


@blocks_sent_before_next.bad
def _() -> ServerRun:
    return _gated((2.5, b"HTTP/1.1 200 OK\r\n\r\n<one><two>"))


@blocks_sent_before_next.good
def _() -> ServerRun:
    return _gated((1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>"), (2.5, b"<two>"))


@server_rule(
    id="write-sends-before-return",
    section="write",
    level=Level.ERROR,
    clauses=("write-sent-before-return",),
    stimuli=("gated:write",),
    hint="Send in write(), or hand the data to something that sends while the application goes on.",
    since="0.1",
)
def write_sends_before_return(run: ServerRun) -> Outcome:
    """What was written reaches the client while the application goes on.

    Before ``write()`` returns, the data must have been passed to the client in its entirety or be buffered for
    transmission while the application proceeds onward (PEP 3333, "The write() Callable").
    """
    call = run.called("first")
    if call is None or any(entry["raised"] for entry in call.named("write")):
        return None
    return _blocks_arrive(run, (("one", b"<one>"),), "the written data")


@write_sends_before_return.bad
def _() -> ServerRun:
    return _gated((2.5, b"HTTP/1.1 200 OK\r\n\r\n<one><two>"))


@write_sends_before_return.good
def _() -> ServerRun:
    return _gated((1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>"), (2.5, b"<two>"))


@server_rule(
    id="blocks-after-write-sent",
    section="write",
    level=Level.ERROR,
    clauses=("write-then-yield",),
    stimuli=("gated:write-then-yield",),
    hint="Treat blocks that come after write() like any others.",
    since="0.1",
)
def blocks_after_write_sent(run: ServerRun) -> Outcome:
    """A block that is yielded after ``write()`` was used is sent at once, too.

    ``write()`` may be used and an iterable returned; its blocks must be treated normally, which means sent immediately
    (PEP 3333, "The write() Callable").
    """
    return _blocks_arrive(run, (("two", b"<two>"),), "after write(), the block")


@blocks_after_write_sent.bad
def _() -> ServerRun:
    call = example_call(event("gate-passed", 2.0, name="two", opened=True))
    return example_run(calls=[call], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\n<one>"), (2.5, b"<two>")])


@blocks_after_write_sent.good
def _() -> ServerRun:
    call = example_call(event("gate-passed", 2.0, name="two", opened=True))
    return example_run(calls=[call], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\n<one><two>")])


def _arrives(run: ServerRun, wanted: bytes, what: str) -> Outcome:
    """Judge that the first response is a complete 200 with the body *wanted*."""
    if run.probed and not run.calls:
        return None
    if any(entry["raised"] for call in run.calls for entry in call.named("write")):
        return None  # a rule of its own: nothing of that data can arrive
    response = run.first_final
    if response is None or response.status != 200 or not response.complete or response.body != wanted:
        got = "nothing" if response is None else f"{response.status} {show(response.body)}"
        cut = "" if response is None or response.complete else ", cut short"
        return broken(run, f"{what} arrived as {got}{cut}", got=got, expected=show(wanted))
    return HELD


@server_rule(
    id="body-bytes-unchanged",
    level=Level.WARNING,
    clauses=("body-binary-safe", "body-server-transform-may", "http-reencode-may"),
    stimuli=("body:binary", "body:binary-10"),
    hint="Send the bytes as they are; line ends are the application's business.",
    since="0.1",
)
def body_bytes_unchanged(run: ServerRun) -> Outcome:
    """Body bytes reach the client unaltered.

    A server should treat yielded strings as binary byte sequences, and not alter line endings (PEP 3333, "Specification
    Details"). A transfer coding is removed before the comparison.
    """
    return _arrives(run, BINARY, "a body of all byte values")


@body_bytes_unchanged.bad
def _() -> ServerRun:
    return example_run(Response(200, body=BINARY.replace(b"\r\n", b"\n")), calls=[example_call()])


@body_bytes_unchanged.good
def _() -> ServerRun:
    return example_run(Response(200, body=BINARY), calls=[example_call()])


def _line(run: ServerRun) -> bytes:
    return b"ok " + f"{run.token}.first".encode() + b"\n"


@server_rule(
    id="close-is-optional",
    section="close",
    level=Level.ERROR,
    clauses=("close-absent-ok",),
    stimuli=("body:list", "body:tuple", "body:iterator"),
    hint="Call close() only when the returned object has it.",
    since="0.1",
)
def close_is_optional(run: ServerRun) -> Outcome:
    """A list, a tuple or a bare iterator, which have no ``close()``, is served.

    The server calls ``close()`` if the iterable has it (PEP 3333, "Specification Details"); most don't.
    """
    return _arrives(run, b"first," + _line(run), "a body without close()")


@close_is_optional.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@close_is_optional.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"first,ok t.first\n"), calls=[example_call()], token="t")


@server_rule(
    id="sequence-protocol-iterated",
    level=Level.ERROR,
    clauses=("body-sequence-protocol",),
    stimuli=("body:sequence",),
    hint="Iterate with iter() or a for loop; do not call __iter__ yourself.",
    since="0.1",
)
def sequence_protocol_iterated(run: ServerRun) -> Outcome:
    """An iterable that has only ``__getitem__`` is served.

    What is iterable is defined by ``iter()`` and the ``for`` statement, the sequence protocol included (PEP 3333,
    "Supporting Older Versions of Python").
    """
    return _arrives(run, b"first," + _line(run), "a body that is a mere sequence")


@sequence_protocol_iterated.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@sequence_protocol_iterated.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"first,ok t.first\n"), calls=[example_call()], token="t")


@server_rule(
    id="no-attributes-of-iterable-used",
    level=Level.ERROR,
    clauses=("body-no-other-attributes",),
    stimuli=("body:attributes",),
    hint="Use iteration, len() and close() only, unless the object is your own file wrapper's.",
    since="0.1",
)
def no_attributes_of_iterable_used(run: ServerRun) -> Outcome:
    """A server uses nothing of the returned object but iteration, ``len()`` and ``close()``.

    It "must not directly use any other attributes of the iterable" (PEP 3333, "Specification Details"), unless it is an
    object of its own, such as a file wrapper's. A ``read`` or ``fileno`` that happens to be there need not mean what
    the server thinks. What ``isinstance`` looks up is not counted.
    """
    call = run.called("first")
    if call is None:
        return None
    looked_up = [entry["name"] for entry in call.named("looked-up")]
    for name in looked_up:
        if name not in ALLOWED:
            return broken(run, f"the server looked up {show(name)} on the returned object", got=show(name))
    return HELD if looked_up or run.first_final is not None else None


@no_attributes_of_iterable_used.bad
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("looked-up", name="read"))])


@no_attributes_of_iterable_used.good
def _() -> ServerRun:
    return example_run(Response(200), calls=[example_call(event("looked-up", name="close"))])


@server_rule(
    id="text-body-refused",
    level=Level.ERROR,
    clauses=("text-server-no-body-encoding",),
    stimuli=("body:text",),
    hint="Accept bytes only; do not encode.",
    since="0.1",
)
def text_body_refused(run: ServerRun) -> Outcome:
    """A server does not encode text that an application yields.

    Bodies are bytestrings, and it is the application that knows their encoding (PEP 3333, "Unicode Issues"). A server
    that encodes on its own makes programs that fail on every other server.
    """
    if run.called("first") is None:
        return None
    if b"text-not-bytes" in run.connection.bytes_received or any(b"text-not-bytes" in r.body for r in run.finals):
        return broken(run, "the application yielded a str, and the server encoded and sent it", got="sent")
    return HELD


@text_body_refused.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"text-not-bytes"), calls=[example_call()])


@text_body_refused.good
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()])


@server_rule(
    id="written-like-yielded",
    section="write",
    level=Level.ERROR,
    clauses=("write-as-if-yielded", "write-order"),
    stimuli=("write:order", "write:yielded"),
    hint="Send written data in the order of the calls, before all blocks of the iterable.",
    since="0.1",
)
def written_like_yielded(run: ServerRun) -> Outcome:
    """Written data makes the same response as yielded data, and precedes it.

    Data passed to ``write()`` is treated as if it had been yielded (PEP 3333, "The write() Callable"); what the
    iterable yields afterwards follows it.
    """
    return _arrives(run, b"w1,w2,w3,y1,y2", "data that was written and yielded")


@written_like_yielded.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"y1,y2w1,w2,w3,"), calls=[example_call()])


@written_like_yielded.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"w1,w2,w3,y1,y2"), calls=[example_call()])
