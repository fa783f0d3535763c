"""The table of defects in docs/wsgiref.md and the tests of defects say the same."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "wsgiref.md"
DEFECTS = [f"d{number:02}" for number in range(1, 84)]
NOT_TOLD_APART = "No test tells the two apart:"


@functools.cache
def rows() -> dict[str, list[str]]:
    """The cells of each row behind its id: the defect, what ours does, the names of tests."""
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\| d\d\d \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


@functools.cache
def defect_tests() -> dict[str, bool]:
    """The tests named after defects, and whether each runs on the standard library's wsgiref too."""
    found: dict[str, bool] = {}
    for path in HERE.rglob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and re.match(r"test_d\d\d_", node.name):
                names = [getattr(getattr(mark, "func", mark), "id", "") for mark in node.decorator_list]
                assert node.name not in found, f"two tests are called {node.name}"
                found[node.name] = "defect" in names
    return found


def test_every_defect_has_its_row() -> None:
    table = rows()
    assert list(table) == DEFECTS
    for cells in table.values():
        assert len(cells) == 3
        assert all(cells), cells


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_row_names_the_tests_of_its_defect(defect: str) -> None:
    _, ours, tests = rows()[defect]
    named = re.findall(r"`(test_\w+)`", tests)
    functions = defect_tests()
    assert sorted(named) == sorted(name for name in functions if f"_{defect}_" in name)
    on_both = any(functions[name] for name in named)
    assert on_both or NOT_TOLD_APART in ours, f"no test of {defect} runs on the standard one, and no reason is given"
