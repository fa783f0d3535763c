"""What a project decides about rules counts, and is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.report.policy import (
    Ignore,
    Policy,
    PolicyError,
    parse_fail_on,
    parse_ignore,
    parse_levels,
    parse_version,
)
from pytest_wsgiconform.rules.model import Level, Location, RuleResult, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import finding

RULE = catalogue()["status-native-string"]
KNOWN = ("status-native-string", "status-has-reason", "header-list")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("status-*", Ignore(("status-*",))),
        (" status-*, header-list ", Ignore(("status-*", "header-list"))),
        ("status-* -- not ours", Ignore(("status-*",), "", "not ours")),
        ("* @ shop/old/* -- to be -- deleted", Ignore(("*",), "shop/old/*", "to be -- deleted")),
        ("* @ /old/* -- frozen", Ignore(("*",), "/old/*", "frozen")),
    ],
)
def test_an_exception_is_read(line: str, expected: Ignore) -> None:
    assert parse_ignore(["", line]) == [expected]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (" -- why", "is not understood"),
        ("a @ -- why", "is not understood"),
        ("a @ b", "gives no reason"),
        (",", "is not"),
    ],
)
def test_an_exception_that_says_too_little_is_refused(line: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_ignore([line])


def test_levels_are_read_the_later_line_winning() -> None:
    levels = parse_levels(["status-* = advice", "", "status-has-reason=error"], KNOWN)
    assert levels == {"status-native-string": Level.ADVICE, "status-has-reason": Level.ERROR}


@pytest.mark.parametrize("line", ["status-has-reason", "status-has-reason = fatal", "= error"])
def test_a_level_that_cannot_be_read_is_told(line: str) -> None:
    with pytest.raises(PolicyError, match="wsgi_levels"):
        parse_levels([line], KNOWN)


def test_a_level_for_no_rule_is_told() -> None:
    with pytest.raises(PolicyError, match="no rule matches 'stat'"):
        parse_levels(["stat = error"], KNOWN)


def test_fail_on_is_error_unless_said() -> None:
    assert (parse_fail_on(""), parse_fail_on(" warning ")) == (Level.ERROR, Level.WARNING)
    with pytest.raises(PolicyError, match="must be one of error, warning, advice"):
        parse_fail_on("never")


@pytest.mark.parametrize(("text", "version"), [("", None), ("0", (0,)), ("0.1", (0, 1)), ("0.1.3", (0, 1, 3))])
def test_a_version_is_read(text: str, version: Any) -> None:
    assert parse_version(text, "0.1.3") == version


@pytest.mark.parametrize("text", ["new", "0.", "1.x", "0.2", "1", "٣"])
def test_a_version_that_is_none_or_still_to_come_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="wsgi_rules_version"):
        parse_version(text, "0.1.3")


@pytest.mark.parametrize(
    ("pin", "since", "level"),
    [
        (None, "9.0", Level.ERROR),
        ((0, 1), "0.1", Level.ERROR),
        ((0, 1), "0.2", Level.ADVICE),
        ((0, 2), "0.10", Level.ADVICE),
        ((0,), "0.9", Level.ERROR),
        ((1,), "2.0", Level.ADVICE),
    ],
)
def test_rules_newer_than_the_pin_are_advice(pin: Any, since: str, level: Level) -> None:
    assert Policy(rules_version=pin).level(replace(RULE, since=since)) is level


def test_a_level_of_the_project_counts_more_than_the_pin() -> None:
    policy = Policy(levels={RULE.id: Level.WARNING}, rules_version=(0, 1))
    assert policy.level(replace(RULE, since="0.2")) is Level.WARNING


@pytest.mark.parametrize(
    ("ignore", "covered"),
    [
        (Ignore(("status-*",)), True),
        (Ignore(("header-*",)), False),
        (Ignore(("*",), "shop/*", "r"), True),
        (Ignore(("*",), "shop/views.py", "r"), True),
        (Ignore(("*",), "other/*", "r"), False),
        (Ignore(("*",), "/old/*", "r"), True),
        (Ignore(("*",), "/new/*", "r"), False),
    ],
)
def test_an_exception_covers_a_file_or_a_request(ignore: Ignore, covered: bool, tmp_path: Path) -> None:
    place = Location(str(tmp_path / "shop" / "views.py"), 3, "index")
    found = finding(RULE.id, location=place, request={"method": "GET", "path": "/old/page", "query": ""})
    assert (Policy(ignores=[ignore], root=tmp_path).ignored(found) is ignore) == covered


def test_what_has_no_place_is_covered_by_no_path() -> None:
    found = finding(RULE.id, line=None, request=None)
    assert Policy(ignores=[Ignore(("*",), "*", "r"), Ignore(("*",), "/*", "r")]).ignored(found) is None


@pytest.mark.parametrize(
    ("fail_on", "level", "baselined", "fails"),
    [
        ("error", "error", False, True),
        ("error", "warning", False, False),
        ("warning", "warning", False, True),
        ("warning", "advice", False, False),
        ("advice", "advice", False, True),
        ("advice", "error", True, False),
    ],
)
def test_what_fails(fail_on: str, level: str, baselined: bool, fails: bool) -> None:
    found = finding(RULE.id, level=Level(level), baselined=baselined)
    assert Policy(fail_on=Level(fail_on)).fails(found) is fails


def test_findings_get_the_level_of_the_project() -> None:
    result = RuleResult(RULE.id, "shop:app", Verdict.BROKEN, 1, (finding(RULE.id),))
    applied = Policy(levels={RULE.id: Level.ADVICE}).apply(result, RULE)
    assert [f.level for f in applied.findings] == [Level.ADVICE]
    assert applied.verdict is Verdict.BROKEN


def test_a_rule_broken_only_where_it_is_ignored_is_not_applicable_and_not_held() -> None:
    result = RuleResult(RULE.id, "shop:app", Verdict.BROKEN, 2, (finding(RULE.id), finding(RULE.id, 20)))
    applied = Policy(ignores=[Ignore(("status-*",), "shop/*", "frozen")]).apply(result, RULE)
    assert (applied.verdict, applied.findings) == (Verdict.NOT_APPLICABLE, ())
    assert applied.reason == "ignored by wsgi_ignore: frozen"
    other = finding(RULE.id, location=Location("new.py", 1))
    partly = Policy(ignores=[Ignore(("*",), "shop/*", "frozen")]).apply(
        replace(result, findings=(result.findings[0], other)), RULE
    )
    assert (partly.verdict, partly.findings) == (Verdict.BROKEN, (other,))
    untouched = replace(result, verdict=Verdict.HELD, findings=())
    assert Policy(ignores=[Ignore(("*",), "", "")]).apply(untouched, RULE) == untouched


def test_the_version_is_told_as_it_was_written() -> None:
    assert (Policy().version_text, Policy(rules_version=(0, 10)).version_text) == ("", "0.10")
