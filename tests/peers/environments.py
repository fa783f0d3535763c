"""Throw-away environments with other people's servers, kept between runs.

They live in the folder that ``WSGICONFORM_PEERS`` names, else in ``~/.cache/pytest-wsgiconform``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def folder() -> Path:
    """Return the folder that holds the environments."""
    named = os.environ.get("WSGICONFORM_PEERS")
    return Path(named) if named else Path.home() / ".cache" / "pytest-wsgiconform"


def python_with(*requirements: str, python: str = sys.executable) -> str:
    """Return the interpreter of an environment that holds *requirements*; made on first use.

    Skips the test when they can't be had here (no network, no wheel for this Python): then nothing was tried.
    """
    key = hashlib.sha256("\n".join([python, sys.version, *sorted(requirements)]).encode()).hexdigest()[:16]
    home = folder() / f"{requirements[0].split('=')[0].split('<')[0].lower()}-{key}"
    interpreter = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        try:
            _run([python, "-m", "venv", str(home)])
            _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(home, ignore_errors=True)
            told = getattr(error, "stderr", "") or str(error)
            pytest.skip(f"{', '.join(requirements)} can't be installed here: {told[-300:]}")
        (home / "complete").touch()
    return str(interpreter)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
