"""All formats are drawn from one document, so their numbers and their ids are the same."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from pytest_wsgiconform.plugin.options import REPORT_FORMATS
from pytest_wsgiconform.report import badge, html, json_report, markdown, sarif
from pytest_wsgiconform.report.baseline import Entry, Outdated
from pytest_wsgiconform.report.document import Document
from pytest_wsgiconform.report.json_report import plain
from pytest_wsgiconform.report.lines import FileLines
from pytest_wsgiconform.report.policy import Policy
from pytest_wsgiconform.report.tally import tally
from pytest_wsgiconform.rules.model import Level
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import SCRIPT, document, finding

ERROR, OTHER = "status-native-string", "header-no-persistence"
WARNING = next(rule.id for rule in catalogue().values() if rule.level == "warning")
ADVICE = next(rule.id for rule in catalogue().values() if rule.level == "advice")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "json-schema.json").read_text(encoding="utf-8"))

ENTRY = Entry(ERROR, "shop:app", "a.py::f")
DOCUMENTS = {
    "clean": document(),
    "broken": document([finding(ERROR, 12), finding(ERROR, 40, message=SCRIPT), finding(OTHER, None)]),
    "mixed": document(
        [finding(ERROR, 12), finding(OTHER, 50, baselined=True), finding(WARNING, 60), finding(ADVICE, 70)],
        baseline=Outdated((ENTRY,), (replace(ENTRY, expires=datetime.date(2026, 1, 1)),)),
    ),
    "strict": document(
        [finding(WARNING, 60)],
        policy=Policy(Level.WARNING, rules_version=(0, 1)),
        coverage=(FileLines("a.py", (1,), (2,)),),
    ),
    "cut short": document([finding(ERROR, 12)], complete=False, exit=2),
}

PLAIN = plain(DOCUMENTS["broken"])


@pytest.fixture(params=list(DOCUMENTS), ids=lambda name: name.replace(" ", "-"))
def made(request: pytest.FixtureRequest) -> Document:
    return DOCUMENTS[request.param]


def test_the_json_report_keeps_its_schema(made: Document, tmp_path: Path) -> None:
    json_report.write(made, tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    assert read == plain(made)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"schema": "pytest-wsgiconform/2"}, "schema"),
        ({"exit": "1"}, "exit"),
        ({"findings": [{**PLAIN["findings"][0], "level": "fatal"}]}, "findings"),
        ({"rules": [{**PLAIN["rules"][0], "verdict": "passed"}]}, "rules"),
    ],
)
def test_the_schema_can_say_no(change: dict[str, object], where: str) -> None:
    with pytest.raises(jsonschema.ValidationError) as error:
        jsonschema.Draft202012Validator(SCHEMA).validate({**PLAIN, **change})
    assert error.value.absolute_path[0] == where


def test_the_schema_knows_every_key_that_is_written(made: Document) -> None:
    read = plain(made)
    assert set(read) <= set(SCHEMA["properties"])
    for kind in ("finding", "rule"):
        for row in read[f"{kind}s"]:
            assert set(row) <= set(SCHEMA["$defs"][kind]["properties"])


def test_sarif_has_the_same_findings(made: Document) -> None:
    run = sarif.log(made)["runs"][0]
    levels = {"error": "error", "warning": "warning", "advice": "note"}
    assert [(r["ruleId"], r["level"], "suppressions" in r) for r in run["results"]] == [
        (f.rule, levels[f.level], f.baselined) for f in made.findings
    ]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {record.rule for record in made.records}


def test_html_has_the_same_findings_and_names_them_as_sarif_does(made: Document) -> None:
    text = html.render(made)
    names = [r["partialFingerprints"]["wsgiconform/v1"][:16] for r in sarif.log(made)["runs"][0]["results"]]
    assert sorted(re.findall(r'id="finding-([0-9a-f]{16})"', text)) == sorted(names)
    assert set(re.findall(r'<article class="rule" id="rule-([a-z0-9-]+)"', text)) == {r.rule for r in made.records}
    assert f"<b>{tally(made).failing}</b> to mend" in text
    assert f"<b>{made.clauses.held}</b> of {made.clauses.total} clauses held" in text


def test_markdown_has_the_same_findings(made: Document) -> None:
    text = markdown.render(made)
    rows = re.findall(r"^\| (error|warning|advice|known) \| `([a-z0-9-]+)` \| (\w+) \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(("known" if f.baselined else f.level, f.rule, f.blame) for f in made.findings)
    assert f"Clauses: {made.clauses.held} held and {made.clauses.broken} broken" in text


def test_the_badge_is_red_exactly_when_the_summary_says_that_rules_are_broken(made: Document) -> None:
    told = markdown.render(made).startswith("## ❌")
    assert (badge.badge(made)["color"] == "red") == told == (tally(made).failing > 0 and made.complete)


def test_every_format_can_be_asked_for(made: Document, tmp_path: Path) -> None:
    import importlib

    for name, module in REPORT_FORMATS.items():
        importlib.import_module(module).write(made, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 50
