"""Broken middleware is caught by the right rule, and blamed on the middleware."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_wsgiconform import Blame, Verdict
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget
from tests.corpora.middleware.broken.agents import INDEPENDENT_BROKEN
from tests.corpora.middleware.broken.body import BROKEN

EVERY = [*BROKEN, *INDEPENDENT_BROKEN]
STIMULI = [stimulus for stimulus in middleware_stimuli() if stimulus.id != "large"]


@pytest.mark.parametrize(
    ("rule", "factory"), [(r, f) for r, _, f in EVERY], ids=[f"{r}-{name}" for r, name, _ in EVERY]
)
def test_caught_by_its_rule_and_blamed_on_the_middleware(rule: str, factory: object) -> None:
    target = MiddlewareTarget("broken", factory, Settings(), STIMULI, as_app=False)  # type: ignore[arg-type]
    result = target.judge(catalogue()[rule])
    assert result.verdict is Verdict.BROKEN
    findings, _ = judge_all(target)
    assert {finding.blame for finding in findings} == {Blame.MIDDLEWARE}


def test_each_rule_for_middleware_has_two_more_broken_ones() -> None:
    counted = Counter(rule for rule, _, _ in BROKEN)
    own = [rule.id for rule in catalogue().values() if rule.side is Blame.MIDDLEWARE]
    assert {rule: counted[rule] for rule in own if counted[rule] < 2} == {}
    assert len(BROKEN) >= 50
    assert len({name for _, name, _ in INDEPENDENT_BROKEN}) == len(INDEPENDENT_BROKEN) >= 25
