"""CPython's own tests of wsgiref, run against ours by every interpreter that is there and has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

RUNNER = Path(__file__).with_name("cpython_suite_runner.py")
DOCUMENTED = ["handlers", "headers", "simple_server", "types", "util", "validate"]


def interpreters() -> dict[str, str]:
    """Interpreters from 3.10 on that are installed with their test suite: the command by the version."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}")]
    candidates += sorted(pyenv.glob("versions/3.*/bin/python3.[0-9][0-9]"))
    candidates += [Path(found) for minor in range(10, 20) if (found := shutil.which(f"python3.{minor}"))]
    commands: dict[str, str] = {}
    for candidate in candidates:
        python = candidate.resolve()
        suite = python.parents[1] / "lib" / python.name / "test" / "test_wsgiref.py"
        if suite.exists() and int(python.name.partition(".")[2]) >= 10:
            commands.setdefault(python.name, str(python))
    return commands


def run_suite(python: str, which: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(RUNNER), which, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))},
    )
    assert done.returncode == 0, f"{which}: {done.stdout}\n{done.stderr}"
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@pytest.mark.parametrize("python", interpreters().values(), ids=interpreters())
def test_what_passes_on_the_standard_wsgiref_passes_on_ours(python: str) -> None:
    standard, ours = run_suite(python, "standard"), run_suite(python, "ours")
    passed = {test for test, outcome in standard["outcomes"].items() if outcome == "passed"}
    assert len(passed) > 30, standard
    assert ours["modules"] == DOCUMENTED
    assert ours["foreign"] == standard["foreign"] == []
    lost = sorted(test for test in passed if ours["outcomes"].get(test) != "passed")
    assert not lost, "\n".join(ours["details"].get(test, f"{test} did not run") for test in lost)


def test_the_running_interpreter_is_among_them() -> None:
    """Where the standard library was installed with its tests, that is."""
    has_suite = Path(sys.base_prefix, "lib", f"python3.{sys.version_info[1]}", "test", "test_wsgiref.py").exists()
    assert (f"python3.{sys.version_info[1]}" in interpreters()) is has_suite
