"""Keeping an app from disturbing the harness by what it leaves behind in the interpreter.

Used around each stimulus when it is played in this process, whichever process that is.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

#: Modules that the harness can't do without, and whose replaced functions are put back.
_GUARDED: tuple[ModuleType, ...] = (builtins, time, os, io, sys, gc, signal, threading)

#: Names that change by themselves, or by the harness's own doing.
_FREE = frozenset(
    {"last_type", "last_value", "last_traceback", "last_exc", "_", "environ", "path", "modules", "meta_path", "argv"}
)

#: The signals whose reactions can be set; looked up once, for it takes as long as a short exchange.
_SIGNALS = tuple(sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))

#: Tells the reaction to a signal as it is. ``signal.getsignal`` makes an enum of each, which takes ten times as long.
_reaction: Callable[[int], Any] = getattr(signal.getsignal, "__wrapped__", signal.getsignal)


class Left:
    """What an app left changed. :ivar changes: one short text each, such as ``"builtins.len"``."""

    def __init__(self) -> None:
        self.changes: list[str] = []


@contextmanager
def undisturbed() -> Iterator[Left]:
    """Put back, after the block, what a hostile or careless app changed; what it only added stays.

    Standard streams and their descriptors, the working directory, signal handlers, the entries of ``sys.path``, the
    recursion limit, trace and profile functions, garbage collection, and the functions of the modules that the harness
    itself needs.
    """
    left = Left()
    modules = [(module, dict(vars(module))) for module in _GUARDED]
    restore = [_descriptors(), _directory(), _handlers(), _interpreter()]
    for step in restore:
        next(step)
    path, entries = sys.path, list(sys.path)
    hooks, finders = sys.meta_path, list(sys.meta_path)
    try:
        yield left
    finally:
        moved = sys.__dict__["path"] is not path
        # Modules first: everything after this line may need them.
        for module, names in modules:
            _put_back(module, names, left)
        if moved or any(entry not in path for entry in entries):
            left.changes.append("sys.path")
            path[:] = [*entries, *(entry for entry in path if entry not in entries)]
            sys.path = path
        if _put_back_finders(hooks, finders):
            left.changes.append("sys.meta_path")
        for step in restore:
            left.changes += next(step)


def _put_back_finders(hooks: list[Any], finders: list[Any]) -> bool:
    """Put back the import *finders* that are missing, and note the new ones; tell whether some were missing."""
    current = sys.__dict__["meta_path"]
    missing = current is not hooks or any(not _is_in(finder, current) for finder in finders)
    added = [finder for finder in current if not _is_in(finder, finders)]
    if missing:
        hooks[:] = [*added, *finders]
        sys.meta_path = hooks
    _added_finders.extend(finder for finder in added if not _is_in(finder, _added_finders))
    return missing


def _is_in(finder: Any, finders: list[Any]) -> bool:
    return any(finder is known for known in finders)  # an app's own might say of itself that it equals another


#: Import finders that apps have added.
_added_finders: list[Any] = []


def take_finders_away() -> None:
    """Take away the import finders that apps have added: at the end of a session others still have to import."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _is_in(finder, _added_finders)]
    _added_finders.clear()


def _put_back(module: ModuleType, names: dict[str, Any], left: Left) -> None:
    # Nothing but dict operations in this loop: any builtin may have been replaced.
    current = module.__dict__
    for name in names:
        value = names[name]
        if name in current and current[name] is value:
            continue
        current[name] = value
        if name not in _FREE:
            left.changes.append(module.__name__ + "." + name)


def _descriptors() -> Iterator[list[str]]:
    """Keep the standard descriptors open and leading to where they led."""
    kept = {}
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            kept[number] = (os.dup(number), _identity(number))
    yield []
    changes = []
    for number, (copy, identity) in kept.items():
        if _identity(number) != identity:
            os.dup2(copy, number)
            changes.append(f"descriptor {number}")
        with contextlib.suppress(OSError):  # the app may have closed the copy as well
            os.close(copy)
    yield changes


def _identity(number: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _directory() -> Iterator[list[str]]:
    try:
        before = os.getcwd()
    except OSError:  # it was removed
        yield []
        yield []
        return
    yield []
    if return_to(before):
        yield ["working directory"]
    yield []


@contextmanager
def keeping_directory() -> Iterator[None]:
    """Come back, after the block, to the working directory; make it again when a target deleted it."""
    steps = _directory()
    next(steps)
    try:
        yield
    finally:
        next(steps)


def return_to(folder: str) -> bool:
    """Make *folder* the working directory, and make it again when it was deleted; tell whether it was another one.

    Reports are written there, and pytest itself can't do without a working directory.
    """
    try:
        if os.getcwd() == folder:
            return False
    except OSError:  # it was deleted
        pass
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
    for candidate in (folder, *map(str, Path(folder).parents)):
        with contextlib.suppress(OSError):
            os.chdir(candidate)
            break
    return True


def _handlers() -> Iterator[list[str]]:
    """Keep the reactions to signals; they can be set in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield []
        yield []
        return
    before = {number: _reaction(number) for number in _SIGNALS}
    timed = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    yield []
    changes = []
    if not timed and signal.getitimer(signal.ITIMER_REAL)[0] > 0:
        # With the usual reaction put back below, it would end the process.
        signal.setitimer(signal.ITIMER_REAL, 0)
        changes.append("alarm")
    for number, handler in before.items():
        if handler is not None and _reaction(number) != handler:
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, handler)
                changes.append(f"handler of {signal.Signals(number).name}")
    yield changes


def _interpreter() -> Iterator[list[str]]:
    limit, trace, profile, collects = sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(), gc.isenabled()
    yield []
    changes = []
    if sys.getrecursionlimit() != limit:
        sys.setrecursionlimit(limit)
        changes.append("recursion limit")
    if sys.gettrace() is not trace:
        sys.settrace(trace)
        changes.append("trace function")
    if sys.getprofile() is not profile:
        sys.setprofile(profile)
        changes.append("profile function")
    if gc.isenabled() != collects:
        (gc.enable if collects else gc.disable)()
        changes.append("garbage collection")
    yield changes
