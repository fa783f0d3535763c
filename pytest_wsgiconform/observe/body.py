"""What the server gets in place of the app's iterable while it is watched.

The stand-in can do what the app's object can do and no more: ``len()``, truth, ``next()`` and indexing
are there when the original has them. A ``wsgi.file_wrapper`` result is not replaced at all: see ``file_wrapper``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .stage import FINISHED
from .watcher import Watcher

#: Iterating one of these gives characters or integers: the fault is the object, not each item.
_BARE_STRINGS = (str, bytes, bytearray, memoryview)


class Body:
    """Stands in for an iterable that the app returned."""

    __slots__ = ("_result", "_steps", "_watcher")

    def __init__(self, watcher: Watcher, result: Any) -> None:
        self._watcher = watcher
        self._result = result
        self._steps: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        return self._watcher.iterate(self._result)

    def close(self) -> None:
        self._watcher.close(self._result)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def __del__(self) -> None:
        # Without a close() nothing else tells that the server is done; a finished one returns at once.
        watcher: Watcher | None = getattr(self, "_watcher", None)
        if watcher is not None and watcher.stage is not FINISHED:
            watcher.abandon()


def _length(self: Body) -> int:
    return len(self._result)


def _truth(self: Body) -> bool:
    return bool(self._result)


def _item(self: Body, index: Any) -> Any:
    return self._result[index]


def _next(self: Body) -> Any:
    if self._steps is None:
        self._steps = self._watcher.step_through(self._result)
    return next(self._steps)


_OPTIONAL: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("__len__", _length),
    ("__bool__", _truth),
    ("__getitem__", _item),
    ("__next__", _next),
)
_variants: dict[tuple[str, ...], type[Body]] = {(): Body}
_by_type: dict[type, type[Body]] = {}


def stand_in_class(kind: type) -> type[Body]:
    """Return the :class:`Body` variant that can do what instances of *kind* can do."""
    known = _by_type.get(kind)
    if known is not None:
        return known
    able = tuple(name for name, _ in _OPTIONAL if getattr(kind, name, None) is not None)
    variant = _variants.get(able)
    if variant is None:
        methods: dict[str, Any] = {name: method for name, method in _OPTIONAL if name in able}
        variant = type("Body", (Body,), {"__slots__": (), **methods})
        _variants[able] = variant
    if len(_by_type) < 1024:  # classes made per request must not pile up here
        _by_type[kind] = variant
    return variant


def can_be_watched(result: Any) -> bool:
    """Return whether it makes sense to iterate over *result*; if not, the server gets it as it is."""
    kind = type(result)
    iterable = getattr(kind, "__iter__", None) is not None or getattr(kind, "__getitem__", None) is not None
    return iterable and not isinstance(result, _BARE_STRINGS)


def length_of(result: Any) -> int | None:
    """Return ``len(result)``, ``None`` when it has none or its ``__len__`` raises."""
    if getattr(type(result), "__len__", None) is None:
        return None
    try:
        return len(result)
    except Exception:  # a broken __len__ is as good as none; a server that needs it raises itself
        return None
