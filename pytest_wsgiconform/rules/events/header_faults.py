"""The headers of one call of ``start_response``, and what is wrong with them: what the rules on headers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..display import show
from ..model import HELD, Outcome, fault
from ..records.exchange import StartResponseCalled
from .field_grammar import is_sound

#: Most entries that one finding names in its evidence.
_NAMED = 20


def entries(event: StartResponseCalled) -> list[tuple[Any, Any]]:
    """Return the entries that are tuples of two, whatever is in them; none unless the list is exactly a list."""
    if type(event.headers) is not list:
        return []
    return [entry for entry in event.headers if type(entry) is tuple and len(entry) == 2]


def names(event: StartResponseCalled) -> list[str]:
    """Return the header names that are exactly str, as given, whatever their values are."""
    return [name for name, _ in entries(event) if type(name) is str]


def field_values(event: StartResponseCalled, name: str) -> list[str]:
    """Return the values of the header *name* (lower case) whose grammar can be judged.

    Values that aren't strings, hold control characters or leave ISO-8859-1 are not among them: other rules report
    those. Spaces around a value are not part of it (RFC 9110 section 5.5) and are stripped.
    """
    return [v.strip(" ") for n, v in event.pairs() if n.lower() == name and is_sound(v)]


@dataclass(frozen=True, slots=True)
class HeaderFault:
    """What is wrong with one header.

    :ivar name: the header's, as text. :ivar message: a sentence. :ivar got: the offending value, as text.
    """

    name: str
    message: str
    got: str


def about_name(name: Any, wrong: str) -> HeaderFault:
    """Make the fault of a header name. :param wrong: what is wrong with it: the rest of the sentence."""
    shown = show(name, 60)
    return HeaderFault(shown, f"the header name {shown} {wrong}", show(name))


def about_value(name: Any, value: Any, wrong: str) -> HeaderFault:
    """Make the fault of the value of the header *name*. :param wrong: the rest of the sentence."""
    shown = show(name, 60)
    return HeaderFault(shown, f"the value of the header {shown} {wrong}", show(value))


def in_one(faults: Sequence[HeaderFault], *, judged: object, expected: str) -> Outcome:
    """Make one outcome of all *faults* of the headers of one call, in order.

    :param judged: true when there was anything to judge. :param expected: what would have been right.
    """
    if not faults:
        return HELD if judged else None
    message = faults[0].message
    if len(faults) > 1:
        message += f" (and {len(faults) - 1} more like it)"
    names = [header.name for header in faults[:_NAMED]]
    return fault(message, got=faults[0].got, expected=expected, headers=names)
