"""The house has one way through it: who may import whom, and what nobody may do."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
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
    "masking": set(),
    "rules": set(),
    "wsgiref": {"observe", "rules"},  # validate is a face of the validator
    "observe": {"rules"},
    "probe": {"observe", "rules", "wsgiref"},
    "strategies": {"environ", "rules"},
    "stimuli": {"environ", "observe", "rules", "probe", "wsgiref", "strategies"},
    "report": {"naming", "observe", "rules", "stimuli"},  # report formats; the pack of a reproduction; transcripts
    "targets": {"environ", "observe", "probe", "rules", "settings", "stimuli", "strategies", "wsgiref", ""},
    "engine": {"rules", "settings", "targets"},
    "testing": {"environ", "observe", "rules", "wsgiref"},
    "repeat": {"engine", "environ", "masking", "observe", "rules", "settings", "stimuli", "targets"},
    "contract": {"plugin"},  # the documented name of what needs pytest
}
#: Programs that work on the house itself, and what they may import beyond their room; nothing imports them.
PROGRAMS: dict[str, set[str]] = {"rules/__main__.py": {"stimuli"}}
#: The pytest layer; it may import everything, and only its documented face may import it.
PYTEST_LAYER = {"plugin"}
#: Rooms that run inside other people's servers.
STANDARD_LIBRARY_ONLY = {"rules", "observe", "wsgiref", "probe", "environ", "masking"}


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
        if kind == "own"
        and name not in allowed | {room, "_version"} | PROGRAMS.get(path.relative_to(PACKAGE).as_posix(), set())
    ]
    assert wrong == []


def test_nothing_imports_a_program() -> None:
    """What a program may do more than its room would else reach the room through it."""
    importing = [label(p) for p in MODULES if re.search(r"import.*__main__|from.*__main__", p.read_text("utf-8"))]
    assert importing == []
    assert [name for name in PROGRAMS if not (PACKAGE / name).exists()] == []


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


# -- circles ----------------------------------------------------------------------------------------
#
# Every import counts, those inside functions and those for the type checker alone included: a circle of files can't be
# read from one end to the other.


def name_of(path: Path) -> str:
    """Return the dotted name of a module below the package; the package itself is ``""``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(path: Path) -> set[str]:
    """Return the dotted names of the modules of this package that the file at *path* imports anywhere."""
    known = {name_of(module) for module in MODULES}
    package = path.relative_to(PACKAGE).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((PACKAGE.name, *package[: len(package) + 1 - node.level])) if node.level else ""
            names = [(".".join(filter(None, (base, node.module))), alias.name) for alias in node.names]
        else:
            continue
        for module, name in names:
            if module.split(".")[0] == PACKAGE.name:
                inside = module.partition(".")[2]
                member = ".".join(filter(None, (inside, name)))
                found.add(member if member in known else inside)
    return found & known - {name_of(path)}


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Return the strongly connected components of *graph* that have more than one node (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = set()

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.add(frozenset(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def by_files() -> dict[str, set[str]]:
    """Return what each file imports."""
    return {name_of(path): imported_by(path) for path in MODULES}


def by_rooms() -> dict[str, set[str]]:
    """Return what each room imports; a program that nothing imports (``__main__``) is a room of its own."""
    rooms: dict[str, set[str]] = {}
    for name, imported in by_files().items():
        room = name if name.endswith("__main__") else name.split(".")[0]
        rooms.setdefault(room, set()).update(other.split(".")[0] for other in imported)
    return {room: {other for other in imported if other in rooms} - {room} for room, imported in rooms.items()}


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a", "e"}}
    assert circles(graph) == {frozenset("abc"), frozenset("de")}


def test_every_kind_of_import_is_seen() -> None:
    seen = by_files()
    assert "observe.location" in seen["observe.conversation"]  # from . import location as locate
    assert "rules.model" in seen["observe.conversation"]  # from ..rules.model import ...
    assert "wsgiref._server" in seen["wsgiref._request_handler"]  # for the type checker alone
    assert "observe.validator" in seen["probe.judged"]  # inside a function, by its whole name


def test_no_files_import_in_a_circle() -> None:
    assert circles(by_files()) == set()


def test_no_rooms_import_in_a_circle() -> None:
    assert circles(by_rooms()) == set()


#: Most lines of a file, and of a function without its docstring. What is longer says why in a comment at its head.
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 40
#: How such a comment begins.
REASON = "# Long, because"


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines the body of *function* has, without its docstring."""
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    return (function.end_lineno or 0) - function.body[1 if documented else 0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_long_files_and_functions_say_why(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        assert any(line.startswith(REASON) for line in lines[:40]), f"{len(lines)} lines: split it, or say why not"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and lines_of(node) > MOST_LINES_OF_A_FUNCTION:
            head = lines[node.lineno - 1 : node.body[-1].lineno]
            assert any(line.strip().startswith(REASON) for line in head), f"{node.name}: split it, or say why not"


def test_few_modules_lie_loose_and_no_folder_is_crowded() -> None:
    folders: dict[Path, int] = {}
    for path in MODULES:
        folders[path.parent] = folders.get(path.parent, 0) + 1
    assert folders[PACKAGE] <= 12
    assert {label(folder): count for folder, count in folders.items() if count > 32} == {}


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
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    foreign = set(done.stdout.strip().split(",")) - set(sys.stdlib_module_names) - {"pytest_wsgiconform", "__main__"}
    # What a .pth file of the environment imports at start-up is not ours.
    assert not foreign & {"pytest", "webtest", "hypothesis", "coverage", "h11", "jinja2", "webob"}
