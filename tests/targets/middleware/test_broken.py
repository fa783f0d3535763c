"""The corpus of broken middleware: each is caught by its rule, and nobody else is blamed."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_wsgiconform import Blame, Verdict
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget
from tests.corpora.collecting import Program, by_rule

BROKEN = by_rule("middleware/broken")
STIMULI = [stimulus for stimulus in middleware_stimuli() if stimulus.id != "large"]


@pytest.mark.parametrize(("rule", "broken"), BROKEN, ids=[f"{rule}-{broken.name}" for rule, broken in BROKEN])
def test_caught_by_its_rule_and_blamed_on_the_middleware(rule: str, broken: Program) -> None:
    target = MiddlewareTarget("broken", broken.make(), Settings(timeout=5.0), STIMULI, as_app=False)
    result = target.judge(catalogue()[rule])
    assert result.verdict is Verdict.BROKEN
    findings, _ = judge_all(target)
    assert {finding.blame for finding in findings} == {Blame.MIDDLEWARE}


def test_each_rule_for_middleware_has_two_more_broken_ones() -> None:
    """Beside its own example."""
    counted = Counter(rule for rule, _ in BROKEN)
    own = [rule.id for rule in catalogue().values() if rule.side is Blame.MIDDLEWARE]
    assert {rule: counted[rule] for rule in own if counted[rule] < 2} == {}, (
        "write broken middleware for these rules, two for each that fail in different ways, in "
        "tests/corpora/middleware/broken/, as @corpus.program(RULE)"
    )
