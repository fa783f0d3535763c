"""The two kinds of rule: on single events as they pass, and over the finished runs of stimuli."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .model import Outcome, Rule
from .records.exchange import Event, Exchange

EventT = TypeVar("EventT", bound=Event)
RunT = TypeVar("RunT")


@dataclass(eq=False, kw_only=True)
class EventRule(Rule, Generic[EventT]):
    """Judges one event as it passes, inside the validator: ordinary traffic is judged too.

    :ivar check: ``check(event, exchange)``; the exchange is as it was when the event happened.
    """

    check: Callable[[EventT, Exchange], Outcome]


@dataclass(eq=False, kw_only=True)
class RunRule(Rule, Generic[RunT]):
    """Judges the finished run of a stimulus.

    :ivar check: ``check(run)``, with one of the records in :mod:`pytest_wsgiconform.rules.records`.
    """

    check: Callable[[RunT], Outcome]
