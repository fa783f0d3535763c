"""Registered server extensions, and TLS."""

from __future__ import annotations

from ..model import stimulus

stimulus(
    "extension:headers",
    lambda s: s.request("first", "extension-headers", fields=("X-Stable: stable",), close=True),
)
stimulus("extension:output", lambda s: s.last("first", "extension-output"))
stimulus("tls:get", lambda s: s.last("first", "ignore"), tls=True)
