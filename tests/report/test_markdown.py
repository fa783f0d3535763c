"""The job summary: one screen, true, and nothing in it that the target wrote acts as Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_wsgiconform.report import markdown
from pytest_wsgiconform.report.baseline import Entry, Outdated
from pytest_wsgiconform.report.document import Document
from pytest_wsgiconform.report.policy import Policy
from pytest_wsgiconform.rules.model import Level, Location
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import SCRIPT, document, finding

ERROR, OTHER = "status-native-string", "header-no-persistence"
WARNING = next(rule.id for rule in catalogue().values() if rule.level == "warning")


def test_a_broken_app_is_told_with_rule_blame_and_line() -> None:
    text = markdown.render(document([finding(ERROR, 12), finding(OTHER, None)]))
    assert text.startswith("## ❌ WSGI conformance: `shop:app` breaks 2 rules\n")
    assert f"| error | `{ERROR}` | app | `shop/views.py:12` | {ERROR} was broken |" in text
    assert f"| error | `{OTHER}` | app | `get` |" in text
    assert "2 findings (2 error). Rules: 2 broken, " in text


def test_what_was_not_exercised_is_named() -> None:
    text = markdown.render(document())
    names = [rule.id for rule in catalogue().values() if rule.level == "advice"]
    assert f"<summary>Not exercised: {len(names)} rules</summary>" in text
    assert all(f"`{name}`" in text for name in names)


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (document(), "✅ WSGI conformance: `shop:app` keeps what was put to the test"),
        (document([finding(ERROR, baselined=True)]), "✅ WSGI conformance: `shop:app` has nothing new to answer for"),
        (document([finding(WARNING)]), "✅ WSGI conformance: `shop:app` has nothing new to answer for"),
        (document([finding(WARNING)], policy=Policy(Level.WARNING)), "❌ WSGI conformance: `shop:app` breaks 1 rule"),
        (document(exit=1), "❌ WSGI conformance: the run on `shop:app` failed, though not by a new finding"),
        (document([finding(ERROR)], complete=False), "⚠️ WSGI conformance: the run on `shop:app` was cut short"),
        (document(targets=()), "✅ WSGI conformance: the tests' own traffic keeps what was put to the test"),
    ],
)
def test_the_verdict_is_the_first_line(made: Document, verdict: str) -> None:
    assert markdown.render(made).splitlines()[0] == f"## {verdict}"


def test_it_fits_one_screen_however_much_is_broken() -> None:
    rules = list(catalogue())
    findings = [finding(rules[n % len(rules)], n, message="x" * 500) for n in range(1000)]
    lines = markdown.render(document(findings)).splitlines()
    assert len(lines) < 40
    assert f"… and {1000 - markdown.ROWS} more." in lines
    assert max(len(line) for line in lines if line.startswith("| ")) < 400


def test_new_errors_come_first_and_known_findings_last() -> None:
    findings = [finding(ERROR, 1, baselined=True), finding(WARNING, 2), finding(OTHER, 3)]
    rows = re.findall(r"^\| (error|warning|known) ", markdown.render(document(findings)), re.MULTILINE)
    assert rows == ["error", "warning", "known"]


def test_entries_of_the_baseline_that_are_out_of_date_are_told() -> None:
    entry = Entry(ERROR, "shop:app", "shop/views.py::index")
    text = markdown.render(document(baseline=Outdated((entry,), (entry,))))
    assert f"- `{ERROR}` at `shop/views.py::index` no longer occurs" in text
    assert f"- `{ERROR}` at `shop/views.py::index` has expired." in text


def test_what_the_target_says_stays_text_in_its_cell() -> None:
    hostile = f"{SCRIPT} | [x](http://evil) `code` **bold**\n| a | b |"
    place = Location("a|b`c``d.py", 1)
    row = next(
        line
        for line in markdown.render(document([finding(ERROR, message=hostile, location=place)])).splitlines()
        if line.startswith("| error")
    )
    assert "<script>" not in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert r"\[x\](http://evil) \`code\` \*\*bold\*\*" in row
    assert "```a\\|b`c``d.py:1```" in row


def test_a_file_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    markdown.write(document(), tmp_path / "summary.md")
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == markdown.render(document())


def test_a_dash_adds_to_the_summary_of_the_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("another step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    markdown.write(document(), Path("-"))
    assert summary.read_text(encoding="utf-8") == "another step\n" + markdown.render(document())


def test_a_dash_without_a_ci_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in markdown.SUMMARY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    markdown.write(document(), Path("-"))
    assert capsys.readouterr().out == markdown.render(document())
