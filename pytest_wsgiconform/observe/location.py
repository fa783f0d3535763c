"""Finding the line of somebody's code that did something; only ever needed once something is wrong."""

from __future__ import annotations

import dis
import functools
import inspect
import os
import sys
import sysconfig
from types import CodeType, FrameType, TracebackType
from typing import Any

from ..rules.model import Location
from .sources import shield

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STDLIB = os.path.realpath(sysconfig.get_paths()["stdlib"]) + os.sep


class Source(tuple[Any, Any]):
    """Where the steps through an app's iterable come from: the iterator, and the iterable that made it or ``None``.

    A type of its own, by which :func:`of_iterator` finds it.
    """

    __slots__ = ()


def is_ours(filename: str) -> bool:
    """Return whether *filename* is this package's watching code."""
    return filename.startswith(_HERE)


@functools.lru_cache(maxsize=1024)
def _is_standard(filename: str) -> bool:
    path = os.path.realpath(filename)
    return path.startswith(_STDLIB) and "site-packages" not in path and "dist-packages" not in path


def in_standard_library(location: Location | None) -> bool:
    """Tell whether *location* is in the interpreter's own library (site-packages not counted)."""
    return location is not None and _is_standard(location.file)


def _qualified_name(code: CodeType) -> str:
    name: str = getattr(code, "co_qualname", code.co_name)
    return "" if name == "<module>" else name


def of_frame(frame: FrameType) -> Location:
    """Return the line that *frame* is executing."""
    return Location(frame.f_code.co_filename, frame.f_lineno or 1, _qualified_name(frame.f_code))


def of_code_position(code: CodeType, offset: int) -> Location:
    """Return the line of the instruction at byte *offset* of *code* (a frame's ``f_lasti``)."""
    line = code.co_firstlineno
    for start, number in dis.findlinestarts(code):
        if start > offset:
            break
        if number is not None:
            line = number
    return Location(code.co_filename, line, _qualified_name(code))


def caller_frame() -> FrameType | None:
    """Return the innermost frame that isn't this package's watching code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def of_caller() -> Location | None:
    """Return the line outside this package's watching code that led here."""
    frame = caller_frame()
    return of_frame(frame) if frame is not None else None


def of_user() -> Location | None:
    """Return the line that led here, and that of its caller where it is the standard library's.

    Who hands ``wsgi.input`` to ``shutil.copyfileobj``, or ``start_response`` to ``contextlib.closing``, wants to be
    shown the own line. When nothing but the standard library stands between, its innermost line is told.
    """
    innermost = frame = caller_frame()
    while frame is not None and not is_ours(frame.f_code.co_filename):
        if not _is_standard(frame.f_code.co_filename):
            return of_frame(frame)
        frame = frame.f_back
    return of_frame(innermost) if innermost is not None else None


def of_traceback(traceback: TracebackType | None) -> Location | None:
    """Return the innermost line of *traceback* that isn't ours, ``None`` when there is none."""
    found = None
    while traceback is not None:
        if not is_ours(traceback.tb_frame.f_code.co_filename):
            code = traceback.tb_frame.f_code
            found = Location(code.co_filename, traceback.tb_lineno or 1, _qualified_name(code))
        traceback = traceback.tb_next
    return found


def of_iterator(iterator: Any, result: Any) -> Location | None:
    """Return where the item that *iterator* gave last came from.

    For a generator, the line of its ``yield``; else the ``__next__`` or the class of an object that is
    written in Python; ``None`` for built-in containers.
    """
    frame = getattr(iterator, "gi_frame", None) if type(iterator).__name__ == "generator" else None
    if frame is not None and is_ours(frame.f_code.co_filename):
        # Our own steps through an iterable, below a middleware that hands it on: one of their variables, whatever its
        # name, is where they come from. What a file wrapper gave is not followed: its lines are the server's.
        source = next((value for value in frame.f_locals.values() if type(value) is Source), None)
        return None if source is None else of_iterator(*source)
    if frame is not None:
        # A generator that delegates (yield from) names the innermost generator's line.
        inner = iterator
        while type(inner.gi_yieldfrom).__name__ == "generator" and inner.gi_yieldfrom.gi_frame is not None:
            inner = inner.gi_yieldfrom
        return of_frame(inner.gi_frame)
    for candidate in (iterator, result):
        for name in ("__next__", "__iter__", "__getitem__"):
            code = getattr(getattr(type(candidate), name, None), "__code__", None)
            if type(code) is CodeType and not is_ours(code.co_filename):
                return Location(code.co_filename, code.co_firstlineno, _qualified_name(code))
    return None


@functools.lru_cache(maxsize=256)
def _only_return(code: CodeType) -> int | None:
    """Return the line of *code*'s only ``return`` statement, ``None`` when there are several or none."""
    lines: set[int] = set()
    current: int | None = None
    starts = dict(dis.findlinestarts(code))
    for instruction in dis.get_instructions(code):
        current = starts.get(instruction.offset, current)
        if instruction.opname in ("RETURN_VALUE", "RETURN_CONST") and current is not None:
            lines.add(current)
    return lines.pop() if len(lines) == 1 else None


def code_of(app: Any) -> CodeType | None:
    """Return the code that runs when *app* is called, ``None`` when it isn't written in Python."""
    for _ in range(16):  # partials and decorators may nest; a cycle must not hang us
        if isinstance(app, functools.partial):
            app = app.func
            continue
        break
    code = getattr(app, "__code__", None)
    if type(code) is CodeType:
        return code
    if isinstance(app, type):
        code = getattr(getattr(app, "__init__", None), "__code__", None)
    else:
        code = getattr(getattr(app, "__func__", None), "__code__", None)
        if code is None:
            code = getattr(getattr(type(app), "__call__", None), "__code__", None)  # noqa: B004
    return code if type(code) is CodeType else None


def of_app(app: Any) -> Location | None:
    """Return where *app* is defined: its function, its ``__call__`` or its class."""
    code = code_of(app)
    if code is not None:
        return Location(code.co_filename, code.co_firstlineno, _qualified_name(code))
    kind = app if isinstance(app, type) else type(app)
    try:
        file = inspect.getsourcefile(kind) or ""
        shield(file)
        return Location(file, inspect.getsourcelines(kind)[1], kind.__qualname__)
    except (TypeError, OSError):
        return None


def of_return(app: Any) -> Location | None:
    """Return the line where *app* returns, when it has a single ``return``; else where it is defined."""
    code = code_of(app)
    if code is not None and not isinstance(app, type):
        line = _only_return(code)
        if line is not None:
            return Location(code.co_filename, line, _qualified_name(code))
    return of_app(app)
