"""The corpus of conforming apps: no rule of error or warning level reports any of them."""

from __future__ import annotations

import random
import threading

import pytest

from pytest_wsgiconform import Level, check_app
from tests.corpora.collecting import Program, programs
from tests.targets.app.served import found_by_validator

CONFORMING = programs("apps/conforming")

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.mark.parametrize("program", CONFORMING, ids=lambda program: program.id)
def test_the_validator_reports_nothing(program: Program) -> None:
    assert [str(found) for found in found_by_validator(program.make()) if found.level is not Level.ADVICE] == []


@pytest.mark.parametrize("program", CONFORMING, ids=lambda program: program.id)
def test_the_suite_reports_nothing(program: Program) -> None:
    random.seed(1)
    report = check_app(program.make(), ["/page"], timeout=60)
    assert [str(finding) for finding in report.findings if finding.level is not Level.ADVICE] == []
    assert threading.active_count() < 50


@pytest.mark.slow
def test_both_modes_of_the_validator_find_the_same() -> None:
    for program in CONFORMING:
        quick, thorough = ({found.rule for found in found_by_validator(program.make(), mode)} for mode in (False, True))
        assert quick == thorough, program.id
