"""Turning what a stranger's code gave us into text that is safe to print.

Nothing here raises, whatever the value is, and nothing that comes out holds a control character,
a bidirectional override or a lone surrogate: terminals, logs and HTML pages get plain text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

#: Longest text that :func:`show` returns by default, in characters.
LIMIT = 200

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str) -> str:
    """Return *text* with every unprintable or direction-changing character written as an escape.

    Plain ASCII comes back as it is; non-ASCII letters stay letters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) for char in text)


def _escape(char: str) -> str:
    if char == " " or (char.isprintable() and unicodedata.category(char) not in _UNSAFE_CATEGORIES):
        return char
    number = ord(char)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def shorten(text: str, limit: int = LIMIT) -> str:
    """Cut *text* to *limit* characters, telling how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit} more characters)"


def show(value: Any, limit: int = LIMIT) -> str:
    """Return a short, safe ``repr`` of *value*; of an object whose ``__repr__`` raises, its type."""
    kind = type(value)
    if kind is str or kind is bytes:
        # repr() of a huge string would cost its size again; the cut below would drop it anyhow.
        head = value[: limit + 1]
        text = repr(head)
        if len(value) > len(head):
            return f"{clean(text)}... ({len(value)} {'characters' if kind is str else 'bytes'} in all)"
        return shorten(clean(text), limit + 2)
    try:
        text = repr(value)
    except Exception as error:  # a stranger's __repr__ may raise anything; its type is all we can tell
        return f"<{type_name(value)} whose repr() raised {type(error).__name__}>"
    if type(text) is not str:
        text = str.__str__(text)
    return shorten(clean(text), limit)


def type_name(value: Any) -> str:
    """Return the qualified name of *value*'s type, without its module for built-ins."""
    kind = type(value)
    # type's own getters, since a metaclass may answer for these attributes with anything, or raise.
    try:
        module = type.__dict__["__module__"].__get__(kind)
    except AttributeError:  # somebody deleted it
        module = ""
    name = clean(type.__dict__["__qualname__"].__get__(kind))
    return name if type(module) is not str or module in ("builtins", "") else f"{clean(module)}.{name}"


# -- text with marks, as docstrings have it

#: A role (``:func:`~package.name` ``) or code; the text in it is the one group that is not ``None``.
_CODE = re.compile(r":[a-z:]+:`~?(?:[\w.]*\.)?([^`]+)`|``([^`]+)``|`([^`]+)`")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(\w(?:[^*\n]*\w)?)\1(?![\w*])")


def plain(text: str) -> str:
    """Return the text of a docstring without its marks: no backticks, roles or stars of emphasis."""
    return _each_code(text, lambda code: code, lambda prose: _EMPHASIS.sub(r"\2", prose))


def markdown(text: str) -> str:
    """Return the text of a docstring as Markdown: what is code in it stands between single backticks."""
    return _each_code(text, lambda code: f"`{code}`", lambda prose: prose)


def _each_code(text: str, of_code: Callable[[str], str], of_prose: Callable[[str], str]) -> str:
    parts: list[str] = []
    end = 0
    for found in _CODE.finditer(text):
        code = next(group for group in found.groups() if group is not None)
        parts += [of_prose(text[end : found.start()]), of_code(code)]
        end = found.end()
    return "".join([*parts, of_prose(text[end:])])
