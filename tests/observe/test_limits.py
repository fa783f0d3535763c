"""Time limits: they come in any thread, end what executes Python code, and leave nothing behind."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform.observe import limits
from pytest_wsgiconform.observe.limits import TimeLimitExceeded, time_limit
from pytest_wsgiconform.targets.protect import undisturbed


def in_thread(work: Callable[[], Any]) -> list[Any]:
    """Run *work* in a thread of its own, and return what it returned or raised."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    return found


def spin(seconds: float) -> None:
    """Do nothing, in byte code, for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def exceed() -> None:
    with time_limit(0.05):
        spin(60)


def test_the_limit_ends_what_takes_too_long_in_every_thread() -> None:
    with pytest.raises(TimeLimitExceeded):
        exceed()
    (found,) = in_thread(exceed)
    assert type(found) is TimeLimitExceeded


def test_timer_and_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)
    with pytest.raises(TimeLimitExceeded):
        exceed()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)) == before


def test_an_alarm_while_the_watch_begins_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would ring later, when nobody handles it, and end the process."""
    monkeypatch.setattr(limits._watchdog, "add", lambda watch: spin(60))
    with pytest.raises(TimeLimitExceeded), time_limit(0.05):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_while_the_watch_ends_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    remove, slow = limits._watchdog.remove, [True]

    def slowly(watch: Any) -> None:
        remove(watch)
        if slow:
            slow.clear()
            spin(60)

    monkeypatch.setattr(limits._watchdog, "remove", slowly)
    with time_limit(0.05):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_a_target_leaves_is_taken_away() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with undisturbed() as left:
        signal.signal(signal.SIGALRM, lambda number, frame: None)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before
    assert "alarm" in left.changes
    time.sleep(0.1)


def test_exceptions_set_in_many_threads_lock_nobody_out() -> None:
    """Where each exception comes out is chance, the watching thread's own lock included; so there are many."""
    stop = time.monotonic() + 2

    def exceed_often() -> None:
        while time.monotonic() < stop:
            try:
                with time_limit(0):
                    spin(0.001)
            except TimeLimitExceeded:
                pass

    threads = [threading.Thread(target=exceed_often, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for a lock for ever"
    assert not limits._watchdog._watches, "a block that was left is still guarded"
    with time_limit(30):
        pass


def test_the_watching_thread_is_not_traced() -> None:
    """Under CPython 3.11 a traced one can hold its lock for ever."""
    traced: set[str] = set()

    def trace(frame: Any, event: str, argument: Any) -> None:
        traced.add(frame.f_code.co_name)

    watchdog = limits._Watchdog()
    watch = limits._Watch(time.monotonic() + 60)
    threading.settrace(trace)
    try:
        watchdog.add(watch)
        deadline = time.monotonic() + 20
        while not watchdog._wakes and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
    assert watchdog._wakes, "it is not running"
    watchdog.remove(watch)
    watchdog._wake.put(None)
    assert "_run" in traced, "nothing would have traced it"
    assert "_wait" not in traced


def test_a_block_that_was_left_is_not_guarded_even_when_its_end_was_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception may come out between the end of a block and the call that tells of it."""

    def interrupted(_watch: Any) -> None:
        raise TimeLimitExceeded

    def left() -> None:
        with pytest.raises(TimeLimitExceeded), time_limit(0.05):
            pass

    monkeypatch.setattr(limits, "_stop_watching", interrupted)
    found: list[BaseException] = []

    def work() -> None:
        try:
            left()
            spin(0.5)
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == []


def test_the_number_of_a_thread_that_ended_is_not_guarded() -> None:
    """The system gives the number to the next thread, which has nothing to do with the block."""
    blocks: list[Any] = []

    def enter_and_end() -> None:
        block = time_limit(0.2)
        block.__enter__()
        blocks.append((block, threading.get_ident()))

    thread = threading.Thread(target=enter_and_end)
    thread.start()
    thread.join()
    found: list[BaseException] = []
    numbers = []

    def work() -> None:
        numbers.append(threading.get_ident())
        try:
            spin(0.6)
        except BaseException as error:
            found.append(error)

    others = [threading.Thread(target=work) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join(10)
    assert blocks[0][1] in numbers, "the number was not given again: nothing was tested"
    assert found == []


def spin_for_ever() -> None:
    while True:
        pass


def swallow() -> None:
    while True:
        try:  # noqa: SIM105 - a loop as people write it
            time.sleep(100)
        except BaseException:
            pass


def switch_off_and_spin() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    spin_for_ever()


@pytest.mark.parametrize("hang", [spin_for_ever, lambda: time.sleep(100), swallow, switch_off_and_spin])
def test_main_thread(hang: Any) -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT), sys.gettrace()
    with pytest.raises(TimeLimitExceeded), time_limit(0.1):
        hang()
    assert (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT), sys.gettrace()) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_other_threads_are_limited_too() -> None:
    ended: list[str] = []

    def work() -> None:
        try:
            with time_limit(0.1):
                spin_for_ever()
        except TimeLimitExceeded:
            ended.append("limited")
        # Nothing is left behind that would come later.
        for _ in range(100_000):
            pass
        ended.append("went on")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ended) == ["limited"] * 3 + ["went on"] * 3


def test_what_ends_in_time_is_left_alone() -> None:
    for _ in range(100):
        with time_limit(20) as state:
            time.sleep(0)
        assert not state.by_user


def test_a_timer_set_before_goes_on() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with time_limit(20):
            pass
        deadline = time.monotonic() + 20
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]
