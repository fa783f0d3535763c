"""The decisions on disputable rules: each names rules that exist, and these rules' pages link back to it."""

from __future__ import annotations

import re
from pathlib import Path

import decisions
import pytest
from catalogue import rule_page

from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.registry import catalogue

PAGES = sorted(decisions.FOLDER.glob("[0-9]*.md"))

#: The parts of a page, in this order.
PARTS = ["Question", "What the text says", "Decision", "Why", "What would change it"]


def name_of(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_rule_it_is_about_exists(page: Path) -> None:
    rules = decisions.read(page).rules
    assert rules
    assert [rule for rule in rules if rule not in catalogue()] == [], f"{page.name}, line Rules: these are no rules"
    assert len(set(rules)) == len(rules)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_other_id_in_it_exists(page: Path) -> None:
    ids = re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", page.read_text(encoding="utf-8"))
    assert [name for name in ids if name not in catalogue() and name not in clauses()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_its_parts_stand_in_order(page: Path) -> None:
    parts = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert parts == PARTS, f"the parts of {page.name} are {PARTS}, in this order"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_its_rules_link_to_it(page: Path) -> None:
    decision = decisions.read(page)
    for rule in decision.rules:
        drawn = rule_page("any", [catalogue()[rule]])
        assert f"(../decisions/{decision.name}.md)" in drawn


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_it_links_to_its_rules(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = decisions.link_rules(text)
    assert all(f"[`{rule}`](#rule-{rule})" in linked for rule in decisions.read(page).rules)
    assert linked.partition("## Question")[2] == text.partition("## Question")[2]


def test_the_numbers_are_consecutive_and_the_index_lists_each_page_once() -> None:
    assert [decisions.read(page).number for page in PAGES] == [f"{n:04}" for n in range(1, len(PAGES) + 1)]
    assert all(page.stem.startswith(decisions.read(page).number + "-") for page in PAGES)
    index = (decisions.FOLDER / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d{4}-.+)$", index, re.MULTILINE)
    assert listed == [page.stem for page in PAGES], "docs/decisions/index.md lists each page once, by number"


def test_a_rule_without_a_decision_has_no_link_to_one() -> None:
    undecided = next(rule for rule in catalogue().values() if rule.id not in decisions.by_rule())
    assert "../decisions/" not in rule_page("any", [undecided])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# A title without a number\n\nRules: `close-called`\n\n", "first line"),
        ("# 0001 A title\n\n## Question\n\nWhich?\n", "no line"),
        ("# 0001 A title\n\nRules: none\n\n", "no line"),
    ],
)
def test_a_page_without_title_or_rules_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    page = tmp_path / "0001-a-title.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"0001-a-title\.md: .*{said}"):
        decisions.read(page)
