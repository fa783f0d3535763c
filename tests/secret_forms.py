"""The forms in which texts spell a secret, each as a function of it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

from pytest_wsgiconform.rules.display import clean


def lower_hex(text: str) -> str:
    """Write percent escapes in lower case."""
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def numeric(text: str, form: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else form % ord(char) for char in text)


FORMS = {
    "as it is": lambda s: s,
    "quoted": lambda s: quote(s, safe=""),
    "quoted but slashes": quote,
    "quoted with plus": quote_plus,
    "quoted in lower case": lambda s: lower_hex(quote_plus(s)),
    "quoted twice": lambda s: quote(quote(s, safe=""), safe=""),
    "html": html.escape,
    "html but quotes": lambda s: html.escape(s, quote=False),
    "html twice": lambda s: html.escape(html.escape(s)),
    "decimal references": lambda s: numeric(s, "&#%d;"),
    "hexadecimal references": lambda s: numeric(s, "&#x%X;"),
    "json": json.dumps,
    "json as text": lambda s: json.dumps(s, ensure_ascii=False),
    "json within json": lambda s: json.dumps(json.dumps(s)),
    "json for html": lambda s: json.dumps(s).replace("&", "\\u0026").replace("<", "\\u003c").replace("'", "\\u0027"),
    "json with escaped slashes": lambda s: json.dumps(s).replace("/", "\\/"),
    "repr": repr,
    "ascii": ascii,
    "bytes": lambda s: repr(s.encode()),
    "utf-8 as latin-1": lambda s: s.encode().decode("latin-1"),
    "as we show it": clean,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64, quoted": lambda s: quote(base64.b64encode(s.encode()).decode(), safe=""),
    "basic": lambda s: base64.b64encode(f"ada:{s}".encode()).decode(),
}
