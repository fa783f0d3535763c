"""What all conversations of one validator share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..rules.records.exchange import Exchange
from .fastpath import FastPath
from .judge import Judge


@dataclass(frozen=True, slots=True)
class Setup:
    """Given to each conversation; the validator makes it.

    :ivar app: the WSGI callable that is watched. :ivar judge: applies the rules.
    :ivar fast: vouches for what the rules have been silent about before.
    :ivar thorough: make and judge every event. :ivar profiled: find the ``return`` statement by a profile hook.
    :ivar on_end: called with each exchange when it has ended.
    """

    app: Callable[..., Any]
    judge: Judge
    fast: FastPath
    thorough: bool = False
    profiled: bool = False
    on_end: Callable[[Exchange], None] | None = None
