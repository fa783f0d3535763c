"""The house has one way through it: who may import whom, and what nobody may do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_wsgiconform

PACKAGE = Path(pytest_wsgiconform.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each room may import from. Top-level modules are rooms of their own.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"engine", "observe", "rules"},
    "_version": set(),  # every room may import it
    "environ": {"wsgiref", ""},  # the file wrapper that a server would offer
    "settings": set(),
    "naming": set(),
    "rules": {"wsgiref"},
    "wsgiref": {"observe", "rules"},  # validate is a face of the validator
    "observe": {"rules"},
    "probe": {"observe", "rules", "wsgiref"},
    "strategies": {"environ", "rules"},
    "stimuli": {"environ", "observe", "rules", "probe", "wsgiref", "strategies"},
    "report": {"naming", "observe", "rules", "stimuli"},  # report formats; the pack of a reproduction; transcripts
    "targets": {"engine", "environ", "observe", "probe", "rules", "settings", "stimuli", "strategies", "wsgiref", ""},
    "engine": {"rules", "settings", "targets"},
    "testing": {"environ", "observe", "rules", "wsgiref"},
    "repeat": {"engine", "environ", "observe", "rules", "settings", "stimuli", "targets"},
    "contract": {"plugin"},  # the documented name of what needs pytest
}
#: The pytest layer; it may import everything, and only its documented face may import it.
PYTEST_LAYER = {"plugin"}
#: Rooms that run inside other people's servers.
STANDARD_LIBRARY_ONLY = {"rules", "observe", "wsgiref", "probe", "environ"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[str, str, int]]:
    """Return (kind, name, line) of every import: kind "own" with the room, or "other" with the top-level name."""
    found = []
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            up = node.level - (1 if path.name == "__init__.py" else 0)
            names = [node.module] if node.module else [alias.name for alias in node.names]
            inside = depth - node.level
            for name in names:
                room = path.relative_to(PACKAGE).parts[0] if inside >= 1 and up < depth else name.split(".")[0]
                found.append(("own", room.removesuffix(".py"), node.lineno))
        elif isinstance(node, ast.ImportFrom):
            found.append(_absolute(node.module or "", node.lineno))
        elif isinstance(node, ast.Import):
            found.extend(_absolute(alias.name, node.lineno) for alias in node.names)
    return found


def _absolute(name: str, line: int) -> tuple[str, str, int]:
    parts = name.split(".")
    if parts[0] == "pytest_wsgiconform":
        return ("own", parts[1] if len(parts) > 1 else "", line)
    return ("other", parts[0], line)


def label(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(path)
    if room in PYTEST_LAYER:
        return
    allowed = MAY_IMPORT.get(room)
    assert allowed is not None, f"{room} is not in the table: say what it may import"
    wrong = [
        f"line {line}: {name}"
        for kind, name, line in imports_of(path)
        if kind == "own" and name not in allowed | {room, "_version"}
    ]
    assert wrong == []


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(p) in STANDARD_LIBRARY_ONLY], ids=label)
def test_rooms_that_travel_need_only_the_standard_library(path: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for kind, name, line in imports_of(path)
        if kind == "other" and name not in sys.stdlib_module_names
    ]
    assert wrong == []


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(p) not in PYTEST_LAYER], ids=label)
def test_only_the_pytest_layer_imports_pytest(path: Path) -> None:
    names = {name for kind, name, _ in imports_of(path) if kind == "other"}
    assert not names & {"pytest", "_pytest", "pluggy"}


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_private_pytest_and_no_assert(path: Path) -> None:
    """Private parts of pytest change without notice; ``python -O`` drops asserts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "_pytest" not in {name for kind, name, _ in imports_of(path) if kind == "other"}
    asserts = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    debugs = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__debug__"]
    assert asserts == [] and debugs == []


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_module_of_our_wsgiref_is_the_standard_one(path: Path) -> None:
    assert "wsgiref" not in {name for kind, name, _ in imports_of(path) if kind == "other"}


def test_importing_the_package_costs_nothing() -> None:
    program = (
        "import sys; before = set(sys.modules); import pytest_wsgiconform; "
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('pytest_wsgiconform')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"dataclasses", "enum", "http", "json", "socket", "logging", "email", "urllib", "inspect"}
    assert not heavy & {name.strip("' []\n") for name in done.stdout.split(",")}


def test_the_validator_loads_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; from pytest_wsgiconform import validator; validator(print); "
        "print(','.join(sorted({n.split('.')[0] for n in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    foreign = set(done.stdout.strip().split(",")) - set(sys.stdlib_module_names) - {"pytest_wsgiconform", "__main__"}
    # What a .pth file of the environment imports at start-up is not ours.
    assert not foreign & {"pytest", "webtest", "hypothesis", "coverage", "h11", "jinja2", "webob"}
