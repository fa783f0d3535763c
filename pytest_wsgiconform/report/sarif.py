"""The report as SARIF 2.1.0, for code-scanning pages and editors."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from ..naming import Target
from ..rules.clauses import clauses
from ..rules.display import clean, markdown, plain
from ..rules.model import Finding, Level, Rule
from ..rules.records.reach import TargetReach
from ..rules.registry import catalogue
from .document import Document
from .files import write_text
from .places import fingerprints
from .reached import SECTION, item_name, not_judged, too_little
from .transcript import example

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.ADVICE: "note"}
_ROOT = "SRCROOT"


def write(document: Document, path: Path) -> None:
    """Write *document* to *path* as SARIF.

    :raises OSError: when the file can't be written.
    """
    write_text(path, json.dumps(log(document), indent=2) + "\n")


def log(document: Document) -> dict[str, Any]:
    """Return the SARIF log of *document*: one run, its rules those that were judged or broken.

    Files that are relative stay so, and are declared to be relative to the root of the project.
    """
    findings = document.findings
    ids = list(dict.fromkeys([record.rule for record in document.records] + [finding.rule for finding in findings]))
    index = {rule: number for number, rule in enumerate(ids)}
    names = fingerprints(findings)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(document, ids)},
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The root folder of the project."}}},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(document)],
                "results": [
                    _result(finding, index[finding.rule], name) for finding, name in zip(findings, names, strict=True)
                ],
            }
        ],
    }


def _driver(document: Document, ids: Iterable[str]) -> dict[str, Any]:
    rules = catalogue()
    return {
        "name": "pytest-wsgiconform",
        "version": document.tool.version,
        "informationUri": "https://peps.python.org/pep-3333/",
        "rules": [_rule(rules[name]) if name in rules else {"id": name} for name in ids],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    covered = [clauses()[name] for name in rule.clauses if name in clauses()]
    lines = [f"- {clause.says} ([{clause.section}]({clause.url}))" for clause in covered]
    unlinked = [f"- {clause.says} ({clause.section})" for clause in covered]
    text = "\n\n".join([plain(rule.why), f"What to do: {plain(rule.hint)}", "\n".join(["Clauses:", *unlinked])])
    parts = [markdown(rule.why), f"**What to do:** {markdown(rule.hint)}", "\n".join(["**Clauses:**", "", *lines])]
    for which, title in (("bad", "Breaks it"), ("good", "Keeps it")):
        shown = example(rule, which)
        parts.append(f"**{title}:**\n\n```{shown.language}\n{shown.text}\n```")
    row: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": plain(rule.summary)},
        "fullDescription": {"text": plain(rule.why)},
        "help": {"text": text, "markdown": "\n\n".join(parts)},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {"tags": ["wsgi", rule.section], "clauses": list(rule.clauses), "side": rule.side.value},
    }
    if covered:
        row["helpUri"] = covered[0].url
    return row


def _invocation(document: Document) -> dict[str, Any]:
    status = document.exit
    # pytest's 0, 1 and 5 (passed, failed, nothing to do) are runs that came to their end.
    finished = document.complete and status in (0, 1, 5)
    made: dict[str, Any] = {"executionSuccessful": finished and not document.unjudged, "exitCode": status}
    if document.reach:
        made["toolExecutionNotifications"] = [_notification(*played) for played in document.reach.items()]
    return made


def _notification(target: Target, reach: TargetReach) -> dict[str, Any]:
    """Say how far *target* was reached."""
    if not reach.judged:
        level, text = "error", not_judged(target, reach)
    elif not reach.enough:
        level, text = "error", too_little(target, reach)
    else:
        level = "warning" if reach.missed else "note"
        text = clean(reach.count()) or f"the app inside it was called {reach.called} times"
    return {
        "descriptor": {"id": f"{SECTION}/{item_name(target.kind)}"},
        "level": level,
        "message": {"text": f"{clean(target.name)}: {text}"},
    }


def _result(finding: Finding, rule_index: int, fingerprint: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.level],
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"wsgiconform/v1": fingerprint},
        "occurrenceCount": max(1, finding.count),
        "properties": {
            "blame": finding.blame.value,
            "clauses": list(finding.clauses),
            "target": finding.target,
            "stimulus": finding.stimulus,
            "evidence": finding.full_evidence(),
        },
    }
    request = finding.request
    if request:
        result["webRequest"] = {
            key: str(request[name]) for key, name in (("method", "method"), ("target", "path")) if request.get(name)
        }
    if finding.baselined:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": "The finding is in the project's baseline."}
        ]
    return result


def _message(finding: Finding) -> str:
    target = f" [{finding.target}]" if finding.target else ""
    return f"{finding.message}{target} (blame: {finding.blame})"


def _location(finding: Finding) -> dict[str, Any]:
    place = finding.location
    if place is None:
        # Servers are judged by their bytes: there is no line of theirs to point at.
        return {"logicalLocations": [{"name": finding.target or finding.blame.value, "kind": "module"}]}
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(place.file),
            "region": {"startLine": max(1, place.line)},
        }
    }
    if place.function:
        location["logicalLocations"] = [{"fullyQualifiedName": place.function, "kind": "function"}]
    return location


def _artifact(file: str) -> dict[str, str]:
    # A code object may be named anything; "surrogateescape" keeps odd bytes of a file's name.
    if PurePath(file).is_absolute():
        return {"uri": "file://" + urllib.parse.quote(file.encode("utf-8", "surrogateescape"))}
    return {"uri": urllib.parse.quote(file.encode("utf-8", "surrogateescape")), "uriBaseId": _ROOT}
