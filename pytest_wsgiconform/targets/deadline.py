"""When a run has to end, and why: asked before each stimulus, and before each exchange of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from types import FrameType

from ..observe.limits import TimeLimitExceeded, put_back
from .progress import Progress

#: Why a run is over: its time is up, somebody asked the process to end, somebody pressed Ctrl-C.
TOO_LATE = "the deadline came first"
ENDED = "the run was ended"
INTERRUPTED = "the run was interrupted"
REASONS = frozenset({TOO_LATE, ENDED, INTERRUPTED})

#: Seconds between two looks at what is waited for.
_TICK = 1.0


class Deadline:
    """The end of a run, the same object for all of its targets.

    What a target does once the run is over is not judged: limits were cut by then.

    :param at: when the time is up, as :func:`time.monotonic` tells; never, unless somebody calls :meth:`end`.
    """

    def __init__(self, at: float = inf) -> None:
        self._at = at
        self._reason: str | None = None

    @property
    def reason(self) -> str | None:
        """Why the run is over, ``None`` while it goes on."""
        if self._reason is None and monotonic() >= self._at:
            self._reason = TOO_LATE
        return self._reason

    def left(self) -> float:
        """Return how many seconds are left, 0 when the run is over."""
        return 0.0 if self.reason is not None else self._at - monotonic()

    def end(self, reason: str) -> None:
        """End the run now; the first reason stands."""
        if self.reason is None:
            self._reason = reason


class RunOver(TimeLimitExceeded):
    """The run has to end while the harness waits for something."""


@contextmanager
def attended(deadline: Deadline, progress: Progress) -> Iterator[None]:
    """Show once a second that the block goes on, and raise :class:`RunOver` in it when the run has to end.

    For blocks that wait for another process; none of an app's own code runs in them. Works by SIGALRM, so without a
    thread, and in the main thread only: elsewhere it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = False

    def look(_number: int, _frame: FrameType | None) -> None:
        if over:
            return
        progress.pulse()
        if deadline.reason is not None:
            raise RunOver(deadline.reason)

    started = monotonic()
    before = signal.signal(signal.SIGALRM, look)
    left, interval = signal.setitimer(signal.ITIMER_REAL, max(min(_TICK, deadline.left()), 0.001), _TICK)
    try:
        yield
    finally:
        over = True
        put_back(before, left, interval, monotonic() - started)
