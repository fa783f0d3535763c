"""``start_response`` and ``write`` as the app gets them while it is watched."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .stage import FRESH, STARTED
from .watcher import Watcher


class StartResponse:
    """The ``start_response`` that the app gets: it can be called, and notices being looked at."""

    __slots__ = ("_watcher",)

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        watcher = self._watcher
        if watcher.stage is FRESH and not kwargs and len(args) == 2:
            facts = watcher.setup.fast.start_is_clean(*args)
            if facts is not None:
                frame = sys._getframe(1)
                watcher.noted_start = (args[0], args[1][:], frame.f_code, frame.f_lasti)
                watcher.facts = facts
                watcher.stage = STARTED
                write = watcher.real_start(*args)
                if callable(write):
                    return Write(watcher, write)
                return watcher.start_returned(write)
        return watcher.start(args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._watcher.inspected("start_response", self._watcher.real_start, name)


class Write:
    """The ``write`` that the app gets from ``start_response``."""

    __slots__ = ("_watcher", "_write")

    def __init__(self, watcher: Watcher, write: Callable[..., Any]) -> None:
        self._watcher = watcher
        self._write = write

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._watcher.writing(args, kwargs)
        return self._write(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._watcher.inspected("write", self._write, name)
