"""Rules on the request line: its grammar, the version, the method, and what stands around it."""

from __future__ import annotations

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Call, Response, ServerRun, one_connection
from ...records.stimulus_facts import Wanted
from ...registry import server_rule
from ..evidence import broken
from ..outcomes import answered, must_refuse

SECTION = "request-line"

#: Longest value of a variable that the probe reports.
REPORTED = 70_000


@server_rule(
    id="request-line-malformed-refused",
    level=Level.WARNING,
    clauses=("rfc-request-line-invalid",),
    stimuli=(
        "request-line:no-version",
        "request-line:no-method",
        "request-line:blank-method",
        "request-line:extra-word",
        "request-line:*-method",
        "request-line:control-in-target",
        "request-line:nul-in-target",
        "target:no-slash",
    ),
    hint="Answer a request line that is not method, target and version with 400.",
    since="0.1",
)
def request_line_malformed_refused(run: ServerRun) -> Outcome:
    """A malformed request line is refused.

    Two parsers in a row that each repair a broken line in their own way see two different requests, and so requests are
    smuggled past a front end. RFC 9112 section 3 recommends 400.
    """
    return must_refuse(run, "a malformed request line", redirect=True)


@request_line_malformed_refused.bad
def _() -> ServerRun:
    sent = b"GE(T /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="request-line:delimiter-in-method")


@request_line_malformed_refused.good
def _() -> ServerRun:
    sent = b"GE(T /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(400), stimulus="request-line:delimiter-in-method")


@server_rule(
    id="target-whitespace-not-repaired",
    level=Level.WARNING,
    clauses=("rfc-target-no-whitespace",),
    stimuli=(
        "request-line:space-in-target",
        "request-line:tab-in-target",
        "request-line:vertical-tab-in-target",
        "request-line:form-feed-in-target",
        "request-line:no-break-space-in-target",
    ),
    hint="Refuse a request target that holds raw white space.",
    since="0.1",
)
def target_whitespace_not_repaired(run: ServerRun) -> Outcome:
    """A space in the request target is not silently repaired.

    RFC 9112 section 3.2 advises against guessing what was meant: security filters along the way may have seen another
    target. Cutting it at the space is a repair; passing the whole target on is not.
    """
    if not run.took_place or run.unseen:
        return None
    call = run.first_call
    if call is None:
        return must_refuse(run, "a request target with a raw blank", redirect=True)
    wanted = run.wanted.tail
    if wanted is None:
        return None
    if call.rest_of_path == wanted:
        return HELD
    return broken(
        run,
        f"the target was cut or changed to {show(call.rest_of_path)}",
        got=show(call.rest_of_path),
        expected="400",
    )


@target_whitespace_not_repaired.bad
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first/a b HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "/probe/echo/00000000.first/a"})],
        stimulus="request-line:space-in-target",
        wanted=Wanted(tail="/a b"),
    )


@target_whitespace_not_repaired.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first/a b HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(400), stimulus="request-line:space-in-target", wanted=Wanted(tail="/a b"))


@server_rule(
    id="version-malformed-refused",
    level=Level.WARNING,
    clauses=("rfc-version-malformed",),
    stimuli=("request-line:version-*",),
    hint="Accept only HTTP/ DIGIT . DIGIT, in capitals, as the version; answer the rest with 400 or 505.",
    since="0.1",
)
def version_malformed_refused(run: ServerRun) -> Outcome:
    """A malformed HTTP version is refused.

    The version decides on persistence and framing; guessing it lets two recipients of the same bytes disagree on where
    the message ends (RFC 9112 sections 2.2 and 2.3).
    """
    return must_refuse(run, "a malformed HTTP version")


@version_malformed_refused.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first http/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="request-line:version-lower-case")


@version_malformed_refused.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first http/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(505), stimulus="request-line:version-lower-case")


@server_rule(
    id="version-unsupported-not-served",
    level=Level.ADVICE,
    clauses=("rfc-version-unsupported",),
    stimuli=("request-line:unsupported-version-*",),
    hint="Answer a major version other than 1 with 505.",
    since="0.1",
)
def version_unsupported_not_served(run: ServerRun) -> Outcome:
    """A request of a major version that the server does not speak is not served.

    A higher major version announces another message syntax; RFC 9110 section 15.6.6 defines 505 for it.
    """
    return must_refuse(run, "a request of an unknown major version")


@version_unsupported_not_served.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/9.9\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="request-line:unsupported-version-9.9")


@version_unsupported_not_served.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first HTTP/9.9\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(505), stimulus="request-line:unsupported-version-9.9")


@server_rule(
    id="method-case-kept",
    level=Level.ERROR,
    clauses=("rfc-method-case",),
    stimuli=("request-line:method-*",),
    hint="Pass the method on as it came; do not change its case.",
    since="0.1",
)
def method_case_kept(run: ServerRun) -> Outcome:
    """The method reaches the app in the case in which it was sent.

    Methods are case-sensitive (RFC 9110 section 9.1): ``get`` is another method than ``GET``, and access rules written
    for one must not be met with the other. Refusing an unknown method is fine.
    """
    call = run.first_call
    if not run.took_place or call is None:
        return HELD if run.took_place and run.first_final is not None else None
    wanted = run.wanted.method
    if wanted is None:
        return None
    got = call.get("REQUEST_METHOD")
    if got == wanted:
        return HELD
    return broken(run, f"REQUEST_METHOD is {show(got)}, sent was {show(wanted)}", got=show(got), expected=show(wanted))


@method_case_kept.bad
def _() -> ServerRun:
    return one_connection(
        b"get /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"REQUEST_METHOD": "GET"})],
        stimulus="request-line:method-lower-case",
        wanted=Wanted(method="get"),
    )


@method_case_kept.good
def _() -> ServerRun:
    return one_connection(
        b"get /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"REQUEST_METHOD": "get"})],
        stimulus="request-line:method-lower-case",
        wanted=Wanted(method="get"),
    )


@server_rule(
    id="empty-line-before-request-ignored",
    level=Level.WARNING,
    clauses=("rfc-leading-empty-line",),
    stimuli=("request-line:empty-line-first",),
    hint="Skip at least one empty line before the request line.",
    since="0.1",
)
def empty_line_before_request_ignored(run: ServerRun) -> Outcome:
    """An empty line before the request line is ignored.

    Some clients send an extra line end after a body; RFC 9112 section 2.2 asks for robustness here.
    """
    if not run.took_place:
        return None
    if run.ran_first:
        return HELD
    return broken(run, f"an empty line before the request got: {answered(run)}", got=answered(run), expected="served")


@empty_line_before_request_ignored.bad
def _() -> ServerRun:
    sent = b"\r\nGET /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(400), stimulus="request-line:empty-line-first")


@empty_line_before_request_ignored.good
def _() -> ServerRun:
    sent = b"\r\nGET /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(200), calls=[Call("first")], stimulus="request-line:empty-line-first")


@server_rule(
    id="blank-led-first-line-dropped",
    level=Level.ERROR,
    clauses=("rfc-space-after-start-line",),
    stimuli=("request-line:space-led-first-field", "request-line:tab-led-first-field", "request-line:blank-line-led"),
    hint="Refuse a line that begins with white space right after the request line, or drop it.",
    since="0.1",
)
def blank_led_first_line_dropped(run: ServerRun) -> Outcome:
    """A line that begins with white space right after the request line never becomes a field.

    It has no field to continue. RFC 9112 section 2.2: reject the message, or consume such lines unread; taking them as
    fields, or as the end of the fields, lets an attacker hide fields from one of two recipients.
    """
    call = run.first_call
    if not run.took_place or call is None:
        return HELD if run.took_place and run.refused else None
    planted = call.holding("planted")
    if planted is not None:
        return broken(run, f"the line became part of {show(planted[0])}: {show(planted[1])}", got=show(planted[1]))
    if run.stimulus.endswith("blank-line-led") and "HTTP_X_PLANTED" not in call.environ:
        return broken(run, "a line of blanks ended the field section", got="no HTTP_X_PLANTED", expected="'ok'")
    return HELD


@blank_led_first_line_dropped.bad
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first HTTP/1.1\r\n X-Planted: planted\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"HTTP_X_PLANTED": "planted"})],
        stimulus="request-line:space-led-first-field",
    )


@blank_led_first_line_dropped.good
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first HTTP/1.1\r\n X-Planted: planted\r\nHost: x\r\n\r\n",
        Response(400),
        stimulus="request-line:space-led-first-field",
    )


@server_rule(
    id="long-target-whole-or-refused",
    level=Level.ERROR,
    clauses=("rfc-target-too-long",),
    stimuli=("request-line:long-*",),
    hint="Refuse a target that is too long; never cut it.",
    since="0.1",
)
def long_target_whole_or_refused(run: ServerRun) -> Outcome:
    """A long request target reaches the app whole, or not at all.

    A cut target is another resource. RFC 9112 section 3 asks for 414 when a target is longer than the server parses.
    """
    if not run.took_place:
        return None
    call = run.first_call
    if call is not None:
        name, got, wanted = "PATH_INFO", len(call.rest_of_path), run.wanted.tail_length
        if run.wanted.query_length is not None:
            name, got, wanted = "QUERY_STRING", len(call.get("QUERY_STRING")), run.wanted.query_length
        if wanted is None:
            return None
        # The probe cuts what it reports, the label in front included.
        if got == wanted or len(call.get(name)) >= REPORTED:
            return HELD
        return broken(
            run, f"{wanted} characters of the target became {got} in {name}", got=str(got), expected=str(wanted)
        )
    final = run.first_final
    if final is not None and final.status == 500:
        return broken(run, "a long target was answered with 500", got="500", expected="414")
    return HELD if run.refused and (final is not None or run.connection.closed_by_server) else None


@long_target_whole_or_refused.bad
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first?" + b"q" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(200),
        calls=[Call("first", {"PATH_INFO": "/probe/echo/00000000.first", "QUERY_STRING": "q" * 8192})],
        stimulus="request-line:long-query",
        wanted=Wanted(query_length=9000),
    )


@long_target_whole_or_refused.good
def _() -> ServerRun:
    return one_connection(
        b"GET /probe/echo/00000000.first?" + b"q" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        Response(414),
        stimulus="request-line:long-query",
        wanted=Wanted(query_length=9000),
    )


@server_rule(
    id="long-target-gets-414",
    level=Level.WARNING,
    clauses=("rfc-target-too-long",),
    stimuli=("request-line:long-*",),
    hint="Answer a target that is too long with 414.",
    since="0.1",
)
def long_target_gets_414(run: ServerRun) -> Outcome:
    """A target that is refused for its length gets 414.

    The client learns from it what to change (RFC 9112 section 3, RFC 9110 section 15.5.15).
    """
    final = run.first_final
    if not run.took_place or run.ran_first or final is None:
        return None
    if final.status == 414:
        return HELD
    return broken(run, f"a long target was answered with {final.status}", got=str(final.status), expected="414")


@long_target_gets_414.bad
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first?" + b"q" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(400), stimulus="request-line:long-query")


@long_target_gets_414.good
def _() -> ServerRun:
    sent = b"GET /probe/echo/00000000.first?" + b"q" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    return one_connection(sent, Response(414), stimulus="request-line:long-query")
