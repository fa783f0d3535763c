"""What the stand-ins need of the conversation that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, Protocol

from ..rules.records.exchange import Event, Exchange
from .fastpath import StartFacts
from .setup import Setup
from .stage import Stage


class Watcher(Protocol):
    """Notes and judges what the stand-ins see.

    :ivar exchange: the record. :ivar stage: how far the fast path vouches for it.
    :ivar noted_start: the first ``start_response`` call, when the fast path took it: status, headers, and where.
    :ivar facts: what the end needs to know of that call. :ivar real_start: the server's own ``start_response``.
    """

    setup: Setup
    exchange: Exchange
    thorough: bool
    stage: Stage
    noted_start: tuple[Any, list[Any], CodeType, int] | None
    facts: StartFacts | None
    real_start: Any

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        ...

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        ...

    def happened(self, event: Event) -> None:
        """Judge *event*."""
        ...

    def settle_request(self) -> None:
        """Put what was noted of the request into the record."""
        ...

    def inspected(self, callable_name: str, real: Any, attribute: str) -> Any:
        """Note that the app read *attribute* of a callable; return its value."""
        ...

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Judge a ``start_response`` call, then make it."""
        ...

    def start_returned(self, write: Any) -> Any:
        """Judge what the server's ``start_response`` returned; return what the app gets."""
        ...

    def writing(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Judge a call of ``write``."""
        ...

    def iterate(self, result: Any) -> Iterator[Any]:
        """Start iterating over the app's iterable for the server."""
        ...

    def step_through(self, iterator: Iterator[Any], result: Any = None) -> Iterator[Any]:
        """Return an iterator that hands the items of *iterator* on, watched."""
        ...

    def close(self, result: Any) -> None:
        """The server called ``close()``."""
        ...

    def close_with(self, close: Callable[[], Any] | None) -> None:
        """The server called ``close()``, which is passed on through *close*."""
        ...

    def abandon(self) -> None:
        """The server has thrown the iterable away."""
        ...
