"""The corpus of broken servers: each is found by its rule, and its fault is not reported by others."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import Level, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from tests.corpora.collecting import Program, by_rule
from tests.rules.wings import rules_of
from tests.targets.server.judging import SHORT, judge, messages

BROKEN = by_rule("servers/broken")

#: Rules without a broken server: they are about a server that the base, mounted at the root, is not.
NEVER_BROKEN = {"dot-segments-stay-in-mount"}

#: Rules that look at the connections of others: what has to be played first.
AFTER = {"server-survives": ("raising-step-trapped",)}


@pytest.mark.parametrize(("rule", "broken"), BROKEN, ids=[f"{broken.name}-{rule}" for rule, broken in BROKEN])
def test_the_fault_is_found_and_nothing_else(rule: str, broken: Program) -> None:
    results = judge(broken.make(), *AFTER.get(rule, ()), rule, *broken.apart, patience=SHORT)
    found = results[rule]
    assert found.verdict is Verdict.BROKEN, (found.verdict, found.reason, messages(found))
    for finding in found.findings:
        assert finding.rule == rule
        assert finding.evidence["sent"], "a finding shows the bytes"
        assert finding.evidence["repro"].startswith(("printf ", "python3 "))
    for apart in broken.apart:
        result = results[apart]
        wrong = catalogue()[apart].level is Level.ERROR and result.verdict is Verdict.BROKEN
        assert not wrong, (apart, messages(result))


def test_every_rule_of_error_level_for_the_wire_has_a_broken_server() -> None:
    tried = {rule for rule, _ in BROKEN}
    missing = {rule.id for rule in rules_of("server.wire") if rule.level is Level.ERROR} - tried
    assert missing == NEVER_BROKEN
