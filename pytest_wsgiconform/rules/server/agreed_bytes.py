"""Bytes that both the probe and the rules have to know."""

from __future__ import annotations

#: Every byte value, and the line ends that text mode would change.
BINARY = bytes(range(256)) + b"\r\n\n\r\r\r\n\n\n" + bytes(range(255, -1, -1))

#: Headers that a server might be tempted to join, sort, strip or drop.
VERBATIM = [
    ("Set-Cookie", "a=1; Path=/"),
    ("Set-Cookie", "b=2, still b"),
    ("X-Twice", "first"),
    ("X-Other", 'quoted "text"; q=0.5'),
    ("X-Twice", "second"),
    ("X-Inner", "two  blanks"),
    ("Cache-Control", "no-cache"),
    ("ETag", 'W/"weak"'),
    ("X-1.2!odd", "odd name"),
]
