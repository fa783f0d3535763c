"""A report file is written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.report.files import write_text


def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "report.json"
    write_text(target, "first\n")
    write_text(target, "zweite Fassung ü\n")
    assert target.read_bytes() == "zweite Fassung ü\n".encode()
    assert os.listdir(target.parent) == ["report.json"]


def test_a_failed_write_leaves_the_earlier_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    write_text(target, "earlier")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(target, "later")
    assert target.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["report.json"]


def test_an_interrupted_write_leaves_the_earlier_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    write_text(target, "earlier")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(target, "later")
    assert target.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's own")
def test_a_full_disk_is_told() -> None:
    with pytest.raises(OSError, match="No space left"):
        write_text(Path("/dev/full"), "text")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path, "text")


def test_a_link_is_followed_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("earlier")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "later")
    assert link.is_symlink()
    assert real.read_text() == "later"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "text")
        assert os.read(reader, 100) == b"text"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_name_with_undecodable_bytes_in_the_text_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "caf\udce9.py")
    assert (tmp_path / "x").read_bytes() == b"caf\\udce9.py"
