"""The JSON report: the document as plain data, all of it.

Its shape is public, schema ``pytest-wsgiconform/1``; keys may be added, none goes away.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..naming import Target
from ..rules.records.reach import RouteReach, TargetReach
from .baseline import Entry
from .document import Document, Record
from .files import write_text
from .policy import Policy
from .reached import rows

SCHEMA = "pytest-wsgiconform/1"

#: Keys of a finding that are there, and say nothing yet.
_UNSAID = {"view": None, "sent_by": None, "known": None}


def write(document: Document, path: Path) -> None:
    """Write *document* to *path* as UTF-8 JSON, indented, keys in the order of :func:`plain`.

    :raises OSError: when the file can't be written; an earlier one is then still there.
    """
    write_text(path, json.dumps(plain(document), indent=2, ensure_ascii=True) + "\n")


def plain(document: Document) -> dict[str, Any]:
    """Return *document* as a dict of plain values, ready for :mod:`json`."""
    outdated, lines = document.baseline, document.coverage
    return {
        "schema": SCHEMA,
        "tool": asdict(document.tool),
        "targets": [_target(target, document.reach.get(target)) for target in document.targets],
        "routes": [_route(target, route) for target, reach in document.reach.items() for route in reach.routes],
        "findings": [{**finding.to_dict(), **_UNSAID} for finding in document.findings],
        "rules": [*rows(document), *(_rule(record) for record in document.records)],
        "clauses": asdict(document.clauses),
        "exit": document.exit,
        "complete": document.complete,
        "run": None if document.run is None else asdict(document.run),
        "policy": None if document.policy is None else _policy(document.policy),
        "baseline": None
        if outdated is None
        else {"stale": [_entry(entry) for entry in outdated.stale], "expired": [_entry(e) for e in outdated.expired]},
        "coverage": None
        if lines is None
        else {"files": [{"file": of.file, "covered": list(of.covered), "missing": list(of.missing)} for of in lines]},
    }


def _target(target: Target, reach: TargetReach | None) -> dict[str, Any]:
    if reach is None:
        reach = TargetReach(judged=False, note="nothing of it was played")
    row: dict[str, Any] = {
        "kind": target.kind,
        "name": target.name,
        "judged": reach.judged,
        "reason": reach.reason or None,
        "version": reach.version,
        "routes": {"reached": reach.reached, "of": len(reach.counted)} if target.kind == "app" else None,
    }
    return {**row, "policies": dict(reach.policies)} if target.kind == "server" else row


def _route(target: Target, route: RouteReach) -> dict[str, Any]:
    return {
        "target": target.name,
        "method": route.method,
        "path": route.path,
        "reached": route.reached,
        "status": route.status,
        "why": None if route.reached else route.reason,
        "excused": route.excused or None,
    }


def _rule(record: Record) -> dict[str, Any]:
    return {
        "rule": record.rule,
        "target": record.target.name,
        "verdict": record.verdict.value,
        "exercised": record.exercised,
        "reason": record.reason,
        "section": record.section,
        "level": record.level.value,
        "clauses": list(record.clauses),
    }


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "fail_on": policy.fail_on.value,
        "levels": {rule: level.value for rule, level in sorted(policy.levels.items())},
        "ignore": [
            {"rules": list(ignore.rules), "path": ignore.path, "reason": ignore.reason} for ignore in policy.ignores
        ],
        "rules_version": policy.version_text or None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    expires = entry.expires.isoformat() if entry.expires else None
    return {**asdict(entry), "expires": expires}
