"""Stimuli for servers about what the app inside sees."""

from __future__ import annotations

#: The files that define stimuli here, in the order of the catalogue.
MODULES: tuple[str, ...] = (
    "environ",
    "input",
    "response",
    "files",
    "extensions",
)
