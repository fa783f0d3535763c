"""Apps that do their worst: in a child interpreter each ends in a report, in this one all that Python can stop."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.corpora.collecting import programs

#: Raw bytes that must never reach a terminal: C0 but tab and line ends, DEL, and C1 as UTF-8.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")

HOSTILE = {program.name: program for program in programs("apps/hostile")}

#: One of each sort for every run; the rest when there is time.
QUICK = ("hangs_in_c", "crashes", "kills_its_group", "breaks_builtins", "leaves_processes", "evil_objects")


#: Bytes that the whole of pytest and what it started may take up at a time.
MEMORY = 3 << 29


class MemoryWatch(threading.Thread):
    """Samples the memory of a process and everything below it until the process ends.

    :ivar peak: the most bytes that were resident at a time, with each process's own peak counted once it is known.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.25):
            sizes = [self._size(pid) for pid in self._tree()]
            total, highest = sum(now for now, _ in sizes), max((peak for _, peak in sizes), default=0)
            self.peak = max(self.peak, total, highest)

    def _tree(self) -> set[int]:
        parents = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                parents[int(name)] = int(Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):  # it has just ended
                continue
        tree = {self.pid}
        while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
            tree |= more
        return tree

    @staticmethod
    def _size(pid: int) -> tuple[int, int]:
        """Return what a process takes up now and at most, in bytes; zeros when it has ended."""
        try:
            text = Path("/proc", str(pid), "status").read_text("ascii", "replace")
        except OSError:
            return 0, 0
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", text, re.MULTILINE))
        return int(found.get("VmRSS", 0)) << 10, int(found.get("VmHWM", 0)) << 10


def run_suite(*names: str, isolate: bool, folder: Path) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """Judge the apps called *names*; return how that ended and the most memory that it took, in bytes."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--wsgi-timeout=1", "-rA"]
    command += [f"--wsgi-app={HOSTILE[name].module}:{name}" for name in names]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    command += ["--wsgi-isolate"] if isolate else []
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        watch = MemoryWatch(process.pid)
        watch.start()
        try:
            output, errors = process.communicate(timeout=900)
        finally:
            process.kill()
            watch.over.set()
            watch.join()
    return subprocess.CompletedProcess(command, process.returncode, output, errors), watch.peak


def left_running() -> list[str]:
    """Return the command lines of processes that an app left behind."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            continue
        if b"54321" in line or b"targets.isolated" in line or b"process_guard" in line:
            found.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def parameters(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="what is left running is looked up in /proc")
@pytest.mark.parametrize("name", parameters(list(HOSTILE)))
def test_isolated_app_ends_in_a_report(name: str, tmp_path: Path) -> None:
    ended, peak = run_suite(name, isolate=True, folder=tmp_path)
    text = ended.stdout + ended.stderr
    assert ended.returncode in (0, 1), text[-2000:]
    assert b"INTERNALERROR" not in text
    assert CONTROL.search(text) is None, CONTROL.search(text)
    assert b"WSGI conformance" in text
    assert peak < MEMORY
    deadline = time.monotonic() + 10  # of other tests' children at the same time
    while left_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [line for line in left_running() if "54321" in line]


@pytest.mark.parametrize("name", parameters([name for name, app in HOSTILE.items() if app.kind == "python"]))
def test_app_in_this_process_ends_in_a_report(name: str, tmp_path: Path) -> None:
    ended, peak = run_suite(name, isolate=False, folder=tmp_path)
    text = ended.stdout + ended.stderr
    assert ended.returncode in (0, 1), text[-2000:]
    assert b"INTERNALERROR" not in text
    assert CONTROL.search(text) is None, CONTROL.search(text)
    assert peak < MEMORY


def test_death_is_a_finding_with_the_way_of_dying(tmp_path: Path) -> None:
    ended, _ = run_suite("crashes", isolate=True, folder=tmp_path)
    assert b"process-survives" in ended.stdout
    assert b"died of SIGSEGV" in ended.stdout
    assert ended.returncode == 1


def test_last_word_names_the_stimulus(tmp_path: Path) -> None:
    ended, _ = run_suite("exits_at_once", isolate=False, folder=tmp_path)
    # The other process speaks when it sees the pipe end, perhaps a moment after this one was reaped.
    assert b"the interpreter died while it played stimulus get on /" in ended.stderr + ended.stdout
