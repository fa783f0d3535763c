"""Whole runs through the gate: known findings don't fail, new ones do, what is out of date is told."""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.rules.registry import catalogue

# pytester forgets what an inner run imports; what is loaded before stays, and the inner runs stay fast.
catalogue()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name in (
        "testing.client",
        "plugin.recording",
        "plugin.session",
        "targets.app.target",
        "report.repro",
        "report.sarif",
        "report.html",
    ):
        importlib.import_module(f"pytest_wsgiconform.{name}")

#: Five faults, each of them in a function of its own, and a place for a sixth.
SHOP = '''
"""A shop with faults."""


def status(page):
    return {STATUS}


def headers(page):
    return [("Content-Type", "text/plain"), ("Connection", "close"), ("X-Name", {VALUE})]


def app(environ, start_response):
    page = environ["PATH_INFO"]
    start_response(status(page), headers(page))
    return body(page)


def body(page):
    yield {BODY}
'''

FAULTY = {"STATUS": 'b"200 OK"', "VALUE": '"a\\nb"', "BODY": '"text"'}
RULES = {"status-native-string", "header-value-no-crlf", "header-no-persistence", "body-native-bytes"}

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Callable[..., None]:
    """Write the shop, with what is different from its faulty form."""

    def write(**changes: str) -> None:
        text = SHOP
        for name, value in {**FAULTY, **changes}.items():
            text = text.replace(f"{{{name}}}", value)
        (pytester.path / "shop.py").write_text(text, encoding="utf-8")

    write()
    return write


@pytest.fixture
def run(pytester: pytest.Pytester, shop: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "120")

    def runner(*args: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(
            "-p", "no:hypothesispytest", "-p", "no:cacheprovider", "-W", "default", SELECT, *args
        )

    return runner


# Stimuli are added to the suite all the time, and may find more in a faulty app; these rules are what this is about.
SELECT = f"--wsgi-select={','.join(sorted(RULES))},header-name-token"
APP, KNOWN, WRITE = "--wsgi-app=shop:app", "--wsgi-baseline=known.toml", "--wsgi-write-baseline"


def failed(result: pytest.RunResult) -> set[str]:
    return {line.split(" ")[1].rpartition("::")[2] for line in result.outlines if line.startswith("FAILED ")}


@pytest.fixture
def known(run: Run, pytester: pytest.Pytester) -> Path:
    """The baseline of the faulty shop."""
    result = run(APP, KNOWN, WRITE)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["baseline: 4 known findings written to known.toml"])
    return pytester.path / "known.toml"


def test_without_a_baseline_the_faults_fail(run: Run) -> None:
    result = run(APP)
    assert (result.ret, failed(result)) == (1, RULES)


def test_known_findings_are_shown_and_do_not_fail(run: Run, known: Path) -> None:
    result = run(APP, KNOWN)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*status-native-string*known (baseline)*"])


def test_a_new_fault_is_the_only_one_that_fails(run: Run, known: Path, shop: Any) -> None:
    shop(VALUE='"a\\nb"), ("Bad Name", "x"')
    result = run(APP, KNOWN)
    assert (result.ret, failed(result)) == (1, {"header-name-token"})


def test_a_mended_fault_is_told_as_stale(run: Run, known: Path, shop: Any) -> None:
    shop(VALUE='"a"')
    result = run(APP, KNOWN)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["baseline: header-value-no-crlf at shop.py::app in shop:app no longer occurs (stale)*"]
    )
    strict = run(APP, KNOWN, "--wsgi-strict", "-k", "not header-no-persistence", "--wsgi-report=json:out.json")
    assert strict.ret == 1
    made = json.loads(Path("out.json").read_text())
    assert [entry["rule"] for entry in made["baseline"]["stale"]] == ["header-value-no-crlf"]
    assert made["exit"] == 1


def test_what_was_not_run_is_not_stale(run: Run, known: Path, shop: Any) -> None:
    shop(VALUE='"a"')
    result = run(APP, KNOWN, "--wsgi-strict", "-k", "body-native-bytes")
    assert result.ret == 0
    assert "(stale)" not in result.stdout.str()


def test_moved_and_renamed_code_stays_known(run: Run, known: Path, pytester: pytest.Pytester) -> None:
    path = pytester.path / "shop.py"
    path.write_text("# moved\n" * 30 + path.read_text().replace("page", "leaf"))
    assert run(APP, KNOWN).ret == 0


def test_an_expired_entry_fails(run: Run, known: Path) -> None:
    text = known.read_text()
    first = text.index("why =")
    known.write_text(f"{text[:first]}expires = 2020-01-31\n{text[first:]}")
    result = run(APP, KNOWN)
    assert result.ret == 1
    assert len(failed(result)) == 1
    result.stdout.fnmatch_lines(["baseline: * expired on 2020-01-31"])
    # Writing it anew does not make it young again.
    assert run(APP, KNOWN, WRITE).ret == 1
    assert "expires = 2020-01-31" in known.read_text()


def test_with_workers_the_same_is_known_new_and_stale(run: Run, known: Path, shop: Any) -> None:
    shop(VALUE='"a"), ("Bad Name", "x"')
    result = run(APP, KNOWN, "-n2")
    assert (result.ret, failed(result)) == (1, {"header-name-token"})
    result.stdout.fnmatch_lines(
        ["baseline: header-value-no-crlf at shop.py::app in shop:app no longer occurs (stale)*"]
    )


def test_several_targets_share_a_file_which_is_the_same_with_workers(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "other.py").write_text((pytester.path / "shop.py").read_text())
    targets, path = (APP, "--wsgi-app=other:app"), pytester.path / "known.toml"
    assert run(*targets, KNOWN, WRITE).ret == 0
    assert run(*targets, KNOWN).ret == 0
    alone = path.read_text()
    assert alone.count('target = "other:app"') == alone.count('target = "shop:app"') == 4
    path.unlink()
    assert run(*targets, KNOWN, WRITE, "-n2").ret == 0
    assert path.read_text() == alone


def test_findings_of_ones_own_tests_are_known_too(run: Run, pytester: pytest.Pytester, shop: Any) -> None:
    pytester.makepyfile(test_shop="def test_it(wsgi_client):\n    wsgi_client.get('/', expect_errors=True)\n")
    pytester.makeini("[pytest]\nwsgi_baseline = known.toml\n")
    shop(BODY='b"text"', VALUE='"a"', STATUS='"200 OK"')
    app = ("-o", "wsgi_app=shop:app", "test_shop.py")
    assert run(*app, WRITE).ret == 0
    assert 'target = ""' in (pytester.path / "known.toml").read_text()
    assert run(*app).ret == 0
    (pytester.path / "known.toml").write_text("")
    assert run(*app).ret == 1


def test_an_interrupted_run_writes_no_baseline(run: Run, known: Path, shop: Any) -> None:
    before = known.read_bytes()
    shop(VALUE='"a\\nb"), ("Bad Name", "x"')
    (known.parent / "test_stop.py").write_text("import pytest\n\n\ndef test_stop():\n    pytest.exit('stop')\n")
    result = run(APP, KNOWN, WRITE, "test_stop.py")
    assert result.ret == 2
    assert known.read_bytes() == before
    result.stdout.fnmatch_lines(["*baseline: not written to *"])


def test_a_baseline_that_fails_at_the_end_is_told_and_the_earlier_one_stays(
    run: Run, known: Path, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = known.read_bytes()
    shop(VALUE='"a"')

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = run(APP, KNOWN, WRITE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "can't be written: No space left on device" in " ".join(result.outlines)
    assert known.read_bytes() == before


def test_an_interrupted_run_still_writes_its_reports(run: Run, pytester: pytest.Pytester) -> None:
    result = run(
        APP, "-x", "--wsgi-report=json:out.json", "--wsgi-report=html:out.html", "--wsgi-report=sarif:out.sarif"
    )
    assert result.ret == 1
    assert json.loads(Path("out.json").read_text())["complete"] is False
    assert "The run was cut short" in Path("out.html").read_text()
    assert json.loads(Path("out.sarif").read_text())["runs"][0]["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--wsgi-write-baseline",), "*--wsgi-write-baseline: give the file to write with --wsgi-baseline=PATH*"),
        (("--wsgi-baseline=none.toml",), "*none.toml: there is no such file; --wsgi-write-baseline makes it*"),
        (("--wsgi-baseline=bad.toml",), "*bad.toml is not a TOML file*"),
        (("--wsgi-baseline=bad.toml", WRITE), "*bad.toml is not a TOML file*"),
        (("--wsgi-baseline=unknown.toml",), "*names the rule 'no-such-rule', which does not exist*"),
        (("--wsgi-baseline=.", WRITE), "*is a folder; name a file*"),
        (("--wsgi-report=json:a.out", "--wsgi-report=html:./a.out"), "*the json report goes to the same file*"),
        (("--wsgi-report=sarif:.",), "*is a folder; name a file*"),
        (("--wsgi-report=json:bad.toml/x/y.json",), "*bad.toml is a file, and no folder can be made below it*"),
        (("--wsgi-repro=bad.toml",), "*bad.toml is a file; name a folder*"),
        (("-o", "wsgi_fail_on=never"), "*wsgi_fail_on is 'never'*"),
        (("-o", "wsgi_levels=x"), "*wsgi_levels: 'x' is not understood*"),
        (("-o", "wsgi_ignore=* @ x"), "*gives no reason*"),
        (("-o", "wsgi_rules_version=99"), "*wsgi_rules_version is 99, but this is*"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_runs(run: Run, args: tuple[str, ...], message: str) -> None:
    Path("bad.toml").write_text("[[", encoding="utf-8")
    Path("unknown.toml").write_text('[[finding]]\nrule = "no-such-rule"\ntarget = ""\nwhere = ""\n', encoding="utf-8")
    result = run(APP, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (result.stderr if result.errlines else result.stdout).fnmatch_lines([message])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert Path("bad.toml").read_text(encoding="utf-8") == "[["
    assert not Path("a.out").exists()


def test_without_jinja2_the_html_report_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pytest_wsgiconform.report.html")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = run(APP, "--wsgi-report=html:out.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = " ".join(result.outlines + result.errlines)
    assert "needs jinja2: pip install 'pytest-wsgiconform[html]'" in told
    assert not Path("out.html").exists()


def test_a_report_that_fails_at_the_end_is_told_and_the_earlier_one_stays(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out.json").write_text("earlier")
    Path("sub").mkdir()
    replace = os.replace

    def full(source: Any, target: Any) -> None:
        if str(target).endswith("out.json"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    result = run(APP, "--wsgi-report=json:out.json", "--wsgi-report=markdown:sub/out.md")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*the json report could not be written: *No space left on device*"])
    assert Path("out.json").read_text() == "earlier"
    assert Path("sub/out.md").read_text().startswith("## ")
    assert [path.name for path in pytester.path.glob(".wsgiconform*")] == []


def test_the_policy_of_the_ini_file_counts_and_is_reported(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        wsgi_app = shop:app
        wsgi_fail_on = error
        wsgi_levels =
            body-native-bytes = advice
            header-value-no-* = warning
        wsgi_ignore =
            status-native-string -- the server mends it
            header-no-persistence @ shop.py -- frozen
        wsgi_rules_version = 0.1
        """
    )
    result = run("--wsgi-report=json:out.json")
    assert result.ret == 0
    made = json.loads(Path("out.json").read_text())
    assert {f["rule"]: f["level"] for f in made["findings"]} == {
        "body-native-bytes": "advice",
        "header-value-no-crlf": "warning",
    }
    rows = {row["rule"]: row for row in made["rules"]}
    assert "status-native-string" not in rows
    assert rows["header-no-persistence"]["verdict"] == "not-applicable"
    assert rows["header-no-persistence"]["reason"] == "ignored by wsgi_ignore: frozen"
    assert made["policy"]["rules_version"] == "0.1"
    assert [ignore["reason"] for ignore in made["policy"]["ignore"]] == ["the server mends it", "frozen"]


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("warning", 0), ("advice", 1)])
def test_the_level_that_fails_can_be_set(run: Run, shop: Any, fail_on: str, status: int) -> None:
    shop(STATUS='"200 OK"', VALUE='"a"', BODY='b"text"')
    more = ("-o", "wsgi_levels=header-no-persistence = advice", "-o", "wsgi_ignore=body-native-bytes")
    assert run(APP, "-o", f"wsgi_fail_on={fail_on}", *more).ret == status


def test_reproductions_are_written_and_named(run: Run, pytester: pytest.Pytester) -> None:
    run(APP, "--wsgi-repro=repro", "--wsgi-report=json:out.json")
    made = json.loads(Path("out.json").read_text())
    for found in made["findings"]:
        _, script = found["evidence"]["repro"].split(" ")
        assert Path(script).is_file()


def test_lines_that_ran_under_validation_are_in_the_reports(
    shop: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a process of its own: the plugin leaves the measuring to a coverage run that is already there.
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
    reports = ("--wsgi-report=json:out.json", "--wsgi-report=html:out.html")
    pytester.runpytest_subprocess("-p", "no:hypothesispytest", SELECT, APP, "--wsgi-cov", *reports)
    (row,) = json.loads(Path("out.json").read_text())["coverage"]["files"]
    text = Path("shop.py").read_text().splitlines()
    assert row["file"] == "shop.py"
    assert {text[line - 1].strip() for line in row["covered"]} >= {'yield "text"', 'page = environ["PATH_INFO"]'}
    assert "Lines that ran under validation" in Path("out.html").read_text()


def test_junit_carries_rule_clause_level_and_blame(run: Run) -> None:
    from xml.etree import ElementTree

    run(APP, "--junitxml=junit.xml")
    cases = {case.get("name"): case for case in ElementTree.parse("junit.xml").iter("testcase")}
    case = cases["status-native-string"]
    told = {prop.get("name"): prop.get("value") for prop in case.iter("property")}
    assert told["wsgi.rule"] == "status-native-string"
    assert "status-str" in (told["wsgi.clauses"] or "")
    assert (told["wsgi.level"], told["wsgi.blame"], told["wsgi.verdict"]) == ("error", "app", "broken")
    (failure,) = case.iter("failure")
    assert "start_response got a status of type bytes" in (failure.text or "")
