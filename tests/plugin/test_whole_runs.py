"""Whole pytest runs over apps, in interpreters of their own: with and without ``-O``, and apps that say nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

APPS = '''
import sys


def faulty(environ, start_response):
    """Breaks rules of every sort: of one event, of a pair of exchanges, of what happens after an error."""
    size = int(environ.get("CONTENT_LENGTH", "0"))
    environ["wsgi.input"].read(size)
    if environ["wsgi.multithread"] is True:
        start_response("200 Threads", [("Content-Type", "text/plain")])
        return [b"threads"]
    if environ.get("HTTP_RANGE") == "bytes=1-3":
        start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Range", "bytes 1-3/5")])
        return [b"hel"]
    start_response("200", [("Content-Type", "text/plain"), ("Connection", "close"), (b"X-Name", "x")])
    return ["hello"]


def null(environ, start_response):
    start_response("404 Not Found", [])
    return []


def raising(environ, start_response):
    raise ValueError("always")


def empty(environ, start_response):
    start_response("204 No Content", [])
    return []
'''


def judged(app: str, folder: Path, *python: str) -> tuple[str, dict[str, Any]]:
    """Let pytest judge *app* in an interpreter with the options *python*; return its output and the JSON report."""
    (folder / "apps.py").write_text(APPS)
    command = [sys.executable, *python, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "COLUMNS": "120"}
    done = subprocess.run(
        [*command, f"--wsgi-app=apps:{app}", "--wsgi-report=json:report.json", "-c", os.devnull, f"--rootdir={folder}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout, json.loads((folder / "report.json").read_text("utf-8"))


def test_without_assertions_the_same_is_found(tmp_path: Path) -> None:
    _, usual = judged("faulty", tmp_path)
    _, optimised = judged("faulty", tmp_path, "-O")
    for part in ("targets", "findings", "rules", "clauses", "exit"):
        assert optimised[part] == usual[part]
    broken = {finding["rule"] for finding in usual["findings"] if finding["level"] == "error"}
    assert {
        "status-has-reason",
        "header-name-native-string",
        "header-no-persistence",
        "body-native-bytes",
        "range-bytes-as-whole",
        "flags-used-by-truth",
    } <= broken


@pytest.mark.parametrize("app", ["null", "raising", "empty"])
def test_an_app_that_says_nothing_is_told_to_be_mostly_not_exercised(app: str, tmp_path: Path) -> None:
    text, report = judged(app, tmp_path)
    line = re.search(r"^(\d+) rules: (.*)$", text, re.MULTILINE)
    assert line is not None, text
    told = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+?)(?:,|$)", line[2])}
    assert told["not exercised"] > int(line[1]) // 2, line[0]
    assert told["not exercised"] == sum(rule["verdict"] == "not-exercised" for rule in report["rules"])
    for rule in report["rules"][1:]:
        assert (rule["exercised"] > 0) == (rule["verdict"] in ("held", "broken")), rule
    is_judged = app == "empty"
    assert report["targets"][0]["judged"] is is_judged
    if not is_judged:
        assert "The app was not judged" in text
        assert "held" not in {rule["verdict"] for rule in report["rules"]}
        return
    # And each of them is listed by its name.
    listed = set(re.findall(r"[a-z0-9-]+", text.partition("not exercised (nothing that happened")[2]))
    assert listed >= {rule["rule"] for rule in report["rules"] if rule["verdict"] == "not-exercised"}
