"""A call of the inner app by the middleware that is under test, as the sandwich watches it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from ..rules.display import show, type_name
from ..rules.records.app import BODY_LIMIT
from ..rules.records.exchange import (
    AppRaised,
    ChunkYielded,
    Event,
    Exchange,
    IterableReturned,
    StartResponseCalled,
    WriteCalled,
)
from ..rules.records.middleware import InnerRecord, Step
from .conversation import Conversation
from .setup import Setup


class InnerConversation(Conversation):
    """The conversation between middleware and inner app; it notices what is done to the iterator."""

    def __init__(self, setup: Setup, exchange: Exchange, record: InnerRecord, step: Callable[[Step], None]) -> None:
        super().__init__(setup, exchange)
        self.record, self.step = record, step

    def step_through(self, iterator: Iterator[Any], result: Any = None) -> Iterator[Any]:
        return _Steps(super().step_through(iterator, result), self)


class _Steps:
    """What the middleware iterates with: the watched generator, and whether somebody closed it."""

    __slots__ = ("_conversation", "_steps")

    def __init__(self, steps: Iterator[Any], conversation: InnerConversation) -> None:
        self._steps, self._conversation = steps, conversation

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._steps)
        except StopIteration:
            record = self._conversation.record
            if not record.exhausted:
                record.exhausted = True
                self._conversation.step(Step("inner", "exhausted", inner=record.number))
            raise

    def close(self) -> None:
        self._conversation.record.iterator_closed += 1
        self._steps.close()  # type: ignore[attr-defined]  # it is a generator


def _note_start(record: InnerRecord, event: StartResponseCalled) -> None:
    record.status = event.status if type(event.status) is str else None
    record.headers = event.pairs()


def _note_return(record: InnerRecord, event: IterableReturned) -> None:
    record.returned = True


def _note_exception(record: InnerRecord, event: AppRaised) -> None:
    record.failed = show(event.error)


#: What the record of an inner call takes over from an event.
_NOTES: dict[type[Event], Callable[[InnerRecord, Any], None]] = {
    StartResponseCalled: _note_start,
    IterableReturned: _note_return,
    AppRaised: _note_exception,
}


@dataclass
class InnerCall:
    """A watched call of the inner app, while its crossing lasts."""

    conversation: Conversation
    record: InnerRecord
    hash: Any = field(default_factory=hashlib.sha256)

    def note(self, event: Event) -> None:
        """Take over what the record keeps of *event*."""
        if has_data(event):
            self._count(event.data)
        elif type(event) in _NOTES:
            _NOTES[type(event)](self.record, event)

    def _count(self, data: Any) -> None:
        record = self.record
        if type(data) is not bytes:
            return
        record.size += len(data)
        self.hash.update(data)
        if len(record.body) < BODY_LIMIT:
            record.body += data[: BODY_LIMIT - len(record.body)]

    def settle(self) -> None:
        """End what the middleware left open, and take over what the exchange knows."""
        self.conversation.finish(abandoned=True)
        record, exchange = self.record, self.conversation.exchange
        record.has_close, record.closed = exchange.has_close, exchange.closed
        record.chunks, record.written = exchange.chunks, exchange.written
        record.exhausted, record.returned = exchange.exhausted, exchange.returned
        record.digest = self.hash.hexdigest()


def has_data(event: Event) -> TypeGuard[ChunkYielded | WriteCalled]:
    """Return whether *event* is about a piece of the body."""
    return type(event) is ChunkYielded or type(event) is WriteCalled


#: Types whose values rules on environ may look at.
_PLAIN = (str, bytes, int, float, bool, tuple, list, dict, type(None))


def added_variables(before: dict[Any, Any], after: dict[Any, Any]) -> list[tuple[str, str, str, bool]]:
    """Return the keys that are new or have another value, without the streams, which our validators replace."""
    return [
        (key, type_name(value), show(value) if type(value) in _PLAIN else "", callable(value))
        for key, value in after.items()
        if type(key) is str and not key.startswith("wsgi.") and (key not in before or before[key] is not value)
    ]
