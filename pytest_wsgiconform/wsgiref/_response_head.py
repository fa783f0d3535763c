"""What start_response() is given: is it fit to be sent?  And the Date field."""

from __future__ import annotations

import time
from string import ascii_letters, digits

from .util import is_hop_by_hop

__all__ = [
    "check_status",
    "declared_length",
    "http_date",
    "persistence_or_framing_field",
    "refuse_bad_name",
]

_TOKEN_CHARACTERS = frozenset(ascii_letters + digits + "!#$%&'*+-.^_`|~")
_CONTROLS = frozenset(map(chr, (*range(0x20), 0x7F)))


def check_status(status: str) -> None:
    """Raise for a status that must not be sent (PEP 3333, "The start_response() Callable").

    :exc:`ValueError` for control characters and characters outside ISO-8859-1, :exc:`AssertionError` for
    what is not ``str``, or is not a three-digit code, a space and a reason.
    """
    if type(status) is not str:
        raise AssertionError(f"Status must be of type str, not {status!r}")
    if not (status.isascii() and status.isprintable()):
        if not _CONTROLS.isdisjoint(status):
            raise ValueError(f"Control characters are not allowed in the status: {status!r}")
        if any(character > "\xff" for character in status):
            raise ValueError(f"The status holds only ISO-8859-1 characters: {status!r}")
    if len(status) < 4:
        raise AssertionError("Status must be at least 4 characters")
    code = status[:3]
    if not (code.isdigit() and code.isascii()):
        raise AssertionError("Status message must begin w/3-digit code")
    if status[3] != " ":
        raise AssertionError("Status message must have a space after code")


def refuse_bad_name(name: str) -> None:
    """Raise :exc:`ValueError` for a header name that is not a token (RFC 9110 section 5.1)."""
    if not name or not _TOKEN_CHARACTERS.issuperset(name):
        raise ValueError(f"Header name is not a token (RFC 9110 section 5.1): {name!r}")


def persistence_or_framing_field(name: str) -> bool:
    """Whether ``name`` is a header only a server may send (PEP 3333, "Other HTTP Features").

    Those are the hop-by-hop ones, and what HTTP/1.0 software used to keep connections.
    """
    return is_hop_by_hop(name) or name.lower() == "proxy-connection"


def declared_length(values: list[str]) -> int | None:
    """The length that ``values``, those of all Content-Length headers, declare; ``None`` when there are none.

    Raises :exc:`ValueError` unless all are one decimal number (RFC 9110 section 8.6).
    """
    if not values:
        return None
    value = values[0]
    if len(values) > 1 and any(other != value for other in values):
        raise ValueError(f"Content-Length headers that differ: {', '.join(map(repr, values))}")
    # More digits than any body has bytes would be refused by int() with an unclear message.
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise ValueError(f"Content-Length is not a decimal number: {value!r}")
    return int(value)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_last_date = (-1, "")


def http_date() -> str:
    """The present time in the form of RFC 9110 section 5.6.7, in English whatever the locale."""
    global _last_date  # noqa: PLW0603  # one tuple, replaced whole: safe between threads
    now = int(time.time())
    last = _last_date
    if last[0] == now:
        return last[1]
    year, month, day, hour, minute, second, weekday, _, _ = time.gmtime(now)
    date = f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
    _last_date = (now, date)
    return date
