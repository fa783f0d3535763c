"""Rules for servers on what the app inside sees: environ, streams, calls."""

from __future__ import annotations

#: The files that define rules here, in the catalogue's order.
MODULES: tuple[str, ...] = (
    "call",
    "threads",
    "environ",
    "environ_fields",
    "input",
    "input_lines",
    "errors",
    "start",
    "second_start",
    "refusals",
    "body",
    "close",
    "length",
    "headers",
    "files",
    "file_contents",
    "http",
    "extensions",
)
