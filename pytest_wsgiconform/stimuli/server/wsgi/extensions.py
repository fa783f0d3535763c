"""Registered server extensions, and TLS."""

from __future__ import annotations

from ....rules.records.stimulus_facts import Launch, Mode
from ..model import stimulus

stimulus(
    "extension:headers",
    lambda s: s.request("first", "extension-headers", fields=("X-Stable: stable",), close=True),
)
stimulus("extension:output", lambda s: s.last("first", "extension-output"))
stimulus("tls:get", lambda s: s.last("first", "ignore"), launch=Launch(mode=Mode.TLS))
