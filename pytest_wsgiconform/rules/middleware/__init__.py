"""Rules over the finished runs of stimuli for middleware."""

from __future__ import annotations

#: The files that define rules here, in the catalogue's order.
MODULES: tuple[str, ...] = (
    "general",
    "blocks",
    "start",
    "start_order",
    "write",
    "body",
    "text",
    "iterables",
    "close",
    "repeat",
    "files",
    "streams",
)
