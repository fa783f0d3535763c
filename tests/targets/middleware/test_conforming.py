"""Correct middleware is clean: no rule of error or warning level speaks."""

from __future__ import annotations

import pytest

from pytest_wsgiconform import Level, Verdict
from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.middleware.target import MiddlewareTarget
from tests.corpora.middleware.conforming.libraries import CORRECT
from tests.corpora.middleware.conforming.services import INDEPENDENT_CORRECT

EVERY = [*CORRECT, *INDEPENDENT_CORRECT]


@pytest.mark.parametrize("factory", [factory for _, factory in EVERY], ids=[name for name, _ in EVERY])
def test_clean(factory: object) -> None:
    target = MiddlewareTarget("correct", factory, Settings())  # type: ignore[arg-type]
    findings, results = judge_all(target)
    assert [f"{f} {f.stimulus} {f.request}" for f in findings if f.level is not Level.ADVICE] == []
    held = [result.rule for result in results if result.verdict is Verdict.HELD]
    assert len(held) > 50


def test_there_are_enough_of_them() -> None:
    assert len(CORRECT) >= 30
    assert len(INDEPENDENT_CORRECT) >= 20
    assert len({name for name, _ in CORRECT}) == len(CORRECT)
    assert len({name for name, _ in INDEPENDENT_CORRECT}) == len(INDEPENDENT_CORRECT)
