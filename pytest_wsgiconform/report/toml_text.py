"""Writing the little TOML that a baseline needs; the standard library only reads it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

_NAMED = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}

# What a basic string may not hold as it is (TOML 1.0, "String"), and besides what an editor would not show.
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]')


def string(text: str) -> str:
    """Return *text* as a TOML basic string. A lone surrogate, which TOML can't say, becomes U+FFFD."""
    return f'"{_ESCAPED.sub(lambda match: _escape(match.group()), text)}"'


def _escape(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return _NAMED.get(char) or f"\\u{ord(char):04X}"


def table(name: str, values: Mapping[str, str | datetime.date]) -> str:
    """Return one ``[[name]]`` table, a key a line. *name* and the keys are bare keys."""
    lines = [f"[[{name}]]"]
    for key, value in values.items():
        lines.append(f"{key} = {value.isoformat() if isinstance(value, datetime.date) else string(value)}")
    return "\n".join(lines) + "\n"
