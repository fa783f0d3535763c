"""The end of a run: when it comes, and what targets do then."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from pytest_wsgiconform import Verdict
from pytest_wsgiconform.engine import judge_all, open_run
from pytest_wsgiconform.observe.limits import TimeLimitExceeded, ring_now, time_limit
from pytest_wsgiconform.rules.registry import choose
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.app.target import AppTarget
from pytest_wsgiconform.targets.deadline import ENDED, INTERRUPTED, TOO_LATE, Deadline, RunOver, attended
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget
from pytest_wsgiconform.targets.progress import Progress
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.selftest import ReferenceServer
from pytest_wsgiconform.targets.server.target import ServerTarget


class AfterCalls(Deadline):
    """A deadline that comes once it has been asked so often."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._calls = calls

    @property
    def reason(self) -> str | None:
        self._calls -= 1
        if self._calls <= 0:
            self._reason = TOO_LATE
        return self._reason


def page(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


def sleeping(environ: dict[str, Any], start_response: Any) -> Any:
    time.sleep(60)
    return page(environ, start_response)


def test_the_first_reason_stands() -> None:
    deadline = Deadline(monotonic() + 100)
    assert deadline.reason is None
    assert 99 < deadline.left() <= 100
    deadline.end(ENDED)
    deadline.end(INTERRUPTED)
    reason, left = deadline.reason, deadline.left()
    assert f"{reason}: {left}" == f"{ENDED}: 0.0"
    assert Deadline(monotonic() - 1).reason == TOO_LATE


def test_a_block_is_left_when_the_run_is_over_and_the_timer_is_put_back() -> None:
    looks: list[Progress] = []
    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        began = monotonic()
        with pytest.raises(RunOver, match=TOO_LATE), attended(Deadline(began + 0.2), Progress(looks.append)):
            time.sleep(30)
        assert monotonic() - began < 10
        assert 900 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert looks
    assert signal.getsignal(signal.SIGALRM) == before


def test_ringing_ends_the_block_that_goes_on_and_nothing_else() -> None:
    ring_now()  # no block goes on: nothing happens
    began = monotonic()
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGUSR1])
    before = signal.signal(signal.SIGUSR1, lambda *_: ring_now())
    try:
        timer.start()
        with pytest.raises(TimeLimitExceeded), time_limit(60):
            while monotonic() < began + 30:
                time.sleep(0.01)
        ring_now()
        time.sleep(0.05)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert monotonic() - began < 10


def app_target() -> Any:
    return AppTarget("", page, Settings(paths=("/a", "/b")))


def middleware_target() -> Any:
    return MiddlewareTarget("", lambda app: app, Settings())


def server_target() -> Any:
    return ServerTarget(InProcess("self", ReferenceServer), Settings(timeout=3), patience=0.5)


TARGETS = [app_target, middleware_target, server_target]


@pytest.mark.parametrize("make", TARGETS)
def test_a_target_whose_time_is_up_before_it_begins_is_not_put_to_the_test(make: Callable[[], Any]) -> None:
    target = make()
    try:
        assert target.ended_early is None
        target.bound(Deadline(monotonic()), Progress())
        rules = [rule for rule in target.rules() if rule.on or rule.id.startswith("close")]
        findings, results = judge_all(target, rules)
        assert findings == []
        assert {(result.verdict, result.reason) for result in results} == {(Verdict.NOT_EXERCISED, TOO_LATE)}
        assert target.ended_early == TOO_LATE
        assert any(line.startswith(TOO_LATE) for line in target.summary_lines())
    finally:
        target.close()


@pytest.mark.parametrize(("make", "calls"), [(app_target, 60), (middleware_target, 12), (server_target, 16)])
def test_what_was_played_before_the_end_is_judged(make: Callable[[], Any], calls: int) -> None:
    target = make()
    try:
        target.bound(AfterCalls(calls), Progress())
        rules = [rule for rule in target.rules() if rule.on]
        findings, results = judge_all(target, rules)
        assert findings == []
        verdicts = [result.verdict for result in results]
        assert set(verdicts) == {Verdict.HELD, Verdict.NOT_EXERCISED}
        assert {result.reason for result in results if result.verdict is Verdict.NOT_EXERCISED} == {TOO_LATE}
        assert target.ended_early == TOO_LATE
    finally:
        target.close()


def test_an_exchange_that_the_end_cuts_short_is_no_fault_of_the_app() -> None:
    target = AppTarget("", sleeping, Settings(timeout=30))
    began = monotonic()
    target.bound(Deadline(began + 0.3), Progress())
    findings, _ = judge_all(target, choose(("answers-in-time", "status-*")))
    target.close()
    assert findings == []
    assert monotonic() - began < 10
    assert target.ended_early == TOO_LATE


def test_a_child_interpreter_is_stopped_at_the_end(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sleepy_site.py").write_text("import time\n\ndef app(environ, start_response):\n    time.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    run = open_run("app", "sleepy_site:app", Settings(timeout=30, isolate=True, cwd=str(tmp_path)))
    began = monotonic()
    looks: list[Progress] = []
    run.bound(Deadline(began + 0.5), Progress(looks.append))
    try:
        findings, _ = judge_all(run, choose(("answers-in-time", "status-*")))
        assert findings == []
        assert monotonic() - began < 15
        assert run.ended_early == TOO_LATE
        assert looks
    finally:
        run.close()


def test_a_run_that_came_to_its_end_in_time_says_nothing_of_it() -> None:
    target = app_target()
    deadline = Deadline()
    target.bound(deadline, Progress())
    judge_all(target, choose(("status-*",)))
    deadline.end(ENDED)
    assert target.ended_early is None
    assert not any(ENDED in line for line in target.summary_lines())
    target.close()
