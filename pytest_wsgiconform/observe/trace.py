"""One line for one event: the ordered trace that reports show beside a finding."""

from __future__ import annotations

from ..rules.display import show, type_name
from ..rules.records.exchange import (
    AppCalled,
    AppRaised,
    CallableInspected,
    ChunkYielded,
    CloseCalled,
    ErrorsUsed,
    Event,
    ExchangeEnded,
    FileWrapperCalled,
    InputUsed,
    IterableReturned,
    NextAfterClose,
    StartResponseCalled,
    StartResponseReturned,
    WriteCalled,
)


def describe(event: Event) -> str:
    """Return *event* as one line of safe text."""
    where = f"  ({event.location.file}:{event.location.line})" if event.location is not None else ""
    return _what(event) + where


def _what(event: Event) -> str:
    if isinstance(event, AppCalled):
        return f"app called with {len(event.args)} arguments, environ of {len(event.variables)} keys"
    if isinstance(event, StartResponseCalled):
        third = ", exc_info" if event.gave_exc_info else ""
        return f"start_response({show(event.status, 60)}, {show(event.headers, 120)}{third})"
    if isinstance(event, StartResponseReturned):
        return f"start_response returned {show(event.value, 60)}"
    if isinstance(event, WriteCalled):
        return f"write({show(event.data, 60)})"
    if isinstance(event, IterableReturned):
        return f"app returned {type_name(event.result)}"
    if isinstance(event, ChunkYielded):
        return f"item {event.number}: {show(event.data, 60)}"
    if isinstance(event, NextAfterClose):
        return "another item asked for after close()"
    if isinstance(event, CloseCalled):
        return f"close() called ({event.number})"
    if isinstance(event, AppRaised):
        return f"{type_name(event.error)} left the app ({event.phase})"
    return _what_rarer(event)


def _what_rarer(event: Event) -> str:
    if isinstance(event, InputUsed):
        return f"wsgi.input.{event.method} -> {show(event.value, 60)}"
    if isinstance(event, ErrorsUsed):
        return f"wsgi.errors.{event.method}{show(event.texts, 60)}"
    if isinstance(event, CallableInspected):
        return f"{event.callable_name}.{event.attribute} read"
    if isinstance(event, FileWrapperCalled):
        return f"wsgi.file_wrapper({show(event.args, 60)})"
    if isinstance(event, ExchangeEnded):
        return "exchange ended" + (" without close()" if event.abandoned else "")
    return type_name(event)
