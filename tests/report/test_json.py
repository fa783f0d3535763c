"""The JSON report: the document and nothing but it, written whole or not at all."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from pytest_wsgiconform.report.baseline import Entry, Outdated
from pytest_wsgiconform.report.json_report import plain, write
from pytest_wsgiconform.report.lines import FileLines
from pytest_wsgiconform.report.policy import Ignore, Policy
from pytest_wsgiconform.rules.model import Level
from tests.report.documents import document, finding

RULE = "status-native-string"


def test_what_is_written_reads_back_as_it_was(tmp_path: Path) -> None:
    made = document([finding(RULE, message="é \u2603 \ud800")])
    write(made, tmp_path / "out.json")
    data = (tmp_path / "out.json").read_bytes()
    assert data.isascii() and data.endswith(b"}\n")
    read = json.loads(data)
    assert read == plain(made)
    assert (read["schema"], read["exit"]) == ("pytest-wsgiconform/1", 1)
    assert read["findings"][0]["message"] == "é \u2603 \ud800"


def test_a_failure_leaves_the_earlier_report(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("earlier")
    with pytest.raises(TypeError):
        write(document([finding(RULE, evidence={"x": object()})]), path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_not_asked_for_is_null() -> None:
    made = plain(document())
    assert (made["policy"], made["baseline"], made["coverage"]) == (None, None, None)


def test_the_policy_is_plain_data() -> None:
    policy = Policy(Level.WARNING, {"b": Level.ADVICE, "a": Level.ERROR}, [Ignore(("x",), "y", "z")], (0, 1))
    assert plain(document(policy=policy))["policy"] == {
        "fail_on": "warning",
        "levels": {"a": "error", "b": "advice"},
        "ignore": [{"rules": ["x"], "path": "y", "reason": "z"}],
        "rules_version": "0.1",
    }
    assert plain(document(policy=Policy()))["policy"]["rules_version"] is None


def test_entries_of_the_baseline_and_lines_are_plain_data() -> None:
    entry = Entry(RULE, "shop:app", "a.py::f", "seen", "why", "issue", datetime.date(2027, 3, 31))
    made = plain(document(baseline=Outdated(expired=(entry,)), coverage=(FileLines("a.py", (1, 2), (3,)),)))
    assert made["baseline"]["stale"] == []
    (expired,) = made["baseline"]["expired"]
    assert list(expired.items()) == [
        ("rule", RULE),
        ("target", "shop:app"),
        ("where", "a.py::f"),
        ("seen", "seen"),
        ("why", "why"),
        ("issue", "issue"),
        ("expires", "2027-03-31"),
    ]
    assert made["coverage"] == {"files": [{"file": "a.py", "covered": [1, 2], "missing": [3]}]}
