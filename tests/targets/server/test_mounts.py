"""Whole servers that serve the app below a mount point, rightly and wrongly."""

from __future__ import annotations

import shlex
import sys

import pytest

from pytest_wsgiconform.rules.model import RuleResult, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.launchers import Launcher
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers import mounts
from tests.corpora.servers.mounts import SPLITS

RULE = "script-name-is-mount-point"


def judge_mounted(fault: str) -> RuleResult:
    program = shlex.join([sys.executable, mounts.__file__])
    command = f"{program} {{host}} {{port}} {{app}}"
    launcher = Launcher(name=fault, command=f"{command} - none", mounted=f"{command} {{mount}} {fault}")
    run = ServerTarget(launcher, Settings())
    try:
        return run.judge(catalogue()[RULE])
    finally:
        run.close()


@pytest.mark.parametrize("fault", [name for name in SPLITS if name != "none"])
def test_a_server_that_splits_the_path_wrongly(fault: str) -> None:
    result = judge_mounted(fault)
    assert result.verdict is Verdict.BROKEN, result
    assert result.findings[0].evidence["sent"]


def test_a_server_that_splits_it_rightly() -> None:
    result = judge_mounted("none")
    assert result.verdict is Verdict.HELD
    assert result.exercised >= 1
