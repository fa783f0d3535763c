"""Rules on Content-Length in requests."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Connection, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..examples import example_post
from ..outcomes import answered, must_refuse, turned_away

SECTION = "smuggling"


def _hello(*lines: bytes) -> bytes:
    return example_post(*lines, body=b"hello")


@server_rule(
    id="differing-lengths-refused",
    level=Level.ERROR,
    clauses=("rfc-cl-differing",),
    stimuli=("cl-differing:*",),
    hint="Answer Content-Length values that differ with 400 and close.",
    since="0.1",
)
def differing_lengths_refused(run: ServerRun) -> Outcome:
    """Content-Length values that differ get 400, on one line or on two.

    Recipients that take the first and recipients that take the last disagree on where the next request begins (RFC 9112
    section 6.3).
    """
    return must_refuse(run, "a request with differing Content-Length values")


@differing_lengths_refused.bad
def _() -> ServerRun:
    sent = _hello(b"Content-Length: 5", b"Content-Length: 6")
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="cl-differing:lines-larger-second")


@differing_lengths_refused.good
def _() -> ServerRun:
    sent = _hello(b"Content-Length: 5", b"Content-Length: 6")
    return one_connection(sent, Response(400), stimulus="cl-differing:lines-larger-second")


@server_rule(
    id="repeated-length-taken-once",
    section="request-headers",
    level=Level.ERROR,
    clauses=("rfc-cl-repeated-same",),
    stimuli=("cl-same:*",),
    hint="Refuse repeated equal Content-Length values, or pass one of them on.",
    since="0.1",
)
def repeated_length_taken_once(run: ServerRun) -> Outcome:
    """Repeated equal Content-Length values are refused or taken once; the app never sees the list.

    ``int("5, 5")`` is the exception that every app raises over such a variable (RFC 9112 section 6.3).
    """
    if not run.took_place:
        return None
    call = run.first_call
    if call is None:
        return broken(run, "answered with 500", got="500", expected="400") if run.failed_inside else HELD
    length = call.get("CONTENT_LENGTH")
    if not (length.isascii() and length.isdigit() and int(length) == 5):
        return broken(run, f"CONTENT_LENGTH is {show(length)}", got=show(length), expected="'5'")
    if call.body != b"hello":
        return broken(run, f"the body became {show(call.body)}", got=show(call.body), expected="b'hello'")
    return HELD


@repeated_length_taken_once.bad
def _() -> ServerRun:
    calls = [Call("first", {"CONTENT_LENGTH": "5, 5"}, b"hello")]
    return one_connection(_hello(b"Content-Length: 5, 5"), Response(200), calls=calls, stimulus="cl-same:list")


@repeated_length_taken_once.good
def _() -> ServerRun:
    calls = [Call("first", {"CONTENT_LENGTH": "5"}, b"hello")]
    return one_connection(_hello(b"Content-Length: 5, 5"), Response(200), calls=calls, stimulus="cl-same:list")


@server_rule(
    id="signed-length-refused",
    level=Level.ERROR,
    clauses=("rfc-cl-sign",),
    stimuli=("cl-sign:*",),
    hint="Accept only the digits 0 to 9 in Content-Length.",
    since="0.1",
)
def signed_length_refused(run: ServerRun) -> Outcome:
    """A Content-Length with a sign gets 400.

    The value is digits only (RFC 9112 section 6.3 and RFC 9110 section 8.6). ``int()`` accepts signs; a proxy that
    doesn't frames the message otherwise.
    """
    return must_refuse(run, "a Content-Length with a sign")


@signed_length_refused.bad
def _() -> ServerRun:
    calls = [Call("first", body=b"hello")]
    return one_connection(_hello(b"Content-Length: -5"), Response(200), calls=calls, stimulus="cl-sign:minus")


@signed_length_refused.good
def _() -> ServerRun:
    return one_connection(_hello(b"Content-Length: -5"), Response(400), stimulus="cl-sign:minus")


@server_rule(
    id="length-of-digits-only",
    level=Level.ERROR,
    clauses=("rfc-cl-nondigit",),
    stimuli=("cl-nondigit:*",),
    hint="Accept only the digits 0 to 9 in Content-Length.",
    since="0.1",
)
def length_of_digits_only(run: ServerRun) -> Outcome:
    """A Content-Length that is not all ASCII digits gets 400.

    Only Python takes underscores, other scripts' digits, or the spaces that ``int()`` strips for a length (RFC 9112
    section 6.3).
    """
    return must_refuse(run, "a Content-Length that is not all digits")


@length_of_digits_only.bad
def _() -> ServerRun:
    calls = [Call("first", body=b"hello")]
    return one_connection(_hello(b"Content-Length: 1_0"), Response(200), calls=calls, stimulus="cl-nondigit:underscore")


@length_of_digits_only.good
def _() -> ServerRun:
    return one_connection(_hello(b"Content-Length: 1_0"), Response(400), stimulus="cl-nondigit:underscore")


@server_rule(
    id="empty-length-refused",
    level=Level.ERROR,
    clauses=("rfc-cl-empty",),
    stimuli=("cl-empty:*",),
    hint="Answer an empty Content-Length with 400.",
    since="0.1",
)
def empty_length_refused(run: ServerRun) -> Outcome:
    """An empty Content-Length gets 400, and what follows does not run as a request.

    An empty value is invalid, which is not the same as an absent field (RFC 9112 section 6.3).
    """
    outcome = must_refuse(run, "an empty Content-Length")
    if outcome == HELD and run.ran("planted"):
        return broken(run, "the body ran as a request of its own", got="second request", expected="400 and closed")
    return outcome


@empty_length_refused.bad
def _() -> ServerRun:
    return one_connection(_hello(b"Content-Length:"), Response(200), calls=[Call("first")], stimulus="cl-empty:bare")


@empty_length_refused.good
def _() -> ServerRun:
    return one_connection(_hello(b"Content-Length:"), Response(400), stimulus="cl-empty:bare")


@server_rule(
    id="huge-length-handled",
    section="request-headers",
    level=Level.ERROR,
    clauses=("rfc-cl-huge",),
    stimuli=("cl-huge:*",),
    hint="Compare a Content-Length with the limit before it is turned into a machine number, and answer 413.",
    since="0.1",
)
def huge_length_handled(run: ServerRun) -> Outcome:
    """A very large Content-Length causes neither an overflow nor a crash.

    A length that wraps is another length; since Python 3.11 ``int()`` itself raises beyond 4300 digits (RFC 9110
    section 8.6).
    """
    if not run.took_place:
        return None
    if not run.alive:
        return broken(run, "the server did not survive a very large Content-Length", got="no connection")
    if run.failed_inside:
        return broken(run, "a very large Content-Length was answered with 500", got="500", expected="413")
    call = run.first_call
    if call is None:
        return HELD if run.refused else None
    digits = run.wanted.digits
    if digits is not None and call.get("CONTENT_LENGTH") != digits:
        got = show(call.get("CONTENT_LENGTH"), 60)
        return broken(run, f"CONTENT_LENGTH became {got}", got=got, expected=show(digits, 60))
    return HELD


@huge_length_handled.bad
def _() -> ServerRun:
    sent = _hello(b"Content-Length: 18446744073709551621")
    calls = [Call("first", {"CONTENT_LENGTH": "5"})]
    return one_connection(
        sent, Response(200), calls=calls, stimulus="cl-huge:20-digits", wanted=Wanted(digits="18446744073709551621")
    )


@huge_length_handled.good
def _() -> ServerRun:
    return one_connection(
        _hello(b"Content-Length: 18446744073709551621"),
        Response(413),
        stimulus="cl-huge:20-digits",
        wanted=Wanted(digits="18446744073709551621"),
    )


@server_rule(
    id="connection-closed-after-framing-error",
    level=Level.ERROR,
    clauses=("rfc-error-closes",),
    stimuli=("cl-differing:*", "cl-sign:*", "cl-nondigit:*", "cl-empty:*", "te-te:*"),
    hint="Close the connection after a request whose framing is faulty was refused.",
    since="0.1",
)
def connection_closed_after_framing_error(run: ServerRun) -> Outcome:
    """After a refused framing error the connection is closed.

    Nobody can know where the next request begins, so nothing that follows may be taken for one (RFC 9112 section 6.3).
    """
    final = run.first_final
    if not run.took_place or run.ran_first or final is None or final.status < 400:
        return None
    if run.wanted.may_decode:
        return None
    if run.ran("next") or run.ran("planted"):
        got = answered(run)
        return broken(run, f"after {got} the connection served another request", got="served", expected="closed")
    return HELD


@connection_closed_after_framing_error.bad
def _() -> ServerRun:
    sent = _hello(b"Content-Length: -5")
    return one_connection(sent, Response(400), Response(200), calls=[Call("next")], stimulus="cl-sign:minus")


@connection_closed_after_framing_error.good
def _() -> ServerRun:
    return one_connection(_hello(b"Content-Length: -5"), Response(400), stimulus="cl-sign:minus")


@server_rule(
    id="valid-length-honoured",
    section="request-body",
    level=Level.ERROR,
    clauses=("rfc-cl-nondigit", "rfc-no-framing-no-body"),
    stimuli=("cl-valid:*",),
    hint="Read exactly as many bytes as Content-Length says.",
    since="0.1",
)
def valid_length_honoured(run: ServerRun) -> Outcome:
    """A valid Content-Length frames the body exactly, and the next request is found after it.

    This is the counterpart of the rules on invalid lengths: a server that refuses everything keeps those, and is
    useless (RFC 9112 section 6.3).
    """
    if not run.took_place or run.unseen:
        return None
    call = run.first_call
    if call is None:
        got = answered(run)
        return broken(run, f"a request with a valid Content-Length got: {got}", got=got, expected="served")
    wanted = run.wanted.decoded
    if wanted is not None and call.body != wanted:
        return broken(run, f"the body became {show(call.body)}", got=show(call.body), expected=show(wanted))
    behind = run.connection.finals[1:2]
    if behind and behind[0].label != "next" and behind[0].status >= 400:
        got = str(behind[0].status)
        return broken(run, f"the request behind the body was answered with {got}", got=got, expected="served")
    return HELD


@valid_length_honoured.bad
def _() -> ServerRun:
    return one_connection(
        _hello(b"Content-Length: 0005"),
        Response(400),
        stimulus="cl-valid:leading-zeros",
        wanted=Wanted(decoded=b"hello"),
    )


@valid_length_honoured.good
def _() -> ServerRun:
    calls = [Call("first", body=b"hello")]
    return one_connection(
        _hello(b"Content-Length: 0005"),
        Response(200),
        calls=calls,
        stimulus="cl-valid:leading-zeros",
        wanted=Wanted(decoded=b"hello"),
    )


@server_rule(
    id="no-framing-means-no-body",
    section="request-body",
    level=Level.ERROR,
    clauses=("rfc-no-framing-no-body",),
    stimuli=("no-framing:*", "no-framing-drained:*"),
    hint="Give an empty wsgi.input to a request with neither Content-Length nor Transfer-Encoding.",
    since="0.1",
)
def no_framing_means_no_body(run: ServerRun) -> Outcome:
    """A request with neither length nor transfer coding has an empty body.

    What follows is the next request; read as a body, it is lost, or the read never ends (RFC 9112 section 6.3).
    """
    if not run.took_place:
        return None
    call, final = run.first_call, run.first_final
    if call is None:
        if run.failed_inside:
            return broken(run, "a request without a body was answered with 500", got="500", expected="served")
        # A server may insist on a length for POST.
        return None if final is not None and final.status == 411 else turned_away(run, "a request without a body")
    offered = call.environ.get("wsgi.input_terminated") is True or call.get("CONTENT_LENGTH") not in ("", "0")
    if call.body and offered:
        return broken(run, f"the app read {show(call.body[:80])}", got=show(call.body[:80]), expected="b''")
    if call.body:
        return None  # the probe read more than it may, and met no end of file: another rule's matter
    turns = list(run.wanted.turns or ("",))
    lost = [turn for turn, at in zip(turns, run.connections[::2], strict=False) if not _served_or_closed(run, turn, at)]
    if not lost:
        return HELD
    if lost != turns or not all(run.ran(f"behind-plain{turn}") for turn in turns):
        return None  # it does not serve every request behind another, whatever the framing
    return broken(run, "the request that followed got no answer", got=run.connection.ended, expected="served or closed")


def _served_or_closed(run: ServerRun, turn: str, connection: Connection) -> bool:
    """Whether the next request was served before the client gave up; another rule reports a response that got lost."""
    label = f"next{turn}"
    announced = bool(connection.finals) and connection.finals[0].says_close
    found = next((final for final in connection.finals if final.label == label), None)
    served = run.called(label) is not None if found is None else connection.in_time(found)
    return served or connection.closed_by_server or announced


@no_framing_means_no_body.bad
def _() -> ServerRun:
    calls = [Call("first"), Call("plain"), Call("behind-plain")]
    return one_connection(_UNFRAMED, Response(200), ended="eof-late", calls=calls, stimulus="no-framing:post")


@no_framing_means_no_body.good
def _() -> ServerRun:
    calls = [Call("first"), Call("next"), Call("plain"), Call("behind-plain")]
    return one_connection(_UNFRAMED, Response(200), Response(200), calls=calls, stimulus="no-framing:post")


_UNFRAMED = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\nGET /probe/echo/00000000.next HTTP/1.1\r\n"
