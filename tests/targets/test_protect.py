"""What an app leaves changed in the interpreter is put back, and told."""

from __future__ import annotations

import builtins
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.targets.protect import take_finders_away, undisturbed


def chdir(folder: Path) -> None:
    os.chdir(folder)


CHANGES: dict[str, Any] = {
    "builtins.len": lambda _folder: setattr(builtins, "len", None),
    "time.monotonic": lambda _folder: setattr(time, "monotonic", lambda: 0),
    "os.getcwd": lambda _folder: setattr(os, "getcwd", None),
    "sys.stdout": lambda _folder: setattr(sys, "stdout", None),
    "sys.path": lambda _folder: sys.path.clear(),
    "working directory": chdir,
    "handler of SIGUSR1": lambda _folder: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "recursion limit": lambda _folder: sys.setrecursionlimit(5000),
    "profile function": lambda _folder: sys.setprofile(lambda *_arguments: None),
    "trace function": lambda _folder: sys.settrace(lambda *_arguments: None),
    "garbage collection": lambda _folder: gc.disable(),
}


def state() -> tuple[Any, ...]:
    return (
        builtins.len,
        time.monotonic,
        os.getcwd,
        sys.stdout,
        list(sys.path),
        os.getcwd(),
        signal.getsignal(signal.SIGUSR1),
        sys.getrecursionlimit(),
        sys.getprofile(),
        gc.isenabled(),
    )


@pytest.mark.parametrize("what", CHANGES)
def test_change_is_undone_and_told(what: str, tmp_path: Path) -> None:
    before = state()
    with undisturbed() as left:
        CHANGES[what](tmp_path)
    assert state() == before
    assert left.changes == [what]


def test_import_finders_are_put_back_and_new_ones_go_at_the_end() -> None:
    class Refuses:
        def find_spec(self, *_arguments: Any) -> None:
            raise ImportError

    before, refuses = list(sys.meta_path), Refuses()
    with undisturbed() as left:
        sys.meta_path.insert(0, refuses)
    try:
        assert sys.meta_path == [refuses, *before]
        assert left.changes == []
        with undisturbed() as left:
            sys.meta_path.clear()
        assert sys.meta_path == [refuses, *before]
        assert left.changes == ["sys.meta_path"]
    finally:
        take_finders_away()
    assert sys.meta_path == before


def test_what_is_only_added_stays() -> None:
    with undisturbed() as left:
        sys.path.append("/added")
        builtins._added = 1  # type: ignore[attr-defined]
    try:
        assert "/added" in sys.path
        assert builtins._added == 1  # type: ignore[attr-defined]
        assert left.changes == []
    finally:
        sys.path.remove("/added")
        del builtins._added  # type: ignore[attr-defined]


def test_a_new_path_list_is_folded_into_the_old_one() -> None:
    path, entries = sys.path, list(sys.path)
    with undisturbed() as left:
        sys.path = ["/elsewhere"]
    assert sys.path is path
    assert sys.path == entries
    assert left.changes == ["sys.path"]


def test_exceptions_pass_and_everything_is_put_back() -> None:
    before = builtins.len
    with pytest.raises(ZeroDivisionError), undisturbed():
        builtins.len = None  # type: ignore[assignment]
        raise ZeroDivisionError
    assert builtins.len is before


def test_closed_descriptors_are_opened_again() -> None:
    script = (
        "import os\n"
        "from pytest_wsgiconform.targets.protect import take_finders_away, undisturbed\n"
        "with undisturbed() as left:\n"
        "    os.close(1)\n"
        "os.write(1, ','.join(left.changes).encode())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"descriptor 1"
