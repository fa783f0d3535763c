"""The report as plain data: the one document that every format is written from.

Its shape is public, schema ``pytest-wsgiconform/1``; keys may be added, none goes away.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .._version import __version__
from ..rules.clauses import clauses
from ..rules.model import Rule, RuleResult
from .places import relative

SCHEMA = "pytest-wsgiconform/1"

#: The verdict of one rule on one target as plain data, as :func:`record` makes it.
Record: TypeAlias = "dict[str, Any]"


def record(result: RuleResult, rule: Rule, kind: str, order: int) -> Record:
    """Return *result* as plain data, with what a report needs to know of its rule.

    :param kind: ``"app"``, ``"middleware"`` or ``"server"``: what the target is.
    :param order: the rule's place among those of its target; reports are sorted by it.
    """
    return {
        **result.to_dict(),
        "kind": kind,
        "order": order,
        "section": rule.section,
        "level": rule.level.value,
        "clauses": list(rule.clauses),
        "summary": rule.summary,
        "hint": rule.hint,
    }


def build(
    records: Iterable[Record],
    targets: Sequence[tuple[str, str]],
    *,
    exit_status: int,
    complete: bool = True,
    loose: Iterable[Mapping[str, Any]] = (),
    root: str | None = None,
    policy: Mapping[str, Any] | None = None,
    baseline: Mapping[str, Any] | None = None,
    coverage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the report as a dict of plain values, ready for :mod:`json`.

    The same records give the same document whatever order they come in (test workers race).

    :param records: what :func:`record` gave, one per target and rule.
    :param targets: ``(kind, name)`` of each target, in the user's order.
    :param exit_status: pytest's exit code.
    :param complete: false when the run was cut short.
    :param loose: findings (``Finding.to_dict``) of the user's own tests, which have no target.
    :param root: findings' files that lie below this folder are named relative to it.
    :param policy: what the project decided (``Policy.to_dict``), ``None`` for nothing.
    :param baseline: entries that are out of date, as ``stale`` and ``expired``; ``None`` without a baseline.
    :param coverage: lines that ran under validation (``lines.together``), ``None`` when not measured.
    """
    known = list(dict.fromkeys(targets))
    place = {target: index for index, target in enumerate(known)}
    ordered = sorted(records, key=lambda r: (place.get((r["kind"], r["target"]), len(place)), r["order"], r["rule"]))
    findings = [finding for r in ordered for finding in r["findings"]]
    findings += sorted(loose, key=_finding_order)
    return {
        "schema": SCHEMA,
        "tool": {
            "version": __version__,
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "platform": platform.platform(),
        },
        "targets": [{"kind": kind, "name": name} for kind, name in known],
        "findings": [_rooted(finding, root) for finding in findings],
        "rules": [
            {key: r[key] for key in ("rule", "target", "verdict", "exercised", "reason", "section", "level", "clauses")}
            for r in ordered
        ],
        "clauses": clause_totals(ordered, {kind for kind, _ in known}),
        "exit": exit_status,
        "complete": complete,
        "policy": policy,
        "baseline": baseline,
        "coverage": coverage,
    }


def _rooted(finding: Mapping[str, Any], root: str | None) -> Mapping[str, Any]:
    location = finding["location"]
    if location is None or root is None:
        return finding
    return {**finding, "location": {**location, "file": relative(location["file"], root)}}


def _finding_order(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    location = finding["location"] or {"file": "", "line": 0}
    return finding["rule"], location["file"], location["line"], finding["message"], repr(finding["evidence"])


def clause_totals(records: Iterable[Record], kinds: Iterable[str]) -> dict[str, int]:
    """Count the clauses that bind one of *kinds* or that a rule judged, without those that only permit (``may``).

    ``broken``: a rule that covers it was broken; ``held``: one held and none was broken; ``unobservable``:
    nobody can tell; ``not_exercised``: all the others, those without a rule included. They add up to ``total``.
    """
    broken: set[str] = set()
    held: set[str] = set()
    judged: set[str] = set()
    for entry in records:
        judged.update(entry["clauses"])
        if entry["verdict"] == "broken":
            broken.update(entry["clauses"])
        elif entry["verdict"] == "held":
            held.update(entry["clauses"])
    wanted = set(kinds)
    totals = {"total": 0, "held": 0, "broken": 0, "not_exercised": 0, "unobservable": 0}
    for clause in clauses().values():
        if clause.level == "may" or not (clause.id in judged or wanted & set(clause.binds)):
            continue
        totals["total"] += 1
        if clause.id in broken:
            totals["broken"] += 1
        elif clause.id in held:
            totals["held"] += 1
        elif clause.observe == "unobservable":
            totals["unobservable"] += 1
        else:
            totals["not_exercised"] += 1
    return totals
