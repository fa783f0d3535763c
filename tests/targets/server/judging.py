"""Judging servers of the corpora in this process."""

from __future__ import annotations

from pytest_wsgiconform.rules.model import RuleResult
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.runner import QUIET
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Server

#: How long the client waits for a byte of a server whose fault does not depend on that, in seconds.
SHORT = 0.4


def judge(server_class: type[Server], *rules: str, patience: float = QUIET) -> dict[str, RuleResult]:
    """Start *server_class* and judge the named rules on it. :param patience: how long the client waits for a byte."""
    run = ServerTarget(InProcess(server_class.__name__, server_class), Settings(timeout=8.0), patience=patience)
    try:
        return {rule: run.judge(catalogue()[rule]) for rule in rules}
    finally:
        run.close()


def messages(result: RuleResult) -> list[str]:
    return [f"{finding.stimulus}: {finding.message}" for finding in result.findings]
