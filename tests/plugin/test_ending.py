"""Sessions that end before all was played: by their deadline, by SIGTERM, by Ctrl-C. Each writes all of its reports."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

SITE = '''
import pathlib
import time


def note_call():
    """Say that the target was called often enough: the first calls come while it is opened, before the session."""
    with open("calls", "a") as calls:
        calls.write("x")
        if calls.tell() >= 10:
            pathlib.Path("called").touch()


def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


def app(environ, start_response):
    """Takes its time, and says that it has been called."""
    note_call()
    time.sleep(0.02)
    return page(environ, start_response)


def faulty(environ, start_response):
    app(environ, lambda *args: None)
    start_response("200", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []


def hanging(environ, start_response):
    pathlib.Path("called").touch()
    time.sleep(100)


class Slow:
    """A middleware that takes its time."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        note_call()
        time.sleep(0.02)
        return self.inner(environ, start_response)
'''

REPORTS = [f"--wsgi-report={kind}:out.{kind}" for kind in ("json", "sarif", "markdown", "badge")]
PATHS = [f"--wsgi-path=/{number}" for number in range(40)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site_app.py").write_text(SITE)
    return tmp_path


class Ran:
    """A pytest run in a process of its own that has come to its end."""

    def __init__(self, folder: Path, code: int, out: str, seconds: float) -> None:
        self.code, self.out, self.seconds = code, out, seconds
        self.report: dict[str, Any] = json.loads((folder / "out.json").read_text())
        self.badge = json.loads((folder / "out.badge").read_text())
        self.markdown = (folder / "out.markdown").read_text()
        self.junit = ElementTree.parse(folder / "out.xml").getroot()[0]

    @property
    def rules(self) -> list[dict[str, Any]]:
        return [rule for rule in self.report["rules"] if rule["section"] != "reach"]

    def reasons(self) -> set[str]:
        return {rule["reason"] for rule in self.rules if rule["verdict"] == "not-exercised"}

    def verdicts(self) -> list[str]:
        return [rule["verdict"] for rule in self.rules]


Start = Callable[..., Ran]


@pytest.fixture
def start(folder: Path) -> Start:
    """Run pytest in a process of its own; send it a signal once the target has been called."""

    def starter(*args: str, send: signal.Signals | None = None, sign: str = "called", color: bool = False) -> Ran:
        began = monotonic()
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--color={'yes' if color else 'no'}"]
        process = subprocess.Popen(
            [*command, "--junitxml=out.xml", *REPORTS, *args],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            while send is not None and not (folder / sign).exists() and process.poll() is None:
                assert monotonic() < began + 60
                sleep(0.02)
            if send is not None:
                sleep(0.3)
                process.send_signal(send)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        return Ran(folder, process.returncode, out, monotonic() - began)

    return starter


def assert_nothing_is_green(ran: Ran) -> None:
    assert ran.report["complete"] is False
    assert ran.badge["color"] not in ("green", "brightgreen")
    assert "\u2705" not in ran.markdown
    head = next(line for line in ran.out.splitlines() if "in what was played" in line or "was not judged: " in line)
    assert "\x1b[32m" not in head
    last = ran.out.splitlines()[-1]
    assert last.startswith(("\x1b[31m", "="))  # the line as a whole, whatever the counts in it look like


@pytest.mark.parametrize("more", [[], ["--wsgi-isolate"]])
def test_the_deadline_ends_a_run_with_all_reports(start: Start, more: list[str]) -> None:
    ran = start("--wsgi-app=site_app:app", "--wsgi-deadline=4", *PATHS, *more, color=True)
    assert ran.code == ran.report["exit"] == 1
    assert_nothing_is_green(ran)
    assert ran.reasons() == {"the deadline came first"}
    assert "held" in ran.verdicts()
    assert "the deadline came first: " in ran.out
    assert int(ran.junit.attrib["failures"]) == 1
    assert ran.junit.findall("testcase[@name='wsgi-app[site_app:app]']/failure")
    assert ran.seconds < 30


def test_a_deadline_that_is_too_short_for_one_stimulus(start: Start) -> None:
    ran = start("--wsgi-app=site_app:app", "--wsgi-deadline=0.001")
    assert ran.code == 1
    assert set(ran.verdicts()) == {"not-exercised"}
    assert ran.reasons() == {"the deadline came first"}
    assert [target["judged"] for target in ran.report["targets"]] == [False]
    assert "The app was not judged: the deadline came first." in ran.out
    assert_nothing_is_green(ran)


def test_a_deadline_that_does_not_come_changes_nothing(start: Start) -> None:
    ran = start("--wsgi-app=site_app:page", "--wsgi-deadline=600")
    assert (ran.code, ran.report["complete"]) == (0, True)
    assert "the deadline came" not in ran.out


def test_the_users_own_tests_are_not_cut(start: Start, folder: Path) -> None:
    (folder / "test_own.py").write_text("import time\ndef test_one():\n    time.sleep(1)\ndef test_two(): pass\n")
    (folder / "pytest.ini").write_text("[pytest]\nwsgi_app = site_app:app\nwsgi_deadline = 1.5\n")
    ran = start(*PATHS)
    assert ran.code == 1
    names = [case.attrib["name"] for case in ran.junit.findall("testcase[@classname='test_own']")]
    assert names == ["test_one", "test_two"]
    assert ran.report["complete"] is False


def test_workers_of_a_distributed_run_end_at_the_same_time(start: Start) -> None:
    pytest.importorskip("xdist")
    ran = start("-n2", "--wsgi-app=site_app:app", "--wsgi-deadline=6", *PATHS)
    assert ran.code == 1
    assert ran.report["complete"] is False
    assert ran.reasons() == {"the deadline came first"}
    assert ran.seconds < 40


@pytest.mark.parametrize(
    "target",
    [["--wsgi-app=site_app:app", *PATHS], ["--wsgi-app=site_app:hanging"], ["--wsgi-middleware=site_app:Slow"]],
)
def test_sigterm_ends_a_run_at_once_with_all_reports(start: Start, target: list[str]) -> None:
    ran = start(*target, "--wsgi-timeout=60", send=signal.SIGTERM, color=True)
    assert ran.code == ran.report["exit"] == 1
    assert_nothing_is_green(ran)
    assert ran.reasons() == {"the run was ended"}
    assert len(ran.verdicts()) > 60
    assert ran.report["findings"] == []
    assert ran.seconds < 40


SERVE = """
import importlib, sys
from wsgiref.simple_server import make_server
from site_app import note_call
module, _, name = sys.argv[1].partition(":")
app = getattr(importlib.import_module(module), name)


def watched(environ, start_response):
    note_call()
    return app(environ, start_response)


make_server(sys.argv[2], int(sys.argv[3]), watched).serve_forever()
"""


def test_sigterm_ends_a_run_on_a_server(start: Start, folder: Path) -> None:
    (folder / "serve.py").write_text(SERVE)
    server = f"{sys.executable} serve.py {{app}} {{host}} {{port}}"
    ran = start(f"--wsgi-server={server}", send=signal.SIGTERM)
    assert (ran.code, ran.report["complete"]) == (1, False)
    assert "the run was ended" in ran.reasons()
    assert ran.seconds < 40


def test_sigterm_ends_a_test_of_the_users(start: Start, folder: Path) -> None:
    own = "import pathlib, time\ndef test_long():\n    pathlib.Path('own').touch()\n    time.sleep(100)\n"
    (folder / "test_own.py").write_text(own)
    (folder / "pytest.ini").write_text("[pytest]\nwsgi_app = site_app:page\n")
    ran = start(send=signal.SIGTERM, sign="own")
    assert (ran.code, ran.report["complete"]) == (1, False)
    assert "the run was ended" in ran.out
    assert "held" in ran.verdicts()
    assert ran.seconds < 40


@pytest.mark.parametrize("target", [["--wsgi-app=site_app:app", *PATHS], ["--wsgi-middleware=site_app:Slow"]])
def test_ctrl_c_judges_and_prints_what_was_played(start: Start, target: list[str]) -> None:
    ran = start(*target, send=signal.SIGINT)
    assert ran.code == ran.report["exit"] == 2
    assert_nothing_is_green(ran)
    assert ran.reasons() == {"the run was interrupted"}
    assert "held" in ran.verdicts()
    assert "KeyboardInterrupt" in ran.out


def test_ctrl_c_prints_the_faults_that_were_found(start: Start) -> None:
    ran = start("--wsgi-app=site_app:faulty", *PATHS, send=signal.SIGINT)
    assert ran.code == 2
    assert "status-has-reason" in {finding["rule"] for finding in ran.report["findings"]}
    assert "ERROR  status-has-reason" in ran.out


def test_what_failed_last_does_not_name_the_end(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--wsgi-app=site_app:app", "--wsgi-deadline=0.001"]
    assert subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False).returncode == 1
    known = folder / ".pytest_cache/v/cache/lastfailed"
    assert list(json.loads(known.read_text())) == ["wsgi-app[site_app:app]::reach::routes-reached"]


def test_another_listener_to_sigterm_is_left_alone(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(*_: Any) -> None:
        """Never called."""

    before = signal.signal(signal.SIGTERM, mine)
    try:
        run("--wsgi-app=apps:good", "-k", "status-native-string")
        assert signal.getsignal(signal.SIGTERM) is mine
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        run("--wsgi-app=apps:good", "-k", "status-native-string")
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
