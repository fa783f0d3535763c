"""A last word on the terminal when the interpreter that plays stimuli dies without a chance to speak.

A small process waits at the other end of a pipe. It is told which stimulus begins, and speaks when the pipe ends
without a farewell: after ``os._exit()``, ``abort()``, a crash in C code or a kill, none of which runs any Python code
of the dying process.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

_SCRIPT = """
import sys
last, bye = "", False
for line in sys.stdin:
    if line == "bye\\n":
        bye = True
    else:
        last = line.strip()
if last and not bye:
    sys.stderr.write("\\npytest-wsgiconform: the interpreter died while it played " + last + "; "
                     "--wsgi-isolate makes a finding of that\\n")
"""

#: Where standard error led before anything captured it; empty until that is known.
_terminal: list[int] = []


def keep_terminal() -> None:
    """Remember where standard error leads now, before anything captures it."""
    if not _terminal:
        with contextlib.suppress(OSError):
            _terminal.append(os.dup(2))


class LastWord:
    """Tells, from outside of this process, what it was doing when it died.

    The process at the other end is started with the first word, and ended by :meth:`close`.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def say(self, what: str) -> None:
        """Make *what*, one line of safe text, the word to be told if this process dies from now on."""
        if self._process is None:
            self._process = self._start()
        stream = self._process.stdin
        with contextlib.suppress(OSError, ValueError):  # the app closed it, or killed the process: nothing to be done
            if stream is not None:
                stream.write(f"{what}\n")
                stream.flush()

    @staticmethod
    def _start() -> subprocess.Popen[str]:
        keep_terminal()
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=_terminal[0] if _terminal else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,  # a Ctrl-C is no death
        )

    def close(self) -> None:
        """Say farewell; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            process.communicate("bye\n", timeout=10)
        if process.poll() is None:
            process.kill()
            process.wait()
