"""The badge is green only for a whole run in which something held and nothing failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_wsgiconform.report import badge
from pytest_wsgiconform.report.document import Document
from tests.report.documents import document, finding

ERROR = "status-native-string"
CLEAN = document()
HELD = f"{CLEAN.clauses.held} of {CLEAN.clauses.total} clauses"


@pytest.mark.parametrize(
    ("made", "message", "color"),
    [
        (CLEAN, HELD, "brightgreen"),
        (document([finding(ERROR, 1), finding(ERROR, 2)]), "1 broken", "red"),  # rules, as in the other formats
        (document(complete=False), "incomplete", "lightgrey"),
        (document(records=()), "not exercised", "lightgrey"),
    ],
)
def test_the_badge(made: Document, message: str, color: str) -> None:
    drawn = badge.badge(made)
    assert drawn == {"schemaVersion": 1, "label": "PEP 3333", "message": message, "color": color}


def test_a_known_finding_makes_it_yellow(tmp_path: Path) -> None:
    badge.write(document([finding(ERROR, baselined=True)]), tmp_path / "badge.json")
    drawn = json.loads((tmp_path / "badge.json").read_text())
    assert drawn["color"] == "yellow"
    assert drawn["message"].endswith("clauses, 1 known")
