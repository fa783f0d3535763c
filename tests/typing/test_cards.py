"""What the type checker refuses: a check that is annotated with another event or run than its card says."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

HEAD = """
from pytest_wsgiconform.rules.model import HELD, Blame, Level, Outcome
from pytest_wsgiconform.rules.records.app import AppRun
from pytest_wsgiconform.rules.records.exchange import AppCalled, Exchange, StartResponseCalled, WriteCalled
from pytest_wsgiconform.rules.registry import app_rule, event_rule, server_rule
"""
EVENT = """
@event_rule(id="x", section="x", level=Level.ERROR, side=Blame.APP, clauses=(), hint="", since="0.2", on=%s)
def check(event: %s, exchange: Exchange) -> Outcome:
    return HELD
"""
RUN = """
@%s(id="x", section="x", level=Level.ERROR, clauses=(), hint="", since="0.2", stimuli=("get",))
def check(run: %s) -> Outcome:
    return HELD
"""
NO_SINCE = """
@app_rule(id="x", section="x", level=Level.ERROR, clauses=(), hint="", stimuli=("get",))
def check(run: AppRun) -> Outcome:
    return HELD
"""


@pytest.mark.parametrize(
    ("card", "refused"),
    [
        (EVENT % ("AppCalled", "AppCalled"), ""),
        (EVENT % ("(AppCalled, WriteCalled)", "AppCalled | WriteCalled"), ""),
        (EVENT % ("AppCalled", "StartResponseCalled"), "incompatible type"),
        (EVENT % ("(AppCalled, WriteCalled)", "AppCalled"), "incompatible type"),
        (RUN % ("app_rule", "AppRun"), ""),
        (RUN % ("server_rule", "AppRun"), "incompatible type"),
        (NO_SINCE, 'Missing named argument "since"'),
    ],
)
def test_a_card_and_its_check_agree(card: str, refused: str, tmp_path: Path) -> None:
    program = tmp_path / "card.py"
    program.write_text(HEAD + card, encoding="utf-8")
    report, errors, status = api.run(["--strict", "--cache-dir", str(tmp_path), str(program)])
    assert not errors
    assert (status == 0) is (not refused), report
    assert refused in report
