"""The baseline knows what was known, and nothing else, however the code around it moves."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.report.baseline import Baseline, BaselineError, Entry
from pytest_wsgiconform.report.toml_text import string
from pytest_wsgiconform.rules.model import Finding, Location
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import finding

TODAY = datetime.date(2026, 11, 25)
STATUS, CLOSE = "status-native-string", "header-no-persistence"


def baseline_of(*findings: Finding) -> Baseline:
    return Baseline().updated(findings, set())


def reread(baseline: Baseline, path: Path) -> Baseline:
    baseline.write(path)
    return Baseline.load(path, known_rules=catalogue())


def known(baseline: Baseline, *findings: Finding) -> list[bool]:
    return [marked.baselined for marked in baseline.mark(findings, TODAY)]


def at(line: int, function: str = "index", file: str = "shop/views.py", **changes: Any) -> Finding:
    return finding(changes.pop("rule", STATUS), location=Location(file, line, function), **changes)


def test_what_was_written_down_is_known_and_the_rest_is_new(tmp_path: Path) -> None:
    baseline = reread(baseline_of(at(10), at(20, "about")), tmp_path / "known.toml")
    assert known(baseline, at(10), at(20, "about")) == [True, True]
    assert known(baseline, at(30, "contact"), at(10, rule=CLOSE), at(10, target="other:app")) == [False] * 3


def test_moved_lines_and_renamed_variables_change_nothing() -> None:
    baseline = baseline_of(at(10, message="start_response got reply of type bytes"))
    assert known(baseline, at(999, message="start_response got answer of type bytes")) == [True]


def test_a_qualified_name_may_be_short_as_in_python_3_10() -> None:
    assert known(baseline_of(at(10, "Views.index.<locals>.body")), at(11, "body")) == [True]


def test_a_second_fault_in_a_function_with_a_known_one_is_new() -> None:
    first, second = at(10, message="of type bytes"), at(14, message="of type int")
    assert known(baseline_of(first), first, second) == [True, False]
    assert known(baseline_of(second), first, second) == [False, True]
    assert known(baseline_of(first, second), second, first) == [True, True]


def test_files_are_named_below_the_root(tmp_path: Path) -> None:
    here, there = tmp_path / "checkout", tmp_path / "elsewhere"
    baseline = replace(Baseline(), root=here).updated([at(10, file=str(here / "shop" / "views.py"))], set())
    assert baseline.entries[0].where == "shop/views.py::index"
    assert known(replace(baseline, root=there), at(10, file=str(there / "shop" / "views.py"))) == [True]


@pytest.mark.parametrize(
    "folder",
    [
        "/home/me/venv/lib/python3.10/site-packages",
        "/checkout/.venv/lib/python3.13/site-packages",
        "/usr/lib/python3/dist-packages",
    ],
)
def test_code_of_a_framework_has_the_same_name_in_every_environment(folder: str) -> None:
    baseline = replace(Baseline(), root=Path("/checkout")).updated([at(10, file=f"{folder}/werkzeug/x.py")], set())
    assert baseline.entries[0].where == "werkzeug/x.py::index"


def test_code_of_the_standard_library_too() -> None:
    assert baseline_of(at(10, file="/usr/lib/python3.12/wsgiref/util.py")).entries[0].where == "wsgiref/util.py::index"


def test_without_a_line_the_stimulus_is_the_place() -> None:
    baseline = baseline_of(finding(STATUS, None, stimulus="cl-te"))
    assert baseline.entries[0].where == "stimulus:cl-te"
    assert known(baseline, finding(STATUS, None, stimulus="cl-te")) == [True]
    assert known(baseline, finding(STATUS, None, stimulus="te-cl")) == [False]
    assert baseline_of(finding(STATUS, None, stimulus="")).entries[0].where == "request:GET"


def test_what_no_longer_occurs_is_stale_only_when_it_was_put_to_the_test() -> None:
    baseline = baseline_of(at(10), at(20, "about"), at(10, rule=CLOSE))
    judged = {(STATUS, "shop:app")}
    gone = baseline.stale([at(20, "about")], judged)
    assert [entry.key for entry in gone] == [(STATUS, "shop:app", "shop/views.py::index")]
    assert baseline.stale([], set()) == []
    assert len(baseline.stale([], judged)) == 2


def test_an_entry_holds_to_the_end_of_its_last_day() -> None:
    entry = replace(baseline_of(at(10)).entries[0], expires=TODAY)
    baseline = Baseline((entry,))
    assert known(baseline, at(10)) == [True]
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert [f.baselined for f in baseline.mark([at(10)], tomorrow)] == [False]
    assert (baseline.expired(TODAY), baseline.expired(tomorrow)) == ([], [entry])


def test_writing_anew_keeps_what_people_wrote_and_drops_what_is_gone(tmp_path: Path) -> None:
    told = replace(
        baseline_of(at(10)).entries[0], why="spring", issue="https://example.org/1", expires=datetime.date(2027, 3, 31)
    )
    gone, untested = at(5, "gone"), at(7, rule=CLOSE)
    before = Baseline((told, *baseline_of(gone, untested).entries))
    after = reread(
        before.updated([at(12, message="now of type int"), at(40, "new")], {(STATUS, "shop:app")}), tmp_path / "k"
    )
    assert [(e.rule, e.where.partition("::")[2], e.why, e.seen) for e in after.entries] == [
        (CLOSE, "index", "Known when the baseline was written.", f"{CLOSE} was broken"),
        (STATUS, "index", "spring", "now of type int"),
        (STATUS, "new", "Known when the baseline was written.", f"{STATUS} was broken"),
    ]
    assert (after.entries[1].issue, after.entries[1].expires) == (told.issue, told.expires)


def test_the_same_fault_seen_by_many_tests_is_one_entry() -> None:
    assert len(baseline_of(at(10, target=""), at(10, target=""), at(10, target="")).entries) == 1


def test_the_file_is_the_same_whatever_the_order_of_findings() -> None:
    findings = [at(10), at(20, "about"), at(10, rule=CLOSE), at(10, target="other:app")]
    assert baseline_of(*findings).render() == baseline_of(*reversed(findings)).render()


@pytest.mark.parametrize(
    "text", ['"', "\\", "\x00\x1f\x7f\x85", "a\nb\r\n\tc", "\u202e\u2028\ufeff", "日本 🐍", "''' \"\"\""]
)
def test_any_text_survives_the_file(text: str, tmp_path: Path) -> None:
    entry = Entry(STATUS, text, text, text, text, text)
    assert reread(Baseline((entry,)), tmp_path / "known.toml").entries == (entry,)


def test_text_without_a_meaning_in_toml_is_replaced() -> None:
    assert string("caf\udce9") == '"caf\ufffd"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[[finding]\n", "is not a TOML file"),
        (b"\xff\xfe", "is not a TOML file"),
        (b"version = 1\n", "has a key 'version'"),
        (b"finding = 3\n", r"must be written as \[\[finding\]\] tables"),
        (b"finding = [1]\n", r"must be written as \[\[finding\]\] tables"),
        (
            b'[[finding]]\nrule = "status-native-string"\ntarget = ""\nwhere = ""\nwhy_not = ""\n',
            "unknown key 'why_not'",
        ),
        (b'[[finding]]\nrule = "status-native-string"\ntarget = ""\n', "entry 1 has no 'where'"),
        (b'[[finding]]\nrule = "status-native-string"\ntarget = 1\nwhere = ""\n', "'target' must be a string"),
        (
            b'[[finding]]\nrule = "status-native-string"\ntarget = ""\nwhere = ""\nexpires = "2027-01-01"\n',
            "'expires' must be a date",
        ),
        (
            b'[[finding]]\nrule = "status-native-string"\ntarget = ""\nwhere = ""\nexpires = 2027-01-01T00:00:00\n',
            "'expires' must be a date",
        ),
        (
            b'[[finding]]\nrule = "status-native-sting"\ntarget = ""\nwhere = ""\n',
            r"does not exist \(did you mean 'status-native-string'\?\)",
        ),
        (b'[[finding]]\nrule = "zzz"\ntarget = ""\nwhere = ""\n', "names the rule 'zzz', which does not exist"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_paragraph(text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_bytes(text)
    with pytest.raises(BaselineError, match=message) as error:
        Baseline.load(path, known_rules=catalogue())
    assert str(path) in str(error.value)
    assert path.read_bytes() == text


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="can't be read: No such file"):
        Baseline.load(tmp_path / "none.toml")
    with pytest.raises(BaselineError, match="can't be read: Is a directory"):
        Baseline.load(tmp_path)
    with pytest.raises(BaselineError, match="can't be written: Is a directory"):
        Baseline().write(tmp_path)
