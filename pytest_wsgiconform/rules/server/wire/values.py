"""Rules on field values on their way into environ, and on fields that meet in one variable."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import UNSAID, Wanted
from ...registry import server_rule
from ..evidence import broken
from ..outcomes import differs, turned_away

SECTION = "request-headers"


def _example(stimulus: str, lines: tuple[bytes, ...], environ: dict[str, str], wanted: Wanted = UNSAID) -> ServerRun:
    """Write a run by hand in which a request with *lines* gave *environ* (empty: refused)."""
    sent = b"\r\n".join((b"GET /probe/echo/00000000.first HTTP/1.1", b"Host: x", *lines, b"", b""))
    calls = [Call("first", dict(environ))] if environ else []
    return one_connection(sent, Response(200 if environ else 400), calls=calls, stimulus=stimulus, wanted=wanted)


@server_rule(
    id="line-breaks-and-nul-not-in-environ",
    level=Level.ERROR,
    clauses=("rfc-field-value-nul",),
    stimuli=("field-value-nul:*", "bare-lf:in-value", "bare-lf:smuggled-coding", "bare-cr:in-value"),
    hint="Refuse a field value with CR, LF or NUL, or put spaces in their place.",
    since="0.1",
)
def line_breaks_and_nul_not_in_environ(run: ServerRun) -> Outcome:
    """No CR, LF or NUL of a field value reaches the app.

    RFC 9110 section 5.5 calls them invalid and dangerous: what is built from the value (a log line, another request, a
    C string) breaks at them.
    """
    call = run.first_call
    if not run.took_place:
        return None
    if call is None:
        return turned_away(run, "a request with CR, LF or NUL in a field value")
    found = call.holding("\0", "\n", "\r")
    if found is None:
        return HELD
    return broken(run, f"{show(found[0])} is {show(found[1])}", got=show(found[1]), expected="400, or spaces")


@line_breaks_and_nul_not_in_environ.bad
def _() -> ServerRun:
    return _example("field-value-nul:middle", (b"X-First: a\0bc",), {"HTTP_X_FIRST": "a\0bc"})


@line_breaks_and_nul_not_in_environ.good
def _() -> ServerRun:
    return _example("field-value-nul:middle", (b"X-First: a\0bc",), {"HTTP_X_FIRST": "a bc"})


@server_rule(
    id="control-characters-survived",
    level=Level.WARNING,
    clauses=("rfc-field-value-ctl",),
    stimuli=("field-value-ctl:*",),
    hint="Refuse control characters in a field value with 400, or pass them on; do not fail on them.",
    since="0.1",
)
def control_characters_survived(run: ServerRun) -> Outcome:
    """A control character in a field value does not make the server fail.

    RFC 9110 section 5.5 leaves it open whether such a value is kept or refused; an internal error is neither.
    """
    if not run.took_place:
        return None
    if not run.alive:
        return broken(run, "the server did not survive a control character in a field value", got="no connection")
    if run.failed_inside:
        return broken(run, "a control character in a field value was answered with 500", got="500", expected="400")
    return HELD if run.first_call is not None or run.refused else None


@control_characters_survived.bad
def _() -> ServerRun:
    run = _example("field-value-ctl:01", (b"X-First: a\x01b",), {})
    run.connection.responses = [Response(500)]
    return run


@control_characters_survived.good
def _() -> ServerRun:
    return _example("field-value-ctl:01", (b"X-First: a\x01b",), {"HTTP_X_FIRST": "a\x01b"})


@server_rule(
    id="blanks-around-value-stripped",
    level=Level.ERROR,
    clauses=("rfc-field-value-ows",),
    stimuli=("field-value-ows:*",),
    hint="Strip spaces and tabs from both ends of a field value, and nothing else.",
    since="0.1",
)
def blanks_around_value_stripped(run: ServerRun) -> Outcome:
    """White space around a field value is not part of it; inside the value it is.

    An app that compares a token must not have to strip it first (RFC 9110 section 5.5).
    """
    call, value = run.first_call, run.wanted.value
    if not run.took_place or call is None or value is None:
        return None
    return differs(run, "HTTP_X_FIRST", call.get("HTTP_X_FIRST"), value, "blanks included")


@blanks_around_value_stripped.bad
def _() -> ServerRun:
    return _example(
        "field-value-ows:trailing-spaces", (b"X-First:abc   ",), {"HTTP_X_FIRST": "abc   "}, wanted=Wanted(value="abc")
    )


@blanks_around_value_stripped.good
def _() -> ServerRun:
    return _example(
        "field-value-ows:trailing-spaces", (b"X-First:abc   ",), {"HTTP_X_FIRST": "abc"}, wanted=Wanted(value="abc")
    )


@server_rule(
    id="high-bytes-are-latin1",
    level=Level.WARNING,
    clauses=("rfc-field-obs-text",),
    stimuli=("field-obs-text:*",),
    hint="Decode field values as Latin-1.",
    since="0.1",
)
def high_bytes_are_latin1(run: ServerRun) -> Outcome:
    """Bytes from 0x80 up in a field value reach the app as the code points of the same numbers.

    RFC 9110 section 5.5 calls them opaque data; PEP 3333, "Unicode Issues", puts them into environ as Latin-1, so that
    the app can get the bytes back.
    """
    call, value = run.first_call, run.wanted.value
    if not run.took_place or call is None or value is None:
        return None
    return differs(run, "HTTP_X_FIRST", call.get("HTTP_X_FIRST"), value, "which does not encode to what was sent")


@high_bytes_are_latin1.bad
def _() -> ServerRun:
    return _example(
        "field-obs-text:utf8", (b"X-First: \xc3\xa9",), {"HTTP_X_FIRST": "\xe9"}, wanted=Wanted(value="\xc3\xa9")
    )


@high_bytes_are_latin1.good
def _() -> ServerRun:
    return _example(
        "field-obs-text:utf8", (b"X-First: \xc3\xa9",), {"HTTP_X_FIRST": "\xc3\xa9"}, wanted=Wanted(value="\xc3\xa9")
    )


@server_rule(
    id="underscore-name-not-merged",
    section="smuggling",
    level=Level.ERROR,
    clauses=("rfc-underscore-spoof",),
    stimuli=("underscore:*",),
    hint="Drop or refuse request fields whose name has an underscore.",
    since="0.1",
)
def underscore_name_not_merged(run: ServerRun) -> Outcome:
    """A field name with an underscore can't overwrite or join the variable of the name with a hyphen.

    ``X-User`` and ``X_User`` make the same variable (RFC 3875 section 4.1.18). A proxy that sets the first and strips
    the client's copy of it overlooks the second.
    """
    call = run.first_call
    if not run.took_place:
        return None
    if call is None:
        return turned_away(run, "a request with an underscore in a field name")
    key, value = run.wanted.key, run.wanted.value
    if key is None or value is None:
        return None
    return differs(run, key, call.get(key), value, "not the hyphenated field's value alone")


@underscore_name_not_merged.bad
def _() -> ServerRun:
    lines = b"X-User: right", b"X_User: planted"
    return _example(
        "underscore:after", lines, {"HTTP_X_USER": "planted"}, wanted=Wanted(key="HTTP_X_USER", value="right")
    )


@underscore_name_not_merged.good
def _() -> ServerRun:
    lines = b"X-User: right", b"X_User: planted"
    return _example(
        "underscore:after", lines, {"HTTP_X_USER": "right"}, wanted=Wanted(key="HTTP_X_USER", value="right")
    )


@server_rule(
    id="underscore-framing-without-effect",
    section="smuggling",
    level=Level.ERROR,
    clauses=("rfc-content-length-spoof",),
    stimuli=("spoof:*",),
    hint="Drop or refuse Content_Length, Content_Type and Transfer_Encoding.",
    since="0.1",
)
def underscore_framing_without_effect(run: ServerRun) -> Outcome:
    """Content_Length, Content_Type and Transfer_Encoding change neither the body nor the CGI variables.

    Only the server's own reading of the real fields may fill CONTENT_LENGTH and CONTENT_TYPE, though RFC 3875 section
    4.1.18 gives their look-alikes nearly the same names; an app that reads by a forged length hangs, or leaves bytes
    that run as the next request.
    """
    call = run.first_call
    if not run.took_place:
        return None
    if call is None:
        return turned_away(run, "a request with an underscore in a field name")
    body = run.wanted.decoded
    if body is None:
        return None
    length = call.get("CONTENT_LENGTH")
    if call.body != body:
        got = show(call.body)
        return broken(run, f"the body became {got}", got=got, expected=show(body.decode("latin-1")))
    if length not in ((str(len(body)),) if body else ("", "0")):
        return broken(run, f"CONTENT_LENGTH became {show(length)}", got=show(length), expected=show(str(len(body))))
    if run.wanted.unframed and run.ran("next"):
        return broken(run, "Transfer_Encoding framed a body: what came behind it was served", got="served")
    wanted = run.wanted.content_type
    if wanted is not None and call.get("CONTENT_TYPE") != wanted:
        return broken(run, f"CONTENT_TYPE became {show(call.get('CONTENT_TYPE'))}", got=show(call.get("CONTENT_TYPE")))
    return HELD


@underscore_framing_without_effect.bad
def _() -> ServerRun:
    lines = b"Content-Length: 5", b"Content_Length: 2"
    run = _example("spoof:content-length", lines, {"CONTENT_LENGTH": "2"}, wanted=Wanted(decoded=b"hello"))
    run.calls[0].body = b"he"
    return run


@underscore_framing_without_effect.good
def _() -> ServerRun:
    lines = b"Content-Length: 5", b"Content_Length: 2"
    run = _example("spoof:content-length", lines, {"CONTENT_LENGTH": "5"}, wanted=Wanted(decoded=b"hello"))
    run.calls[0].body = b"hello"
    return run


@server_rule(
    id="proxy-field-not-passed-on",
    level=Level.ADVICE,
    clauses=("rfc-proxy-header",),
    stimuli=("proxy:*",),
    hint="Leave the client's Proxy field out of environ.",
    since="0.1",
)
def proxy_field_not_passed_on(run: ServerRun) -> Outcome:
    """A client's Proxy field makes no HTTP_PROXY.

    RFC 3875 section 4.1.18 turns the field into HTTP_PROXY, the name under which libraries look for the outgoing proxy
    in the process environment. Under CGI environ *is* the process environment; elsewhere it takes only a copy of it
    into ``os.environ``.
    """
    call = run.first_call
    if not run.took_place or (call is None and not run.refused):
        return None
    if call is not None and "HTTP_PROXY" in call.environ:
        return broken(run, "the client's Proxy field is in environ as HTTP_PROXY", got=show(call.get("HTTP_PROXY")))
    return HELD


@proxy_field_not_passed_on.bad
def _() -> ServerRun:
    return _example("proxy:plain", (b"Proxy: http://evil.test/",), {"HTTP_PROXY": "http://evil.test/"})


@proxy_field_not_passed_on.good
def _() -> ServerRun:
    return _example("proxy:plain", (b"Proxy: http://evil.test/",), {"HTTP_HOST": "x"})


@server_rule(
    id="repeated-fields-joined",
    level=Level.ERROR,
    clauses=("rfc-repeat-joined",),
    stimuli=("repeat:custom", "repeat:accept", "repeat:mixed-case", "repeat:apart"),
    hint="Join the values of repeated fields with commas, in the order received.",
    since="0.1",
)
def repeated_fields_joined(run: ServerRun) -> Outcome:
    """Repeated fields reach the app as one comma-separated value, in order.

    A variable holds one value only, and a list may be spread over lines (RFC 3875 section 4.1.18 and RFC 9110 section
    5.3). Keeping the first or the last loses data.
    """
    call, key, wanted = run.first_call, run.wanted.key, run.wanted.values
    if not run.took_place or call is None or key is None or wanted is None:
        return None
    value = call.get(key)
    if tuple(member.strip() for member in value.split(",")) == wanted:
        return HELD
    return broken(run, f"{key} is {show(value)}", got=show(value), expected=show(", ".join(wanted)))


@repeated_fields_joined.bad
def _() -> ServerRun:
    lines = b"X-List: a", b"X-List: b"
    return _example("repeat:custom", lines, {"HTTP_X_LIST": "b"}, wanted=Wanted(key="HTTP_X_LIST", values=("a", "b")))


@repeated_fields_joined.good
def _() -> ServerRun:
    lines = b"X-List: a", b"X-List: b"
    return _example("repeat:custom", lines, {"HTTP_X_LIST": "a,b"}, wanted=Wanted(key="HTTP_X_LIST", values=("a", "b")))


@server_rule(
    id="cookies-joined-by-semicolon",
    level=Level.ERROR,
    clauses=("rfc-cookie-joined",),
    stimuli=("repeat:cookie",),
    hint="Join several Cookie lines with a semicolon and a space.",
    since="0.1",
)
def cookies_joined_by_semicolon(run: ServerRun) -> Outcome:
    """Several Cookie lines reach the app as one valid cookie string.

    The comma that joins other fields is part of a cookie's value for a cookie parser (RFC 6265 section 5.4); HTTP/2
    front ends commonly split Cookie into lines.
    """
    call, wanted = run.first_call, run.wanted.pairs
    if not run.took_place or call is None or wanted is None:
        return None
    value = call.get("HTTP_COOKIE")
    if tuple(pair.strip() for pair in value.split(";")) == wanted:
        return HELD
    return broken(run, f"HTTP_COOKIE is {show(value)}", got=show(value), expected=show("; ".join(wanted)))


@cookies_joined_by_semicolon.bad
def _() -> ServerRun:
    lines = b"Cookie: a=1", b"Cookie: b=2"
    return _example("repeat:cookie", lines, {"HTTP_COOKIE": "a=1,b=2"}, wanted=Wanted(pairs=("a=1", "b=2")))


@cookies_joined_by_semicolon.good
def _() -> ServerRun:
    lines = b"Cookie: a=1", b"Cookie: b=2"
    return _example("repeat:cookie", lines, {"HTTP_COOKIE": "a=1; b=2"}, wanted=Wanted(pairs=("a=1", "b=2")))


@server_rule(
    id="repeated-singleton-not-mixed",
    level=Level.ERROR,
    clauses=("rfc-singleton-repeat",),
    stimuli=("repeat:content-type", "repeat:authorization"),
    hint="Refuse a repeated singleton field, keep one of the values, or join them recognisably with a comma.",
    since="0.1",
)
def repeated_singleton_not_mixed(run: ServerRun) -> Outcome:
    """A repeated field that isn't a list is refused, reduced to one of its values, or visibly joined.

    RFC 9110 section 5.3 forbids senders to repeat it. Run together without a comma the values make a third one that
    nobody sent.
    """
    call = run.first_call
    if not run.took_place:
        return None
    if call is None:
        return turned_away(run, "a request with a repeated field")
    key, sent = run.wanted.key, run.wanted.values
    if key is None or sent is None:
        return None
    value = call.get(key)
    if value in ("", *sent) or tuple(member.strip() for member in value.split(",")) == sent:
        return HELD
    return broken(
        run, f"{key} is {show(value)}, which nobody sent", got=show(value), expected="400, or one of the values"
    )


@repeated_singleton_not_mixed.bad
def _() -> ServerRun:
    lines = b"Content-Type: text/plain", b"Content-Type: text/html"
    values = ("text/plain", "text/html")
    mixed = {"CONTENT_TYPE": "text/plaintext/html"}
    return _example("repeat:content-type", lines, mixed, wanted=Wanted(key="CONTENT_TYPE", values=values))


@repeated_singleton_not_mixed.good
def _() -> ServerRun:
    lines = b"Content-Type: text/plain", b"Content-Type: text/html"
    values = ("text/plain", "text/html")
    return _example("repeat:content-type", lines, {}, wanted=Wanted(key="CONTENT_TYPE", values=values))
