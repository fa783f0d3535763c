"""Rules on faulty chunked bodies: what must not pass for a body."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import chunked_run

SECTION = "smuggling"


def _accepted(run: ServerRun) -> Call | None:
    """Return the app's call when it saw the faulty body as a complete one: read to its end without an error.

    A body that only ended because the client gave up does not count, nor does one whose end the app never saw.
    """
    call = run.first_call
    if call is None or not call.saw_whole_body:
        return None
    answer = run.answer("first")
    if answer is not None and not run.connection.in_time(answer):
        return None
    return None if answer is None and not run.connection.closed_by_server else call


def _must_fail(run: ServerRun, what: str) -> Outcome:
    if not run.took_place:
        return None
    if run.ran("planted"):
        return broken(run, f"{what} let bytes of the body run as a request", got="second request", expected="400")
    call = _accepted(run)
    if call is not None:
        got = show(call.body, 60)
        return broken(
            run, f"{what} was taken for the complete body {got}", got=got, expected="400, or an error on read"
        )
    if run.first_call is None and not run.refused:
        return None
    return HELD


@server_rule(
    id="chunk-line-ends-only-at-crlf",
    level=Level.WARNING,
    clauses=("rfc-chunk-ext-line-break",),
    stimuli=("chunk-ext-break:*",),
    hint="Refuse a chunk-size line with a bare CR or LF in it.",
    since="0.1",
)
def chunk_line_ends_only_at_crlf(run: ServerRun) -> Outcome:
    """A chunk-size line ends at CR LF and at nothing else.

    A bare LF is allowed for the start line and the fields, not for chunks (RFC 9112 sections 2.2 and 7.1.1). One
    recipient that ends the line there and one that doesn't see two different bodies, which smuggles a request between
    them.
    """
    return _must_fail(run, "a chunk-size line with a bare CR or LF")


@chunk_line_ends_only_at_crlf.bad
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_ended=True)
    return chunked_run("chunk-ext-break:bare-lf", b"5;a\nb\r\nhello\r\n0\r\n\r\n", got, Response(200))


@chunk_line_ends_only_at_crlf.good
def _() -> ServerRun:
    return chunked_run("chunk-ext-break:bare-lf", b"5;a\nb\r\nhello\r\n0\r\n\r\n", None, Response(400))


@server_rule(
    id="chunk-size-of-hex-digits-only",
    level=Level.WARNING,
    clauses=("rfc-chunk-size-invalid",),
    stimuli=("chunk-size:*",),
    hint="Accept only hex digits as a chunk size; int(text, 16) takes more.",
    since="0.1",
)
def chunk_size_of_hex_digits_only(run: ServerRun) -> Outcome:
    """A chunk size that is not plain hex digits is refused.

    ``int(size, 16)`` also takes ``0x``, signs, underscores, spaces and other scripts' digits, which only Python takes
    for a size (RFC 9112 section 7.1).
    """
    return _must_fail(run, "a chunk size that is not hex digits")


@chunk_size_of_hex_digits_only.bad
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_ended=True)
    return chunked_run("chunk-size:hex-prefix", b"0x5\r\nhello\r\n0\r\n\r\n", got, Response(200))


@chunk_size_of_hex_digits_only.good
def _() -> ServerRun:
    return chunked_run("chunk-size:hex-prefix", b"0x5\r\nhello\r\n0\r\n\r\n", None, Response(400))


@server_rule(
    id="huge-chunk-size-does-not-wrap",
    level=Level.ERROR,
    clauses=("rfc-chunk-size-overflow",),
    stimuli=("chunk-overflow:*",),
    hint="Refuse chunk sizes that the server can't represent or won't read.",
    since="0.1",
)
def huge_chunk_size_does_not_wrap(run: ServerRun) -> Outcome:
    """A very large chunk size is refused or waited for; it does not wrap to a small one.

    RFC 9112 section 7.1 demands that overflow is prevented: a size of 2**64 + 5 that is read as 5 leaves the rest of
    the chunk to run as a request.
    """
    if run.took_place and not run.alive:
        return broken(run, "the server did not survive a very large chunk size", got="no connection")
    final = run.first_final
    if run.took_place and run.first_call is None and final is not None and final.status == 500:
        return broken(run, "a very large chunk size was answered with 500", got="500", expected="400 or 413")
    call = run.first_call
    if call is not None and call.saw_whole_body and call.body == b"hello":
        return broken(run, "a very large chunk size was read as 5", got="5", expected="400 or 413")
    return HELD if call is not None or (run.took_place and run.refused) else None


@huge_chunk_size_does_not_wrap.bad
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_ended=True)
    return chunked_run("chunk-overflow:17-digits", b"10000000000000005\r\nhello\r\n0\r\n\r\n", got, Response(200))


@huge_chunk_size_does_not_wrap.good
def _() -> ServerRun:
    return chunked_run("chunk-overflow:17-digits", b"10000000000000005\r\nhello\r\n0\r\n\r\n", None, Response(413))


@server_rule(
    id="chunk-data-ends-with-crlf",
    level=Level.WARNING,
    clauses=("rfc-chunk-data-end",),
    stimuli=("chunk-end:*",),
    hint="Refuse a chunk whose data is not followed by CR LF.",
    since="0.1",
)
def chunk_data_ends_with_crlf(run: ServerRun) -> Outcome:
    """Chunk data is followed by CR LF; anything else is an error.

    A recipient that skips two bytes or looks for the next line is out of step with one that checks (RFC 9112 section
    7.1).
    """
    return _must_fail(run, "a chunk without its CR LF")


@chunk_data_ends_with_crlf.bad
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_ended=True)
    return chunked_run("chunk-end:two-letters", b"5\r\nhelloXY0\r\n\r\n", got, Response(200))


@chunk_data_ends_with_crlf.good
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_error="OSError: malformed chunk")
    return chunked_run("chunk-end:two-letters", b"5\r\nhelloXY0\r\n\r\n", got, Response(200))


@server_rule(
    id="chunk-faults-keep-requests-apart",
    level=Level.WARNING,
    clauses=("rfc-chunk-ext-line-break",),
    stimuli=("chunk-ext-break:planted",),
    hint="Refuse a faulty chunk, and close the connection.",
    since="0.1",
)
def chunk_faults_keep_requests_apart(run: ServerRun) -> Outcome:
    """A bare LF in a chunk extension does not decide what is body and what is a request.

    A recipient that ends the line at the LF takes the planted request for content; one that reads on to CR LF runs it.
    A message that does not match the grammar should be answered with 400 and the connection closed (RFC 9112 section
    2.2).
    """
    if not run.took_place or not (run.calls or run.connection.finals or run.connection.closed_by_server):
        return None
    if run.ran("planted"):
        return broken(
            run,
            "a chunk extension with a bare LF was read over, and what others take for content ran as a request",
            got="second request",
            expected="400",
        )
    return HELD


@chunk_faults_keep_requests_apart.bad
def _() -> ServerRun:
    run = chunked_run("chunk-ext-break:planted", b"2;\nxx\r\n4c\r\n0\r\n\r\nGET /...", Call("first"), Response(200))
    run.calls.append(Call("planted"))
    return run


@chunk_faults_keep_requests_apart.good
def _() -> ServerRun:
    return chunked_run("chunk-ext-break:planted", b"2;\nxx\r\n4c\r\n0\r\n\r\nGET /...", None, Response(400))


@server_rule(
    id="incomplete-chunked-body-told",
    section="request-body",
    level=Level.ERROR,
    clauses=("rfc-chunk-incomplete",),
    stimuli=("chunk-incomplete:*",),
    hint="Raise an error from wsgi.input when the client goes before the last chunk, or never call the app.",
    since="0.1",
)
def incomplete_chunked_body_told(run: ServerRun) -> Outcome:
    """A chunked body without its last chunk does not look complete to the app.

    The app has no length to compare with: if the read ends as usual, half an upload is stored as a whole one (RFC 9112
    section 8).
    """
    if not run.took_place or not run.probed:
        return None
    call = run.first_call
    if call is None:
        return HELD if run.connection.closed_by_server or run.connection.finals else None
    if call.saw_whole_body:
        got = show(call.body, 60)
        return broken(run, f"the cut body {got} ended like a whole one", got=got, expected="an error on read")
    return HELD


@incomplete_chunked_body_told.bad
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_ended=True)
    return chunked_run("chunk-incomplete:after-chunk", b"5\r\nhello\r\n", got, Response(200))


@incomplete_chunked_body_told.good
def _() -> ServerRun:
    got = Call("first", body=b"hello", body_error="OSError: client disconnected")
    return chunked_run("chunk-incomplete:after-chunk", b"5\r\nhello\r\n", got, Response(200))
