"""Rules on chunked request bodies that are right: they are decoded, ended, and leave nothing behind."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..examples import chunked_run
from ..outcomes import answered

SECTION = "request-body"

#: Answers by which a server says that it takes no chunked bodies at all.
UNSUPPORTED = frozenset({411, 501})


def _decoded(run: ServerRun, what: str) -> Outcome:
    """Judge that the app got the decoded body; not exercised when the server takes no chunked bodies."""
    if not run.took_place or run.unseen:
        return None
    call = run.first_call
    if call is None:
        final = run.first_final
        if final is not None and final.status in UNSUPPORTED:
            return None
        return broken(run, f"{what} got: {answered(run)}", got=answered(run), expected="decoded, 411 or 501")
    wanted = run.wanted.decoded
    if call.body_error:
        return broken(run, f"reading {what} raised {show(call.body_error)}", got=show(call.body_error))
    if wanted is None:
        return None
    if call.body == wanted:
        return HELD
    return broken(run, f"{what} became {show(call.body, 60)}", got=show(call.body, 60), expected=show(wanted, 60))


@server_rule(
    id="chunks-decoded",
    level=Level.ERROR,
    clauses=("rfc-chunked-decoded",),
    stimuli=("chunked:*",),
    hint="Decode chunked request bodies before the app reads them.",
    since="0.1",
)
def chunks_decoded(run: ServerRun) -> Outcome:
    """A chunked request body reaches the app decoded.

    Every HTTP/1.1 recipient has to be able to decode it (RFC 9112 section 7.1). A server that ignores the coding gives
    the app an empty body, and reads the chunks as the next request. Refusing with 411 or 501 is not a fault here;
    chunked-body-supported covers it.
    """
    return _decoded(run, "a chunked body")


@chunks_decoded.bad
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    return chunked_run("chunked:one", body, Call("first", body=body), Response(200), wanted=Wanted(decoded=b"hello"))


@chunks_decoded.good
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    return chunked_run(
        "chunked:one", body, Call("first", body=b"hello"), Response(200), wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="chunked-body-supported",
    level=Level.WARNING,
    clauses=("rfc-chunked-decoded",),
    stimuli=("chunked:one",),
    hint="Decode chunked request bodies instead of refusing them.",
    since="0.1",
)
def chunked_body_supported(run: ServerRun) -> Outcome:
    """Chunked request bodies are not refused as such.

    Clients that stream an upload of unknown size have no other way under HTTP/1.1 (RFC 9112 section 7.1).
    """
    final = run.first_final
    if not run.took_place or (final is None and run.first_call is None):
        return None
    if run.first_call is None and final is not None and final.status in UNSUPPORTED:
        return broken(run, f"chunked bodies are refused with {final.status}", got=answered(run), expected="decoded")
    return HELD


@chunked_body_supported.bad
def _() -> ServerRun:
    return chunked_run("chunked:one", b"5\r\nhello\r\n0\r\n\r\n", None, Response(411), wanted=Wanted(decoded=b"hello"))


@chunked_body_supported.good
def _() -> ServerRun:
    got = Call("first", body=b"hello")
    return chunked_run("chunked:one", b"5\r\nhello\r\n0\r\n\r\n", got, Response(200), wanted=Wanted(decoded=b"hello"))


@server_rule(
    id="chunked-input-ends",
    level=Level.ERROR,
    clauses=("rfc-chunked-input-terminated",),
    stimuli=("chunked-drain:*",),
    hint="Return b'' at the end of a chunked body; set wsgi.input_terminated only when that is so.",
    since="0.1",
)
def chunked_input_ends(run: ServerRun) -> Outcome:
    """Reading a chunked body reaches ``b""``, at least when wsgi.input_terminated is set.

    A chunked body ends with its last chunk (RFC 9112 section 7.1), and without a CONTENT_LENGTH the app can't know when
    to stop. With the flag set, frameworks read to the end of file; a read that waits for bytes after the last chunk
    never returns.
    """
    call = run.first_call
    if not run.took_place or call is None:
        return None
    answer = run.answer("first")
    if answer is not None and run.connection.in_time(answer):
        return HELD
    if call.environ.get("wsgi.input_terminated") is not True and call.get("wsgi.input_terminated") != "True":
        return None
    if answer is None and not run.connection.hung:
        return None
    return broken(
        run, "the read at the end of the chunked body did not return", got="no answer in time", expected="b''"
    )


@chunked_input_ends.bad
def _() -> ServerRun:
    call = Call("first", {"wsgi.input_terminated": True}, b"hello")
    run = chunked_run("chunked-drain:two", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", call, wanted=Wanted(decoded=b"hello"))
    run.connection.ended = "open"
    return run


@chunked_input_ends.good
def _() -> ServerRun:
    call = Call("first", {"wsgi.input_terminated": True}, b"hello", body_ended=True)
    answer = Response(200, body=b"ok 00000000.first\n")
    return chunked_run(
        "chunked-drain:two", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", call, answer, wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="chunked-input-terminated-told",
    level=Level.ADVICE,
    clauses=("rfc-chunked-input-terminated",),
    stimuli=("chunked-drain:two",),
    hint="Set environ['wsgi.input_terminated'] to True when reads end by themselves.",
    since="0.1",
)
def chunked_input_terminated_told(run: ServerRun) -> Outcome:
    """A server whose input ends by itself says so with wsgi.input_terminated.

    Without the flag frameworks take a request without CONTENT_LENGTH for one without a body, and a chunked upload is
    lost although the server decoded it (RFC 9112 section 7.1).
    """
    call = run.first_call
    if not run.took_place or call is None or call.body != b"hello":
        return None
    if "wsgi.input_terminated" in call.environ:
        return HELD
    return broken(
        run, "the chunked body was decoded, but wsgi.input_terminated is missing", got="absent", expected="True"
    )


@chunked_input_terminated_told.bad
def _() -> ServerRun:
    got = Call("first", {"REQUEST_METHOD": "POST"}, b"hello")
    answer = Response(200, body=b"ok 00000000.first\n")
    return chunked_run(
        "chunked-drain:two", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", got, answer, wanted=Wanted(decoded=b"hello")
    )


@chunked_input_terminated_told.good
def _() -> ServerRun:
    got = Call("first", {"wsgi.input_terminated": True}, b"hello")
    answer = Response(200, body=b"ok 00000000.first\n")
    return chunked_run(
        "chunked-drain:two", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", got, answer, wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="chunked-body-without-client-length",
    level=Level.ERROR,
    clauses=("rfc-chunked-no-content-length",),
    stimuli=("cl-te:short", "cl-te:zero", "te-cl:*", "chunked:one", "chunked:two"),
    hint="Drop a client's Content-Length when the body is chunked, or give the decoded size.",
    since="0.1",
)
def chunked_body_without_client_length(run: ServerRun) -> Outcome:
    """A chunked request shows no CONTENT_LENGTH that disagrees with the decoded body.

    It is the length after transfer codings were removed (RFC 3875 section 4.1.2), and Transfer-Encoding overrides
    Content-Length (RFC 9112 section 6.3). An app reads by CONTENT_LENGTH; a wrong one cuts the body or makes it wait.
    """
    call, wanted = run.first_call, run.wanted.decoded
    if not run.took_place or call is None or wanted is None:
        return None
    if not wanted.startswith(call.body):
        return None  # the chunks were not decoded at all: other rules report it
    length = call.get("CONTENT_LENGTH")
    if length in ("", str(len(wanted))):
        return HELD
    return broken(run, f"CONTENT_LENGTH is {show(length)}", got=show(length), expected=f"absent, or '{len(wanted)}'")


@chunked_body_without_client_length.bad
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    call = Call("first", {"CONTENT_LENGTH": "3"}, b"hello")
    return chunked_run("cl-te:short", body, call, Response(200), wanted=Wanted(decoded=b"hello"))


@chunked_body_without_client_length.good
def _() -> ServerRun:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    return chunked_run(
        "cl-te:short", body, Call("first", body=b"hello"), Response(200), wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="chunk-extensions-ignored",
    level=Level.ERROR,
    clauses=("rfc-chunk-ext-ignored",),
    stimuli=("chunk-ext:*",),
    hint="Skip chunk extensions that are not known.",
    since="0.1",
)
def chunk_extensions_ignored(run: ServerRun) -> Outcome:
    """Unknown chunk extensions are ignored.

    They belong neither to the size nor to the data (RFC 9112 section 7.1.1).
    """
    return _decoded(run, "a body with chunk extensions")


@chunk_extensions_ignored.bad
def _() -> ServerRun:
    return chunked_run(
        "chunk-ext:bare", b"5;name\r\nhello\r\n0\r\n\r\n", None, Response(400), wanted=Wanted(decoded=b"hello")
    )


@chunk_extensions_ignored.good
def _() -> ServerRun:
    got = Call("first", body=b"hello")
    return chunked_run(
        "chunk-ext:bare", b"5;name\r\nhello\r\n0\r\n\r\n", got, Response(200), wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="chunk-extension-blanks-removed",
    level=Level.ADVICE,
    clauses=("rfc-chunk-ext-ignored",),
    stimuli=("chunk-ext-blank:*",),
    hint="Skip white space around the semicolon and the equals sign of a chunk extension, or refuse the request.",
    since="0.1",
)
def chunk_extension_blanks_removed(run: ServerRun) -> Outcome:
    """White space around the parts of a chunk extension are skipped.

    RFC 9112 section 7.1.1 calls it bad whitespace, which recipients have to remove by RFC 9110 section 5.6.3. Senders
    must not generate it, so strict servers refuse it; this is advice.
    """
    return _decoded(run, "a chunk extension with blanks")


@chunk_extension_blanks_removed.bad
def _() -> ServerRun:
    return chunked_run(
        "chunk-ext-blank:before", b"5 ;a=1\r\nhello\r\n0\r\n\r\n", None, Response(400), wanted=Wanted(decoded=b"hello")
    )


@chunk_extension_blanks_removed.good
def _() -> ServerRun:
    got = Call("first", body=b"hello")
    return chunked_run(
        "chunk-ext-blank:before", b"5 ;a=1\r\nhello\r\n0\r\n\r\n", got, Response(200), wanted=Wanted(decoded=b"hello")
    )


@server_rule(
    id="chunk-extensions-limited",
    level=Level.ADVICE,
    clauses=("rfc-chunk-ext-limit",),
    stimuli=("chunk-ext-limit:*",),
    hint="Limit the total length of the chunk extensions of a request.",
    since="0.1",
)
def chunk_extensions_limited(run: ServerRun) -> Outcome:
    """The total length of chunk extensions is limited.

    RFC 9112 section 7.1.1 advises it: a megabyte of extensions for sixty-four bytes of data is wasted work.
    """
    call = run.first_call
    if not run.took_place or (call is None and not run.connection.finals and not run.connection.closed_by_server):
        return None
    if call is not None and len(call.body) == 64 and not call.body_error:
        return broken(run, "a megabyte of chunk extensions was accepted", got="served", expected="4xx or close")
    return HELD


@chunk_extensions_limited.bad
def _() -> ServerRun:
    got = Call("first", body=b"a" * 64)
    return chunked_run("chunk-ext-limit:total", b"1;x=e\r\na\r\n" * 64 + b"0\r\n\r\n", got, Response(200))


@chunk_extensions_limited.good
def _() -> ServerRun:
    return chunked_run("chunk-ext-limit:total", b"1;x=e\r\na\r\n" * 64 + b"0\r\n\r\n", None, Response(400))
