"""What the server gets in place of the app's iterable while it is watched.

The stand-in can do what the app's object can do and no more: ``len()``, truth, ``next()`` and indexing
are there when the original has them. A ``wsgi.file_wrapper`` result is not replaced at all, because the
server recognises it by its class; it is watched from inside (:func:`observing_file_wrapper`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conversation import Conversation


class Body:
    """Stands in for an iterable that the app returned."""

    __slots__ = ("_conversation", "_result", "_steps")

    def __init__(self, conversation: Conversation, result: Any) -> None:
        self._conversation = conversation
        self._result = result
        self._steps: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        return self._conversation.iterate(self._result)

    def close(self) -> None:
        self._conversation.close(self._result)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def __del__(self) -> None:
        # Without a close() nothing else tells that the server is done; a finished one returns at once.
        conversation = getattr(self, "_conversation", None)
        if conversation is not None and not conversation.finished:
            conversation.abandon()


def _length(self: Body) -> int:
    return len(self._result)


def _truth(self: Body) -> bool:
    return bool(self._result)


def _item(self: Body, index: Any) -> Any:
    return self._result[index]


def _next(self: Body) -> Any:
    if self._steps is None:
        self._steps = self._conversation.step_through(self._result)
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


# -- wsgi.file_wrapper ------------------------------------------------------------------------------

_wrapper_classes: dict[type, type] = {}
_recent = threading.local()


def observing_file_wrapper(original: Any) -> Any:
    """Return a stand-in for the server's ``wsgi.file_wrapper`` that remembers what it was called with.

    A class gets a subclass, so that ``isinstance`` answers as before on both sides; a class that can't
    be subclassed, and anything that isn't callable, is returned as it is and stays unobserved.
    """
    if isinstance(original, type):
        known = _wrapper_classes.get(original)
        if known is None:
            known = _subclass(original)
            if len(_wrapper_classes) < 1024:
                _wrapper_classes[original] = known
        return known
    if not callable(original):
        return original

    def file_wrapper(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        _recent.call = (result, args)
        return result

    return file_wrapper


def _subclass(original: type) -> type:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        _recent.call = (self, args)
        original.__init__(self, *args, **kwargs)  # type: ignore[misc]  # super() would need the class being made

    def __iter__(self: Any) -> Iterator[Any]:
        steps: Iterator[Any] = original.__iter__(self)  # type: ignore[attr-defined]  # only defined where it has one
        conversation = self.__dict__.get("_wsgiconform_conversation")
        # As it is: a wrapper that is its own iterator must not be asked for one again.
        return steps if conversation is None else conversation.iterate_file(steps)

    methods: dict[str, Any] = {"__init__": __init__}
    if hasattr(original, "__iter__"):
        methods["__iter__"] = __iter__
    try:
        observed = type(original.__name__, (original,), methods)
    except TypeError:
        return original
    observed.__module__, observed.__qualname__ = original.__module__, original.__qualname__
    return observed


def file_wrapper_arguments(result: Any) -> tuple[Any, ...] | None:
    """Return what the file wrapper was called with to make *result*; ``None`` if it didn't make it."""
    call = getattr(_recent, "call", None)
    if call is None or call[0] is not result:
        return None
    _recent.call = None
    arguments: tuple[Any, ...] = call[1]
    return arguments
