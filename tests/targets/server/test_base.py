"""The base server that the broken ones are made of keeps every rule."""

from __future__ import annotations

from pytest_wsgiconform.rules.model import Level, Verdict
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Server


def test_base_server_keeps_every_rule() -> None:
    run = ServerTarget(InProcess("base", Server), Settings())
    try:
        results = {rule.id: run.judge(rule) for rule in run.rules()}
        levels = {rule.id: rule.level for rule in run.rules()}
    finally:
        run.close()
    broken = {
        name: [f"{f.stimulus}: {f.message}" for f in result.findings]
        for name, result in results.items()
        if result.verdict in (Verdict.BROKEN, Verdict.INCONCLUSIVE) and levels[name] is not Level.ADVICE
    }
    assert broken == {}
    held = sum(result.verdict is Verdict.HELD for result in results.values())
    assert held >= 0.9 * len(results), [name for name, r in results.items() if r.verdict is not Verdict.HELD]
