"""What the HTML page shows, worked out from the report's document; the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..naming import Target
from ..rules.clauses import Clause, clauses
from ..rules.display import clean, plain
from ..rules.model import Blame, Finding, Level, Rule, Verdict
from ..rules.records.reach import RouteReach
from ..rules.registry import catalogue
from .baseline import Entry, Outdated
from .document import ClauseTotals, Document, Record, Tool
from .html_wire import Piece, pieces
from .lines import FileLines
from .places import fingerprints
from .policy import Policy
from .reached import capitalised, missed, not_judged, too_little
from .tally import Tally, tally
from .transcript import example

#: With more findings than this the rules start closed, so that the page opens at once.
OPEN_UP_TO = 100

#: What a clause or rule on a target can be, worst first: the class of its mark in the page.
_STATES = ("broken", "inconclusive", "held", "not-exercised", "not-applicable", "unobservable", "may")


@dataclass(frozen=True)
class FindingView:
    """A finding, all text of it clean. :ivar facts: the rest of its evidence. :ivar wire: the bytes that it shows."""

    id: str
    level: Level
    blame: Blame
    baselined: bool
    count: int
    message: str
    target: str
    stimulus: str
    place: str
    function: str
    request_line: str
    trace: list[str]
    wire: list[Piece]
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class RuleView:
    """A rule with what came of it. :ivar state: the worst. :ivar cells: its verdict on each target, ``""`` for none."""

    id: str
    state: str
    level: Level
    section: str
    summary: str
    why: list[str]
    hint: str
    bad: str
    good: str
    clauses: list[Clause]
    findings: list[FindingView]
    reasons: list[str]
    cells: list[str]


@dataclass(frozen=True)
class SectionView:
    """The rules of one section."""

    name: str
    rules: list[RuleView]


@dataclass(frozen=True)
class ClauseView:
    """A clause, what became of it, and the rules that cover it."""

    clause: Clause
    state: str
    rules: list[str]


@dataclass(frozen=True)
class ClauseSection:
    """The clauses of one section of a standard."""

    title: str
    url: str
    clauses: list[ClauseView]


@dataclass(frozen=True)
class ClausePart:
    """The sections of PEP 3333, or those of the HTTP RFCs."""

    title: str
    sections: list[ClauseSection]


@dataclass(frozen=True)
class CoverageRow:
    """How much of a file ran. :ivar missing: the lines that didn't, as people write them."""

    file: str
    covered: int
    total: int
    percent: int
    missing: str


@dataclass(frozen=True)
class RouteView:
    """A route that was asked. :ivar why: why it was not reached, ``""`` when it was."""

    target: str
    request: str
    status: str
    why: str


@dataclass(frozen=True)
class Page:
    """The variables of the template.

    :ivar unjudged: a sentence for each target that is not judged. :ivar reached: what is to be said of routes that were
        not reached. :ivar routes: all that were asked.
    :ivar matrix: rows of the comparison of several targets, in parts with their titles; empty for a single target.
    :ivar policy: what the project decided, as (name, value). :ivar outdated: what is to be said of entries of the
        baseline, and which they are.
    """

    complete: bool
    unjudged: list[str]
    reached: list[str]
    routes: list[RouteView]
    totals: ClauseTotals
    tool: Tool
    tally: Tally
    open_up_to: int
    targets: list[Target]
    levels: tuple[Level, ...]
    blames: list[Blame]
    parts: list[ClausePart]
    sections: list[SectionView]
    matrix: list[tuple[str, list[RuleView]]]
    coverage: list[CoverageRow]
    policy: list[tuple[str, str]]
    outdated: list[tuple[str, tuple[Entry, ...]]]


def page(document: Document) -> Page:
    """Return what the page of *document* shows."""
    rules = catalogue()
    names = fingerprints(document.findings)
    found: dict[str, list[FindingView]] = {}
    for finding, name in zip(document.findings, names, strict=True):
        found.setdefault(finding.rule, []).append(_finding(finding, name))
    records: dict[str, list[Record]] = {}
    for record in document.records:
        records.setdefault(record.rule, []).append(record)
    shown = [
        _rule(name, rules.get(name), records.get(name, []), found.get(name, []), document.targets)
        for name in dict.fromkeys([*records, *found])
    ]
    tool = document.tool
    return Page(
        complete=document.complete,
        unjudged=[capitalised(f"{clean(t.name)}: {not_judged(t, r)}") for t, r in document.unjudged.items()],
        reached=_reached(document),
        routes=[_route(target, route) for target, reach in document.reach.items() for route in reach.routes],
        totals=document.clauses,
        tool=Tool(clean(tool.version), clean(tool.python), clean(tool.platform)),
        tally=tally(document),
        open_up_to=OPEN_UP_TO,
        targets=[target._replace(name=clean(target.name)) for target in document.targets],
        levels=tuple(Level),
        blames=[blame for blame in Blame if any(finding.blame is blame for finding in document.findings)],
        parts=_clause_map(document),
        sections=_sections(shown),
        matrix=_matrix(shown) if len(document.targets) > 1 else [],
        coverage=_coverage(document.coverage or ()),
        policy=_policy(document.policy or Policy()),
        outdated=_outdated(document.baseline or Outdated()),
    )


def _reached(document: Document) -> list[str]:
    lacking = [f"{clean(t.name)}: {too_little(t, r)}" for t, r in document.reach.items() if not r.enough]
    return lacking or [text for text in [missed(document)] if text]


def _route(target: Target, route: RouteReach) -> RouteView:
    status = "" if route.status is None else str(route.status)
    why = "" if route.reached else clean(route.reason)
    return RouteView(clean(target.name), clean(f"{route.method} {route.path}"), status, why)


def _matrix(rules: list[RuleView]) -> list[tuple[str, list[RuleView]]]:
    """Return the rows of the comparison in two parts, each with its title: what is worth a look, and the rest."""
    same = [rule for rule in rules if set(rule.cells) <= {"held"}]
    other = [rule for rule in rules if not set(rule.cells) <= {"held"}]
    return [("", other), (f"{len(same)} rules that every target holds", same)]


def _worst(states: Iterable[str]) -> str:
    return min(states, key=_STATES.index, default="not-exercised")


def _rule(
    name: str, rule: Rule | None, records: list[Record], findings: list[FindingView], targets: Sequence[Target]
) -> RuleView:
    verdicts = {record.target: record.verdict.value for record in records}
    # What a rule weighs here is the project's decision, and only what the project says stands in the records.
    level = records[0].level if records else rule.level if rule else findings[0].level
    return RuleView(
        id=name,
        state=_worst([record.verdict.value for record in records] + (["broken"] if findings else [])),
        level=level,
        section=rule.section if rule else "other",
        summary=plain(rule.summary) if rule else "",
        why=_paragraphs(plain(rule.why)) if rule else [],
        hint=plain(rule.hint) if rule else "",
        bad=example(rule, "bad").text if rule and rule.bad_example else "",
        good=example(rule, "good").text if rule and rule.good_example else "",
        clauses=[clauses()[clause] for clause in (rule.clauses if rule else ()) if clause in clauses()],
        findings=findings,
        reasons=list(dict.fromkeys(clean(record.reason) for record in records if record.reason)),
        cells=[verdicts.get(target, "") for target in targets],
    )


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _sections(rules: list[RuleView]) -> list[SectionView]:
    sections: dict[str, list[RuleView]] = {}
    for rule in rules:
        sections.setdefault(rule.section, []).append(rule)
    return [SectionView(name, members) for name, members in sections.items()]


def _finding(finding: Finding, fingerprint: str) -> FindingView:
    evidence = finding.full_evidence()
    trace = evidence.pop("trace", ())
    wire = pieces(evidence)
    for key in ("sent", "received"):
        evidence.pop(key, None)
    place = finding.location
    return FindingView(
        id=f"finding-{fingerprint[:16]}",
        level=finding.level,
        blame=finding.blame,
        baselined=finding.baselined,
        count=finding.count,
        message=clean(finding.message),
        target=clean(finding.target),
        stimulus=clean(finding.stimulus),
        place=clean(f"{place.file}:{place.line}") if place else "",
        function=clean(place.function) if place else "",
        request_line=_request_line(finding.request or {}),
        trace=[clean(str(line)) for line in trace],
        wire=wire,
        facts=[(clean(str(key)), clean(_text(value))) for key, value in evidence.items() if value is not None],
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _request_line(request: Mapping[str, Any]) -> str:
    query = f"?{request['query']}" if request.get("query") else ""
    return clean(f"{request.get('method', '')} {request.get('path', '')}{query}".strip())


def _clause_map(document: Document) -> list[ClausePart]:
    """Return the two parts of the inventory, each with its sections and their clauses' states.

    A clause has a place in the map when it binds a kind of target that is there, or a rule judged it.
    """
    states: dict[str, list[str]] = {}
    covering: dict[str, list[str]] = {}
    for record in document.records:
        for name in record.clauses:
            states.setdefault(name, []).append(record.verdict.value)
            if record.rule not in covering.setdefault(name, []):
                covering[name].append(record.rule)
    for finding in document.findings:
        for name in finding.clauses:
            states.setdefault(name, []).append("broken")
    kinds = {target.kind for target in document.targets}
    parts: dict[str, dict[str, ClauseSection]] = {"pep3333": {}, "http": {}}
    for clause in clauses().values():
        if clause.id not in states and not kinds & set(clause.binds):
            continue
        title = clause.section if clause.part == "pep3333" else clause.section.split(" §")[0]
        section = parts[clause.part].setdefault(title, ClauseSection(title, _section_url(clause), []))
        state = _clause_state(clause, states.get(clause.id, []))
        section.clauses.append(ClauseView(clause, state, covering.get(clause.id, [])))
    titles = {"pep3333": "PEP 3333", "http": "HTTP"}
    return [ClausePart(titles[part], list(found.values())) for part, found in parts.items() if found]


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


def _coverage(files: Iterable[FileLines]) -> list[CoverageRow]:
    """Return per file of the app what ran while it was watched."""
    rows = []
    for lines in files:
        covered = len(lines.covered)
        total = covered + len(lines.missing)
        percent = 100 * covered // total if total else 100
        rows.append(CoverageRow(clean(lines.file), covered, total, percent, _ranges(lines.missing)))
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


def _outdated(baseline: Outdated) -> list[tuple[str, tuple[Entry, ...]]]:
    told = [
        ("no longer occurs; take it out of the baseline", baseline.stale),
        ("has expired", baseline.expired),
    ]
    return [(text, entries) for text, entries in told if entries]


def _policy(policy: Policy) -> list[tuple[str, str]]:
    """Return what the project decided, as (name, value) for people; empty when it decided nothing."""
    rows = []
    if policy.fail_on is not Level.ERROR:
        rows.append(("fails on", f"{policy.fail_on} and worse"))
    if policy.rules_version:
        rows.append(("rules as of", policy.version_text))
    rows += [(f"level of {rule}", level.value) for rule, level in sorted(policy.levels.items())]
    for ignore in policy.ignores:
        where = f" in {ignore.path}" if ignore.path else ""
        rows.append((f"ignored: {', '.join(ignore.rules)}{where}", ignore.reason or "no reason given"))
    return [(clean(name), clean(value)) for name, value in rows]
