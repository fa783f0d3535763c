"""What a route gets that is slow, hangs, or kills the interpreter, with thresholds a tenth of the real ones."""

from __future__ import annotations

import re
import time
from time import monotonic
from typing import Any

import pytest

from pytest_wsgiconform import Verdict
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.rules.records.app import AppRun, ExchangeRecord
from pytest_wsgiconform.rules.registry import catalogue, choose
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.targets.app import pace
from pytest_wsgiconform.targets.app.pace import Estimate, Pace
from pytest_wsgiconform.targets.app.routes import Route
from pytest_wsgiconform.targets.app.target import AppTarget

ALL = [stimulus.id for stimulus in app_stimuli()]


def page(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


def delayed(environ: dict[str, Any], start_response: Any) -> Any:
    time.sleep(0.12)
    return page(environ, start_response)


def dripping(environ: dict[str, Any], start_response: Any) -> Any:
    def drip() -> Any:
        for byte in b"hello":
            time.sleep(0.024)
            yield bytes((byte,))

    result = page(environ, start_response)
    return drip() if result else result


def hanging(environ: dict[str, Any], start_response: Any) -> Any:
    time.sleep(60)
    return page(environ, start_response)


SITE = {"/delay": delayed, "/drip": dripping, "/hang": hanging}


def site(environ: dict[str, Any], start_response: Any) -> Any:
    return SITE.get(environ["PATH_INFO"], page)(environ, start_response)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SLOW", 0.1)
    monkeypatch.setattr(pace, "SLOW_BUDGET", 8.0)


def played_on(target: AppTarget, path: str) -> set[str]:
    return {run.stimulus for route, run in target.playing().runs if route.path == path}


def slow_note(path: str) -> re.Pattern[str]:
    return re.compile(rf"{path} takes \d\.\d s; {len(pace.SLOW_STIMULI)} of {len(ALL)} stimuli played")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("path", ["/delay", "/drip"])
def test_a_slow_route_gets_a_small_fixed_set_and_is_named(path: str) -> None:
    target = AppTarget("", site, Settings(paths=("/", path)))
    _, results = judge_all(target)
    target.close()
    assert played_on(target, "/") == set(ALL)
    assert played_on(target, path) == pace.SLOW_STIMULI
    assert any(slow_note(path).fullmatch(line) for line in target.summary_lines())
    verdicts = {result.rule: result.verdict for result in results}
    # It lost its stimulus on the slow route and was judged on the other.
    assert "threads" in catalogue()["requests-kept-apart"].stimuli
    assert "threads" not in pace.SLOW_STIMULI
    assert verdicts["requests-kept-apart"] is Verdict.HELD


@pytest.mark.usefixtures("small")
def test_a_rule_whose_stimuli_no_route_got_says_why() -> None:
    target = AppTarget("", site, Settings(paths=("/delay",)))
    _, results = judge_all(target)
    target.close()
    result = next(result for result in results if result.rule == "requests-kept-apart")
    assert result.verdict is Verdict.NOT_EXERCISED
    assert slow_note("/delay").fullmatch(result.reason)
    judged = [result for result in results if result.verdict is Verdict.HELD]
    assert len(judged) > 40


@pytest.mark.usefixtures("small")
def test_who_asks_for_one_rule_gets_it_judged_on_a_slow_route() -> None:
    target = AppTarget("", site, Settings(paths=("/delay",)))
    _, results = judge_all(target, choose(("header-list-made-anew",)))
    target.close()
    assert [result.verdict for result in results] == [Verdict.HELD]
    assert not any("stimuli played" in line for line in target.summary_lines())


def test_a_route_that_was_slow_only_at_first_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SLOW", 0.2)
    monkeypatch.setattr(pace, "SLOW_BUDGET", 5.0)
    calls = []

    def warming_up(environ: dict[str, Any], start_response: Any) -> Any:
        calls.append(1)
        time.sleep(0.5 if len(calls) == 1 else 0)
        return page(environ, start_response)

    target = AppTarget("", warming_up, Settings())
    judge_all(target)
    target.close()
    assert played_on(target, "/") == set(ALL)


def test_no_route_takes_longer_than_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "ROUTE_BUDGET", 0.5)
    target = AppTarget("", site, Settings(paths=("/delay", "/")))
    judge_all(target, choose(("status-*",)))
    target.close()
    played = len(played_on(target, "/delay"))
    assert 1 < played < len(ALL)
    assert target.playing().runs[-1][0] == Route("/")  # the next route has a budget of its own
    note = next(line for line in target.summary_lines() if line.startswith("/delay takes "))
    assert note.endswith(f" s; {played} of {len(ALL)} stimuli played")


def test_a_route_that_hangs_is_left_and_the_others_are_played() -> None:
    target = AppTarget("", site, Settings(paths=("/hang", "/"), timeout=0.5))
    began = monotonic()
    findings, _ = judge_all(target, choose(("answers-in-time", "status-*")))
    target.close()
    assert monotonic() - began < 20
    assert [finding.rule for finding in findings] == ["answers-in-time"]
    assert len(played_on(target, "/hang")) == pace.HANGS
    assert played_on(target, "/") == set(ALL)
    assert f"/hang hangs; {pace.HANGS} of {len(ALL)} stimuli played" in target.summary_lines()


def hung(stimulus: str) -> AppRun:
    return AppRun(stimulus, "/", exchanges=[ExchangeRecord("x", timed_out=True)])


def dead(stimulus: str) -> AppRun:
    return AppRun(stimulus, "/", facts={"died": "died of SIGSEGV"})


def play(whole: Pace, path: str, stimuli: list[str], bad: dict[str, Any]) -> list[str]:
    """Play *stimuli* where *bad* says which of them end badly; return those that were played."""
    route = whole.begin(Route(path), stimuli)
    played = []
    for name in stimuli:
        if route.wants(name):
            played.append(name)
            route.took(bad.get(name, lambda stimulus: AppRun(stimulus, path))(name), 0.01)
    route.end()
    return played


def test_a_stimulus_that_hangs_on_two_routes_is_left_out_on_others() -> None:
    whole, stimuli = Pace(Estimate()), ["get", "a", "b"]
    for path in ("/1", "/2"):
        assert play(whole, path, stimuli, {"a": hung}) == stimuli
    assert play(whole, "/3", stimuli, {"a": hung}) == ["get", "b"]
    why = "stimulus a hung on 2 routes, and is left out on others"
    assert whole.left_out == {"a": why}
    assert whole.summary() == [why]


def test_a_route_on_which_the_interpreter_dies_is_left_after_three_times() -> None:
    whole, stimuli = Pace(Estimate()), ["get", "a", "b", "c", "d"]
    assert play(whole, "/x", stimuli, dict.fromkeys(stimuli, dead)) == ["get", "a", "b"]
    assert whole.summary() == ["/x kills the interpreter; 3 of 5 stimuli played"]


def test_an_app_that_hangs_everywhere_is_left_after_a_dozen_times() -> None:
    whole, stimuli = Pace(Estimate()), ["get", "a", "b"]
    played = [play(whole, f"/{number}", stimuli, dict.fromkeys(stimuli, hung)) for number in range(30)]
    assert played[: pace.HANGING_ROUTES] == [["get", "a"], ["get", "a"], ["get", "b"]]
    assert sum(map(len, played)) == pace.HANGS_IN_ALL
    assert played[-1] == []
    assert whole.summary()[-1] == "the app hung or died 12 times, and nothing more was played"
    assert len(whole.summary()) < 20


def test_the_estimate_learns_from_the_route_before() -> None:
    estimate = Estimate()
    first = estimate.of(["a", "b"])
    assert first > 0
    estimate.note("a", 40)
    estimate.note("b", 2)
    assert estimate.of(["a", "b"]) == 42
    assert estimate.of(["a", "b", "c"]) > 42
    assert estimate.played == 42
