"""Time limits end what executes Python code, in any thread, and leave everything as it was."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import Any

import pytest

from pytest_wsgiconform.observe.limits import TimeLimitExceeded, time_limit


def spin() -> None:
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
    spin()


@pytest.mark.parametrize("hang", [spin, lambda: time.sleep(100), swallow, switch_off_and_spin])
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
                spin()
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
