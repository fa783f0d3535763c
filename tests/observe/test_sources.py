"""Source lines are read from ordinary files alone."""

from __future__ import annotations

import linecache
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.observe import sources
from pytest_wsgiconform.observe.location import of_app

RAISES = "def run():\n    raise ValueError('x')\n"


def fifo(folder: Path) -> str:
    os.mkfifo(folder / "pipe.py")
    return str(folder / "pipe.py")


def relative_fifo(folder: Path) -> str:
    """One that is found in a folder of ``sys.path`` alone."""
    os.mkfifo(folder / "found.py")
    return "found.py"


def too_large(folder: Path) -> str:
    with open(folder / "large.py", "wb") as file:
        file.truncate(sources.SIZE_LIMIT + 1)
    return str(folder / "large.py")


def link(folder: Path) -> str:
    (folder / "link.py").symlink_to(fifo(folder))
    return str(folder / "link.py")


ODD: list[Callable[[Path], str]] = [
    fifo,
    relative_fifo,
    link,
    too_large,
    lambda folder: "/dev/zero",
    lambda folder: "/proc/self/mem",
    str,
]


@pytest.fixture(autouse=True)
def _no_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Who opens the FIFO all the same is let go after a while, and then the test says so."""
    monkeypatch.syspath_prepend(tmp_path)
    stop = threading.Event()

    def feed() -> None:
        stop.wait(5)
        for path in tmp_path.glob("*.py"):
            if not stop.is_set() and path.is_fifo():
                with open(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "w") as stream:
                    stream.write("the pipe was opened\n" * 5)

    thread = threading.Thread(target=feed)
    thread.start()
    yield
    stop.set()
    thread.join()
    linecache.clearcache()


def raised(name: str) -> ValueError:
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(RAISES, name, "exec"), names)
    try:
        names["run"]()
    except ValueError as error:
        return error
    raise RuntimeError("nothing was raised")


@pytest.mark.parametrize("make", ODD)
def test_no_line_is_read_from_anything_else(make: Callable[[Path], str], tmp_path: Path) -> None:
    name = make(tmp_path)
    error = raised(name)
    assert sources.line(name, 2) == ""
    text = "".join(sources.traceback_of(error).format())
    assert f'File "{name}", line 2, in run\nValueError: x' in text
    # The standard library, which shows warnings and tracebacks later on, finds nothing to open any more.
    assert "".join(traceback.format_exception(error)) == text


def test_causes_and_contexts_are_looked_through(tmp_path: Path) -> None:
    name = fifo(tmp_path)
    try:
        try:
            raise raised(name)
        except ValueError as error:
            raise KeyError("outer") from error
    except KeyError as error:
        text = "".join(sources.traceback_of(error).format())
    assert f'File "{name}", line 2, in run' in text


def test_lines_of_ordinary_files_are_shown_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "usual.py"
    file.write_text(RAISES)
    assert sources.line(str(file), 2) == "    raise ValueError('x')\n"
    error = raised(str(file))
    assert list(sources.traceback_of(error).format()) == traceback.format_exception(error)
    assert "    raise ValueError('x')" in "".join(sources.traceback_of(error).format())


def test_long_lines_are_cut(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text(f"def run():\n    raise ValueError('x')  # {'y' * 100_000}\n")
    assert len(sources.line(str(file), 2)) == sources.LINE_LIMIT + 1
    assert len("".join(sources.traceback_of(raised(str(file))).format())) < 3 * sources.LINE_LIMIT


def test_names_that_no_file_can_have() -> None:
    for name in ("a\0b", "<string>", "\udcff"):
        assert sources.line(name, 1) == ""


def test_a_file_that_is_written_later_is_read(tmp_path: Path) -> None:
    file = tmp_path / "later.py"
    assert sources.line(str(file), 1) == ""
    file.write_text("x = 1\n")
    assert sources.line(str(file), 1) == "x = 1\n"


def test_a_class_that_claims_to_come_from_a_fifo(tmp_path: Path) -> None:
    name = fifo(tmp_path)
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile("class App:\n    __slots__ = ()\n    run = lambda self: None\n", name, "exec"), names)
    found = of_app(names["App"])
    assert found is None or found.line >= 0
