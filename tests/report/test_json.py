"""The JSON report: the document and nothing but it, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_wsgiconform.report.json_report import write


def test_what_is_written_reads_back_as_it_was(tmp_path: Path) -> None:
    document = {"schema": "pytest-wsgiconform/1", "findings": [{"message": "é \u2603 \ud800"}], "exit": 1}
    write(document, tmp_path / "out.json")
    data = (tmp_path / "out.json").read_bytes()
    assert data.isascii() and data.endswith(b"}\n")
    assert json.loads(data) == document


def test_a_failure_leaves_the_earlier_report(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("earlier")
    with pytest.raises(TypeError):
        write({"x": object()}, path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]
