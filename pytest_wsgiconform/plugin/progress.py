"""Signs of life while a target is played: a line that is rewritten on a terminal, else a line now and then.

Nothing here runs in a thread of its own: a target calls when it has come a step further.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Generator
from time import monotonic
from typing import Any

import pytest

from ..rules.display import clean
from ..targets.progress import Progress
from .reach_item import WsgiReach
from .suite import WsgiRule

#: Seconds before the first sign of life on a terminal, and between two; elsewhere before each line.
_FIRST, _REWRITE, _LINE = 0.5, 0.1, 10.0

#: Seconds after which the line says what is waited for.
_WAITING = 3.0

#: Save the cursor's place, erase from there to the end of the line, go back to it.
_SAVE, _ERASE, _BACK = "\x1b7", "\x1b[K", "\x1b8"


class LiveLine:
    """Shows how far the playing is; also a plugin, whose hooks take the line away before pytest writes its own.

    On a terminal the line stands behind what pytest has written, and the cursor stays where it was. A worker of a
    distributed run shows nothing, nor does a run with ``-q -q``.

    :param config: of the session.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._silent = hasattr(config, "workerinput") or config.getoption("verbose", 0) < -1
        self._reporter: Any = None
        self._rewrites = self._shown = False
        self._began = self._last = 0.0

    def look(self, progress: Progress) -> None:
        """Show *progress*, if it is time for that."""
        if self._silent or threading.current_thread() is not threading.main_thread():
            return
        now = monotonic()
        if not self._began:
            self._begin(now)
        if self._silent or now < self._last + (_REWRITE if self._rewrites and self._shown else self._pause):
            return
        self._last = now
        with self._uncaptured():
            if self._rewrites:
                self._rewrite(progress)
            else:
                # pytest goes on in a new line by itself.
                self._reporter.write_line(describe(progress)[0])
                self._reporter.flush()
        self._shown = True

    @property
    def _pause(self) -> float:
        return _FIRST if self._rewrites else _LINE

    def _begin(self, now: float) -> None:
        self._began = self._last = now
        self._reporter = self._config.pluginmanager.getplugin("terminalreporter")
        self._silent = self._reporter is None
        self._rewrites = bool(getattr(self._reporter, "isatty", False)) and os.environ.get("TERM", "dumb") != "dumb"

    def _uncaptured(self) -> contextlib.AbstractContextManager[None]:
        capture = self._config.pluginmanager.getplugin("capturemanager")
        if capture is None:
            return contextlib.nullcontext()
        disabled: contextlib.AbstractContextManager[None] = capture.global_and_fixture_disabled()
        return disabled

    def _rewrite(self, progress: Progress) -> None:
        writer = self._config.get_terminal_writer()
        room = writer.fullwidth - writer.width_of_current_line - 2
        text = next((text for text in describe(progress) if len(text) <= room), None)
        if text is not None:
            writer._file.write(f"{_SAVE}{_ERASE} {text}{_BACK}")
            writer.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown and self._rewrites:
            with self._uncaptured():
                writer = self._config.get_terminal_writer()
                writer._file.write(_ERASE)
                writer.flush()
        self._shown = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._began = 0.0
        try:
            return (yield)
        finally:
            if isinstance(item, WsgiRule | WsgiReach):
                self.clear()


def describe(progress: Progress) -> list[str]:
    """Return the line in several lengths, the longest first.

    It says how far the playing is, where it is, what it waits for, and for how many minutes and seconds it has gone on.
    """
    minutes, rest = divmod(int(progress.seconds), 60)
    count, time = f"{progress.done} of {progress.total}", f" ({minutes}:{rest:02})"
    short = f"playing {count} {progress.unit}"
    long = f"{short}, {progress.where}" if progress.where else short
    awaited = ""
    if progress.waits_for and progress.waited >= _WAITING:
        awaited = f", waiting {progress.waited:.0f} s for {progress.waits_for}"
    return [clean(text + time) for text in (long + awaited, long, short, count)]
