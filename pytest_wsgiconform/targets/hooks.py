"""What a project's own code may do to the requests of a run; the pytest layer calls its hooks, others have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..rules.display import show

Pairs: TypeAlias = "tuple[tuple[str, str], ...]"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Hooks:
    """The hooks of one target; as it is, none.

    :ivar session: called with the app, gives the header pairs of a new session. :ivar request: called with each
        environ, which it may change. :ivar reset: called with the app before each stimulus. ``None`` where nobody
        has such a hook. Each raises ``HookError`` (see :mod:`.base`).
    """

    session: Callable[[Any], Pairs] | None = None
    request: Callable[[dict[str, Any]], None] | None = None
    reset: Callable[[Any], None] | None = None


def header_pairs(value: Any) -> Pairs:
    """Return *value*, pairs or a mapping, as header pairs.

    :raises ValueError: for anything else; it says what is wrong, and shows no value.
    """
    items: Iterable[Any]
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ValueError(f"an object of type {type(value).__name__} in place of header pairs")
    else:
        items = value
    pairs = []
    for item in items:
        if not (isinstance(item, (tuple, list)) and len(item) == 2 and all(type(text) is str for text in item)):
            raise ValueError(f"an object of type {type(item).__name__} in place of a pair (name, value) of two strings")
        name, text = item
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{show(name, 40)}, not the name of a header field")
        if _CONTROL.search(text):
            raise ValueError(f"a line break or another control character in the value of {name}")
        try:
            text.encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError(f"text beyond ISO-8859-1 in the value of {name}") from None
        pairs.append((name, text))
    return tuple(pairs)
