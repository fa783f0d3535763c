"""Driving the rules on responses by hand-made events, without a server or an app."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from pytest_wsgiconform.rules.events import (
    exc_info,
    headers,
    hop_by_hop,
    http_body,
    http_headers,
    http_response,
    start_response,
    status,
    status_code,
)
from pytest_wsgiconform.rules.model import Fault, Level, Location, Outcome, Rule
from pytest_wsgiconform.rules.records.exchange import Event, Exchange, ExchangeEnded, StartResponseCalled

TEXT = ("Content-Type", "text/plain")
WHERE = Location("app.py", 7, "app")
MODULES: tuple[ModuleType, ...] = (
    start_response,
    status_code,
    status,
    headers,
    exc_info,
    http_response,
    hop_by_hop,
    http_headers,
    http_body,
)
RULES: dict[str, Rule] = {
    value.id: value for module in MODULES for value in vars(module).values() if isinstance(value, Rule)
}


class Text(str):
    """A string, but not exactly one."""


class Hostile:
    """An object that raises whatever it is asked."""

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no equality")

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Any:
        raise RuntimeError("no items")


class Classless(Hostile):
    """One whose class can't be asked for either; pytest can't take it as a parameter."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")


def started(*args: Any, number: int = 1, handling: BaseException | None = None, **kwargs: Any) -> StartResponseCalled:
    """Return a call of start_response with *args* and *kwargs*."""
    return StartResponseCalled(args, kwargs, number, handling=handling, location=WHERE)


def with_headers(*pairs: Any, status: Any = "200 OK") -> StartResponseCalled:
    """Return a call of start_response with these headers."""
    return started(status, list(pairs))


def exchanged(
    status: Any = "200 OK", headers: Any = (TEXT,), body: bytes = b"hello", method: str = "GET", **facts: Any
) -> Exchange:
    """Return a finished exchange; *facts* are attributes that differ from a complete one."""
    exchange = Exchange()
    exchange.starts = (started(status, list(headers) if type(headers) is tuple else headers),)
    exchange.method, exchange.head, exchange.yielded = method, body, len(body)
    exchange.returned = exchange.exhausted = True
    exchange.chunks = 1 if body else 0
    for name, value in facts.items():
        assert hasattr(exchange, name), name
        setattr(exchange, name, value)
    return exchange


def judge(rule_id: str, event: Event | Exchange, exchange: Exchange | None = None) -> Outcome:
    """Return what one rule says of an event, or of a finished exchange."""
    if isinstance(event, Exchange):
        event, exchange = ExchangeEnded(abandoned=False, location=WHERE), event
    rule = RULES[rule_id]
    assert type(event) in rule.on, f"{rule_id} does not judge {type(event).__name__}"
    return rule.check(event, exchange or Exchange())


def the_fault(rule_id: str, event: Event | Exchange) -> Fault:
    """Return the only fault that one rule finds."""
    outcome = judge(rule_id, event)
    assert outcome is not None and len(outcome) == 1, f"{rule_id} found {outcome}"
    return outcome[0]


def broken(event: Event | Exchange, *levels: Level) -> set[str]:
    """Return the ids of all rules in these files that *event* breaks, of any level unless *levels* are given."""
    kind = ExchangeEnded if isinstance(event, Exchange) else type(event)
    return {
        rule.id
        for rule in RULES.values()
        if kind in rule.on and (not levels or rule.level in levels) and judge(rule.id, event)
    }
