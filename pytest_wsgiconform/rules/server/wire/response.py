"""Rules on the responses that the server makes of what the app gives it."""

from __future__ import annotations

import calendar
import email.utils
import re

from ...display import show
from ...model import HELD, Level, Outcome
from ...records.server import Connection, Response, ServerRun
from ...registry import server_rule
from ..evidence import broken
from ..examples import behaviour_run

SECTION = "response"

#: Stimuli that end in ordinary responses of many kinds.
_MATRIX = ("response:*", "bodiless:*", "head:*", "failure:*", "persist:*", "http10:*", "response-lengths:*")

#: Stimuli that the server answers by itself.
_REFUSALS = ("cl-sign:plus", "host-missing:http11", "te-te:misspelt")


def _finals(run: ServerRun) -> list[tuple[Connection, Response]]:
    """Return the final responses with a complete head, each with its connection."""
    return [
        (connection, response)
        for connection in run.connections
        for response in connection.finals
        if not response.deviates("head-incomplete")
    ]


@server_rule(
    id="status-line-well-formed",
    level=Level.ERROR,
    clauses=("rfc-status-line",),
    stimuli=(*_MATRIX, *_REFUSALS),
    hint="Send the version, a space, three digits, a space, and the reason, which may be empty.",
    since="0.1",
)
def status_line_well_formed(run: ServerRun) -> Outcome:
    """The status line is version, space, three digits, space and an optional reason.

    The second space is required even without a reason (RFC 9112 section 4).
    """
    for connection in run.connections:
        if connection.stray:
            got = show(connection.stray, 60)
            return broken(run, f"the first bytes are no status line: {got}", connection, got=got)
    if not run.took_place or not _finals(run):
        return None
    for connection, response in _finals(run):
        for detail in response.deviates("status-line", "version"):
            return broken(run, f"malformed status line: {detail}", connection, got=detail)
    return HELD


@status_line_well_formed.bad
def _() -> ServerRun:
    fault = ("status-line", "not a status line: b'HTTP/1.1 299'")
    return behaviour_run("response:no-reason", Response(299, [("Date", "x")], reason="", deviations=[fault]))


@status_line_well_formed.good
def _() -> ServerRun:
    return behaviour_run("response:no-reason", Response(299, _ORDINARY, reason=""))


_ORDINARY = [("Date", "Tue, 15 Nov 1994 08:12:31 GMT"), ("Content-Length", "0"), ("Connection", "close")]


@server_rule(
    id="response-head-well-formed",
    level=Level.ERROR,
    clauses=("rfc-status-line", "rfc-response-split-value", "rfc-response-split-name"),
    stimuli=(*_MATRIX, *_REFUSALS),
    hint="End every line of the head with CR LF; send only tokens as names and no control characters in values.",
    since="0.1",
)
def response_head_well_formed(run: ServerRun) -> Outcome:
    """Every line of a response's head keeps the grammar.

    Clients repair a lot, each in its own way; the app gave nothing that would need it (RFC 9112 sections 2.2 and 5).
    """
    if not run.took_place or not _finals(run):
        return None
    for connection, response in _finals(run):
        codes = ("line-end", "field-line", "field-name", "field-value", "obs-fold", "length-invalid", "coding")
        for detail in response.deviates(*codes):
            return broken(run, f"malformed head: {detail}", connection, got=detail)
    return HELD


@response_head_well_formed.bad
def _() -> ServerRun:
    fault = ("line-end", "a line ends with a bare LF: b'Content-Length: 0'")
    return behaviour_run("response:echo", Response(200, _ORDINARY, deviations=[fault]))


@response_head_well_formed.good
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, _ORDINARY))


@server_rule(
    id="response-body-well-formed",
    level=Level.ERROR,
    clauses=("rfc-response-one-framing", "rfc-status-line"),
    stimuli=("response:*", "persist:*", "head:*", "http10:*"),
    hint="Frame the body by exactly one of Content-Length, chunks, or the end of the connection, and complete it.",
    since="0.1",
)
def response_body_well_formed(run: ServerRun) -> Outcome:
    """The body of a response keeps the framing that its head announces.

    Chunk lines are hex digits and CR LF, a chunked body has its last chunk, a counted one has all its bytes, and
    nothing stands between two responses (RFC 9112 sections 6 and 7.1).
    """
    finals = _finals(run)
    if not run.took_place or not finals:
        return None
    for connection, response in finals:
        for detail in response.deviates("chunk", "body-incomplete"):
            return broken(run, f"malformed body: {detail}", connection, got=detail)
        if response.stray and response.framing != "none":
            got = show(response.stray, 60)
            return broken(run, f"bytes that belong to no response follow one: {got}", connection, got=got)
    return HELD


@response_body_well_formed.bad
def _() -> ServerRun:
    fault = ("body-incomplete", "the bytes end after 3 of the body")
    return behaviour_run("response:echo", Response(200, _ORDINARY, body=b"ok ", complete=False, deviations=[fault]))


@response_body_well_formed.good
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, _ORDINARY))


@server_rule(
    id="response-has-one-framing",
    level=Level.ERROR,
    clauses=("rfc-response-one-framing",),
    stimuli=_MATRIX,
    hint="Never send Content-Length together with Transfer-Encoding.",
    since="0.1",
)
def response_has_one_framing(run: ServerRun) -> Outcome:
    """No response has both Content-Length and Transfer-Encoding.

    Both together are how responses are split, the counterpart of request smuggling (RFC 9112 section 6.2).
    """
    if not run.took_place or not _finals(run):
        return None
    for connection, response in _finals(run):
        if response.deviates("both-framings"):
            return broken(run, "a response has Content-Length and Transfer-Encoding", connection, got="both")
    return HELD


@response_has_one_framing.bad
def _() -> ServerRun:
    fault = ("both-framings", "Content-Length and Transfer-Encoding are both there")
    return behaviour_run("response:echo", Response(200, _ORDINARY, framing="chunked", deviations=[fault]))


@response_has_one_framing.good
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, _ORDINARY))


@server_rule(
    id="response-has-one-length",
    level=Level.ERROR,
    clauses=("rfc-response-length-single",),
    stimuli=("response-lengths:*",),
    hint="Refuse a second Content-Length from the app, or send one of them.",
    since="0.1",
)
def response_has_one_length(run: ServerRun) -> Outcome:
    """Two Content-Length headers of an app don't both reach the client.

    Clients take the first, the last, or give up; an error or one line is right (RFC 9110 sections 5.3 and 8.6).
    """
    if not run.took_place or not _finals(run):
        return None
    for connection, response in _finals(run):
        for detail in response.deviates("length-repeated"):
            return broken(run, detail, connection, got=detail, expected="one line, or an error")
    return HELD


@response_has_one_length.bad
def _() -> ServerRun:
    fault = ("length-repeated", "Content-Length came 2 times: ['5', '5']")
    return behaviour_run("response-lengths:two-lengths", Response(200, _ORDINARY, deviations=[fault]))


@response_has_one_length.good
def _() -> ServerRun:
    return behaviour_run("response-lengths:two-lengths", Response(500, _ORDINARY))


@server_rule(
    id="cookies-sent-apart",
    level=Level.WARNING,
    clauses=("rfc-set-cookie-separate",),
    stimuli=("response:cookies",),
    hint="Send every Set-Cookie header as a line of its own, in order.",
    since="0.1",
)
def cookies_sent_apart(run: ServerRun) -> Outcome:
    """Several Set-Cookie headers stay separate lines, in order.

    The comma that would join them is part of cookie dates (RFC 6265 section 3).
    """
    answer = run.answer("first")
    if not run.took_place or answer is None:
        return None
    cookies = answer.header("Set-Cookie")
    if cookies == ["a=1", "b=2", "c=3"]:
        return HELD
    return broken(run, f"Set-Cookie came as {show(cookies)}", got=show(cookies), expected="['a=1', 'b=2', 'c=3']")


@cookies_sent_apart.bad
def _() -> ServerRun:
    headers = [*_ORDINARY, ("Set-Cookie", "a=1, b=2, c=3"), ("X-Wsgiconform", "00000000.first")]
    return behaviour_run("response:cookies", Response(200, headers))


@cookies_sent_apart.good
def _() -> ServerRun:
    cookies = [("Set-Cookie", value) for value in ("a=1", "b=2", "c=3")]
    return behaviour_run("response:cookies", Response(200, [*_ORDINARY, ("X-Wsgiconform", "00000000.first"), *cookies]))


@server_rule(
    id="response-has-one-date",
    level=Level.ERROR,
    clauses=("rfc-date-required",),
    stimuli=("response:*", "bodiless:*", *_REFUSALS),
    hint="Add Date to every response that the app gave none, the server's own 4xx included; never send two.",
    since="0.1",
)
def response_has_one_date(run: ServerRun) -> Outcome:
    """Responses of the classes 2xx, 3xx and 4xx carry exactly one Date.

    RFC 9110 section 6.6.1 demands it of an origin server with a clock; caches compute ages from it. An app that gave a
    Date keeps its own.
    """
    seen = False
    for connection, response in _finals(run):
        if not 200 <= response.status <= 499:
            continue
        seen = True
        count = len(response.header("Date"))
        if count != 1:
            message = f"a {response.status} response has {count or 'no'} Date {'lines' if count else 'line'}"
            return broken(run, message, connection, got=str(count), expected="1")
    return HELD if seen else None


@response_has_one_date.bad
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, _ORDINARY[1:]))


@response_has_one_date.good
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, _ORDINARY))


_FIXDATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
    r"[0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)
#: Seconds that a server's Date may be away from our clock; the faults that this finds are hours away.
_CLOCK = 600


@server_rule(
    id="date-in-fixed-form",
    level=Level.ERROR,
    clauses=("rfc-date-form",),
    stimuli=("response:echo", "response:generator", "response:not-found"),
    hint="Generate Date as IMF-fixdate in GMT, with English names in any locale.",
    since="0.1",
)
def date_in_fixed_form(run: ServerRun) -> Outcome:
    """A generated Date has the fixed-length GMT form and gives the present time.

    ``strftime`` under a foreign locale, or local time marked as GMT, breaks caching in production only (RFC 9110
    section 5.6.7).
    """
    for connection, response in _finals(run):
        for value in response.header("Date"):
            if _FIXDATE.fullmatch(value) is None:
                return broken(run, f"Date is {show(value)}", connection, got=show(value), expected="IMF-fixdate")
            parsed = email.utils.parsedate(value)
            if parsed is None or email.utils.formatdate(calendar.timegm(parsed), usegmt=True) != value:
                return broken(run, f"there is no such date: {show(value)}", connection, got=show(value))
            if connection.opened and abs(calendar.timegm(parsed) - connection.opened) > _CLOCK:
                return broken(run, f"Date is far from the present: {show(value)}", connection, got=show(value))
    return HELD if any(response.header("Date") for _, response in _finals(run)) else None


@date_in_fixed_form.bad
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, [("Date", "Di, 15 Nov 1994 08:12:31 GMT"), *_ORDINARY[1:]]))


@date_in_fixed_form.good
def _() -> ServerRun:
    return behaviour_run("response:echo", Response(200, _ORDINARY))


@server_rule(
    id="server-field-without-detail",
    level=Level.ADVICE,
    clauses=("rfc-server-field",),
    stimuli=("response:echo",),
    hint="Leave exact versions and installed modules out of Server.",
    since="0.1",
)
def server_field_without_detail(run: ServerRun) -> Outcome:
    """Server may be sent, but without fine-grained detail.

    Long lists of components with versions help those who look for known holes (RFC 9110 section 10.2.4).
    """
    answer = run.answer("first")
    if not run.took_place or answer is None:
        return None
    for value in answer.header("Server"):
        if len(re.findall(r"[^\s/()]+/[0-9]", value)) > 2 or len(value) > 60:
            return broken(run, f"Server is {show(value)}", got=show(value), expected="two products at most")
    return HELD


@server_field_without_detail.bad
def _() -> ServerRun:
    headers = [*_ORDINARY, ("Server", "big/1.2.3 module/4.5 other/6"), ("X-Wsgiconform", "00000000.first")]
    return behaviour_run("response:echo", Response(200, headers))


@server_field_without_detail.good
def _() -> ServerRun:
    headers = [*_ORDINARY, ("Server", "small"), ("X-Wsgiconform", "00000000.first")]
    return behaviour_run("response:echo", Response(200, headers))
