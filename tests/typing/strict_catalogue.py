"""Check the catalogue with ``mypy --strict``; the rules' examples alone are exempt, because they are users' programs.

mypy can exempt whole modules, not single functions. So ``pyproject.toml`` lets the modules of the catalogue have
functions without annotations, and this checks them again without that, and leaves out what lies in an example.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from pathlib import Path

from mypy import api

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "pytest_wsgiconform" / "rules"


def example_lines(path: Path) -> set[int]:
    """Return the lines of *path* that belong to a rule's examples."""
    lines: set[int] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(mark, ast.Attribute) and mark.attr in ("bad", "good") for mark in node.decorator_list
        ):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def faults() -> list[str]:
    """Return what mypy reports of the catalogue outside of examples, one line each."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "mypy.ini")
        config.write_text("[mypy]\nstrict = True\npython_version = 3.10\n", encoding="utf-8")
        arguments = ["--config-file", str(config), "--cache-dir", str(ROOT / ".mypy_cache/strict"), "-p"]
        report, errors, status = api.run([*arguments, "pytest_wsgiconform.rules"])
    if status == 2:
        return [*report.splitlines(), *errors.splitlines()]
    exempt = {path: example_lines(path) for path in RULES.rglob("*.py")}
    found = []
    for line in report.splitlines():
        place = line.split(":", 2)
        if len(place) < 3 or not place[1].isdigit():
            continue
        if int(place[1]) not in exempt.get((ROOT / place[0]).resolve(), set()):
            found.append(line)
    return found


if __name__ == "__main__":
    found = faults()
    print(*found, f"{len(found)} errors in the catalogue outside of examples", sep="\n")
    sys.exit(bool(found))
