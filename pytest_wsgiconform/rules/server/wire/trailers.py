"""Rules on the trailer section of chunked request bodies."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..examples import chunked_run

SECTION = "request-body"


@server_rule(
    id="trailers-not-in-environ",
    level=Level.ERROR,
    clauses=("rfc-trailers-not-merged",),
    stimuli=("trailer:*",),
    hint="Drop trailer fields, or keep them apart from the header variables.",
    since="0.1",
)
def trailers_not_in_environ(run: ServerRun) -> Outcome:
    """Trailer fields alter and create no header variable.

    A filter in front looked at the header section; Host, Cookie or Content-Length must not bypass it (RFC 9112 section
    7.1.2 and RFC 9110 section 6.5.1).
    """
    call = run.first_call
    if not run.took_place or call is None:
        return None
    found = call.holding("planted")
    if found is not None:
        return broken(run, f"a trailer field came in as {show(found[0])}: {show(found[1])}", got=show(found[1]))
    if call.get("CONTENT_LENGTH") == "99" or call.get("HTTP_CONTENT_LENGTH"):
        return broken(run, "a trailer field changed CONTENT_LENGTH", got=show(call.get("CONTENT_LENGTH")))
    return HELD


@trailers_not_in_environ.bad
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\nX-Trailer: planted\r\n\r\n"
    call = Call("first", {"HTTP_X_TRAILER": "planted"}, b"hello")
    return chunked_run("trailer:custom", body, call, Response(200), wanted=Wanted(decoded=b"hello"))


@trailers_not_in_environ.good
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\nX-Trailer: planted\r\n\r\n"
    return chunked_run(
        "trailer:custom", body, Call("first", body=b"hello"), Response(200), wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="trailers-read-to-their-end",
    level=Level.ERROR,
    clauses=("rfc-trailers-consumed",),
    stimuli=("trailer:custom", "trailer:several"),
    hint="Read the trailer section up to its empty line before the next request.",
    since="0.1",
)
def trailers_read_to_their_end(run: ServerRun) -> Outcome:
    """The trailer section is read to its end, so that the next request is found.

    Left in the buffer, the trailer fields are taken for a request line (RFC 9112 section 7.1.2). A server may refuse
    trailers, or close the connection and say so.
    """
    call = run.first_call
    if not run.took_place or call is None:
        return None
    if run.ran("next"):
        return HELD
    finals = run.connection.finals
    if len(finals) > 1 and finals[1].status >= 400:
        return broken(run, f"the next request was answered with {finals[1].status}", got=str(finals[1].status))
    if finals and finals[0].says_close:
        return None
    if run.connection.closed_by_server:
        # Perhaps it always closes so; behind the same body without trailers it shows.
        if not run.ran("behind-plain"):
            return None
        return broken(run, "the connection was closed behind the trailers without a word", got="closed")
    return broken(run, "the next request got no answer", got=run.connection.ended, expected="served")


@trailers_read_to_their_end.bad
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\nX-Trailer: planted\r\n\r\n"
    got = Call("first", body=b"hello")
    return chunked_run("trailer:custom", body, got, Response(200), Response(400), wanted=Wanted(decoded=b"hello"))


@trailers_read_to_their_end.good
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\nX-Trailer: planted\r\n\r\n"
    got = Call("first", body=b"hello")
    run = chunked_run("trailer:custom", body, got, Response(200), Response(200), wanted=Wanted(decoded=b"hello"))
    run.calls.append(Call("next"))
    return run
