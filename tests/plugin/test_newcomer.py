"""The newcomer: an empty folder, five lines of app, one command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

APP = """\
def app(environ, start_response):
    in_test = getattr(start_response, "testing", False)
    start_response("200", [("Content-Type", "text/plain")])
    return ["hello"]
"""

FAULTS = {("start-response-only-called", 2), ("status-has-reason", 3), ("body-native-bytes", 4)}


# As the command ``pytest`` does it: without the current folder on sys.path.
PLAIN = "import sys; sys.path.remove(''); import pytest; sys.exit(pytest.main())"


@pytest.mark.parametrize("command", [["-m", "pytest"], ["-c", PLAIN]])
def test_one_command_names_every_fault_with_its_line_and_nothing_else(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    done = subprocess.run(
        [sys.executable, *command, "--wsgi-app=app:app", "--wsgi-report=json:out.json", "-p", "no:hypothesispytest"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    data = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert {(f["rule"], f["location"]["line"]) for f in data["findings"]} == FAULTS
    assert all(f["location"]["file"] == "app.py" and f["blame"] == "app" for f in data["findings"])
    assert "The app does not conform: 3 errors." in done.stdout
    for rule, line in FAULTS:
        assert f"ERROR  {rule}  the app's fault" in done.stdout
        assert f"app.py:{line} in app" in done.stdout
        assert APP.splitlines()[line - 1].strip() in done.stdout
    assert done.stderr == ""
