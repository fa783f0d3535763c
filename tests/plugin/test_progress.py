"""Signs of life while a target is played: on a terminal, and where there is none."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from pytest_wsgiconform.plugin.progress import describe
from pytest_wsgiconform.targets.progress import Progress

SITE = '''
import time


def app(environ, start_response):
    """Takes 20 ms a request, and prints."""
    time.sleep(0.02)
    print("THE APP'S OWN")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
'''

LIVE = re.compile(r"playing (\d+) of (\d+) exchanges, route (\d+) of (\d+) \((\d+):(\d\d)\)")
SHORT = re.compile(r"playing (\d+) of (\d+) exchanges")
PATHS = [f"--wsgi-path=/{number}" for number in range(30)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site_app.py").write_text(SITE)
    return tmp_path


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--wsgi-app=site_app:app", *args]


def lines_within(folder: Path, seconds: float, *args: str) -> tuple[str, float]:
    """Return what a run without a terminal writes until it shows a sign of life, and how long that took."""
    began = monotonic()
    with subprocess.Popen(
        command(*args), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as process:
        assert process.stdout is not None
        out = b""
        try:
            while monotonic() < began + seconds and b"(0:" not in out:
                if select.select([process.stdout], [], [], 0.2)[0]:
                    more = os.read(process.stdout.fileno(), 65536)
                    if not more:
                        break
                    out += more
        finally:
            process.kill()
    return out.decode(), monotonic() - began


def test_without_a_terminal_a_line_is_written_every_ten_seconds(folder: Path) -> None:
    out, seconds = lines_within(folder, 40, *PATHS)
    lines = out.splitlines()
    (line,) = [line for line in lines if line.startswith("playing")]
    found = LIVE.fullmatch(line)
    assert found is not None
    played, total, route, routes, minutes, rest = map(int, found.groups())
    assert 0 < played < total
    assert 1 <= route <= routes == 30
    assert minutes == 0
    assert 9 <= rest <= 15
    assert "THE APP'S OWN" not in out
    assert "\x1b" not in out
    assert seconds < 40


def on_terminal(folder: Path, *args: str, limit: float = 100) -> str:
    """Return what a run writes on a terminal of 100 columns."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ.update(TERM="xterm", COLUMNS="100")
        os.environ.pop("CI", None)
        os.execv(sys.executable, command(*args))
    out, began = b"", monotonic()
    try:
        while monotonic() < began + limit:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    more = os.read(terminal, 65536)
                except OSError:  # the other end is closed
                    break
                out += more
    finally:
        os.close(terminal)
        end = monotonic() + 10
        while os.waitpid(process, os.WNOHANG)[0] == 0:
            if monotonic() > end:
                os.kill(process, 9)
            sleep(0.05)
    return out.decode().replace("\r\n", "\n")


def screen(text: str) -> list[str]:
    """Return the lines that a terminal shows after *text*, which may save and restore the cursor and erase a line."""
    lines, row, column, saved = [""], 0, 0, (0, 0)
    for token in re.findall(r"\x1b7|\x1b8|\x1b\[[0-9;]*[A-Za-z]|.|\n", text):
        if token == "\x1b7":
            saved = row, column
        elif token == "\x1b8":
            row, column = saved
        elif token == "\x1b[K":
            lines[row] = lines[row][:column]
        elif token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif not token.startswith("\x1b"):
            lines[row] = lines[row].ljust(column)[:column] + token + lines[row][column + 1 :]
            column += 1
    return lines


@pytest.mark.parametrize("verbose", [(), ("-v",), ("-s",)])
def test_on_a_terminal_one_line_is_rewritten_and_leaves_no_trace(folder: Path, verbose: tuple[str, ...]) -> None:
    out = on_terminal(folder, "--wsgi-path=/a", *verbose)
    found = [tuple(map(int, match)) for match in SHORT.findall(out)]
    assert len(found) > 5
    assert found == sorted(found, key=lambda numbers: numbers[0])
    assert all(played <= total for played, total in found)
    shown = screen(out)
    assert not any("playing" in line for line in shown)
    # What pytest writes is what it writes without us.
    if not verbose:
        (dots,) = [line for line in shown if line.startswith("wsgi-app[site_app:app] ")]
        assert re.fullmatch(r"wsgi-app\[site_app:app\] [.s]+ +\[ *\d+%\]", dots.rstrip())
    assert re.search(r"\d+ passed, \d+ skipped", shown[-2])


def test_who_asks_for_quiet_twice_gets_no_sign(folder: Path) -> None:
    assert "playing" not in on_terminal(folder, "--wsgi-path=/a", "-qq")


def test_a_line_says_what_is_waited_for_when_that_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("pytest_wsgiconform.targets.progress.monotonic", lambda: now[0])
    seen: list[str] = []
    progress = Progress(lambda progress: seen.append(describe(progress)[0]))
    progress.say(212, 563, "stimuli", waits_for="pipeline:three")
    now[0] += 31
    progress.pulse()
    progress.wait_for("the server to start again")
    now[0] += 40.5
    progress.pulse()
    progress.say(213, 563, "stimuli", waits_for="x\x1b[2J")
    now[0] += 5
    progress.pulse()
    assert seen == [
        "playing 212 of 563 stimuli (0:00)",
        "playing 212 of 563 stimuli, waiting 31 s for pipeline:three (0:31)",
        "playing 212 of 563 stimuli, waiting 40 s for the server to start again (1:11)",
        "playing 213 of 563 stimuli (1:11)",
        "playing 213 of 563 stimuli, waiting 5 s for x\\x1b[2J (1:16)",
    ]


def test_a_line_has_shorter_forms_for_narrow_terminals() -> None:
    progress = Progress()
    progress.say(1834, 6751, "exchanges", where="route 7 of 25")
    assert describe(progress)[1:] == [
        "playing 1834 of 6751 exchanges, route 7 of 25 (0:00)",
        "playing 1834 of 6751 exchanges (0:00)",
        "1834 of 6751 (0:00)",
    ]


def test_a_total_that_was_too_low_is_corrected() -> None:
    progress = Progress()
    progress.say(12, 10, "stimuli")
    assert progress.total == 12
