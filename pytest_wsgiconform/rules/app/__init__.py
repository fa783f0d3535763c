"""Rules over the finished runs of stimuli for apps."""

from __future__ import annotations

#: The files that define rules here, in the catalogue's order.
MODULES: tuple[str, ...] = (
    "process",
    "repeat",
    "environ",
    "streams",
    "errors",
    "head",
    "http",
    "url",
)
