"""Guarding the harness against a target that hangs, exits or pretends to be Ctrl-C.

A time limit works by SIGALRM, so only in the main thread; it ends loops and sleeps at Python level. What
hangs in C code needs ``--wsgi-isolate``.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: After the limit the alarm rings again at this interval, in seconds: a target may swallow one.
_REPEAT = 0.25


class TimeLimitExceeded(BaseException):
    """The target took too long. Not an ``Exception``, so that ``except Exception`` can't swallow it."""


class Interrupted:
    """Tells a Ctrl-C of the user from a KeyboardInterrupt that the target raised itself.

    :ivar by_user: whether SIGINT arrived.
    """

    def __init__(self) -> None:
        self.by_user = False


@contextmanager
def time_limit(seconds: float) -> Iterator[Interrupted]:
    """Raise :class:`TimeLimitExceeded` in the block once *seconds* have passed, and again until it ends.

    Handlers and a timer that were set before are put back, the timer less the time used. Outside the main
    thread nothing is limited.
    """
    state = Interrupted()
    if threading.current_thread() is not threading.main_thread():
        yield state
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimeLimitExceeded(f"took more than {seconds:g} seconds")

    before_interrupt = signal.getsignal(signal.SIGINT)

    def interrupt(number: int, frame: FrameType | None) -> None:
        state.by_user = True
        if callable(before_interrupt):
            before_interrupt(number, frame)
        raise KeyboardInterrupt

    started = time.monotonic()
    before_alarm = signal.signal(signal.SIGALRM, ring)
    if before_interrupt is not None:
        signal.signal(signal.SIGINT, interrupt)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT)
    try:
        yield state
    finally:
        _restore(before_alarm, before_interrupt, left, interval, time.monotonic() - started)


def _restore(before_alarm: Any, before_interrupt: Any, left: float, interval: float, used: float) -> None:
    """Put the timer and the handlers back; an alarm that rings meanwhile must not get out."""
    while True:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
            break
        except TimeLimitExceeded:
            continue
    signal.signal(signal.SIGALRM, before_alarm if before_alarm is not None else signal.SIG_DFL)
    if before_interrupt is not None:
        signal.signal(signal.SIGINT, before_interrupt)
    if left > 0:
        signal.setitimer(signal.ITIMER_REAL, max(left - used, 0.001), interval)
