"""The corpus of conforming middleware: no rule of error or warning level reports any of it."""

from __future__ import annotations

import pytest

from pytest_wsgiconform import Level, Verdict
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget
from tests.corpora.collecting import Program, programs

#: Never calls the app inside, so that nothing can be said of it: the contract calls it not judged.
NOT_JUDGED = {"everything_refused"}


@pytest.mark.parametrize("program", programs("middleware/conforming"), ids=lambda program: program.id)
def test_clean(program: Program) -> None:
    target = MiddlewareTarget("correct", program.make(), Settings())
    findings, results = judge_all(target)
    assert [f"{f} {f.stimulus} {f.request}" for f in findings if f.level is not Level.ADVICE] == []
    held = [result.rule for result in results if result.verdict is Verdict.HELD]
    judged = target.reach().judged
    assert judged is not (program.name in NOT_JUDGED)
    assert len(held) > 50 if judged else not held
