"""The lines of an app that ran while it was watched, put together from all processes of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .places import relative


@dataclass(frozen=True, slots=True)
class FileLines:
    """Lines of one file of the app. :param covered: those that ran. :param missing: those that didn't."""

    file: str
    covered: tuple[int, ...]
    missing: tuple[int, ...]


def together(reports: Iterable[Mapping[str, Any]], root: str | None) -> tuple[FileLines, ...] | None:
    """Return the document's ``coverage``: each file's lines, by its name; ``None`` when nothing was measured.

    :param reports: the plain data of ``AppCoverage.report`` from each process; a line that ran in one has run.
    :param root: files below it are named relative to it.
    """
    covered: dict[str, set[int]] = {}
    missing: dict[str, set[int]] = {}
    for report in reports:
        for file, found in report["files"].items():
            name = relative(file, root)
            covered.setdefault(name, set()).update(found["reached"])
            missing.setdefault(name, set()).update(found["missing"])
    if not covered:
        return None
    return tuple(
        FileLines(name, tuple(sorted(covered[name])), tuple(sorted(missing[name] - covered[name])))
        for name in sorted(covered)
    )
