"""The catalogue as a whole."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from pytest_wsgiconform.rules.model import Level
from pytest_wsgiconform.rules.records.app import AppRun
from pytest_wsgiconform.rules.registry import app_rule, catalogue


def test_the_order_does_not_depend_on_what_was_imported_first() -> None:
    script = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]: importlib.import_module('pytest_wsgiconform.rules.' + name)\n"
        "from pytest_wsgiconform.rules.registry import catalogue, event_rules\n"
        "event_rules()\n"
        "print(*catalogue())\n"
    )
    orders = {
        subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, check=True).stdout
        for names in ([], ["server.wire.length", "events.body"], ["middleware.general", "events.status"])
    }
    assert len(orders) == 1


def _check(run: AppRun) -> None:
    """Something holds.

    Because it should.
    """


def _unexplained(run: AppRun) -> None:
    """Something holds."""


@pytest.mark.parametrize(
    ("check", "changed", "reason"),
    [
        (
            _check,
            {"clauses": ("status-strr",)},
            "no clause 'status-strr' in clauses.json; did you mean status-str",
        ),
        (_check, {"id": "status-has-reason"}, "defined twice"),
        (_check, {"stimuli": ()}, "name the stimuli"),
        (_check, {"section": ""}, "give section=, or SECTION once in its file"),
        (_unexplained, {}, "its docstring must say what must hold"),
    ],
)
def test_a_card_that_lacks_something_is_refused(check: Any, changed: dict[str, Any], reason: str) -> None:
    card: dict[str, Any] = {
        "id": "never-registered",
        "section": "http",
        "level": Level.ERROR,
        "clauses": ("status-str",),
        "stimuli": ("get",),
        "hint": "Do it.",
        "since": "0.2",
    }
    with pytest.raises(ValueError, match=reason):
        app_rule(**{**card, **changed})(check)
    assert "never-registered" not in catalogue()
