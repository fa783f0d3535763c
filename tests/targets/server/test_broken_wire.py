"""Every broken server is found by its rule; the correct base is clean."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import Level, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from tests.corpora.servers.base import Server
from tests.corpora.servers.broken import framing as broken_framing
from tests.corpora.servers.broken import requests as broken_requests
from tests.corpora.servers.broken import responses as broken_responses
from tests.targets.server.judging import judge, messages

BROKEN = [*broken_requests.BROKEN, *broken_framing.BROKEN, *broken_responses.BROKEN]
WIRE = [
    rule for rule in catalogue().values() if rule.check.__module__.startswith("pytest_wsgiconform.rules.server.wire.")
]

#: Choices of the base that are told as advice, and what can't happen at a root mount.
CHOICES = {
    "proxy-field-not-passed-on": Verdict.BROKEN,
    "chunk-extension-blanks-removed": Verdict.BROKEN,
    "chunk-extensions-limited": Verdict.BROKEN,
    "dot-segments-stay-in-mount": Verdict.NOT_EXERCISED,
}


@pytest.mark.parametrize(("server", "rule"), BROKEN, ids=lambda value: getattr(value, "__name__", value))
def test_broken_server_is_found(server: type[Server], rule: str) -> None:
    # These servers fail whatever the patience; it only costs time where they hang.
    result = judge(server, rule, patience=0.7)[rule]
    assert result.verdict is Verdict.BROKEN, (result, messages(result))
    for finding in result.findings:
        assert finding.evidence["sent"]
        assert finding.evidence["repro"].startswith(("printf ", "python3 "))


def test_base_is_clean() -> None:
    results = judge(Server, *(rule.id for rule in WIRE))
    wrong = {
        rule: (result.verdict.value, messages(result), result.reason)
        for rule, result in results.items()
        if result.verdict is not CHOICES.get(rule, Verdict.HELD)
    }
    assert wrong == {}


def test_every_rule_of_error_level_has_a_broken_server() -> None:
    tried = {rule for _, rule in BROKEN}
    missing = [rule.id for rule in WIRE if rule.level is Level.ERROR and rule.id not in tried]
    assert missing == ["dot-segments-stay-in-mount"], "at a root mount there is no outside"
