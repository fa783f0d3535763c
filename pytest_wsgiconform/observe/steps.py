"""Handing on the items of the app's iterable, watched."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from ..rules.records.exchange import HEAD_LIMIT, ChunkYielded, NextAfterClose
from . import location as locate
from .event_recorder import EventRecorder


def quick_steps(
    recorder: EventRecorder, source: locate.Source
) -> tuple[Generator[Any, None, None], Callable[[], None]]:
    """Return a generator that hands the items of *source* on, and what puts its counts so far into the record.

    It makes events of the items that the rules may have something to say about, and of no others.
    """
    exchange = recorder.exchange
    # Counted in variables and noted whenever somebody may look: an attribute for each item would cost more
    # than all the rest.
    chunks = size = 0

    def note_counts() -> None:
        exchange.chunks, exchange.yielded = chunks, size

    def steps() -> Generator[Any, None, None]:
        nonlocal chunks, size
        started = recorder.started
        if exchange.closed:
            recorder.happened(NextAfterClose(locate.of_caller()))
        try:
            for chunk in source[0]:
                chunks += 1
                if not started:
                    started = recorder.started
                if started and type(chunk) is bytes:
                    size += len(chunk)
                else:
                    exchange.chunks, exchange.yielded = chunks, size
                    _judge_item(recorder, chunk, source)
                    size = exchange.yielded
                yield chunk
                if exchange.closed:
                    recorder.happened(NextAfterClose(locate.of_caller()))
        except GeneratorExit:
            raise
        except BaseException as error:
            recorder.raised(error, "next", None)
            raise
        finally:
            exchange.chunks, exchange.yielded = chunks, size
        exchange.exhausted = True

    return steps(), note_counts


def thorough_steps(recorder: EventRecorder, source: locate.Source) -> Generator[Any, None, None]:
    """Return a generator that hands the items of *source* on, and has each of them judged."""
    exchange = recorder.exchange
    iterator, _result = source
    while True:
        if exchange.closed:
            recorder.happened(NextAfterClose(locate.of_caller()))
        exchange.phase = "next"
        try:
            chunk = next(iterator)
        except StopIteration:
            break
        except BaseException as error:
            recorder.raised(error, "next", None)
            raise
        finally:
            exchange.phase = "between"
        exchange.chunks += 1
        _judge_item(recorder, chunk, source)
        yield chunk
    exchange.exhausted = True


def by_next(iterator: Iterator[Any]) -> Iterator[Any]:
    """Iterate by ``next()`` alone."""
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        yield item


def _judge_item(recorder: EventRecorder, chunk: Any, source: locate.Source) -> None:
    """Judge one item, and count it."""
    exchange = recorder.exchange
    started = recorder.started
    if not started and type(chunk) is bytes and not chunk:
        exchange.empty_first = True
    clean = type(chunk) is bytes and started
    where = None if clean else locate.of_iterator(*source) or recorder.return_line()
    try:
        recorder.happened(ChunkYielded(chunk, exchange.chunks, started, where))
    finally:
        if type(chunk) is bytes:
            exchange.yielded += len(chunk)
            keep_head(recorder, chunk)
        else:
            exchange.measured = False


def keep_head(recorder: EventRecorder, data: bytes) -> None:
    """Keep the first bytes of the body, for the rules that look at them."""
    exchange = recorder.exchange
    if recorder.thorough and len(exchange.head) < HEAD_LIMIT:
        exchange.head += data[: HEAD_LIMIT - len(exchange.head)]
