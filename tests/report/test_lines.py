"""Lines that ran in one process of a run have run."""

from __future__ import annotations

from pytest_wsgiconform.report.lines import FileLines, together


def test_processes_add_up() -> None:
    first = {"files": {"/p/shop.py": {"statements": 3, "reached": [1, 2], "missing": [3]}}}
    second = {"files": {"/p/shop.py": {"statements": 3, "reached": [3], "missing": [1, 2]}, "/q/x.py": _some([7])}}
    assert together([first, second], "/p") == (FileLines("/q/x.py", (7,), (8,)), FileLines("shop.py", (1, 2, 3), ()))


def test_nothing_measured_is_nothing() -> None:
    assert together([], "/p") is None


def _some(reached: list[int]) -> dict[str, object]:
    return {"statements": 2, "reached": reached, "missing": [8]}
