"""Stimuli for servers about the bytes on the wire."""

from __future__ import annotations

#: The files that define stimuli here, in the order of the catalogue.
MODULES: tuple[str, ...] = (
    "target",
    "fields",
    "framing",
    "chunked",
    "response",
    "connection",
)
