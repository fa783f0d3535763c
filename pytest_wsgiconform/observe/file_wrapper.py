"""The file wrapper that the app gets, and what it makes, watched from inside.

What ``wsgi.file_wrapper`` returns is not replaced by a stand-in, because the server recognises it by its class.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

#: Where the result of a file wrapper keeps who watches it.
_ATTRIBUTE = "_wsgiconform_watcher"


class FileWatcher(Protocol):
    """Notes and judges what becomes of a file wrapper's result."""

    def iterate_file(self, steps: Iterator[Any]) -> Iterator[Any]:
        """Return an iterator that hands the items of *steps* on, watched."""
        ...

    def close_with(self, close: Callable[[], Any] | None) -> None:
        """The server called ``close()``, which is passed on through *close*."""
        ...


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
        watcher: FileWatcher | None = self.__dict__.get(_ATTRIBUTE)
        # As it is: a wrapper that is its own iterator must not be asked for one again.
        return steps if watcher is None else watcher.iterate_file(steps)

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


def watch_file(result: Any, watcher: FileWatcher) -> bool:
    """Have *watcher* watch what a file wrapper made; return whether that is possible."""
    try:
        setattr(result, _ATTRIBUTE, watcher)
    except AttributeError:
        return False
    if getattr(result, _ATTRIBUTE, None) is not watcher:  # it keeps no attribute that it doesn't know
        return False
    close = getattr(result, "close", None)
    if callable(close):
        result.close = lambda: watcher.close_with(close)
    return True
