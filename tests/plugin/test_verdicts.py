"""Verdicts and levels: what passes, fails, warns and is skipped, and what travels with the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

TARGET = "--wsgi-app=apps:good"


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Outcome by rule of a ``-v`` run."""
    lines = [line for line in result.outlines if line.startswith("wsgi-app[") and "::" in line and "%]" in line]
    return {line.split("::")[-1].split()[0]: line.split("::")[-1].split()[1] for line in lines}


@pytest.mark.usefixtures("fake")
def test_each_verdict_has_its_outcome(run: Any) -> None:
    result = run(TARGET, "-v")
    assert outcomes(result) == {
        "routes-reached": "PASSED",
        "fails": "FAILED",
        "warns": "PASSED",
        "holds": "PASSED",
        "advises": "PASSED",
        "idles": "SKIPPED",
        "has-no-place": "SKIPPED",
        "doubts": "SKIPPED",
    }


@pytest.mark.usefixtures("fake")
def test_a_skip_says_why_without_anything_raw(run: Any) -> None:
    result = run(TARGET, "-rs")
    result.stdout.fnmatch_lines(
        ["SKIPPED*apps.py:*not-exercised: because of \\x1b?31midles", "SKIPPED*inconclusive: because of*doubts"],
    )
    result.stdout.fnmatch_lines(["SKIPPED*apps.py:1: *"])
    text = run("--wsgi-server=some/thing {app}", "-rs").stdout.str()
    assert "SKIPPED [1] wsgi-server[some/thing {app}]: not-exercised: because of" in text
    assert "\x1b[31m" not in result.stdout.str()
    assert "\x07" not in result.stdout.str()


@pytest.mark.usefixtures("fake")
def test_a_warning_is_pytests_own_at_the_line_to_blame(run: Any, project: Path) -> None:
    result = run(TARGET, "-v")
    text = result.stdout.str()
    for line in (5, 6):
        assert f"{project / 'apps.py'}:{line}: ConformanceWarning: warns: bell \\x07 and warns" in text
    assert result.parseoutcomes()["warnings"] == 2
    assert "advises: bell" not in text, "advice is no warning"


@pytest.mark.usefixtures("fake")
def test_strict_makes_warnings_fail_and_advice_not(run: Any, pytester: pytest.Pytester) -> None:
    for args in (("--wsgi-strict",), ()):
        if not args:
            pytester.makeini("[pytest]\nwsgi_strict = true")
        result = run(TARGET, "-v", *args)
        assert outcomes(result)["warns"] == "FAILED"
        assert outcomes(result)["advises"] == "PASSED"
        assert "warnings" not in result.parseoutcomes()


@pytest.mark.usefixtures("fake")
def test_warnings_filters_decide(run: Any) -> None:
    result = run(TARGET, "-v", "-W", "error")
    assert outcomes(result)["warns"] == "FAILED"
    assert result.parseoutcomes()["failed"] == 2
    result = run(TARGET, "-v", "-W", "ignore::pytest_wsgiconform.ConformanceWarning")
    assert outcomes(result)["warns"] == "PASSED"
    assert "warnings" not in result.parseoutcomes()


@pytest.mark.usefixtures("fake")
def test_the_failure_is_short_on_the_terminal_and_the_summary_tells_the_rest(run: Any) -> None:
    result = run(TARGET)
    result.stdout.fnmatch_lines(
        [
            "*= FAILURES =*",
            "*_ wsgi-app?apps:good?::one::fails _*",
            "apps.py:5 in good: bell \\x07 and fails (got this) (and 1 more)",
            "*= WSGI conformance: app apps:good =*",
            "7 rules: 2 broken, 1 with advice, 1 held, 1 not exercised, 1 not applicable, 1",
            "inconclusive",
            "2 paths \\x07 exercised",
            "ERROR  fails  the app's fault",
            "  bell \\x07 and fails (got this)",
            "    apps.py:5 in good",
            "    seen in GET / (3 times)",
            "  to do: Mend fails.",
            "WARNING  warns  the app's fault",
            "ADVICE  advises  for the app",
            "FAILED wsgi-app?apps:good?::one::fails - bell*",
        ]
    )


def test_a_fault_of_the_harness_is_no_verdict(run: Any, pytester: pytest.Pytester, fake: str) -> None:
    pytester.makeconftest(
        fake.replace("        verdict = ", "        if rule.id in ('holds', 'warns'): 1 / 0\n        verdict = ")
    )
    result = run(TARGET, "-v")
    assert outcomes(result)["holds"] == "FAILED"
    result.stdout.fnmatch_lines(
        ["E * ZeroDivisionError: *", "5 rules: *", "Rules that could not be judged, by a fault of the harness: 2."]
    )
    assert run(TARGET, "-n2").stdout.str().count("by a fault of the harness: 2.") == 1


@pytest.mark.usefixtures("fake")
def test_reports_of_a_run_have_every_verdict(report: Any) -> None:
    data = report(TARGET)
    assert {row["rule"]: row["verdict"] for row in data["rules"]} == {
        "routes-reached": "held",
        "fails": "broken",
        "warns": "broken",
        "advises": "broken",
        "holds": "held",
        "idles": "not-exercised",
        "has-no-place": "not-applicable",
        "doubts": "inconclusive",
    }
    assert [finding["rule"] for finding in data["findings"]] == ["fails"] * 2 + ["warns"] * 2 + ["advises"] * 2
    assert data["exit"] == 1
    assert data["complete"] is True


@pytest.mark.usefixtures("fake")
def test_a_run_that_was_cut_short_says_so(report: Any) -> None:
    data = report(TARGET, "-x")
    assert data["complete"] is False
    assert [row["rule"] for row in data["rules"]] == ["routes-reached", "fails"]


@pytest.mark.usefixtures("project")
def test_an_interrupted_run_still_writes_its_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_it(): raise KeyboardInterrupt")
    # Not in this process: it would be interrupted too.
    pytester.runpytest_subprocess(
        "--wsgi-app=apps:bad", ".", "--wsgi-report=json:out.json", "-p", "no:hypothesispytest"
    )
    data = json.loads((pytester.path / "out.json").read_text("utf-8"))
    assert data["complete"] is False
    assert data["exit"] == pytest.ExitCode.INTERRUPTED
    assert any(row["verdict"] == "broken" for row in data["rules"])


def test_the_conftest_hears_of_every_finding_and_may_open_targets(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "def pytest_wsgiconform_finding(config, finding):\n"
        "    assert config.rootpath\n"
        "    print('HEARD', finding['rule'])\n"
    )
    for args in ((), ("-n2",)):
        result = run("--wsgi-app=apps:bad", "-s", *args)
        assert "HEARD status-native-string" in result.stdout.str()


@pytest.mark.usefixtures("fake")
def test_a_target_is_closed_however_the_run_ends(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="import conftest\n\ndef test_it(request):\n    assert conftest.FakeRun.closed == 0\n"
        "    request.config.add_cleanup(lambda: print('CLOSED', conftest.FakeRun.closed))"
    )
    for args, times in ((("--wsgi-server=two",), 2), (("-x",), 1)):
        assert f"CLOSED {times}" in run(TARGET, *args, "-s", "test_own.py", "-k", "not fails").stdout.str()


def test_a_target_that_cannot_be_opened_closes_those_before_it(run: Any, pytester: pytest.Pytester, fake: str) -> None:
    pytester.makeconftest(fake.replace("FakeRun.closed += 1", "print('CLOSED', self.name)"))
    result = run("--wsgi-server=fine", "--wsgi-server=broken", "-s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--wsgi-server=broken: it does not start:\n    its own words" in result.stderr.str()
    assert "CLOSED fine" in result.stdout.str()
