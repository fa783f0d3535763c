"""The form of the status string: three digits, one space, a reason, and nothing around them.

One slip breaks one rule. The rules share the text out: line ends at its very end, other control
characters, characters that no header can carry, spaces around it, and only then its parts.
"""

from __future__ import annotations

from ..display import show
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import Exchange, StartResponseCalled
from ..registry import event_rule
from .field_grammar import BEYOND_LATIN1, CONTROL
from .status_code import CODE, FORM, status_text

SECTION = "start-response"


def _after_code(event: StartResponseCalled) -> str | None:
    """Return what follows the code, without line ends; ``None`` when there is no plain code to follow."""
    status = status_text(event)
    if status is None or not CODE.match(status):
        return None
    return status[3:].rstrip("\r\n")


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

    That is the form the PEP gives (PEP 3333, "The start_response() Callable") and the status line's grammar (RFC 9112
    section 4); servers and clients split there.
    """
    rest = _after_code(event)
    if rest is None or not rest.strip(" "):
        return None  # no reason to be separated: the rules on the reason and on surrounding space report it
    if CONTROL.match(rest[0]) or BEYOND_LATIN1.match(rest[0]):
        return None  # the rules on those characters report it
    if rest[0] == " " and rest[1] != " ":
        return HELD
    return fault(
        f"the status {show(event.status, 80)} does not have exactly one space after its code",
        got=show(event.status),
        expected=FORM,
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

    The string is "of the form ``999 Message here``" (PEP 3333, "The start_response() Callable"). A bare code lacks the
    space that the status line must have after it (RFC 9112 section 4), and servers that split there fail.
    """
    status = status_text(event)
    if status is None or not CODE.match(status):
        return None
    rest = status[3:]
    if rest:
        return HELD if rest.strip("\r\n") else None  # line ends alone: status-no-line-end reports it
    return fault(f"the status {show(status)} has no reason after its code", got=show(status), expected=FORM)


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

    HTTP allows an empty reason after the space (RFC 9112 section 4), the PEP allows no space at the end (PEP 3333, "The
    start_response() Callable"), so an empty one can't satisfy both. It works in the field and is a warning.
    """
    rest = _after_code(event)
    if not rest:
        return None
    if rest != " ":
        return HELD
    return fault(f"the status {show(event.status)} has an empty reason", got=show(event.status), expected=FORM)


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

    It is used as it stands (PEP 3333, "The start_response() Callable"), so a space in front makes a malformed status
    line. Characters from U+0080 up count as text, for they may be part of a reason in UTF-8; a code with one space
    after it is an empty reason, which has a rule of its own.
    """
    status = status_text(event)
    if not status or (CODE.match(status) and status[3:] == " "):
        return None
    if status[0] != " " and status[-1] != " ":
        return HELD
    return fault(f"the status {show(status, 80)} begins or ends with a space", got=show(status), expected=FORM)


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

    A line break within it ends the status line early, and what follows is read as headers: an attacker who controls the
    text can split the response. The PEP bans all control characters, tab included (PEP 3333, "The start_response()
    Callable"). Line ends at the very end have a rule of their own.
    """
    status = status_text(event)
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

    The server adds the line end (PEP 3333, "The start_response() Callable"). A second one closes the header section
    before it began, and all headers turn into body.
    """
    status = status_text(event)
    if not status:
        return None
    if status[-1] not in "\r\n":
        return HELD
    return fault(f"the status {show(status, 80)} ends in a line end", got=show(status), expected=FORM)


@status_no_line_end.bad
def _(environ, start_response):
    start_response("200 OK\r\n", [("Content-Type", "text/plain")])
    return [b"hello"]


@status_single_space.good
@status_has_reason.good
@status_reason_not_empty.good
@status_no_surrounding_space.good
@status_no_control.good
@status_no_line_end.good
def _(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
