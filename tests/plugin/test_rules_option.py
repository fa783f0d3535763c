"""--wsgi-rules: the catalogue on the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_wsgiconform.rules.registry import catalogue


def test_the_whole_catalogue_is_printed_and_nothing_is_run(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = run("--wsgi-rules")
    text = result.stdout.str()
    assert result.ret == 0
    for rule in catalogue().values():
        assert f"  {rule.id}  ({rule.level}, binds the {rule.side})" in text
    assert f"{len(catalogue())} rules" in text
    assert "collected" not in text


def test_a_glob_prints_its_rules_only(run: Any) -> None:
    for pattern in ("status-*", "status-*,"):
        result = run(f"--wsgi-rules={pattern}")
        names = [line.split()[0] for line in result.outlines if ", binds the " in line]
        assert names == [name for name in catalogue() if name.startswith("status-")]


def test_one_rule_is_told_in_full(run: Any) -> None:
    rule = catalogue()["status-native-string"]
    text = " ".join(run("--wsgi-rules=status-native-string").stdout.str().split())
    for part in (rule.summary, rule.hint, *rule.clauses):
        assert part in text
    assert "Breaks it: def bad(environ, start_response):" in text
    assert "Keeps it: def good(environ, start_response):" in text
    assert " ".join(rule.why.split())[:60] in text
