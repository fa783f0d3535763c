"""The form of the status string: three digits, one space, a reason, and nothing around them.

One slip breaks one rule. The rules share the text out: line ends at its very end, other control
characters, characters that no header can carry, spaces around it, and only then its parts.
"""

from __future__ import annotations

import re

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import MISSING, Exchange, StartResponseCalled
from ..registry import event_rule
from .field_grammar import BEYOND_LATIN1, CONTROL

SECTION = "start-response"

_FORM = "'200 OK': three digits, one space, a reason"
_CODE = re.compile(r"[0-9]{3}(?![0-9])")


def _text(event: StartResponseCalled) -> str | None:
    """Return the status when it is exactly a str, which every rule on its form needs."""
    status = event.status
    return status if type(status) is str else None


def _after_code(event: StartResponseCalled) -> str | None:
    """Return what follows the code, without line ends; ``None`` when there is no plain code to follow."""
    status = _text(event)
    if status is None or not _CODE.match(status):
        return None
    return status[3:].rstrip("\r\n")


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

    Servers build the status line from a str and nothing else ("A Note on String Types" and "The
    start_response() Callable"); bytes, numbers and enum members fail in some of them, and only there.
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

    The str stands for the bytes of the status line, one character for one byte ("Unicode Issues"). Anything
    beyond U+00FF has no byte, and the server fails when it encodes the line, far from the culprit.
    """
    status = _text(event)
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

    The string goes into the status line as it is, where clients read the code from its first three
    characters ("The start_response() Callable").
    """
    status = _text(event)
    if status is None:
        return None
    start = status.lstrip(" ")[:4]
    if start and (CONTROL.search(start[:3]) or BEYOND_LATIN1.search(start[:3])):
        return None  # told by the rules on those characters
    if _CODE.match(start):
        return HELD
    return fault(
        f"the status {show(status, 80)} does not begin with a three-digit code", got=show(status), expected=_FORM
    )


@status_code_three_digits.bad
def _(environ, start_response):
    start_response("OK", [("Content-Type", "text/plain")])
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
    """The status code is no lower than 100.

    HTTP's codes lie between 100 and 599 (RFC 9110 section 15); below that no client knows what to make of
    the response.
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

    Codes from 600 up are outside of what HTTP defines; clients are told to treat them like a 5xx
    (RFC 9110 section 15), which is seldom what was meant. It works in the field, so it is a warning.
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


@event_rule(
    id="status-single-space",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-single-space",),
    on=StartResponseCalled,
    statuses=(),
    hint="Put exactly one space between the code and the reason.",
    since="0.1",
)
def status_single_space(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """One space, and only one, separates the code from the reason.

    That is the form the PEP gives ("The start_response() Callable") and the status line's grammar
    (RFC 9112 section 4); servers and clients split there.
    """
    rest = _after_code(event)
    if rest is None or not rest.strip(" "):
        return None  # no reason to be separated: told by the rules on the reason and on surrounding space
    if CONTROL.match(rest[0]) or BEYOND_LATIN1.match(rest[0]):
        return None  # told by the rules on those characters
    if rest[0] == " " and rest[1] != " ":
        return HELD
    return fault(
        f"the status {show(event.status, 80)} does not have exactly one space after its code",
        got=show(event.status),
        expected=_FORM,
    )


@status_single_space.bad
def _(environ, start_response):
    start_response("200  OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-has-reason",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-reason-present",),
    on=StartResponseCalled,
    statuses=(),
    hint="Add a reason after the code: '200 OK', not '200'.",
    since="0.1",
)
def status_has_reason(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status is more than a bare code.

    The string is "of the form ``999 Message here``" ("The start_response() Callable"). A bare code lacks the space that
    the status line must have after it (RFC 9112 section 4), and servers that split there fail.
    """
    status = _text(event)
    if status is None or not _CODE.match(status):
        return None
    rest = status[3:]
    if rest:
        return HELD if rest.strip("\r\n") else None  # line ends alone: told by status-no-line-end
    return fault(f"the status {show(status)} has no reason after its code", got=show(status), expected=_FORM)


@status_has_reason.bad
def _(environ, start_response):
    start_response("200", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-reason-not-empty",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("status-reason-present",),
    on=StartResponseCalled,
    statuses=(),
    hint="Give some text as the reason, if only the standard phrase of the code.",
    since="0.1",
)
def status_reason_not_empty(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The reason is not empty.

    HTTP allows an empty reason after the space (RFC 9112 section 4), the PEP allows no space at the end
    ("The start_response() Callable"), so an empty one can't satisfy both. It works in the field and is a warning.
    """
    rest = _after_code(event)
    if not rest:
        return None
    if rest != " ":
        return HELD
    return fault(f"the status {show(event.status)} has an empty reason", got=show(event.status), expected=_FORM)


@status_reason_not_empty.bad
def _(environ, start_response):
    start_response("200 ", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-no-surrounding-space",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-no-surrounding-space",),
    on=StartResponseCalled,
    statuses=(),
    hint="Strip the status.",
    since="0.1",
)
def status_no_surrounding_space(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status has no space before or after it.

    It is used as it stands ("The start_response() Callable"), so a space in front makes a malformed status
    line. Characters from U+0080 up count as text, for they may be part of a reason in UTF-8; a
    code with one space after it is an empty reason, which has a rule of its own.
    """
    status = _text(event)
    if not status or (_CODE.match(status) and status[3:] == " "):
        return None
    if status[0] != " " and status[-1] != " ":
        return HELD
    return fault(f"the status {show(status, 80)} begins or ends with a space", got=show(status), expected=_FORM)


@status_no_surrounding_space.bad
def _(environ, start_response):
    start_response("200 OK ", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-no-control",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-no-control",),
    on=StartResponseCalled,
    statuses=(),
    hint="Remove control characters from the status; never put text from a request into it.",
    since="0.1",
)
def status_no_control(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status contains no control character.

    A line break within it ends the status line early, and what follows is read as headers: a response
    split by whoever controls the text. The PEP bans all control characters, tab included ("The
    start_response() Callable"). Line ends at the very end have a rule of their own.
    """
    status = _text(event)
    if status is None:
        return None
    found = CONTROL.search(status.rstrip("\r\n"))
    if found is None:
        return HELD
    return fault(
        f"the status holds the control character {show(found.group())} at character {found.start() + 1}",
        got=show(status),
        expected="no character below 0x20 and no 0x7F",
    )


@status_no_control.bad
def _(environ, start_response):
    start_response("200 OK\r\nX-Injected: yes", [("Content-Type", "text/plain")])
    return [b"hello"]


@event_rule(
    id="status-no-line-end",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("status-no-line-end",),
    on=StartResponseCalled,
    statuses=(),
    hint="Leave the line end to the server.",
    since="0.1",
)
def status_no_line_end(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The status does not end in a carriage return or line feed.

    The server adds the line end ("The start_response() Callable"). A second one closes the header section
    before it began, and all headers turn into body.
    """
    status = _text(event)
    if not status:
        return None
    if status[-1] not in "\r\n":
        return HELD
    return fault(f"the status {show(status, 80)} ends in a line end", got=show(status), expected=_FORM)


@status_no_line_end.bad
def _(environ, start_response):
    start_response("200 OK\r\n", [("Content-Type", "text/plain")])
    return [b"hello"]


@status_native_string.good
@status_code_three_digits.good
@status_single_space.good
@status_has_reason.good
@status_reason_not_empty.good
@status_no_surrounding_space.good
@status_no_control.good
@status_no_line_end.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
