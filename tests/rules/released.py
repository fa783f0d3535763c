"""The list of what was released, and ``python -m tests.rules.released 0.2``: the lines that a release adds to it."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.registry import catalogue

LIST = Path(__file__).parents[1] / "data" / "released.txt"
LINES = [line.split() for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
#: Each released rule with its release.
RULES = {words[2]: words[0] for words in LINES if words[1] == "rule"}
#: Each released clause with its level, its means of observation, and whom it binds.
CLAUSES = {words[2]: tuple(words[3:]) for words in LINES if words[1] == "clause"}


def facts(clause: str) -> tuple[str, str, str]:
    """Return what the list says of a clause, as it is now."""
    now = clauses()[clause]
    return now.level, now.observe, ",".join(now.binds)


def new_lines(release: str) -> list[str]:
    """Return the lines of what *release* adds."""
    rules = [f"{release} rule {rule}" for rule in catalogue() if rule not in RULES]
    return rules + [f"{release} clause {' '.join((c, *facts(c)))}" for c in clauses() if c not in CLAUSES]


if __name__ == "__main__":
    print("\n".join(new_lines(sys.argv[1])))
