"""The third argument of ``start_response``: what it is, and when it may be given."""

from __future__ import annotations

import types
from typing import Any

from ..display import show, type_name
from ..model import HELD, Blame, Level, Outcome, fault
from ..records.exchange import Exchange, StartResponseCalled
from ..registry import event_rule
from .start_response import is_falsy

SECTION = "start-response"

#: Longest chain of linked exceptions that is followed.
_CHAIN_LIMIT = 1000


def _triple_error(value: Any) -> str | None:
    """Say why *value* is nothing that ``sys.exc_info()`` returns in a handler, ``None`` when it may be."""
    if type(value) is not tuple:
        return f"it is a {type_name(value)}, not a tuple"
    if len(value) != 3:
        return f"it is a tuple of {len(value)}"
    kind, error, traceback = value
    if not (issubclass(type(kind), type) and issubclass(kind, BaseException)):
        return f"its first item {show(kind, 60)} is no exception class"
    if not issubclass(type(error), kind):
        return f"its second item is of type {type_name(error)}, not {show(kind, 60)}"
    if type(traceback) is types.TracebackType:
        return None
    if traceback is not None:
        return f"its third item is of type {type_name(traceback)}, not a traceback"
    if _attribute(error, "__traceback__") is not None:
        return "its third item is None although the exception has a traceback"
    # From Python 3.11 on sys.exc_info() takes the traceback from the exception, where it can be None.
    return None


def _attribute(error: BaseException, name: str) -> Any:
    """Read a slot of *error* as BaseException defines it; a subclass might do anything there."""
    return vars(BaseException)[name].__get__(error)


def _is_linked(error: BaseException, handled: BaseException | None) -> bool:
    """Whether *error* is *handled*, or a cause or context of it, however far back."""
    waiting, seen = [handled], set[int]()
    while waiting and len(seen) < _CHAIN_LIMIT:
        current = waiting.pop()
        if current is error:
            return True
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            waiting += [_attribute(current, "__cause__"), _attribute(current, "__context__")]
    return False


@event_rule(
    id="exc-info-is-triple",
    level=Level.ERROR,
    side=Blame.APP,
    clauses=("exc-tuple",),
    on=StartResponseCalled,
    headers=(),
    hint="Pass sys.exc_info() itself as the third argument, or leave the argument out.",
    since="0.1",
)
def exc_info_is_triple(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """exc_info, when given, is a triple as sys.exc_info() returns it.

    When the headers are already sent the server re-raises the exception out of this triple (PEP 3333, "The
    start_response() Callable"); of anything else it can make only a TypeError that hides the real fault.
    """
    value = event.exc_info
    if value is None or (event.number > 1 and is_falsy(value)):
        return None  # not given; or a repeated call without exc_info, which is a fault of its own
    if type(value) is tuple and len(value) == 3 and all(item is None for item in value):
        return None  # what sys.exc_info() returns outside of a handler: exc-info-from-handler reports that
    error = _triple_error(value)
    if error is None:
        return HELD
    return fault(
        f"start_response got an exc_info that sys.exc_info() can't have returned: {error}",
        got=show(value),
        expected="(class, instance, traceback)",
    )


@exc_info_is_triple.bad
def _(environ, start_response):
    try:
        raise ValueError("no such page")
    except ValueError as error:
        start_response("500 Oops", [("Content-Type", "text/plain")], error)
    return [b"sorry"]


@exc_info_is_triple.good
def _(environ, start_response):
    import sys

    try:
        raise ValueError("no such page")
    except ValueError:
        start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
    return [b"sorry"]


@event_rule(
    id="exc-info-from-handler",
    level=Level.WARNING,
    side=Blame.APP,
    clauses=("exc-only-in-handler",),
    on=StartResponseCalled,
    headers=(),
    hint="Pass exc_info only inside the except block that handles the exception.",
    since="0.1",
)
def exc_info_from_handler(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """exc_info is passed only by an error handler.

    The argument says "an error happened, replace what I started" (PEP 3333, "The start_response() Callable"). Outside
    of a handler sys.exc_info() is a triple of None, and an exception that was never raised adds nothing to the server's
    log. An exception kept from earlier in the request is fine, and so is any that has been raised somewhere: the rule
    can't know for sure where that was.
    """
    value = event.exc_info
    if value is None or type(value) is not tuple:
        return None
    if len(value) == 3 and all(item is None for item in value):
        return fault(
            "start_response got an exc_info of three None: no exception was being handled",
            got=show(value),
            expected="no third argument outside of an except block",
        )
    if _triple_error(value) is not None:
        return None
    error, traceback = value[1], value[2]
    if _is_linked(error, event.handling):
        return HELD
    if traceback is not None or _attribute(error, "__traceback__") is not None:
        return None
    return fault(
        f"start_response got an exc_info whose {type_name(error)} was never raised",
        got=show(error),
        expected="the exception being handled",
    )


@exc_info_from_handler.bad
def _(environ, start_response):
    import sys

    start_response("404 Not Found", [("Content-Type", "text/plain")], sys.exc_info())
    return [b"nothing here"]


@exc_info_from_handler.good
def _(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here"]
