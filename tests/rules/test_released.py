"""What was released stays: no rule or clause is lost or renamed, and what is new says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_wsgiconform._version import __version__
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.rules.scaffold.order import next_release
from tests.rules.released import CLAUSES, LINES, LIST, RULES, facts, new_lines

ROOT = Path(__file__).parents[2]


def test_the_list_is_read() -> None:
    assert RULES["close-called"] == "0.1"
    assert CLAUSES["status-str"] == ("must", "passive", "app,middleware")
    assert len(RULES) + len(CLAUSES) == len(LINES)


def test_no_released_rule_is_lost() -> None:
    lost = [rule for rule in RULES if rule not in catalogue()]
    assert not lost, f"rules that were released are gone or renamed: {lost}; people's settings and baselines name them"


def test_no_released_clause_is_lost() -> None:
    lost = [clause for clause in CLAUSES if clause not in clauses()]
    assert not lost, f"clauses that were released are gone or renamed: {lost}; reports name them"


@pytest.mark.parametrize("rule", catalogue().values(), ids=lambda rule: rule.id)
def test_a_rule_says_since_which_release_it_is_there(rule: Rule) -> None:
    wanted = RULES.get(rule.id, next_release(__version__))
    assert rule.since == wanted, (
        f'{rule.id}: write since="{wanted}" on its card. It was in no release before, and wsgi_rules_version keeps new '
        f"rules from people who pinned an older one. For a release, add it to {LIST.name}: see docs/releasing.md"
    )


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_released_clause_keeps_what_it_says(clause: str) -> None:
    assert facts(clause) == CLAUSES[clause], (
        f"{clause} was released as {CLAUSES[clause]}; if that was wrong, correct {LIST.name}, too, "
        "and say so in CHANGELOG.md"
    )


def unnamed(changelog: str, rules: dict[str, str]) -> dict[str, list[str]]:
    """Return, for each release after the first that has a heading in *changelog*, the rules that it does not name."""
    parts = dict(re.findall(r"^## (\d+\.\d+)\S*[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL))
    missing = {
        release: [rule for rule, since in rules.items() if since == release and f"`{rule}`" not in text]
        for release, text in parts.items()
        if release != "0.1"
    }
    return {release: names for release, names in missing.items() if names}


def test_the_changelog_names_the_rules_that_a_release_added() -> None:
    missing = unnamed((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), RULES)
    assert missing == {}, f"CHANGELOG.md, under Rules of the release, name {missing}"


def test_a_rule_that_the_changelog_lacks_is_found() -> None:
    changelog = "## Unreleased\n\n`c-c`\n\n## 0.2.0 (a day)\n\n### Rules\n\n- `a-a`\n\n## 0.1.0\n\nAll.\n"
    assert unnamed(changelog, {"a-a": "0.2", "b-b": "0.2", "c-c": "0.3", "old": "0.1"}) == {"0.2": ["b-b"]}


def test_what_is_new_is_listed_for_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "close-called")
    monkeypatch.delitem(CLAUSES, "status-str")
    added = new_lines("9.9")
    assert "9.9 rule close-called" in added
    assert "9.9 clause status-str must passive app,middleware" in added
