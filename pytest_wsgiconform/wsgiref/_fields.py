"""The header fields an application sends: checked, and made into the lines that go out.

Applications send the same few fields over and over. What was found of a pair is remembered, and to find it again is
several times as fast as to look at the pair anew; the bounds keep values that are never the same twice from piling up.
"""

from __future__ import annotations

from typing import TypeAlias

from . import _response_head as head_rules
from .headers import check_name, check_value

__all__ = ["CheckedFields", "check_fields"]

_ORDINARY, _LENGTH, _DATE, _SERVER, _CONNECTION = range(5)
_KINDS = {"content-length": _LENGTH, "date": _DATE, "server": _SERVER}

_known: dict[tuple[str, str], tuple[str, int]] = {}
_MOST_KNOWN = 1024
_LONGEST_KNOWN_VALUE = 128


CheckedFields: TypeAlias = "tuple[list[tuple[str, str]], str, str | None, bool, bool]"
"""The fields of one response: as a new list of pairs, without what is not to be sent; as text, each line with its CR
LF; the value of Content-Length, or ``None``; whether there is a Date; whether there is a Server."""


def _look_at(pair: tuple[str, str]) -> tuple[str, int]:
    """Check one field as :func:`check_fields` says, and return its line and its kind."""
    name, value = pair
    check_name(name)
    check_value(value)
    lowered = name.lower()
    kind = _KINDS.get(lowered, _ORDINARY)
    if kind == _LENGTH:
        head_rules.declared_length([value])
    elif kind == _ORDINARY and head_rules.persistence_or_framing_field(name):
        kind = _CONNECTION
    head_rules.refuse_bad_name(name)
    look = (f"{name}: {value}\r\n", kind)
    # Cookies are seldom the same twice, and may be secrets.
    if type(pair) is tuple and len(value) <= _LONGEST_KNOWN_VALUE and lowered != "set-cookie":
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[pair] = look
    return look


def check_fields(headers: list[tuple[str, str]], drop_hop_by_hop: bool) -> CheckedFields:
    """Check the fields of a response, and return what is to be sent of them.

    ``drop_hop_by_hop``: leave hop-by-hop fields out, which are otherwise an :exc:`AssertionError` (PEP 3333, "Other
    HTTP Features").  Of several Content-Length fields that say the same the first is kept.

    Raises what :class:`~.headers.Headers` raises for names and values, and :exc:`ValueError` for a name that is not a
    token and for Content-Length fields that are not one decimal number.
    """
    lines = []
    known = _known
    length: str | None = None
    dated = named = left_out = False
    for pair in headers:
        try:
            look = known.get(pair)
        except TypeError:  # a pair may be a list
            look = None
        # A str subclass is equal to, and hashes as, the string it holds, but is no native string.
        if look is None or type(pair[0]) is not str or type(pair[1]) is not str:
            look = _look_at(pair)
        line, kind = look
        if kind:
            if kind == _LENGTH:
                if length is not None:
                    head_rules.declared_length([length, pair[1]])
                    left_out = True
                    lines.append("")
                    continue
                length = pair[1]
            elif kind == _DATE:
                dated = True
            elif kind == _SERVER:
                named = True
            elif drop_hop_by_hop:
                left_out = True
                lines.append("")
                continue
            else:
                raise AssertionError(
                    f"Hop-by-hop header, '{pair[0]}: {pair[1]}', not allowed:"
                    " the connection is the server's business (PEP 3333, Other HTTP Features)"
                )
        lines.append(line)
    pairs = [pair for pair, line in zip(headers, lines, strict=True) if line] if left_out else headers[:]
    return pairs, "".join(lines), length, dated, named
