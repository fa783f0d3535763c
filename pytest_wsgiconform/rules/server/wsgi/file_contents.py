"""What of a wrapped file arrives: all that iterating over it would give, from its position on."""

from __future__ import annotations

from ...model import HELD, Level, Outcome
from ...records.server import Connection, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import event, example_call, example_run
from .files import file_arrives, wrapped_body

SECTION = "file-wrapper"


@server_rule(
    id="rewrapped-file-served",
    level=Level.ERROR,
    clauses=("file-wrapper-through-mw",),
    stimuli=("file:through-middleware",),
    hint="Recognise your own wrapper's type; iterate over everything else.",
    since="0.1",
)
def rewrapped_file_served(run: ServerRun) -> Outcome:
    """A wrapper's result that middleware wrapped again is served by plain iteration.

    Middleware may replace the result (PEP 3333, "Optional Platform-Specific File Handling"); the server then has an
    ordinary iterable, and the file is closed all the same.
    """
    outcome = file_arrives(run, "a wrapped file through a middleware's generator")
    call = run.called("first")
    closed = call is not None and any(entry.get("of") == "file" for entry in call.named("close"))
    if outcome == HELD and not closed:
        return broken(run, "a wrapped file behind a middleware was not closed after the response")
    return outcome


@rewrapped_file_served.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b""), calls=[example_call()], body=b"abc")


@rewrapped_file_served.good
def _() -> ServerRun:
    call = example_call(event("close", of="file", number=1))
    return example_run(Response(200, body=b"abc"), calls=[call], body=b"abc")


@server_rule(
    id="file-like-plain-iteration",
    level=Level.WARNING,
    clauses=("file-same-as-iter", "file-until-end", "file-length-may", "file-wrapper-assume-may"),
    stimuli=("file-as:*",),
    hint="Send from the current position to the end of the file, whatever it holds.",
    since="0.1",
)
def file_like_plain_iteration(run: ServerRun) -> Outcome:
    """A wrapped file makes the response that iterating over ``read()`` would make.

    Apart from ``close()``, the effect should be the same (PEP 3333, "Optional Platform-Specific File Handling"), to the
    end of the file however large it is. A Content-Length that the server works out has to fit.
    """
    if not run.probed or not run.calls or any(call.named("no-file-wrapper") for call in run.calls):
        return None
    answers = [run.final_on(number) for number in range(3)]
    plain = answers[0]
    if plain is None or plain.status != 200 or not plain.complete:
        return None
    for number, kind in ((1, "a file on disk"), (2, "a file in memory")):
        other = answers[number]
        if other is None or not other.complete or (other.status, other.body) != (plain.status, plain.body):
            size = "no response" if other is None else f"{other.status} with {len(other.body)} bytes"
            wanted = f"{plain.status} with {len(plain.body)} bytes"
            message = f"{kind} arrived as {size}, by plain iteration it is {wanted}"
            return broken(run, message, run.connections[number], got=size, expected=wanted)
    return HELD


def _compared(*bodies: bytes) -> ServerRun:
    run = example_run(Response(200, body=bodies[0]), calls=[example_call()])
    run.connections += [Connection(responses=[Response(200, body=body)]) for body in bodies[1:]]
    return run


@file_like_plain_iteration.bad
def _() -> ServerRun:
    return _compared(b"a" * 9000, b"a" * 8192, b"a" * 9000)


@file_like_plain_iteration.good
def _() -> ServerRun:
    return _compared(b"a" * 9000, b"a" * 9000, b"a" * 9000)


@server_rule(
    id="file-sent-from-position",
    level=Level.WARNING,
    clauses=("file-from-position",),
    stimuli=("file:seek-real", "file:seek-memory"),
    hint="Ask for the file's position when sending begins, and start there.",
    since="0.1",
)
def file_sent_from_position(run: ServerRun) -> Outcome:
    """Sending starts at the file's position when sending begins.

    Sending should begin there (PEP 3333, "Optional Platform-Specific File Handling"): an application that serves a
    range seeks first, perhaps after wrapping.
    """
    return file_arrives(run, "a file that was moved to its 10th byte")


@file_sent_from_position.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"0123456789abc"), calls=[example_call()], body=b"abc")


@file_sent_from_position.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc"), calls=[example_call()], body=b"abc")


@server_rule(
    id="file-sent-up-to-length",
    level=Level.WARNING,
    clauses=("file-until-length",),
    stimuli=("file:length-memory", "file:length-real"),
    hint="Stop after Content-Length bytes when the application gave that header.",
    since="0.1",
)
def file_sent_up_to_length(run: ServerRun) -> Outcome:
    """Sending stops after the application's Content-Length.

    Sending should end there (PEP 3333, "Optional Platform-Specific File Handling"): with the position, that is how a
    part of a file is served.
    """
    response = run.first_final
    if response is not None and wrapped_body(run) is not None and response.stray:
        return broken(run, f"{len(response.stray)} bytes of the file came after Content-Length")
    return file_arrives(run, "a file with a shorter Content-Length")


@file_sent_up_to_length.bad
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc", stray=b"defg"), calls=[example_call()], body=b"abc")


@file_sent_up_to_length.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc"), calls=[example_call()], body=b"abc")


@server_rule(
    id="unsuitable-files-iterated",
    level=Level.ERROR,
    clauses=("file-unsuitable-fallback",),
    stimuli=("file:memory", "file:no-descriptor", "file:read-only"),
    hint="Fall back to reading when fileno() is missing or raises.",
    since="0.1",
)
def unsuitable_files_iterated(run: ServerRun) -> Outcome:
    """Objects that the platform's call cannot send are served by reading them.

    The wrapper must still return an iterable over ``read()`` for them (PEP 3333, "Optional Platform-Specific File
    Handling"): a file in memory, a ``fileno()`` that raises, ``read()`` alone.
    """
    return file_arrives(run, "a file that has no descriptor")


@unsuitable_files_iterated.bad
def _() -> ServerRun:
    return example_run(Response(500, body=b"error"), calls=[example_call()], body=b"abc")


@unsuitable_files_iterated.good
def _() -> ServerRun:
    return example_run(Response(200, body=b"abc"), calls=[example_call()], body=b"abc")
