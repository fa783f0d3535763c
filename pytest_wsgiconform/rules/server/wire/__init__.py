"""Rules for servers on what the client sees: the bytes on the wire."""

from __future__ import annotations

#: The files that define rules here, in the catalogue's order.
MODULES: tuple[str, ...] = (
    "request_line",
    "target",
    "path",
    "fields",
    "host",
    "values",
    "length",
    "smuggling",
    "chunked",
    "trailers",
    "chunk_faults",
    "bodies",
    "response",
    "bodiless",
    "splitting",
    "failure",
    "connection",
    "expectations",
)
