"""Behaviours whose returned object is what is tried: the server gets it bare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..behaviour import Stage, behaviour, describe
from ..channel import Talk
from .wire import ProbeError


class Closing:
    """An iterable that reports its close and ends the report with it."""

    def __init__(self, talk: Talk, blocks: Iterable[bytes], name: str = "outer") -> None:
        self._talk, self._blocks, self._name = talk, blocks, name

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        self._talk.event("close", of=self._name, number=1)


class _Inner(Iterator[bytes]):
    """An iterator with a ``close`` of its own, which no server has to call."""

    def __init__(self, talk: Talk, blocks: list[bytes]) -> None:
        self._talk, self._blocks = talk, iter(blocks)

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        self._talk.event("close", of="inner", number=1)


class _Outer:
    def __init__(self, talk: Talk, blocks: list[bytes]) -> None:
        self._talk, self._blocks = talk, blocks

    def __iter__(self) -> _Inner:
        return _Inner(self._talk, self._blocks)

    def close(self) -> None:
        self._talk.event("close", of="outer", number=1)
        self._talk.finish()


@behaviour("separate-iterator", bare=True)
def _separate_iterator(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return _Outer(stage.talk, [b"first,", stage.line])


#: What a server may use of a returned object (and what ``isinstance`` and truth tests look up on the way).
ALLOWED = frozenset({"__iter__", "__next__", "__len__", "close", "__class__", "__getitem__", "__length_hint__"})


class Recorder:
    """An iterable that reports every attribute that is looked up on it."""

    def __init__(self, talk: Talk, blocks: list[bytes]) -> None:
        self.talk, self.blocks = talk, iter(blocks)

    def __getattribute__(self, name: str) -> Any:
        if name not in ("talk", "blocks"):
            object.__getattribute__(self, "talk").event("looked-up", name=name)
        return object.__getattribute__(self, name)

    def __iter__(self) -> Recorder:
        return self

    def __next__(self) -> bytes:
        return next(self.blocks)

    def close(self) -> None:
        self.talk.event("close", of="outer", number=1)
        self.talk.finish()


@behaviour("attributes", bare=True)
def _attributes(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return Recorder(stage.talk, [b"first,", stage.line])


class Sequence:
    """Iterable by the old protocol alone."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks

    def __getitem__(self, index: int) -> bytes:
        return self._blocks[index]


@behaviour("sequence", bare=True)
def _sequence(stage: Stage) -> Any:
    stage.start("200 OK", stage.headers())
    stage.talk.finish()
    return Sequence([b"first,", stage.line])


class BareIterator:
    """An iterator with nothing but what makes it one."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = iter(blocks)

    def __iter__(self) -> BareIterator:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)


@behaviour("bare-iterator", bare=True)
def _bare_iterator(stage: Stage) -> Iterable[bytes]:
    return _bare(stage, BareIterator([b"first,", stage.line]))


@behaviour("plain-list", bare=True)
def _plain_list(stage: Stage) -> Iterable[bytes]:
    return _bare(stage, [b"first,", stage.line])


@behaviour("plain-tuple", bare=True)
def _plain_tuple(stage: Stage) -> Iterable[bytes]:
    return _bare(stage, (b"first,", stage.line))


@behaviour("one-item", bare=True)
def _one_item(stage: Stage) -> Iterable[bytes]:
    return _bare(stage, [stage.line])


@behaviour("no-items-list", bare=True)
def _no_items_list(stage: Stage) -> Iterable[bytes]:
    return _bare(stage, [])


def _bare(stage: Stage, result: Iterable[bytes]) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    stage.talk.finish()
    return result


class ClosingAfterError:
    """Raises in its second step, and reports its close."""

    def __init__(self, talk: Talk) -> None:
        self._talk, self._step = talk, 0

    def __iter__(self) -> ClosingAfterError:
        return self

    def __next__(self) -> bytes:
        self._step += 1
        if self._step == 1:
            return b"first,"
        error = ProbeError("in the second step")
        self._talk.event("raise", error=describe(error), phase="next")
        raise error

    def close(self) -> None:
        self._talk.event("close", of="outer", number=1)
        self._talk.finish()


@behaviour("close-after-error", bare=True)
def _close_after_error(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return ClosingAfterError(stage.talk)
