"""Reading the source lines of strangers' code, which may claim to come from any file there is.

The standard library shows the lines of a traceback and of a warning by way of :mod:`linecache`, and that opens what
the code object names: a FIFO, where it waits for ever, or a device that never ends. :func:`shield` makes sure that it
finds what it is to show without opening anything but a regular file of usual size.
"""

from __future__ import annotations

import linecache
import os
import stat
import sys
import traceback

#: Most bytes of a file whose lines are shown.
SIZE_LIMIT = 8 << 20

#: Most characters of one line that are kept.
LINE_LIMIT = 2000

_shielded: set[str] = set()


def shield(filename: str) -> None:
    """Make sure that :mod:`linecache` opens nothing that it should not for *filename*."""
    known = filename in _shielded and len(linecache.cache.get(filename, ())) > 1
    if known or (filename.startswith("<") and filename.endswith(">")):
        return
    path = _that_is_opened(filename)
    if path is None:  # nothing is there; it may be written yet, and a loader may have its lines
        return
    _shielded.add(filename)
    if not is_ordinary(path):
        linecache.cache[filename] = (0, None, [], filename)  # without a time: it is not looked at again
        return
    lines = linecache.getlines(filename)
    if any(len(line) > LINE_LIMIT for line in lines):
        cut = [line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]}\n" for line in lines]
        linecache.cache[filename] = (sum(map(len, cut)), None, cut, filename)


def is_ordinary(path: str) -> bool:
    """Tell whether *path* is a regular file of usual size, so that it can be read to its end.

    What the kernel makes up as it is read (below ``/proc``, say) has no size, and is none.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= SIZE_LIMIT


def line(filename: str, number: int) -> str:
    """Return a line of a source file, ``""`` where it can't or should not be read."""
    try:
        shield(filename)
        return linecache.getline(filename, number)
    except ValueError:  # a name that no file can have: a stranger may call their code what they like
        return ""


def traceback_of(error: BaseException, limit: int | None = None) -> traceback.TracebackException:
    """Return *error* with its traceback, as :class:`traceback.TracebackException` does, ready to be formatted."""
    report = traceback.TracebackException.from_exception(error, limit=limit, lookup_lines=False, compact=True)
    pending: list[traceback.TracebackException | None] = [report]
    while pending:
        part = pending.pop()
        if part is not None:
            for frame in part.stack:
                shield(frame.filename)
            pending += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
    return report


def _that_is_opened(filename: str) -> str | None:
    """Return the path that linecache opens for *filename*, ``None`` when it finds nothing."""
    folders = [] if os.path.isabs(filename) else [entry for entry in sys.path if isinstance(entry, str)]
    for path in (filename, *(os.path.join(folder, filename) for folder in folders)):
        try:
            os.stat(path)
        except OSError:
            continue
        except ValueError:
            return None
        return path
    return None
