"""Rules on Transfer-Encoding against Content-Length: the classical ways to smuggle a request."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..examples import example_post
from ..outcomes import answered, must_refuse, turned_away

SECTION = "smuggling"


HELLO = b"5\r\nhello\r\n0\r\n\r\n"


def _chunked_or_refused(run: ServerRun, *, closes: bool) -> Outcome:
    """Judge that the body was framed by its chunks or the request refused.

    :param closes: whether the connection has to end after it, so that nothing that follows may run.
    """
    if not run.took_place:
        return None
    call = run.first_call
    if run.ran("planted"):
        chunks_counted = call is not None and call.body == run.wanted.decoded
        if closes and (
            chunks_counted or run.unseen
        ):  # by the chunks it is no part of the body, but nothing may run any more
            what = "the connection stayed open, and what the Content-Length covers ran as a request"
        else:
            what = "bytes of the body ran as a request of their own"
        return broken(run, what, got="second request", expected="closed" if closes else "400")
    if call is None and run.connection.hung:
        return broken(run, "the server waited for more than the chunks", got="silence", expected="400 or an answer")
    wanted = run.wanted.decoded
    if call is not None and wanted is not None and run.mistook_body:
        got = show(call.body)
        return broken(run, f"the body became {got}", got=got, expected=show(wanted.decode("latin-1")))
    if closes and run.ran("next"):
        return broken(run, "the connection stayed open for another request", got="served", expected="closed")
    return HELD if call is not None else turned_away(run, "a request with Transfer-Encoding")


@server_rule(
    id="length-before-chunked-overridden",
    level=Level.ERROR,
    clauses=("rfc-smuggle-cl-te",),
    stimuli=("cl-te:*",),
    hint="Refuse a request with both, or go by the chunks; close the connection either way.",
    since="0.1",
)
def length_before_chunked_overridden(run: ServerRun) -> Outcome:
    """With Content-Length and then chunked coding the chunks count or the request is refused, and the connection ends.

    Of two recipients one goes by the length, the other by the chunks: the bytes in between are a request that the first
    never saw (RFC 9112 sections 6.1 and 6.3). Closing afterwards defeats the attack.
    """
    return _chunked_or_refused(run, closes=True)


_CL_TE = example_post(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=HELLO)


@length_before_chunked_overridden.bad
def _() -> ServerRun:
    return one_connection(
        _CL_TE,
        Response(200),
        calls=[Call("first", body=b"5\r\n")],
        stimulus="cl-te:short",
        wanted=Wanted(decoded=b"hello"),
    )


@length_before_chunked_overridden.good
def _() -> ServerRun:
    return one_connection(
        _CL_TE,
        Response(200),
        calls=[Call("first", body=b"hello")],
        stimulus="cl-te:short",
        wanted=Wanted(decoded=b"hello"),
    )


@server_rule(
    id="chunked-before-length-counts",
    level=Level.ERROR,
    clauses=("rfc-smuggle-te-cl",),
    stimuli=("te-cl:*",),
    hint="Refuse a request with both, or go by the chunks; close the connection either way.",
    since="0.1",
)
def chunked_before_length_counts(run: ServerRun) -> Outcome:
    """With chunked coding and then a Content-Length the same holds: chunks or refusal, and the connection ends.

    A server that waits for the longer length hangs, one that goes by a shorter length runs the rest as a request (RFC
    9112 sections 6.1 and 6.3).
    """
    return _chunked_or_refused(run, closes=True)


_TE_CL = example_post(b"Transfer-Encoding: chunked", b"Content-Length: 3", body=HELLO)


@chunked_before_length_counts.bad
def _() -> ServerRun:
    return one_connection(
        _TE_CL,
        Response(200),
        calls=[Call("first", body=b"5\r\n")],
        stimulus="te-cl:short",
        wanted=Wanted(decoded=b"hello"),
    )


@chunked_before_length_counts.good
def _() -> ServerRun:
    return one_connection(_TE_CL, Response(400), stimulus="te-cl:short", wanted=Wanted(decoded=b"hello"))


@server_rule(
    id="coding-not-plainly-chunked-refused",
    level=Level.ERROR,
    clauses=("rfc-smuggle-te-te",),
    stimuli=("te-te:*",),
    hint="Answer a Transfer-Encoding whose last coding is not exactly 'chunked' with 400 and close.",
    since="0.1",
)
def coding_not_plainly_chunked_refused(run: ServerRun) -> Outcome:
    """A request whose last transfer coding is not plainly chunked gets 400 and a closed connection.

    The length of such a body can't be known (RFC 9112 section 6.3). Obfuscated codings rely on recipients that guess
    "no body" or "it surely means chunked". Spellings that the grammar allows may be decoded.
    """
    if run.wanted.may_decode:
        return _chunked_or_refused(run, closes=False)
    outcome = must_refuse(run, "a request whose last transfer coding is not chunked")
    if outcome == HELD and run.ran("next"):
        return broken(run, "the connection stayed open after the refusal", got="served", expected="closed")
    return outcome


@coding_not_plainly_chunked_refused.bad
def _() -> ServerRun:
    sent = example_post(b"Transfer-Encoding: chunkedx", body=HELLO)
    return one_connection(
        sent,
        Response(200),
        calls=[Call("first")],
        stimulus="te-te:suffixed",
        wanted=Wanted(may_decode=False, decoded=b"hello"),
    )


@coding_not_plainly_chunked_refused.good
def _() -> ServerRun:
    return one_connection(
        example_post(b"Transfer-Encoding: chunkedx", body=HELLO),
        Response(501),
        stimulus="te-te:suffixed",
        wanted=Wanted(may_decode=False, decoded=b"hello"),
    )


@server_rule(
    id="unknown-coding-gets-501",
    section="request-body",
    level=Level.WARNING,
    clauses=("rfc-te-unknown",),
    stimuli=("te-unknown:*",),
    hint="Answer a transfer coding that the server does not know with 501.",
    since="0.1",
)
def unknown_coding_gets_501(run: ServerRun) -> Outcome:
    """A transfer coding that the server does not know gets 501.

    The worst alternative is to pass the still coded body to an app that can't know of the coding (RFC 9112 section
    6.1).
    """
    if not run.took_place:
        return None
    if run.first_call is not None:
        return broken(run, "a body with an unknown transfer coding reached the app", got=answered(run), expected="501")
    final = run.first_final
    if final is None:
        return None
    if final.status == 501:
        return HELD
    return broken(
        run, f"an unknown transfer coding was answered with {final.status}", got=answered(run), expected="501"
    )


@unknown_coding_gets_501.bad
def _() -> ServerRun:
    sent = example_post(b"Transfer-Encoding: gzip, chunked", body=HELLO)
    return one_connection(sent, Response(400), stimulus="te-unknown:gzip")


@unknown_coding_gets_501.good
def _() -> ServerRun:
    sent = example_post(b"Transfer-Encoding: gzip, chunked", body=HELLO)
    return one_connection(sent, Response(501), stimulus="te-unknown:gzip")


@server_rule(
    id="coding-name-case-ignored",
    section="request-body",
    level=Level.ERROR,
    clauses=("rfc-te-case-insensitive",),
    stimuli=("te-case:*",),
    hint="Compare the names of transfer codings without regard to case.",
    since="0.1",
)
def coding_name_case_ignored(run: ServerRun) -> Outcome:
    """``Chunked`` in any mix of case is chunked.

    A server that compares the case reads no body, and the chunks run as a request (RFC 9112 section 7).
    """
    return _chunked_or_refused(run, closes=False)


@coding_name_case_ignored.bad
def _() -> ServerRun:
    sent = example_post(b"Transfer-Encoding: Chunked", body=HELLO)
    return one_connection(
        sent,
        Response(200),
        Response(400),
        calls=[Call("first")],
        stimulus="te-case:Chunked",
        wanted=Wanted(decoded=b"hello"),
    )


@coding_name_case_ignored.good
def _() -> ServerRun:
    sent = example_post(b"Transfer-Encoding: Chunked", body=HELLO)
    return one_connection(
        sent,
        Response(200),
        calls=[Call("first", body=b"hello")],
        stimulus="te-case:Chunked",
        wanted=Wanted(decoded=b"hello"),
    )


@server_rule(
    id="coding-in-http10-ends-connection",
    level=Level.ERROR,
    clauses=("rfc-te-http10",),
    stimuli=("te-http10:*",),
    hint="Close the connection after an HTTP/1.0 request with Transfer-Encoding.",
    since="0.1",
)
def coding_in_http10_ends_connection(run: ServerRun) -> Outcome:
    """After an HTTP/1.0 request with Transfer-Encoding the connection ends.

    The framing counts as faulty even with a Content-Length (RFC 9112 section 6.1), since an HTTP/1.0 recipient on the
    way has not understood the coding.
    """
    if not run.took_place or not (run.calls or run.connection.finals or run.connection.closed_by_server):
        return None
    if run.ran("next") or run.ran("planted"):
        return broken(run, "another request ran on the connection", got="served", expected="closed")
    return HELD


_TE_10 = (
    b"POST /probe/echo/00000000.first HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n" + HELLO
)


@coding_in_http10_ends_connection.bad
def _() -> ServerRun:
    calls = [Call("first", body=b"hello"), Call("next")]
    return one_connection(_TE_10, Response(200), Response(200), calls=calls, stimulus="te-http10:keep-alive")


@coding_in_http10_ends_connection.good
def _() -> ServerRun:
    return one_connection(_TE_10, Response(400), stimulus="te-http10:keep-alive")
