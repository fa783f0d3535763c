"""Which lines of the app ran while the validator watched (``--wsgi-cov``), measured by coverage."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import coverage


def files_of(name: str) -> list[str]:
    """Return the source files of the app *name* (``MODULE:ATTR``): its module, or its whole package."""
    module = sys.modules.get(name.partition(":")[0])
    package = sys.modules.get((getattr(module, "__package__", "") or "").partition(".")[0])
    found = getattr(package or module, "__file__", None)
    if not isinstance(found, str):
        return []
    path = Path(found)
    if path.name != "__init__.py":
        return [str(path)]
    return sorted(
        str(file) for file in path.parent.rglob("*.py") if "site-packages" not in file.parts[len(path.parts) - 2 :]
    )


class AppCoverage:
    """Measures an app's lines, with one dynamic context per stimulus.

    When a coverage measurement is going on already (pytest-cov, ``coverage run``), it is used as it is and not
    disturbed: its contexts tell which lines a stimulus reached, and its data keeps them.

    :param name: the app, as ``MODULE:ATTR``, loaded already.
    """

    def __init__(self, name: str) -> None:
        import coverage

        self._files = files_of(name)
        running = coverage.Coverage.current()
        self._foreign = running is not None
        if running is None:
            running = coverage.Coverage(data_file=None, include=self._files, config_file=False, messages=False)
        self._coverage: coverage.Coverage = running
        self._contexts: dict[str, set[tuple[str, int]]] = {}

    @contextmanager
    def measuring(self, stimulus: str) -> Iterator[None]:
        """Measure the block under the context ``wsgi:STIMULUS``."""
        if not self._foreign:
            self._coverage.start()
        self._coverage.switch_context(f"wsgi:{stimulus}")
        try:
            yield
        finally:
            self._coverage.switch_context("")
            if not self._foreign:
                self._coverage.stop()

    def count(self) -> int:
        """Return how many lines of the app have been reached so far."""
        data = self._coverage.get_data()
        data.set_query_contexts(None)
        return sum(len(data.lines(file) or ()) for file in self._files)

    def report(self) -> dict[str, Any]:
        """Return plain data.

        ``files`` has statements, reached and missing lines by file, ``stimuli`` the number of lines by context, and
        ``unmeasured`` the files that a measurement which is going on already was told to leave out.
        """
        data = self._coverage.get_data()
        files: dict[str, Any] = {}
        measured = data.measured_files()
        unmeasured = [file for file in self._files if self._foreign and file not in measured]
        for file in self._files:
            if file in unmeasured:
                continue
            _, statements, _, _, _ = self._coverage.analysis2(file)
            # Lines outside of functions run while the module is imported, when nobody watches.
            statements = sorted(set(statements) & _lines_in_functions(file))
            data.set_query_contexts([r"^wsgi:"])
            reached = set(data.lines(file) or ()) & set(statements)
            files[file] = {
                "statements": len(statements),
                "reached": sorted(reached),
                "missing": sorted(set(statements) - reached),
            }
        data.set_query_contexts(None)
        stimuli: dict[str, int] = {}
        for file in self._files:
            for contexts in data.contexts_by_lineno(file).values():
                for context in contexts:
                    if context.startswith("wsgi:"):
                        stimuli[context[5:]] = stimuli.get(context[5:], 0) + 1
        return {"files": files, "stimuli": stimuli, "unmeasured": unmeasured}


def _lines_in_functions(file: str) -> set[int]:
    """Return the numbers of all lines of *file* that belong to a function's body."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(Path(file).read_bytes())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def coverage_lines(report: dict[str, Any]) -> list[str]:
    """Return the lines for the summary that tell what :meth:`AppCoverage.report` found."""
    lines = [
        f"{file}: not measured, because the coverage measurement that is going on leaves it out"
        for file in report["unmeasured"]
    ]
    for file, found in report["files"].items():
        if found["statements"]:
            share = 100 * len(found["reached"]) // found["statements"]
            missing = _ranges(found["missing"])
            told = f", not reached: {missing}" if missing else ""
            lines.append(
                f"{file}: {len(found['reached'])} of {found['statements']} lines ({share} %) were watched{told}"
            )
    return lines


def _ranges(numbers: list[int]) -> str:
    """Return sorted line numbers as ``3-5, 9``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in parts)
