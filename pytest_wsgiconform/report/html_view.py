"""What the HTML page shows, worked out from the report's document; the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..rules.clauses import Clause, clauses
from ..rules.display import clean, plain
from ..rules.model import Rule, Verdict
from ..rules.registry import catalogue
from .html_wire import pieces
from .places import fingerprints
from .tally import tally
from .transcript import example

#: With more findings than this the rules start closed, so that the page opens at once.
OPEN_UP_TO = 100

_LEVELS = ("error", "warning", "advice")

#: What a clause or rule on a target can be, worst first: the class of its mark in the page.
_STATES = ("broken", "inconclusive", "held", "not-exercised", "not-applicable", "unobservable", "may")

_Json = Mapping[str, Any]


def page(document: _Json) -> dict[str, Any]:
    """Return the variables of the template."""
    rules = catalogue()
    rows = document["rules"]
    names = fingerprints(document["findings"])
    findings = [_finding(f, name) for f, name in zip(document["findings"], names, strict=True)]
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        by_rule.setdefault(finding["rule"], []).append(finding)
    judged = list(dict.fromkeys([row["rule"] for row in rows] + list(by_rule)))
    targets = [target["name"] for target in document["targets"]]
    shown = [_rule(name, rules.get(name), rows, by_rule.get(name, []), targets) for name in judged]
    return {
        "complete": document.get("complete", True),
        "totals": document["clauses"],
        "tool": {key: clean(str(value)) for key, value in document["tool"].items()},
        "tally": tally(document),
        "open_up_to": OPEN_UP_TO,
        "targets": [{"kind": t["kind"], "name": clean(t["name"])} for t in document["targets"]],
        "levels": _LEVELS,
        "blames": [blame for blame in ("app", "middleware", "server") if any(f["blame"] == blame for f in findings)],
        "parts": _clause_map(document),
        "sections": _sections(shown),
        "matrix": _matrix(shown) if len(targets) > 1 else [],
        "coverage": _coverage(document),
        "policy": _policy(document),
        "baseline": document.get("baseline") or {},
    }


def _matrix(rules: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the rows of the comparison in two parts, each with its title: what is worth a look, and the rest."""
    same = [rule for rule in rules if set(rule["cells"]) <= {"held"}]
    other = [rule for rule in rules if rule not in same]
    return [("", other), (f"{len(same)} rules that every target holds", same)]


def _worst(states: Iterable[str]) -> str:
    return min(states, key=_STATES.index, default="not-exercised")


def _rule(
    name: str, rule: Rule | None, rows: list[_Json], findings: list[dict[str, Any]], targets: list[str]
) -> dict[str, Any]:
    mine = [row for row in rows if row["rule"] == name]
    verdicts = {row["target"]: row for row in mine}
    state = _worst([row["verdict"] for row in mine] + (["broken"] if findings else []))
    level = rule.level.value if rule else findings[0]["level"]
    return {
        "id": name,
        "state": state,
        "level": mine[0].get("level", level) if mine else level,
        "section": rule.section if rule else "other",
        "side": rule.side.value if rule else "",
        "summary": plain(rule.summary) if rule else "",
        "why": _paragraphs(plain(rule.why)) if rule else [],
        "hint": plain(rule.hint) if rule else "",
        "bad": example(rule, "bad").text if rule and rule.bad_example else "",
        "good": example(rule, "good").text if rule and rule.good_example else "",
        "clauses": [clauses()[clause] for clause in (rule.clauses if rule else ()) if clause in clauses()],
        "findings": findings,
        "exercised": sum(row["exercised"] for row in mine),
        "reasons": list(dict.fromkeys(clean(row["reason"]) for row in mine if row.get("reason"))),
        "cells": [verdicts[target]["verdict"] if target in verdicts else "" for target in targets],
    }


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _sections(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        sections.setdefault(rule["section"], []).append(rule)
    return [
        {"name": name, "rules": members, "state": _worst(rule["state"] for rule in members)}
        for name, members in sections.items()
    ]


def _finding(finding: _Json, fingerprint: str) -> dict[str, Any]:
    evidence = dict(finding["evidence"])
    trace = evidence.pop("trace", ())
    wire = pieces(evidence)
    for key in ("sent", "received"):
        evidence.pop(key, None)
    place = finding["location"]
    return {
        **finding,
        "id": f"finding-{fingerprint[:16]}",
        "message": clean(finding["message"]),
        "target": clean(finding["target"]),
        "stimulus": clean(finding["stimulus"]),
        "place": clean(f"{place['file']}:{place['line']}") if place else "",
        "function": clean(place["function"]) if place else "",
        "request_line": _request_line(finding["request"]),
        "trace": [clean(str(line)) for line in trace],
        "wire": wire,
        "facts": [(clean(str(key)), clean(_text(value))) for key, value in evidence.items() if value is not None],
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _request_line(request: _Json | None) -> str:
    if not request:
        return ""
    query = f"?{request['query']}" if request.get("query") else ""
    return clean(f"{request.get('method', '')} {request.get('path', '')}{query}".strip())


def _clause_map(document: _Json) -> list[dict[str, Any]]:
    """Return the two parts of the inventory, each with its sections and their clauses' states.

    A clause has a place in the map when it binds a kind of target that is there, or a rule judged it.
    """
    states: dict[str, list[str]] = {}
    covering: dict[str, list[str]] = {}
    for row in document["rules"]:
        for name in row["clauses"]:
            states.setdefault(name, []).append(row["verdict"])
            if row["rule"] not in covering.setdefault(name, []):
                covering[name].append(row["rule"])
    for finding in document["findings"]:
        for name in finding["clauses"]:
            states.setdefault(name, []).append("broken")
    kinds = {target["kind"] for target in document["targets"]}
    parts: dict[str, dict[str, dict[str, Any]]] = {"pep3333": {}, "http": {}}
    for clause in clauses().values():
        if clause.id not in states and not kinds & set(clause.binds):
            continue
        title = clause.section if clause.part == "pep3333" else clause.section.split(" §")[0]
        section = parts[clause.part].setdefault(title, {"title": title, "url": _section_url(clause), "clauses": []})
        state = _clause_state(clause, states.get(clause.id, []))
        section["clauses"].append({"clause": clause, "state": state, "rules": covering.get(clause.id, [])})
    titles = {"pep3333": "PEP 3333", "http": "HTTP"}
    return [{"title": titles[part], "sections": list(found.values())} for part, found in parts.items() if found]


def _section_url(clause: Clause) -> str:
    return clause.url if clause.part == "pep3333" else clause.url.partition("#")[0]


def _clause_state(clause: Clause, seen: list[str]) -> str:
    told = [state for state in seen if state != Verdict.NOT_APPLICABLE.value]
    worst = _worst(told)
    if clause.level == "may" and worst != "broken":
        return "may"  # a permission is nothing that can be kept
    if worst != "not-exercised":
        return worst
    return "unobservable" if clause.observe == "unobservable" else worst


def _coverage(document: _Json) -> list[dict[str, Any]]:
    """Return per file of the app what ran while it was watched.

    The document's ``coverage`` is ``{"files": [{"file", "covered": [line, ...], "missing": [line, ...]}]}``.
    """
    rows = []
    for entry in (document.get("coverage") or {}).get("files", []):
        covered, missing = len(entry["covered"]), len(entry["missing"])
        total = covered + missing
        rows.append(
            {
                "file": clean(entry["file"]),
                "covered": covered,
                "total": total,
                "percent": 100 * covered // total if total else 100,
                "missing": _ranges(entry["missing"]),
            }
        )
    return rows


def _ranges(lines: Iterable[int]) -> str:
    """Return line numbers as people write them: ``3-5, 9``."""
    spans: list[list[int]] = []
    for line in sorted(set(lines)):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _policy(document: _Json) -> list[tuple[str, str]]:
    """Return what the project decided, as (name, value) for people; empty when it decided nothing."""
    policy = document.get("policy") or {}
    rows = []
    if policy.get("fail_on", "error") != "error":
        rows.append(("fails on", f"{policy['fail_on']} and worse"))
    if policy.get("rules_version"):
        rows.append(("rules as of", str(policy["rules_version"])))
    rows += [(f"level of {rule}", level) for rule, level in policy.get("levels", {}).items()]
    for ignore in policy.get("ignore", []):
        where = f" in {ignore['path']}" if ignore["path"] else ""
        rows.append((f"ignored: {', '.join(ignore['rules'])}{where}", ignore["reason"] or "no reason given"))
    return [(clean(name), clean(value)) for name, value in rows]
