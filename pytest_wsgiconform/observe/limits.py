"""Guarding the harness against a target that hangs, exits or pretends to be Ctrl-C.

A time limit works by SIGALRM in the main thread, which ends sleeps as well as loops; in other threads, and when the
target has switched the alarm off, by an exception that a watching thread sets, which ends whatever executes byte
code. What hangs in C code needs ``--wsgi-isolate``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from time import monotonic, sleep  # by name: a target may replace time.monotonic
from types import FrameType
from typing import Any

#: After the limit the alarm rings again at this interval, in seconds: a target may swallow one.
_REPEAT = 0.25

#: How many rings a target may swallow before its exception handlers are not let finish any more.
_PATIENCE = 2

#: How much later than the alarm the watching thread acts in the main thread, in seconds.
_GRACE = 1.0

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class TimeLimitExceeded(BaseException):
    """The target took too long. Not an ``Exception``, so that ``except Exception`` can't swallow it."""


class Interrupted:
    """Tells a Ctrl-C of the user from a KeyboardInterrupt that the target raised itself.

    :ivar by_user: whether SIGINT arrived.
    """

    def __init__(self) -> None:
        self.by_user = False


class _Watch:
    """One guarded block of the thread that makes it.

    :ivar fired: whether an exception was set in the thread.
    :ivar over: whether the block was left. It is a plain attribute because no exception can come between the end of
        a block and one assignment, while a call may be left by one before it has begun.
    """

    __slots__ = ("deadline", "fired", "over", "thread")

    def __init__(self, deadline: float) -> None:
        self.thread = threading.current_thread()
        self.deadline, self.fired, self.over = deadline, False, False

    @property
    def stands(self) -> bool:
        """Whether there is a block to guard; the number of a thread that has ended is given to another one."""
        return not self.over and self.thread.is_alive()


class _Watchdog:
    """The watching thread. It lives while something is guarded, and a second longer.

    The exceptions that it sets, and the alarm's, may come out in its own methods. So these hold nothing but a plain
    lock: a ``with`` statement takes and leaves that one without a gap, and a :class:`threading.Condition`, written in
    Python, could be left locked for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._watches: list[_Watch] = []
        self._running = False
        self._wakes = 0.0  # when the thread will look again by itself

    def add(self, watch: _Watch) -> None:
        with self._lock:
            self._watches.append(watch)
            if not self._running:
                threading.Thread(target=self._run, name="wsgiconform-watchdog", daemon=True).start()
                self._running = True
        if watch.deadline < self._wakes:
            self._wake.put(None)

    def remove(self, watch: _Watch) -> None:
        """Stop watching; an exception that was set may be yet to come."""
        with self._lock:
            if watch in self._watches:
                self._watches.remove(watch)

    def _run(self) -> None:
        # While an exception that was set in another thread has not come out, CPython 3.11 turns in circles at the first
        # line of whatever function is traced (by coverage, say): here, with the lock that the other thread waits for.
        sys.settrace(None)
        sys.setprofile(None)
        while True:
            if not self._watches:
                self._wait(1.0)
            with self._lock:
                self._watches = [watch for watch in self._watches if watch.stands]
                if not self._watches:
                    self._running = False
                    return
                now = monotonic()
                for watch in self._watches:
                    if watch.deadline <= now:
                        watch.fired, watch.deadline = True, now + _REPEAT
                        _set_exception(watch.thread.ident or 0)
                following = min(watch.deadline for watch in self._watches)
            self._wait(max(following - now, 0.01))

    def _wait(self, seconds: float) -> None:
        self._wakes = monotonic() + seconds
        with contextlib.suppress(Empty):
            self._wake.get(timeout=seconds)


def _set_exception(thread: int) -> None:
    import ctypes  # only for a target that hangs

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeLimitExceeded))


_watchdog = _Watchdog()


class _Alarm:
    """The SIGALRM handler of one guarded block."""

    def __init__(self, seconds: float, watch: _Watch) -> None:
        self._seconds, self._rings, self.watch = seconds, 0, watch
        self.trace: Any = None
        self.traced = False

    def __call__(self, _number: int, frame: FrameType | None) -> None:
        self._rings += 1
        if self._rings > _PATIENCE:
            self._forbid_handlers(frame)
        raise TimeLimitExceeded(f"took more than {self._seconds:g} seconds")

    def _forbid_handlers(self, frame: FrameType | None) -> None:
        """Trace the target, so that a handler that catches the exception is left by another one."""
        if not self.traced:
            self.traced, self.trace = True, sys.gettrace()
        while frame is not None and not frame.f_code.co_filename.startswith(_HERE):
            frame.f_trace = self._in_handler
            frame = frame.f_back
        sys.settrace(self._in_handler)

    def _in_handler(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename.startswith(_HERE):
            return None
        if event == "line" and isinstance(sys.exc_info()[1], TimeLimitExceeded):
            raise TimeLimitExceeded(f"took more than {self._seconds:g} seconds")
        return self._in_handler

    def end(self) -> None:
        if self.traced:
            sys.settrace(self.trace)


@contextmanager
def time_limit(seconds: float) -> Iterator[Interrupted]:
    """Raise :class:`TimeLimitExceeded` in the block once *seconds* have passed, and again until it ends.

    In the main thread, handlers and a timer that were set before are put back, the timer less the time used; a Ctrl-C
    leaves the block as KeyboardInterrupt, whatever the target makes of it.
    """
    state = Interrupted()
    if threading.current_thread() is not threading.main_thread():
        watch = _Watch(monotonic() + seconds)
        try:
            _watchdog.add(watch)
            yield state
        finally:
            watch.over = True
            _stop_watching(watch)
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        state.by_user = True
        if callable(before_interrupt):
            before_interrupt(number, frame)
        raise KeyboardInterrupt

    before_interrupt = signal.getsignal(signal.SIGINT)
    started = monotonic()
    watch = _Watch(started + seconds + _GRACE)
    alarm = _Alarm(seconds, watch)
    before_alarm = signal.signal(signal.SIGALRM, alarm)
    if before_interrupt is not None:
        signal.signal(signal.SIGINT, interrupt)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT)
    try:
        _watchdog.add(watch)
        yield state
    finally:
        watch.over = True
        restored = False
        while not restored:
            with contextlib.suppress(TimeLimitExceeded):
                _stop_watching(watch)
                _restore(before_alarm, before_interrupt, left, interval, monotonic() - started)
                restored = True
        alarm.end()
    if state.by_user:  # the target swallowed it, or it came out in a finalizer, where nothing can be raised
        raise KeyboardInterrupt


def ring_now() -> None:
    """End the guarded block that is going on in the main thread, if there is one, as if its time were up.

    To be called in the main thread: by the handler of a signal.
    """
    handler = signal.getsignal(signal.SIGALRM)
    if isinstance(handler, _Alarm) and handler.watch.stands:
        signal.setitimer(signal.ITIMER_REAL, 1e-6, _REPEAT)


def put_back(handler: Any, left: float, interval: float, used: float) -> None:
    """Put back the handler of SIGALRM and the timer that was set before, less the seconds *used*."""
    _restore(handler, None, left, interval, used)


def _stop_watching(watch: _Watch) -> None:
    """Stop watching, and wait for an exception that was set just before."""
    while True:
        try:
            _watchdog.remove(watch)
            break
        except TimeLimitExceeded:
            continue
    if watch.fired:
        # Taking it back would leave the interpreter looking for it for ever; a loop gives it the place to come out.
        # When exceptions were set in two threads, the first to come out makes the interpreter forget the other one
        # until its thread has waited for its turn, as after a sleep.
        with contextlib.suppress(TimeLimitExceeded):
            sleep(0)
            for _ in range(1000):
                pass


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
