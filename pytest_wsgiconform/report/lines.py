"""The lines of an app that ran while it was watched, put together from all processes of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .places import relative


def together(reports: Iterable[Mapping[str, Any]], root: str | None) -> dict[str, Any] | None:
    """Return the document's ``coverage``: per file its covered and missing lines; ``None`` when nothing was measured.

    :param reports: what ``AppCoverage.report`` gave in each process; a line that ran in one of them has run.
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
    return {
        "files": [
            {"file": name, "covered": sorted(covered[name]), "missing": sorted(missing[name] - covered[name])}
            for name in sorted(covered)
        ]
    }
