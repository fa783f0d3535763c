"""What is collected: a target that was typed alone, one of the ini file beside the project's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

OURS = "wsgi-app[apps:good]::"


@pytest.fixture
def suite(project: Path) -> Path:
    """A project with tests of its own: one that passes, and one file that can't be collected."""
    tests = project / "tests"
    tests.mkdir()
    (tests / "test_own.py").write_text("def test_it(): pass\n")
    (project / "broken").mkdir()
    (project / "broken" / "test_broken.py").write_text("import there_is_no_such_module\n")
    return project


def ids(run: Any, *args: str) -> tuple[bool, bool]:
    """Whether rules of the app are collected, and whether tests of the project are."""
    result = run(*args, "--co", "-q", "--continue-on-collection-errors")
    lines = [line for line in result.outlines if "::" in line or "test_broken" in line]
    return any(line.startswith("wsgi-") for line in lines), any("test_" in line for line in lines)


def ini(project: Path, *lines: str) -> None:
    (project / "pytest.ini").write_text("[pytest]\n" + "".join(f"{line}\n" for line in lines))


TYPED = "--wsgi-app=apps:good"


@pytest.mark.parametrize(
    ("in_ini", "args", "expected"),
    [
        ([], [TYPED], (True, False)),
        ([], ["--wsgi-app", "apps:good"], (True, False)),
        ([], ["--wsgi-middleware=wrappers:plain"], (True, False)),
        ([], [TYPED, "tests"], (True, True)),
        ([], [TYPED, "tests/test_own.py::test_it"], (True, True)),
        (["testpaths = tests"], [TYPED], (True, False)),
        (["addopts = tests"], [TYPED], (True, False)),
        (["addopts = tests"], [TYPED, "tests"], (True, True)),
        (["wsgi_app = apps:good"], [], (True, True)),
        (["wsgi_app = apps:good", "testpaths = tests"], [], (True, True)),
        ([f"addopts = {TYPED}"], [], (True, True)),
        (["wsgi_app = apps:good"], ["tests"], (False, True)),
        (["wsgi_app = apps:good"], [TYPED], (True, False)),
        ([], [f"{OURS}body"], (True, False)),
        ([], [TYPED, f"{OURS}body"], (True, False)),
        ([], [f"{OURS}body", "tests"], (True, True)),
        ([], ["--wsgi-report=json:report.json"], (False, True)),
    ],
)
def test_what_is_collected(
    run: Any, suite: Path, in_ini: list[str], args: list[str], expected: tuple[bool, bool]
) -> None:
    (suite / "wrappers.py").write_text("def plain(app): return app\n")
    ini(suite, *in_ini)
    assert ids(run, *args) == expected


def test_a_typed_target_leaves_those_of_the_ini_file_out(run: Any, suite: Path) -> None:
    (suite / "wrappers.py").write_text("def plain(app): return app\n")
    ini(suite, "wsgi_middleware = wrappers:plain")
    result = run(TYPED, "--co", "-q")
    assert {line.partition("::")[0] for line in result.outlines if "::" in line} == {"wsgi-app[apps:good]"}


def test_tests_that_cannot_be_collected_do_not_stop_a_target(run: Any, suite: Path) -> None:
    ini(suite, "testpaths = broken")
    result = run(TYPED)
    assert result.ret == pytest.ExitCode.OK
    assert "errors" not in result.parseoutcomes()
    result.stdout.no_fnmatch_line("testpaths:*")
    assert run(TYPED, "broken").ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("expression", "expected"), [("wsgi", (True, False)), ("not wsgi", (False, True))], ids=["wsgi", "not wsgi"]
)
def test_the_marker_chooses_among_what_is_collected(run: Any, suite: Path, expression: str, expected: Any) -> None:
    assert ids(run, TYPED, "tests", "-m", expression) == expected
    ini(suite, "wsgi_app = apps:good", "testpaths = tests")
    assert ids(run, "-m", expression) == expected


def test_a_keyword_chooses_among_what_is_collected(run: Any, suite: Path) -> None:
    assert ids(run, TYPED, "tests", "-k", "test_it") == (False, True)
    assert ids(run, TYPED, "tests", "-k", "status-native-string") == (True, False)
    assert ids(run, TYPED, "-k", "status-native-string") == (True, False)


@pytest.mark.parametrize(
    "args",
    [
        [TYPED, "-m", "not wsgi"],
        [TYPED, "-k", "nothing_of_this_name"],
        [f"{OURS}body", "-m", "not wsgi"],
    ],
)
def test_a_target_of_which_nothing_is_left_fails(run: Any, suite: Path, args: list[str]) -> None:
    result = run(*args)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "Nothing was judged: no rule was left to put to the target." in result.stdout.str()


def test_options_that_leave_no_rule_are_a_usage_error(run: Any, suite: Path) -> None:
    result = run(TYPED, "--wsgi-select=status-native-string", "--wsgi-ignore=status-*")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--wsgi-select and --wsgi-ignore together leave no rule to judge" in result.stderr.str()


def test_a_run_of_tests_alone_keeps_the_exit_code_of_pytest(run: Any, suite: Path) -> None:
    assert run("tests", "-k", "nothing_of_this_name", TYPED).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_distributed_runs_collect_the_same(run: Any, suite: Path) -> None:
    ini(suite, "testpaths = broken")
    result = run(TYPED, "--wsgi-select=status-*", "-n2")
    assert result.ret == pytest.ExitCode.OK
    assert "errors" not in result.parseoutcomes()
    assert run(TYPED, "-n2", "-m", "not wsgi").ret == pytest.ExitCode.TESTS_FAILED
