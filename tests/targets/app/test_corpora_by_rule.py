"""The corpora: each broken app is caught by the rule that it names, no tricky one is spoken of at all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform import Blame, Finding, Level, check_app
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.model import play
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.targets.verdicts import finding_of_run
from tests.corpora.apps.broken import exchanges as broken_exchanges
from tests.corpora.apps.broken import responses as broken_responses
from tests.corpora.apps.conforming import responses as tricky

BROKEN = [*broken_responses.corpus.entries, *broken_exchanges.corpus.entries]
ORDINARY = ("get", "post", "head", "file-wrapper")
RULES = [rule for rule in catalogue().values() if rule.side is Blame.APP]
#: The stimuli of these need no more than this; the hanging apps would use up the whole limit each time.
LIMITS = {"answers-in-time": 0.4}


def found_by(rule_id: str, app: Any) -> list[Finding]:
    """Play what *rule_id* looks at, and return its findings."""
    rule = catalogue()[rule_id]
    names = ORDINARY if rule.on else ("get", "post") if rule.stimuli == ("*",) else rule.stimuli
    found: list[Finding] = []
    for stimulus in app_stimuli():
        if stimulus.id in names:
            run = play(stimulus, app, [rule] if rule.on else [], "/page", LIMITS.get(rule_id, 20.0))
            found += [finding for finding in run.findings if finding.rule == rule_id]
            if rule.stimuli:
                found += [finding_of_run(rule, fault, run) for fault in rule.check(run) or ()]
    return found


@pytest.mark.parametrize(
    ("rule_id", "factory"), [(r, f) for r, _, f in BROKEN], ids=[f"{r}-{name}" for r, name, _ in BROKEN]
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_broken_app_is_caught_by_its_rule(rule_id: str, factory: Callable[[], Any]) -> None:
    found = found_by(rule_id, factory())
    assert found
    assert {finding.blame for finding in found} == {Blame.APP}


def test_the_broken_ones_are_many_and_each_exchange_rule_has_two() -> None:
    counted = Counter(rule for rule, _, _ in BROKEN)
    assert len(BROKEN) >= 100
    once = ("portable-across-servers", "traps-own-errors", "validators-honoured", "body-read-in-pieces")
    few = {r.id: counted[r.id] for r in RULES if r.stimuli and r.section != "process" and counted[r.id] < 2}
    assert {name: count for name, count in few.items() if name not in (*once, "url-without-default-port")} == {}
    assert all(counted[name] for name in once)


@pytest.mark.parametrize(("label", "name", "factory"), tricky.corpus.entries, ids=tricky.corpus.ids())
def test_tricky_app_is_not_spoken_of(label: str, name: str, factory: Callable[[], Any]) -> None:
    random.seed(1)
    report = check_app(factory(), ["/page"], timeout=60)
    assert [str(finding) for finding in report.findings if finding.level is not Level.ADVICE] == []


def test_the_tricky_ones_are_many() -> None:
    assert len(tricky.corpus.entries) >= 60
