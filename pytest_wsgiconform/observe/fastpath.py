"""Vouching for clean events at a small cost.

Each test answers "surely no rule would speak" or "perhaps". It may say "perhaps" too often (that only
costs time), never "surely" wrongly: a property test compares it with the rules themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..rules.exchange import Exchange
from ..rules.model import Rule


class FastPath:
    """The tests, and what was already found good."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        pass

    def environ_is_clean(self, environ: dict[Any, Any]) -> bool:
        return False

    def start_is_clean(self, status: Any, headers: Any) -> bool:
        return False

    def end_is_clean(self, exchange: Exchange, quick_start: Any) -> bool:
        return False

    def remember(self, exchange: Exchange) -> None:
        """Remember what a silent full judgement has shown to be good."""
