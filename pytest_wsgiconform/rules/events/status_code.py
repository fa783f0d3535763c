"""The status string: a native string that servers can encode, and its three-digit code."""

from __future__ import annotations

import re

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, Exchange, StartResponseCalled
from ..registry import event_rule
from .field_grammar import BEYOND_LATIN1, CONTROL

SECTION = "start-response"

#: What a status looks like, for findings.
FORM = "'200 OK': three digits, one space, a reason"
#: A code at the beginning of a status.
CODE = re.compile(r"[0-9]{3}(?![0-9])")


def status_text(event: StartResponseCalled) -> str | None:
    """Return the status when it is exactly a str, which every rule on its form needs."""
    status = event.status
    return status if type(status) is str else None


@event_rule(
    id="status-native-string",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-str",),
    on=StartResponseCalled,
    statuses=(),
    hint="Pass the status as a str, for example '200 OK'.",
    since="0.1",
)
def status_native_string(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status is a native string.

    Servers build the status line from a str and nothing else (PEP 3333, "A Note on String Types" and "The
    start_response() Callable"); bytes, numbers and enum members fail in some of them only.
    """
    if event.status is MISSING:
        return None
    if type(event.status) is str:
        return HELD
    return fault(
        f"start_response got a status of type {type_name(event.status)}", got=show(event.status), expected="str"
    )


@status_native_string.bad
def _(environ, start_response):
    start_response(b"200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-latin1",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-latin1",),
    on=StartResponseCalled,
    statuses=(),
    hint="Keep the reason phrase in ASCII; clients show their own text for a code anyway.",
    since="0.1",
)
def status_latin1(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """Every character of the status fits ISO-8859-1.

    The str stands for the bytes of the status line, one character for one byte (PEP 3333, "Unicode Issues"). Anything
    beyond U+00FF has no byte, and the server fails when it encodes the line, far from the line that set it.
    """
    status = status_text(event)
    if status is None:
        return None
    found = BEYOND_LATIN1.search(status)
    if found is None:
        return HELD
    return fault(
        f"the status holds {show(found.group())} at character {found.start() + 1}, beyond ISO-8859-1",
        got=show(status),
        expected="characters up to U+00FF",
    )


@status_latin1.bad
def _(environ, start_response):
    start_response("404 Страница не найдена", [("Content-Type", "text/plain")])
    return [b"nothing here"]


@status_latin1.good
def _(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here"]


@event_rule(
    id="status-code-three-digits",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-code-digits",),
    on=StartResponseCalled,
    statuses=(),
    hint="Begin the status with the three-digit code.",
    since="0.1",
)
def status_code_three_digits(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status begins with a three-digit code.

    The string goes into the status line as it is, where clients read the code from its first three characters (PEP
    3333, "The start_response() Callable").
    """
    status = status_text(event)
    if status is None:
        return None
    start = status.lstrip(" ")[:4]
    if start and (CONTROL.search(start[:3]) or BEYOND_LATIN1.search(start[:3])):
        return None  # the rules on those characters report it
    if CODE.match(start):
        return HELD
    return fault(
        f"the status {show(status, 80)} does not begin with a three-digit code", got=show(status), expected=FORM
    )


@status_code_three_digits.bad
def _(environ, start_response):
    start_response("OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@status_native_string.good
@status_code_three_digits.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-code-at-least-100",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-code-range",),
    on=StartResponseCalled,
    statuses=(),
    hint="Use a status code that HTTP defines, from 200 to 599.",
    since="0.1",
)
def status_code_at_least_100(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status code is at least 100.

    HTTP's codes lie between 100 and 599 (RFC 9110 section 15); clients can't interpret a code below that.
    """
    code = event.code()
    if code is None:
        return None
    if code >= 100:
        return HELD
    return fault(f"the status code is {code:03}", got=show(event.status), expected="a code from 200 to 599")


@status_code_at_least_100.bad
def _(environ, start_response):
    start_response("000 Broken", [("Content-Type", "text/plain")])
    return [b"sorry"]


@status_code_at_least_100.good
def _(environ, start_response):
    start_response("500 Broken", [("Content-Type", "text/plain")])
    return [b"sorry"]


@event_rule(
    id="status-code-below-600",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("status-code-range",),
    on=StartResponseCalled,
    statuses=(),
    hint="Use a status code that HTTP defines, from 200 to 599.",
    since="0.1",
)
def status_code_below_600(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status code is below 600.

    HTTP defines no codes from 600 up; clients should treat them like a 5xx (RFC 9110 section 15), which is seldom what
    was meant. It works in the field, so it is a warning.
    """
    code = event.code()
    if code is None:
        return None
    if code < 600:
        return HELD
    return fault(f"the status code is {code}", got=show(event.status), expected="a code from 200 to 599")


@status_code_below_600.bad
def _(environ, start_response):
    start_response("999 Request Denied", [("Content-Type", "text/plain")])
    return [b"go away"]


@status_code_below_600.good
def _(environ, start_response):
    start_response("403 Forbidden", [("Content-Type", "text/plain")])
    return [b"go away"]
