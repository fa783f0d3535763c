"""Rules on the lines of a request's field section: line ends, folds, names, limits."""

from __future__ import annotations

import re

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..outcomes import answered, must_refuse, turned_away

SECTION = "request-headers"


def _request(*lines: bytes) -> bytes:
    return b"\r\n".join((b"GET /probe/echo/00000000.first HTTP/1.1", b"Host: x", *lines, b"", b""))


@server_rule(
    id="bare-cr-refused-or-blanked",
    level=Level.ERROR,
    clauses=("rfc-bare-cr",),
    stimuli=("bare-cr:*",),
    hint="Refuse a head that holds a CR without its LF, or put a space in its place.",
    since="0.1",
)
def bare_cr_refused_or_blanked(run: ServerRun) -> Outcome:
    """A CR that no LF follows ends no line, and does not reach the app.

    The element is invalid, or the CR is replaced by a space (RFC 9112 section 2.2). A recipient that takes it for a
    line end sees fields that others on the way did not see.
    """
    call = run.first_call
    if not run.took_place:
        return None
    if call is None:
        return turned_away(run, "a request with a bare CR")
    found = call.holding("\r")
    if found is not None:
        return broken(run, f"a CR reached the app in {show(found[0])}: {show(found[1])}", got=show(found[1]))
    if "HTTP_X_PLANTED" in call.environ:
        return broken(run, "a bare CR ended a line: a field grew out of a value", got="HTTP_X_PLANTED", expected="400")
    if run.stimulus.endswith("smuggled-framing") and call.get("CONTENT_LENGTH"):
        return broken(
            run, "a bare CR ended a line: Content-Length grew out of a value", got="CONTENT_LENGTH", expected="400"
        )
    return HELD


@bare_cr_refused_or_blanked.bad
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First: a\rX-Planted: planted"),
        Response(200),
        calls=[Call("first", {"HTTP_X_FIRST": "a", "HTTP_X_PLANTED": "planted"})],
        stimulus="bare-cr:in-value",
    )


@bare_cr_refused_or_blanked.good
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First: a\rX-Planted: planted"),
        Response(200),
        calls=[Call("first", {"HTTP_X_FIRST": "a X-Planted: planted"})],
        stimulus="bare-cr:in-value",
    )


@server_rule(
    id="bare-lf-splits-no-message",
    section="smuggling",
    level=Level.ERROR,
    clauses=("rfc-bare-lf", "rfc-smuggle-cl-te"),
    stimuli=("bare-lf:*",),
    hint="Refuse bare LF in the head, or take it for a line end everywhere and then apply the framing rules.",
    since="0.1",
)
def bare_lf_splits_no_message(run: ServerRun) -> Outcome:
    """A bare LF does not turn one message into two.

    RFC 9112 section 2.2 lets a recipient take a lone LF for a line end. A Transfer-Encoding that appears that way
    beside a Content-Length still demands that the connection is closed afterwards (section 6.1), so what follows can't
    run as a request.
    """
    if not run.took_place or not (run.calls or run.connection.responses or run.connection.closed_by_server):
        return None
    if run.ran("planted"):
        return broken(
            run, "bytes of the body ran as a request of their own", got="second request", expected="400 or close"
        )
    return HELD


@bare_lf_splits_no_message.bad
def _() -> ServerRun:
    return one_connection(
        _request(b"X-A: b\nTransfer-Encoding: chunked", b"Content-Length: 40"),
        Response(200),
        Response(200),
        calls=[Call("first"), Call("planted")],
        stimulus="bare-lf:smuggled-coding",
    )


@bare_lf_splits_no_message.good
def _() -> ServerRun:
    return one_connection(
        _request(b"X-A: b\nTransfer-Encoding: chunked", b"Content-Length: 40"),
        Response(400),
        stimulus="bare-lf:smuggled-coding",
    )


@server_rule(
    id="bare-lf-refused",
    level=Level.ADVICE,
    clauses=("rfc-bare-lf",),
    stimuli=("bare-lf:all", "bare-lf:in-value", "bare-lf:ends-head", "bare-lf:mixed"),
    hint="Consider refusing lines that end with a bare LF.",
    since="0.1",
)
def bare_lf_refused(run: ServerRun) -> Outcome:
    """Lines of the head end with CR LF.

    Accepting a lone LF is allowed (RFC 9112 section 2.2), so this is advice: a proxy in front of it may read the same
    bytes differently.
    """
    if not run.took_place or not (run.ran_first or run.refused):
        return None
    if run.ran_first:
        return broken(run, "a line that ends with a bare LF was accepted", got="served", expected="400")
    return HELD


@bare_lf_refused.bad
def _() -> ServerRun:
    sent = _request().replace(b"\r\n", b"\n")
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="bare-lf:all")


@bare_lf_refused.good
def _() -> ServerRun:
    return one_connection(_request().replace(b"\r\n", b"\n"), Response(400), stimulus="bare-lf:all")


@server_rule(
    id="blank-before-colon-refused",
    level=Level.ERROR,
    clauses=("rfc-space-before-colon",),
    stimuli=("space-before-colon:*",),
    hint="Answer a field line with white space between its name and the colon with 400.",
    since="0.1",
)
def blank_before_colon_refused(run: ServerRun) -> Outcome:
    """White space between a field name and its colon gets 400.

    RFC 9112 section 5.1 is strict here because such lines were read in different ways, which split requests and
    bypassed filters.
    """
    return must_refuse(run, "a field with a blank before its colon")


@blank_before_colon_refused.bad
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First : a"), Response(200), calls=[Call("first")], stimulus="space-before-colon:x-first-space"
    )


@blank_before_colon_refused.good
def _() -> ServerRun:
    return one_connection(_request(b"X-First : a"), Response(400), stimulus="space-before-colon:x-first-space")


@server_rule(
    id="folded-line-refused-or-joined",
    level=Level.ERROR,
    clauses=("rfc-obs-fold",),
    stimuli=("obs-fold:*",),
    hint="Answer a folded field line with 400, or put spaces in the place of the fold.",
    since="0.1",
)
def folded_line_refused_or_joined(run: ServerRun) -> Outcome:
    """A folded field line is refused, or becomes one line with spaces.

    A line break left in the value splits what is built from it; a continuation taken for a field of its own, or
    dropped, changes what the request says (RFC 9112 section 5.2).
    """
    call, decoded = run.first_call, run.wanted.decoded
    if not run.took_place:
        return None
    if call is None:
        if run.failed_inside and decoded is None:  # a folded coding may be one that the server lacks
            return broken(run, "a folded line was answered with 500", got="500", expected="400")
        return turned_away(run, "a request with a folded line")
    if decoded is not None:
        if call.body == decoded:
            return HELD
        return broken(run, f"a folded Transfer-Encoding was lost: the body is {show(call.body)}", got=show(call.body))
    name, start, end = run.wanted.key, run.wanted.fold_start, run.wanted.fold_end
    if name is None or start is None or end is None:
        return None
    value = call.get(name, "\0absent")
    if re.fullmatch(f"{re.escape(start)}[ \t]{'+' if start else '*'}{re.escape(end)}", value) is None:
        return broken(run, f"{name} is {show(value)}", got=show(value), expected=show(f"{start} {end}".strip()))
    # A server may put 0 there where the request has no length: only what the continuation says was planted.
    length = call.get("CONTENT_LENGTH").strip()
    if length and end == f"Content-Length: {length}":
        return broken(run, "a continuation line became the Content-Length", got=show(length))
    return HELD


@folded_line_refused_or_joined.bad
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First: a", b" folded"),
        Response(200),
        calls=[Call("first", {"HTTP_X_FIRST": "a\r\n folded"})],
        stimulus="obs-fold:space",
        wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="folded"),
    )


@folded_line_refused_or_joined.good
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First: a", b" folded"),
        Response(200),
        calls=[Call("first", {"HTTP_X_FIRST": "a folded"})],
        stimulus="obs-fold:space",
        wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="folded"),
    )


@server_rule(
    id="field-name-token-or-refused",
    level=Level.WARNING,
    clauses=("rfc-field-name-token",),
    stimuli=("field-name:*",),
    hint="Answer a field line whose name is not a token, or that has no colon, with 400.",
    since="0.1",
)
def field_name_token_or_refused(run: ServerRun) -> Outcome:
    """A field line without a proper name gives the app no variable.

    A name is a token, and a message that does not match the grammar should be answered with 400 (RFC 9112 sections 2.2
    and 5). With odd names one filter overlooks what the next recipient honours.
    """
    call = run.first_call
    if not run.took_place:
        return None
    if call is None:
        return turned_away(run, "a request with a malformed field line")
    found = call.holding("planted", "PLANTED")
    if found is None:
        return HELD
    return broken(run, f"a malformed field line became {show(found[0])}", got=show(found[0]), expected="400")


@field_name_token_or_refused.bad
def _() -> ServerRun:
    return one_connection(
        _request(b"X(Y: planted"),
        Response(200),
        calls=[Call("first", {"HTTP_X(Y": "planted"})],
        stimulus="field-name:parenthesis",
    )


@field_name_token_or_refused.good
def _() -> ServerRun:
    return one_connection(_request(b"X(Y: planted"), Response(400), stimulus="field-name:parenthesis")


@server_rule(
    id="large-fields-whole-or-refused",
    level=Level.ERROR,
    clauses=("rfc-field-limits",),
    stimuli=("field-limits:*",),
    hint="Answer fields that are too large or too many with 431; never cut or drop them.",
    since="0.1",
)
def large_fields_whole_or_refused(run: ServerRun) -> Outcome:
    """Fields larger than the server handles are refused with a 4xx, never cut.

    A field that is dropped silently may have been the one that mattered (RFC 9110 section 5.4).
    """
    call = run.first_call
    if not run.took_place or run.unseen:
        return None
    if call is None:
        final = run.first_final
        if final is not None and not 400 <= final.status <= 499:
            return broken(run, f"large fields were answered with {final.status}", got=answered(run), expected="431")
        return HELD if run.refused and not (final is None and not run.connection.closed_by_server) else None
    lost = _lost(run, call)
    return broken(run, f"large fields reached the app cut: {lost}", got=lost, expected="431") if lost else HELD


def _lost(run: ServerRun, call: Call) -> str:
    """Return what is missing, in words; the probe reports 70000 characters of a value at most."""
    length, wanted, name_length = run.wanted.field_length, run.wanted.field_count, run.wanted.name_length
    if length is not None and len(call.get("HTTP_X_FIRST")) < min(length, 70_000):
        return f"{len(call.get('HTTP_X_FIRST'))} of {length} characters"
    if wanted is not None:
        count = sum(name.startswith("HTTP_X_MANY_") for name in call.environ)
        return f"{count} of {wanted} fields" if count != wanted else ""
    if name_length is not None and not any(len(name) >= name_length for name in call.environ):
        return "the field with the long name is missing"
    return ""


@large_fields_whole_or_refused.bad
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First: " + b"a" * 9000),
        Response(200),
        calls=[Call("first", {"HTTP_X_FIRST": "a" * 8190})],
        stimulus="field-limits:one-field-9000",
        wanted=Wanted(field_length=9000),
    )


@large_fields_whole_or_refused.good
def _() -> ServerRun:
    return one_connection(
        _request(b"X-First: " + b"a" * 9000),
        Response(431),
        stimulus="field-limits:one-field-9000",
        wanted=Wanted(field_length=9000),
    )
