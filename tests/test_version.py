"""The version stands in one place, and everything that shows it takes it from there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest_wsgiconform
from pytest_wsgiconform import _version

ROOT = Path(__file__).parent.parent
PACKAGE = Path(pytest_wsgiconform.__file__).parent


def test_the_package_shows_it() -> None:
    assert pytest_wsgiconform.__version__ == _version.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|(a|b|rc)\d+)?", _version.__version__)


def test_the_metadata_is_drawn_from_it() -> None:
    """A checkout that was installed before the version changed has old metadata: ``make`` installs it anew."""
    assert metadata.version("pytest-wsgiconform") == _version.__version__


def test_it_loads_nothing_else_of_the_package() -> None:
    program = (
        "import sys; from pytest_wsgiconform import __version__; "
        "print(*sorted(name for name in sys.modules if name.startswith('pytest_wsgiconform')))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("pytest_wsgiconform.plugin")}
    assert loaded == {"pytest_wsgiconform", "pytest_wsgiconform._version"}


def test_the_version_module_can_be_read_without_running_it() -> None:
    """What builds the package reads the assignment from the source, with nothing installed yet."""
    tree = ast.parse((PACKAGE / "_version.py").read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    assert [ast.literal_eval(node.value) for node in assigned] == [_version.__version__]


def test_no_other_file_of_the_package_repeats_it() -> None:
    written = f'"{_version.__version__}"'
    repeating = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if path.name != "_version.py" and written in path.read_text(encoding="utf-8")
    ]
    assert repeating == []
    assert written not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
