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
NEVER_BROKEN = {"dot-segments-stay-in-mount", "script-name-is-mount-point"}

#: Rules that look at the connections of others: what has to be played first.
AFTER = {"server-survives": ("raising-step-trapped",)}


@pytest.mark.parametrize(("rule", "broken"), BROKEN, ids=[f"{broken.name}-{rule}" for rule, broken in BROKEN])
def test_the_fault_is_found_and_nothing_else(rule: str, broken: Program) -> None:
    results = judge(broken.make(), *AFTER.get(rule, ()), rule, *broken.apart, patience=SHORT)
    found = results[rule]
    assert found.verdict is Verdict.BROKEN, (found.verdict, found.reason, messages(found))
    for finding in found.findings:
        assert finding.rule == rule
        assert finding.evidence["sent"] or "does not start" in finding.message, "a finding shows the bytes"
        assert finding.evidence["repro"].startswith(("printf ", "python3 "))
    for apart in broken.apart:
        result = results[apart]
        wrong = catalogue()[apart].level is Level.ERROR and result.verdict is Verdict.BROKEN
        assert not wrong, (apart, messages(result))


@pytest.mark.parametrize("wing", ["server.wsgi", "server.wire"])
def test_every_rule_has_a_broken_server(wing: str) -> None:
    """Those of error level, and all that came after the first release."""
    tried = {rule for rule, _ in BROKEN}
    missing = {rule.id for rule in rules_of(wing) if rule.level is Level.ERROR or rule.since != "0.1"} - tried
    assert missing - NEVER_BROKEN == set(), (
        "write a broken server for these rules in tests/corpora/servers/broken/: a subclass of a part of the base that "
        "overrides one method, as @corpus.program(RULE, wrap=server_of)"
    )
