"""Servers that keep the rules: the base of all broken ones, and the corpus of odd ones."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import Blame, Level, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from tests.corpora.collecting import Program, by_rule, programs
from tests.corpora.servers.base import Server
from tests.rules.wings import rules_of
from tests.targets.server.judging import SHORT, judge, messages

#: Choices of the base that are reported as advice, and what can't happen at a root mount.
CHOICES = {
    "proxy-field-not-passed-on": Verdict.BROKEN,
    "chunk-extension-blanks-removed": Verdict.BROKEN,
    "chunk-extensions-limited": Verdict.BROKEN,
    "dot-segments-stay-in-mount": Verdict.NOT_EXERCISED,
}

#: Servers, not the functions beside them.
ODD = [program for program in programs("servers/conforming") if isinstance(program.make(), type)]

#: The rules that look for faults which conforming oddities resemble.
RESEMBLED = sorted({rule for rule, broken in by_rule("servers/broken") if broken.apart})


def test_the_base_server_keeps_every_rule() -> None:
    rules = {rule.id: rule for rule in catalogue().values() if rule.side is Blame.SERVER}
    results = judge(Server, *rules)
    wrong = {
        name: (result.verdict.value, messages(result), result.reason)
        for name, result in results.items()
        if result.verdict in (Verdict.BROKEN, Verdict.INCONCLUSIVE) and rules[name].level is not Level.ADVICE
    }
    assert wrong == {}
    held = sum(result.verdict is Verdict.HELD for result in results.values())
    assert held >= 0.9 * len(results), [name for name, r in results.items() if r.verdict is not Verdict.HELD]
    wire = {rule.id: CHOICES.get(rule.id, Verdict.HELD) for rule in rules_of("server.wire")}
    assert {name: results[name].verdict for name in wire} == wire


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_what_is_odd_is_not_called_an_error(odd: Program) -> None:
    results = judge(odd.make(), *RESEMBLED, patience=SHORT)
    broken = {rule: messages(result) for rule, result in results.items() if result.verdict is Verdict.BROKEN}
    assert {rule: broken[rule] for rule in broken if catalogue()[rule].level is Level.ERROR} == {}
    assert set(broken) <= set(odd.allowed)
