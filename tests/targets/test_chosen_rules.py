"""Judging only some rules plays only what they need, and gives the verdicts and findings of the whole run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_wsgiconform import Rule, RuleResult
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.rules.model import Blame, Verdict
from pytest_wsgiconform.rules.registry import catalogue, choose
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.targets.app.target import AppTarget
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget, binds_middleware, explained_rules
from pytest_wsgiconform.targets.plan import Plan, needs_everything
from tests.corpora.collecting import by_rule

OF_APPS = [rule for rule in catalogue().values() if rule.side is Blame.APP and not needs_everything(rule)]
OF_MIDDLEWARE = [rule for rule in catalogue().values() if binds_middleware(rule) and not needs_everything(rule)]
#: Everything but the body of 100 MB, which takes long and shows what the others show.
STIMULI = [stimulus for stimulus in middleware_stimuli() if stimulus.id != "large"]

#: Those that are found by a rule over runs. Those that hang use up their time limit at each stimulus.
APPS = {
    f"{rule}-{app.name}": app.make
    for rule, app in by_rule("apps/broken")
    if not catalogue()[rule].on and rule != "answers-in-time"
}
#: One request changes these for good. Among others it may come sooner or later than alone.
CHANGED_FOR_GOOD = {
    "run-once-not-relied-on-closes_its_store",
    "run-once-not-relied-on-stays_silent_after_the_once",
    "closed-early-safely-left_busy",
}
MIDDLEWARE = {f"{rule}-{middleware.name}": middleware.make for rule, middleware in by_rule("middleware/broken")}


def judged_app(name: str, rules: Iterable[Rule]) -> dict[str, dict[str, Any]]:
    return plain(judge_all(AppTarget("", APPS[name](), Settings(paths=("/page",))), rules)[1])


def judged_middleware(name: str, rules: Iterable[Rule]) -> dict[str, dict[str, Any]]:
    return plain(judge_all(MiddlewareTarget("m", MIDDLEWARE[name](), Settings(timeout=3.0), STIMULI), rules)[1])


def plain(results: Iterable[RuleResult]) -> dict[str, dict[str, Any]]:
    """The results by rule, without the reason: that says how much was played."""
    return {result.rule: {**result.to_dict(), "reason": ""} for result in results}


whole_app = cache(lambda name: judged_app(name, catalogue().values()))
whole_middleware = cache(lambda name: judged_middleware(name, catalogue().values()))

Judged = Callable[..., dict[str, dict[str, Any]]]


def differences(name: str, rules: list[Rule], judged: Judged, whole: Judged) -> list[Any]:
    known = whole(name)
    return [(known[rule], found) for rule, found in judged(name, rules).items() if found != known[rule]]


#: Playing is slow, and a failing example is short already.
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)


@FEW
@given(
    st.sampled_from(random.Random(5).sample(sorted(APPS.keys() - CHANGED_FOR_GOOD), 6)),
    st.lists(st.sampled_from(OF_APPS), min_size=1, max_size=4, unique=True),
)
def test_some_rules_of_an_app_are_judged_as_in_the_whole_run(name: str, rules: list[Rule]) -> None:
    assert differences(name, rules, judged_app, whole_app) == []


@FEW
@given(
    st.sampled_from(random.Random(5).sample(sorted(MIDDLEWARE), 6)),
    st.lists(st.sampled_from(OF_MIDDLEWARE), min_size=1, max_size=4, unique=True),
)
def test_some_rules_of_a_middleware_are_judged_as_in_the_whole_run(name: str, rules: list[Rule]) -> None:
    assert differences(name, rules, judged_middleware, whole_middleware) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", APPS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_each_rule_of_an_app_is_judged_as_in_the_whole_run(name: str) -> None:
    found = [pair for rule in OF_APPS for pair in differences(name, [rule], judged_app, whole_app)]
    if name in CHANGED_FOR_GOOD:
        # What the whole run can't tell any more, when its turn comes, is seen alone; nothing is seen differently.
        found = [pair for pair in found if {one["verdict"] for one in pair} in ({"held", "broken"}, {"broken"})]
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("name", MIDDLEWARE)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_each_rule_of_a_middleware_is_judged_as_in_the_whole_run(name: str) -> None:
    assert [pair for r in OF_MIDDLEWARE for pair in differences(name, [r], judged_middleware, whole_middleware)] == []


# -- what is played ------------------------------------------------------------------------------------


def small(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


def played(*rules: str) -> list[str]:
    target = AppTarget("", small, Settings(paths=("/a",)))
    judge_all(target, choose(rules))
    return [run.stimulus for _, run in target.playing().runs]


@pytest.mark.parametrize("rule", OF_APPS, ids=lambda rule: rule.id)
def test_a_rule_over_runs_plays_the_ordinary_request_and_its_own_stimuli(rule: Rule) -> None:
    assert set(played(rule.id)) == {"get", *rule.stimuli}


def test_several_rules_play_the_stimuli_of_each_in_the_usual_order() -> None:
    order = [stimulus.id for stimulus in app_stimuli()]
    assert played("url-*", "head-*-as-get") == [name for name in order if name in ("get", "head", "urls")]


@pytest.mark.parametrize("rule", ["status-has-reason", "answers-in-time"])
def test_a_rule_that_looks_at_every_exchange_plays_everything(rule: str) -> None:
    assert played(rule) == [stimulus.id for stimulus in app_stimuli()]


def test_a_rule_outside_of_the_plan_is_judged_all_the_same() -> None:
    target = AppTarget("", small, Settings(paths=("/a",)))
    rules = catalogue()
    target.plan([rules["head-status-as-get"]])
    assert target.judge(rules["head-status-as-get"]).verdict is Verdict.HELD
    assert target.judge(rules["status-has-reason"]) == AppTarget("", small, Settings(paths=("/a",))).judge(
        rules["status-has-reason"]
    )
    assert len(target.playing().runs) == len(app_stimuli())


def test_a_plan_that_was_played_already_is_not_played_again() -> None:
    calls = []

    def counting(environ: Any, start_response: Any) -> list[bytes]:
        calls.append(environ)
        return small(environ, start_response)

    target = AppTarget("", counting, Settings(paths=("/a",)))
    judge_all(target)
    number = len(calls)
    judge_all(target, choose(("url-*",)))
    assert len(calls) == number


def test_what_explains_a_rule_is_played_for_it() -> None:
    rules = catalogue()
    rule = rules["lazy-start-accepted"]
    names = [stimulus.id for stimulus in STIMULI]
    assert Plan([rule], "list").stimuli(names) == ["list", "lazy"]
    assert Plan([rule], "list", explained_rules()).stimuli(names) == ["list", "lazy", "objects"]


def test_only_middleware_rules_over_runs_explain_others_here() -> None:
    explained = explained_rules()
    assert {rule.id for rule in explained["close-called"]} == {
        "close-forwarded",
        "close-not-on-iterator",
        "close-forwarded-when-stopped",
        "close-forwarded-before-first-block",
        "close-forwarded-after-error",
    }
    assert all(not r.on and r.side is Blame.MIDDLEWARE for found in explained.values() for r in found)


# -- where rules showed --------------------------------------------------------------------------------


def again(make: Callable[[], AppTarget | MiddlewareTarget]) -> list[tuple[RuleResult, RuleResult | None]]:
    """The result of each broken rule that needs everything, and that of another run of the places where it showed."""
    first, second = make(), make()
    broken = [
        (rule, result)
        for rule in first.rules()
        if needs_everything(rule) and (result := first.judge(rule)).verdict is Verdict.BROKEN
    ]
    places = {rule.id: first.places_of(rule) for rule, _ in broken}
    second.plan([], places)
    return [(result, second.judge_again(rule)) for rule, result in broken if places[rule.id]]


def found(result: RuleResult | None) -> set[Any]:
    """What tells findings apart, without how often each was seen."""
    return {(f.location or f.message, f.blame, f.stimulus) for f in result.findings} if result is not None else set()


@pytest.mark.parametrize("name", random.Random(7).sample(sorted(APPS.keys() - CHANGED_FOR_GOOD), 8))
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broken_rule_of_an_app_shows_again_at_the_same_places(name: str) -> None:
    for whole, part in again(lambda: AppTarget("", APPS[name](), Settings(paths=("/page", "/b")))):
        assert part is not None and part.verdict is Verdict.BROKEN, whole.rule
        assert found(part) == found(whole) or len(found(whole)) > 8
        assert part.exercised <= whole.exercised


@pytest.mark.parametrize("name", random.Random(7).sample(sorted(MIDDLEWARE), 8))
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broken_rule_of_a_middleware_shows_again_at_the_same_places(name: str) -> None:
    for whole, part in again(lambda: MiddlewareTarget("m", MIDDLEWARE[name](), Settings(timeout=3.0), STIMULI)):
        assert part is not None and part.verdict is Verdict.BROKEN, whole.rule
        assert found(part) == found(whole) or len(found(whole)) > 8


def test_a_rule_that_others_explain_is_not_judged_in_part() -> None:
    make = next(make for name, make in MIDDLEWARE.items() if name.startswith("close-forwarded-"))
    target = MiddlewareTarget("m", make(), Settings(timeout=3.0), STIMULI, as_app=False)
    for name in explained_rules():
        target.judge(catalogue()[name])
        assert target.places_of(catalogue()[name]) == ()
    target.plan([], dict.fromkeys(explained_rules(), (("closing",), ("list",))))
    assert [target.judge_again(catalogue()[name]) for name in explained_rules()] == [None] * len(explained_rules())
