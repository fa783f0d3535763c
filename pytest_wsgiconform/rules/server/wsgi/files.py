"""A server's ``wsgi.file_wrapper``."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run

SECTION = "file-wrapper"


def wrapped_body(run: ServerRun) -> Call | None:
    """Return the call, unless the server offers no file wrapper."""
    call = run.called("first")
    return None if call is None or call.named("no-file-wrapper") else call


def _inside(run: ServerRun) -> dict[str, object] | None:
    call = wrapped_body(run)
    found = call.named("inside") if call is not None else []
    return found[0] if found else None


def file_arrives(run: ServerRun, what: str) -> Outcome:
    """Judge that the response is a complete 200 with the body that the stimulus says."""
    wanted = run.wanted.body
    if wrapped_body(run) is None or wanted is None:
        return None
    response = run.first_final
    if response is None or response.status != 200 or not response.complete or response.body != wanted:
        size = "no response" if response is None else f"{response.status} with {len(response.body)} bytes"
        cut = "" if response is None or response.complete else ", cut short"
        return broken(run, f"{what} arrived as {size}{cut}", got=size, expected=f"200 with {len(wanted)} bytes")
    return HELD


@server_rule(
    id="file-wrapper-takes-block-size",
    level=Level.ERROR,
    clauses=("file-wrapper-signature", "file-wrapper-blocksize-may"),
    stimuli=("file:inside", "file:block-1", "file:block-65536"),
    hint="Define the wrapper with a file and an optional block size, both positional.",
    since="0.1",
)
def file_wrapper_takes_block_size(run: ServerRun) -> Outcome:
    """``wsgi.file_wrapper`` takes a file and, optionally, a block size.

    It must accept one required and one optional positional argument (PEP 3333, "Optional Platform-Specific File
    Handling"). The block size is a suggestion; the body is the same with any.
    """
    facts = _inside(run)
    if facts is None:
        return file_arrives(run, "a file wrapped with a block size")
    for name, shown in (("one-raised", "one argument"), ("two-raised", "two arguments")):
        if facts.get(name):
            return broken(run, f"wsgi.file_wrapper with {shown} raised {facts[name]}", got=str(facts[name]))
    return HELD


@file_wrapper_takes_block_size.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("inside", **{"two-raised": "TypeError: 2 were given"}))])


@file_wrapper_takes_block_size.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("inside", **{"one-whole": True, "two-whole": True}))])


@server_rule(
    id="file-wrapper-result-iterable",
    level=Level.ERROR,
    clauses=("file-wrapper-iterable",),
    stimuli=("file:inside",),
    hint="Give the wrapper's result an __iter__ that reads the file block by block.",
    since="0.1",
)
def file_wrapper_result_iterable(run: ServerRun) -> Outcome:
    """The wrapper returns an iterable over the file's bytes.

    It must return an iterable object (PEP 3333, "Optional Platform-Specific File Handling"): middleware that looks at
    the body iterates over it.
    """
    facts = _inside(run)
    if facts is None:
        return None
    if "one-raised" in facts and "one-whole" not in facts:
        return broken(run, f"iterating over the result raised {facts['one-raised']}")
    if facts.get("one-whole") is not True:
        return broken(run, "iterating over the wrapper's result did not give the file's bytes")
    return HELD


@file_wrapper_result_iterable.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("inside", **{"one-raised": "TypeError: not iterable"}))])


@file_wrapper_result_iterable.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("inside", **{"one-whole": True}))])


@server_rule(
    id="file-wrapper-close-passed-on",
    level=Level.ERROR,
    clauses=("file-wrapper-close-forwards",),
    stimuli=("file:inside",),
    hint="Give the result a close() that calls the file's, when the file has one.",
    since="0.1",
)
def file_wrapper_close_passed_on(run: ServerRun) -> Outcome:
    """Closing the wrapper's result closes the file.

    When the file has ``close()``, the result must have one, too, that calls it (PEP 3333, "Optional Platform-Specific
    File Handling"); else every response leaves an open file.
    """
    facts = _inside(run)
    if facts is None or "one-has-close" not in facts:
        return None
    if not facts["one-has-close"]:
        return broken(run, "the result of wrapping a file that has close() has none")
    if not facts.get("one-closed"):
        return broken(run, "closing the wrapper's result did not close the file")
    return HELD


@file_wrapper_close_passed_on.bad
def _() -> ServerRun:
    return example_run(calls=[example_call(event("inside", **{"one-has-close": False, "one-closed": False}))])


@file_wrapper_close_passed_on.good
def _() -> ServerRun:
    return example_run(calls=[example_call(event("inside", **{"one-has-close": True, "one-closed": True}))])


@server_rule(
    id="file-wrapper-sends-nothing",
    level=Level.ERROR,
    clauses=("file-wrapper-no-early-send",),
    stimuli=("file:discarded",),
    hint="Only keep the file in the wrapper; read and send when the application has returned it.",
    since="0.1",
)
def file_wrapper_sends_nothing(run: ServerRun) -> Outcome:
    """Wrapping a file sends nothing, and reads nothing.

    The wrapper must not send the file until the result has been returned to the server (PEP 3333, "Optional
    Platform-Specific File Handling"): the application may still return something else.
    """
    call = wrapped_body(run)
    found = call.named("discarded") if call is not None else []
    response = run.first_final
    if not found or response is None:
        return None
    if found[0]["position"]:
        return broken(run, f"wrapping a file read {found[0]['position']} bytes of it")
    if response.label != "first" or response.stray or not response.body.startswith(b"ok "):
        return broken(run, f"a discarded file's bytes arrived: {show(response.body[:60])}")
    return HELD


@file_wrapper_sends_nothing.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"ok t.first\n"), calls=[example_call(event("discarded", position=512))])


@file_wrapper_sends_nothing.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"ok t.first\n"), calls=[example_call(event("discarded", position=0))])


@server_rule(
    id="file-needs-no-close",
    level=Level.ERROR,
    clauses=("file-wrapper-close-optional",),
    stimuli=("file:read-only",),
    hint="Use close() only when the file has it.",
    since="0.1",
)
def file_needs_no_close(run: ServerRun) -> Outcome:
    """A file-like object with nothing but ``read()`` is served.

    ``read()`` is all that a file-like object must have; ``close()`` is optional (PEP 3333, "Optional Platform-Specific
    File Handling").
    """
    return file_arrives(run, "a file-like object with read() only")


@file_needs_no_close.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()], body=b"abc")


@file_needs_no_close.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc"), calls=[example_call()], body=b"abc")


@server_rule(
    id="file-closed-after-response",
    level=Level.ERROR,
    clauses=("file-closed-after-send",),
    stimuli=("file:memory", "file:real", "file:length-real"),
    hint="Call close() on the wrapper's result on the platform's way of sending, too.",
    since="0.1",
)
def file_closed_after_response(run: ServerRun) -> Outcome:
    """The file is closed when its response is finished.

    The result of the wrapper is an iterable with ``close()``, which the server calls as ever (PEP 3333, "Optional
    Platform-Specific File Handling"), also when the operating system sends the file.
    """
    call = wrapped_body(run)
    response = run.first_final
    if call is None or response is None or response.status != 200 or not response.complete:
        return None
    if not any(entry.get("of") == "file" for entry in call.named("close")):
        return broken(run, "the response is complete, and the file has not been closed", got="open")
    return HELD


@file_closed_after_response.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc"), calls=[example_call()])


@file_closed_after_response.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc"), calls=[example_call(event("close", of="file", number=1))])


@server_rule(
    id="file-sent-after-return",
    level=Level.ERROR,
    clauses=("file-platform-after-return",),
    stimuli=("silent:file",),
    hint="Start sending the file when the application has returned the wrapper's result.",
    since="0.1",
)
def file_sent_after_return(run: ServerRun) -> Outcome:
    """Sending the file begins only when the application has returned.

    Platform-specific sending must happen after the return (PEP 3333, "Optional Platform-Specific File Handling"): until
    then the application may still seek, or change its mind.
    """
    call = wrapped_body(run)
    moment = call.passed("wrapped") if call is not None else None
    if moment is None:
        return None
    early = run.connection.received_by(moment)
    if early:
        message = f"before the application returned its file, the client got {show(early[:60])}"
        return broken(run, message, got=show(early[:60]), expected="nothing")
    return HELD


@file_sent_after_return.bad
def _() -> ServerRun:
    call = example_call(event("gate-passed", 2.0, name="wrapped", opened=True))
    return example_run(calls=[call], received=[(1.5, b"HTTP/1.1 200 OK\r\n\r\nline one")])


@file_sent_after_return.good
def _() -> ServerRun:
    call = example_call(event("gate-passed", 2.0, name="wrapped", opened=True))
    return example_run(calls=[call], received=[(2.5, b"HTTP/1.1 200 OK\r\n\r\nline one")])
