"""Every rule for middleware: its bad example breaks it and no other error-level rule, its good one none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from pytest_wsgiconform import Finding, Level, Rule
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.rules.model import Blame, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget


def is_middleware_example(rule: Rule) -> bool:
    return rule.bad_example is not None and tuple(inspect.signature(rule.bad_example).parameters) == ("app",)


RULES = [rule for rule in catalogue().values() if is_middleware_example(rule)]


@cache
def judged(example: Callable[..., Any]) -> tuple[list[Finding], dict[str, Verdict]]:
    stimuli = [stimulus for stimulus in middleware_stimuli() if stimulus.id != "large"]  # it has a test of its own
    findings, results = judge_all(MiddlewareTarget("example", example, Settings(), stimuli, as_app=False))
    return findings, {result.rule: result.verdict for result in results}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_bad_example_breaks_its_rule_and_no_other_error_level_rule(rule: Rule) -> None:
    assert rule.bad_example is not None
    findings, verdicts = judged(rule.bad_example)
    assert verdicts[rule.id] is Verdict.BROKEN, [str(finding) for finding in findings]
    assert {finding.blame for finding in findings} == {Blame.MIDDLEWARE}
    assert [str(f) for f in findings if f.level is Level.ERROR and f.rule != rule.id] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_good_example_exercises_its_rule_and_breaks_none(rule: Rule) -> None:
    assert rule.good_example is not None
    findings, verdicts = judged(rule.good_example)
    assert [str(f) for f in findings if f.level is not Level.ADVICE or f.rule == rule.id] == []
    assert verdicts[rule.id] is Verdict.HELD


def test_every_rule_of_middleware_has_middleware_for_examples() -> None:
    own = [rule.id for rule in catalogue().values() if rule.side is Blame.MIDDLEWARE]
    assert own == [rule.id for rule in RULES]
