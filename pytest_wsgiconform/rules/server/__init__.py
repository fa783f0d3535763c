"""Rules for servers: ``wsgi`` for what the app inside sees, ``wire`` for what the client sees."""

from __future__ import annotations

#: The files that define rules here, in the catalogue's order.
MODULES: tuple[str, ...] = ("process",)
