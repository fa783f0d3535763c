"""The pages of ``docs/decisions/``: which rules each of them is about, so that the rules' own pages link to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "decisions"

_TITLE = re.compile(r"\A# (\d{4}) (.+)\n")
_RULES = re.compile(r"^Rules: (.+?)\n\n", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"`([a-z0-9-]+)`")


@dataclass(frozen=True)
class Decision:
    """One page.

    :param name: the file's name without its suffix. :param number: four digits, as in the name.
    :param title: its heading without the number. :param rules: ids of the rules that it is about, in the page's order.
    """

    name: str
    number: str
    title: str
    rules: tuple[str, ...]


def read(path: Path) -> Decision:
    """Read one page.

    :raises ValueError: when its first line is not ``# NNNN Title``, or no line ``Rules: `id`, `id``` follows.
    """
    text = path.read_text(encoding="utf-8")
    title, rules = _TITLE.match(text), _RULES.search(text)
    if title is None:
        raise ValueError(f"{path.name}: the first line must be '# NNNN Title'")
    if rules is None or not _ID.findall(rules[1]):
        raise ValueError(f"{path.name}: there is no line 'Rules: `id`, `id`' with an empty line after it")
    return Decision(path.stem, title[1], title[2], tuple(_ID.findall(rules[1])))


def decisions(folder: Path = FOLDER) -> list[Decision]:
    """Return all decisions, by number."""
    return [read(path) for path in sorted(folder.glob("[0-9]*.md"))]


def by_rule() -> dict[str, list[Decision]]:
    """Return the decisions about each rule that has one."""
    found: dict[str, list[Decision]] = {}
    for decision in decisions():
        for rule in decision.rules:
            found.setdefault(rule, []).append(decision)
    return found


def link_rules(text: str) -> str:
    """Make links to the rules' pages of the ids in a page's line of rules; the file itself stays readable as it is."""
    return _RULES.sub(lambda line: _ID.sub(r"[`\1`](#rule-\1)", line[0]), text, count=1)
