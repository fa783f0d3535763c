"""No rule lands half-written: the marks that ``python -m pytest_wsgiconform.rules new`` leaves are filled in."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.rules.scaffold.templates import MARK

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "pytest_wsgiconform", ROOT / "tests" / "corpora")

_LEFT = re.compile(rf"\b{MARK}\((?P<rule>[\w-]*)\): *(?P<what>[^\"\n]*)")


@cache
def left() -> dict[str, list[str]]:
    """Return for each rule what is left to be written, with its place."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for folder in FOLDERS for path in folder.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for match in _LEFT.finditer(line):
                found[match["rule"]].append(f"{path.relative_to(ROOT).as_posix()}:{number}: {match['what'].strip()}")
    return found


@pytest.mark.parametrize("rule", catalogue())
def test_the_rule_is_written(rule: str) -> None:
    places = left().get(rule, [])
    if places:
        pytest.fail(f"{rule} is half-written. Write what each line asks for:\n" + "\n".join(places), pytrace=False)


def test_every_mark_is_of_a_rule() -> None:
    strange = {rule: places for rule, places in left().items() if rule not in catalogue()}
    assert strange == {}, "these marks name no rule (any more): fill in or remove what they stand in"
