"""Apps that do their worst: in a child interpreter each ends in a report, in this one all that Python can stop."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import hostile  # noqa: E402 - found beside this file

#: Raw bytes that must never reach a terminal: C0 but tab and line ends, DEL, and C1 as UTF-8.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")

#: One of each sort for every run; the rest when there is time.
QUICK = ("hangs_in_c", "crashes", "kills_its_group", "breaks_builtins", "leaves_processes", "evil_objects")


def run_suite(*names: str, isolate: bool, folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--wsgi-timeout=1", "-rA"]
    command += [f"--wsgi-app=hostile:{name}" for name in names]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]), "COLUMNS": "200"}
    return subprocess.run(
        [*command, *(["--wsgi-isolate"] if isolate else [])],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=300,
        check=False,
    )


def left_running() -> list[str]:
    """Return the command lines of processes that an app left behind."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            continue
        if b"54321" in line or b"targets.isolated" in line or b"isolate_guard" in line:
            found.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def parameters(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="what is left running is looked up in /proc")
@pytest.mark.parametrize("name", parameters(list(hostile.APPS)))
def test_isolated_app_ends_in_a_report(name: str, tmp_path: Path) -> None:
    ended = run_suite(name, isolate=True, folder=tmp_path)
    text = ended.stdout + ended.stderr
    assert ended.returncode in (0, 1), text[-2000:]
    assert b"INTERNALERROR" not in text
    assert CONTROL.search(text) is None, CONTROL.search(text)
    assert b"WSGI conformance" in text
    deadline = time.monotonic() + 10  # of other tests' children at the same time
    while left_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [line for line in left_running() if "54321" in line]


@pytest.mark.parametrize("name", parameters([name for name, kind in hostile.APPS.items() if kind == "python"]))
def test_app_in_this_process_ends_in_a_report(name: str, tmp_path: Path) -> None:
    ended = run_suite(name, isolate=False, folder=tmp_path)
    text = ended.stdout + ended.stderr
    assert ended.returncode in (0, 1), text[-2000:]
    assert b"INTERNALERROR" not in text
    assert CONTROL.search(text) is None, CONTROL.search(text)


def test_death_is_a_finding_with_the_way_of_dying(tmp_path: Path) -> None:
    ended = run_suite("crashes", isolate=True, folder=tmp_path)
    assert b"process-survives" in ended.stdout
    assert b"died of SIGSEGV" in ended.stdout
    assert ended.returncode == 1


def test_last_word_names_the_stimulus(tmp_path: Path) -> None:
    ended = run_suite("exits_at_once", isolate=False, folder=tmp_path)
    # The other process speaks when it sees the pipe end, perhaps a moment after this one was reaped.
    assert b"the interpreter died while it played stimulus get on /" in ended.stderr + ended.stdout


def test_they_are_sixty() -> None:
    assert len(hostile.APPS) >= 60
