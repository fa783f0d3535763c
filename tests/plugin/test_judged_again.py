"""What is played of a selection, and rules that failed last time: they are judged first where they showed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

#: Breaks one rule on single events at two lines, one of them on one path only; says in a file what it was asked.
APP = """
import pathlib


def app(environ, start_response):
    with pathlib.Path(__file__).with_name("asked.txt").open("a") as file:
        file.write(environ["PATH_INFO"] + "\\n")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"].read(length)
    if environ["PATH_INFO"] == "/b" and environ["REQUEST_METHOD"] == "OPTIONS":
        start_response("200", [("Content-Type", "text/plain")])
    elif environ["PATH_INFO"] == "/b" and environ["REQUEST_METHOD"] == "HEAD":
        start_response("200", [("Content-Type", "text/plain")])
    else:
        start_response("200 OK", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
"""

BROKEN = "wsgi-app[shop:app]::start-response::status-has-reason"
PATHS = ("--wsgi-app=shop:app", "--wsgi-path=/a", "--wsgi-path=/b")
ONE_PATH = PATHS[:2]


@pytest.fixture
def judge(pytester: pytest.Pytester) -> Any:
    """Run pytest on the app; return the result, how many requests the app got, and the JSON report."""
    pytester.makepyfile(shop=APP)

    def runner(*args: str, paths: tuple[str, ...] = PATHS) -> tuple[pytest.RunResult, int, dict[str, Any]]:
        asked = pytester.path / "asked.txt"
        asked.unlink(missing_ok=True)
        result = pytester.runpytest_inprocess(
            "-p", "no:hypothesispytest", "-W", "default", *paths, "--wsgi-report=json:report.json", *args
        )
        report: dict[str, Any] = json.loads(Path("report.json").read_text("utf-8"))
        return result, len(asked.read_text().splitlines()) if asked.exists() else 0, report

    return runner


def lines(report: dict[str, Any]) -> list[int]:
    return sorted(f["location"]["line"] for f in report["findings"] if f["rule"] == "status-has-reason")


def change(pytester: pytest.Pytester, old: str, new: str) -> None:
    file = pytester.path / "shop.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "selection",
    [
        ["--wsgi-select=head-status-as-get"],
        ["-k", "head-status-as-get"],
        ["wsgi-app[shop:app]::http::head-status-as-get"],
        ["--deselect=wsgi-app[shop:app]::start-response", "-k", "head-status-as-get or status-has-reason"],
    ],
    ids=["option", "keyword", "node id", "deselected"],
)
def test_only_what_is_left_after_collection_is_played(judge: Any, selection: list[str]) -> None:
    _, all_of_it, _ = judge()
    result, few, _ = judge(*selection)
    reach = selection[0].startswith("--wsgi-select")  # collected whatever is chosen, unless something deselects it
    result.assert_outcomes(passed=1 + reach, deselected=result.parseoutcomes().get("deselected", 0))
    assert 0 < few < all_of_it / 5


def test_a_failed_rule_is_judged_again_where_it_showed(judge: Any) -> None:
    whole, all_of_it, report = judge()
    assert whole.parseoutcomes()["failed"] == 1
    assert len(lines(report)) == 2
    again, few, second = judge("--lf")
    again.assert_outcomes(failed=1, deselected=again.parseoutcomes()["deselected"])
    again.stdout.fnmatch_lines(["1 rule judged only where last time's failure showed, and broken there still*"])
    assert few == 0 or few < all_of_it / 5
    assert lines(second) == lines(report)
    named, fewer, _ = judge(BROKEN)
    named.assert_outcomes(failed=1)
    assert fewer == few


def test_a_rule_that_was_mended_in_one_place_is_still_broken(judge: Any, pytester: pytest.Pytester) -> None:
    _, all_of_it, _ = judge()
    change(pytester, '"OPTIONS":\n        start_response("200"', '"OPTIONS":\n        start_response("200 OK"')
    again, few, second = judge("--lf")
    again.assert_outcomes(failed=1, deselected=again.parseoutcomes()["deselected"])
    assert few < all_of_it / 5
    assert len(lines(second)) == 1


def test_a_rule_that_does_not_show_there_any_more_is_judged_by_everything(
    judge: Any, pytester: pytest.Pytester
) -> None:
    _, all_of_it, _ = judge()
    change(pytester, 'start_response("200",', 'start_response("200 OK",')
    again, number, _ = judge("--lf")
    again.assert_outcomes(passed=1, deselected=again.parseoutcomes()["deselected"])
    assert number > all_of_it
    assert "judged only where" not in again.stdout.str()


def test_a_rule_that_is_broken_elsewhere_now_is_found(judge: Any, pytester: pytest.Pytester) -> None:
    judge()
    change(pytester, 'start_response("200",', 'start_response("200 OK",')
    change(pytester, '    else:\n        start_response("200 OK"', '    else:\n        start_response("200"')
    again, _, report = judge("--lf")
    again.assert_outcomes(failed=1, deselected=again.parseoutcomes()["deselected"])
    assert len(lines(report)) == 1


def test_a_whole_run_after_a_failure_is_whole(judge: Any) -> None:
    first, number, report = judge()
    second, same, repeated = judge()
    assert second.parseoutcomes() == first.parseoutcomes()
    assert same == number
    assert repeated["findings"] == report["findings"]


def test_what_the_baseline_knows_does_not_hide_what_is_new(judge: Any, pytester: pytest.Pytester) -> None:
    judge()
    judge("--wsgi-baseline=known.toml", "--wsgi-write-baseline")
    change(pytester, '    else:\n        start_response("200 OK"', '    else:\n        start_response("200"')
    judge()
    # The last failure is remembered at all three places; two of them are known, and the third fails.
    again, _, report = judge("--wsgi-baseline=known.toml", BROKEN)
    again.assert_outcomes(failed=1)
    assert [f["baselined"] for f in report["findings"] if f["rule"] == "status-has-reason"].count(False) == 1
    assert "no longer occurs" not in again.stdout.str()


def test_a_part_of_a_rule_is_not_taken_for_the_whole_by_the_baseline(judge: Any, pytester: pytest.Pytester) -> None:
    """An entry at a place that was not played is not stale."""
    pytester.makefile(
        ".toml",
        known="""
        [[finding]]
        rule = "status-has-reason"
        target = "shop:app"
        where = "elsewhere.py::app"
        seen = "the status has no reason"
        """,
    )
    judge()
    whole, _, _ = judge("--wsgi-baseline=known.toml")
    assert "no longer occurs" in whole.stdout.str()
    again, _, _ = judge("--wsgi-baseline=known.toml", BROKEN)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["1 rule judged only where*"])
    assert "no longer occurs" not in again.stdout.str()


@pytest.mark.parametrize("kept", ['{"x": 1}', "[]", "{", f'{{"{BROKEN}": [[], 1]}}', f'{{"{BROKEN}": [["get"]]}}'])
def test_a_damaged_cache_is_no_harm(judge: Any, pytester: pytest.Pytester, kept: str) -> None:
    judge()
    [file] = pytester.path.glob(".pytest_cache/v/wsgiconform/places")
    file.write_text(kept)
    again, _, report = judge("--lf")
    again.assert_outcomes(failed=1, deselected=again.parseoutcomes()["deselected"])
    assert len(lines(report)) == 2


def test_without_a_cache_everything_is_played(judge: Any) -> None:
    _, number, _ = judge("-p", "no:cacheprovider")
    _, again, report = judge("-p", "no:cacheprovider", BROKEN)
    assert again == number
    assert len(lines(report)) == 2


def test_a_place_on_a_path_that_is_not_asked_for_says_nothing(judge: Any) -> None:
    """The verdict is that of the whole run with the same options."""
    judge()
    result, _, _ = judge(BROKEN, paths=ONE_PATH)
    result.assert_outcomes(passed=1)


def test_workers_remember_and_judge_again_as_one_process_does(judge: Any) -> None:
    _, _, report = judge("-n2", "--wsgi-select=status-has-reason,head-status-as-get")
    again, _, second = judge("--lf", "-n2")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["1 rule judged only where last time's failure showed, and broken there still*"])
    assert lines(second) == lines(report)
