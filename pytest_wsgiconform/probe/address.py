"""Which behaviour a request asks for, and which run it belongs to."""

from __future__ import annotations

import re
from typing import Any

#: ``probe/<behaviour>/<token>.<label>``
PATTERN = re.compile(r"probe/([a-z0-9-]+)/([a-z0-9]{8})\.([A-Za-z0-9_-]+)")

#: The variable of the header that names a behaviour where the path is not free.
HEADER = "HTTP_X_WSGICONFORM"


def find(environ: Any) -> tuple[str, str, str]:
    """Return (behaviour, token, label); ``("echo", "", "")`` when the request names none.

    Whatever *environ* is, this does not raise: a server may hand over anything.
    """
    if not isinstance(environ, dict):
        return "echo", "", ""
    places = [_text(environ, "SCRIPT_NAME") + _text(environ, "PATH_INFO")]
    places += [_text(environ, name) for name in ("QUERY_STRING", HEADER)]
    for place in places:
        match = PATTERN.search(place)
        if match:
            return match[1], match[2], match[3]
    return "echo", "", ""


def _text(environ: dict[Any, Any], name: str) -> str:
    value = environ.get(name)
    return value if isinstance(value, str) else ""
