"""The report of a run as one document, from which every format is written.

A :class:`Record` is the result of one rule on one target. Only the JSON report turns a document into plain data; a
record becomes plain data where it crosses from a test worker to the controller, with its test report.
"""

from __future__ import annotations

import datetime
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._version import __version__
from ..naming import Target
from ..rules.clauses import clauses
from ..rules.model import Finding, Level, Location, Rule, RuleResult, Verdict
from ..rules.records.reach import TargetReach
from .baseline import Outdated
from .lines import FileLines
from .places import relative
from .policy import Policy


@dataclass(frozen=True, slots=True)
class Record:
    """The result of one rule on one target, with what a report needs to know of the rule.

    :param target: the target. :param rule: the rule's id. :param verdict: what the run says of the two.
    :param level: the rule's level in this project. :param section: the group that the rule stands in.
    :param order: the rule's place among those of its target; reports are sorted by it.
    :param clauses: ids of the clauses that it covers. :param summary: the rule in one sentence.
    :param hint: what to do about it. :param exercised: how often something could have broken it.
    :param findings: what was found, with the project's levels and with known findings marked.
    :param reason: why there is neither a finding nor a pass, ``""`` otherwise.
    """

    target: Target
    rule: str
    verdict: Verdict
    level: Level
    section: str
    order: int
    clauses: tuple[str, ...] = ()
    summary: str = ""
    hint: str = ""
    exercised: int = 0
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the plain data that rides on a test report from a worker to the controller."""
        return {
            "rule": self.rule,
            "target": self.target.name,
            "verdict": self.verdict.value,
            "exercised": self.exercised,
            "findings": [finding.to_dict() for finding in self.findings],
            "reason": self.reason,
            "kind": self.target.kind,
            "order": self.order,
            "section": self.section,
            "level": self.level.value,
            "clauses": list(self.clauses),
            "summary": self.summary,
            "hint": self.hint,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """Rebuild a record from :meth:`to_dict`'s data."""
        return cls(
            target=Target(data["kind"], data["target"]),
            rule=data["rule"],
            verdict=Verdict(data["verdict"]),
            level=Level(data["level"]),
            section=data["section"],
            order=data["order"],
            clauses=tuple(data["clauses"]),
            summary=data["summary"],
            hint=data["hint"],
            exercised=data["exercised"],
            findings=tuple(map(Finding.from_dict, data["findings"])),
            reason=data["reason"],
        )


def record(result: RuleResult, rule: Rule, kind: str, order: int, level: Level | None = None) -> Record:
    """Return the record of *result*.

    :param kind: ``"app"``, ``"middleware"`` or ``"server"``: what the target is.
    :param order: the rule's place among those of its target.
    :param level: the rule's level in this project, ``None`` for its own.
    """
    return Record(
        target=Target(kind, result.target),
        rule=result.rule,
        verdict=result.verdict,
        level=rule.level if level is None else level,
        section=rule.section,
        order=order,
        clauses=rule.clauses,
        summary=rule.summary,
        hint=rule.hint,
        exercised=result.exercised,
        findings=result.findings,
        reason=result.reason,
    )


@dataclass(frozen=True, slots=True)
class ClauseTotals:
    """How many clauses there are, and what became of them; the last four add up to *total*."""

    total: int = 0
    held: int = 0
    broken: int = 0
    not_exercised: int = 0
    unobservable: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """What made the report: version of this package, interpreter with its version, platform."""

    version: str = __version__
    python: str = field(default_factory=lambda: f"{platform.python_implementation()} {platform.python_version()}")
    platform: str = field(default_factory=platform.platform)


@dataclass(frozen=True, slots=True)
class Run:
    """What differs between two equal runs. :param command: as it was typed, without secrets. :param date: of its begin.

    :param seconds: how long it took.
    """

    command: str
    date: str
    seconds: float

    @classmethod
    def since(cls, began: float, command: str) -> Run:
        """Return it for a run that began at the time *began*, in seconds since the epoch, and ends now."""
        date = datetime.datetime.fromtimestamp(began, datetime.timezone.utc)
        return cls(command, date.isoformat(timespec="seconds"), round(time.time() - began, 2))


@dataclass(frozen=True)
class Document:
    """The report of a run; :func:`build` makes it.

    :param targets: what was put to the test, in the user's order. :param records: a target's in its rules' order.
    :param loose: findings of the user's own tests, which have no target. :param clauses: what the run says of them.
    :param exit: pytest's exit code. :param complete: false when the run was cut short.
    :param policy: what the project decided, ``None`` for nothing.
    :param baseline: entries of the baseline that are out of date, ``None`` without a baseline.
    :param coverage: lines that ran under validation by file, ``None`` when not measured.
    :param reach: what was reached of each target; those that were not played are not in it.
    :param run: command, date and duration, ``None`` where they are not known.
    """

    targets: tuple[Target, ...]
    records: tuple[Record, ...]
    loose: tuple[Finding, ...]
    clauses: ClauseTotals
    exit: int
    complete: bool = True
    policy: Policy | None = None
    baseline: Outdated | None = None
    coverage: tuple[FileLines, ...] | None = None
    reach: Mapping[Target, TargetReach] = field(default_factory=dict)
    run: Run | None = None
    tool: Tool = field(default_factory=Tool)

    @property
    def unjudged(self) -> dict[Target, TargetReach]:
        """The targets that were played and can't be judged."""
        return {target: reach for target, reach in self.reach.items() if not reach.judged}

    @property
    def short(self) -> dict[Target, TargetReach]:
        """The targets that are judged though routes of theirs were not reached."""
        return {target: reach for target, reach in self.reach.items() if reach.judged and reach.missed}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings: those of the records, then the loose ones."""
        return (*(finding for each in self.records for finding in each.findings), *self.loose)

    def with_findings(self, change: Callable[[Finding], Finding]) -> Document:
        """Return the document with what *change* makes of each finding; it is called in their order."""
        records = tuple(replace(each, findings=tuple(map(change, each.findings))) for each in self.records)
        return replace(self, records=records, loose=tuple(map(change, self.loose)))


def build(
    records: Iterable[Record],
    targets: Iterable[Target],
    *,
    exit_status: int,
    complete: bool = True,
    loose: Iterable[Finding] = (),
    root: str | None = None,
    policy: Policy | None = None,
    baseline: Outdated | None = None,
    coverage: tuple[FileLines, ...] | None = None,
    reach: Mapping[Target, TargetReach] | None = None,
    run: Run | None = None,
) -> Document:
    """Return the report of a run; parameters as of :class:`Document`, in any order.

    The same records give the same document whatever order they come in (test workers race).

    :param root: findings' files that lie below this folder are named relative to it.
    """
    known = tuple(dict.fromkeys(targets))
    place = {target: index for index, target in enumerate(known)}
    ordered = tuple(sorted(records, key=lambda r: (place.get(r.target, len(place)), r.order, r.rule)))
    made = Document(
        targets=known,
        records=ordered,
        loose=tuple(sorted(loose, key=_finding_order)),
        clauses=clause_totals(ordered, {target.kind for target in known}),
        exit=exit_status,
        complete=complete,
        policy=policy,
        baseline=baseline,
        coverage=coverage,
        reach={target: rooted(reach[target], root) for target in known if target in reach} if reach else {},
        run=run,
    )
    return made if root is None else made.with_findings(lambda finding: _rooted(finding, root))


def rooted(reach: TargetReach, root: str | None) -> TargetReach:
    """Return *reach* with its files named relative to *root*, those that lie below it."""
    return reach if root is None else reach.with_places(lambda place: _rooted_place(place, root))


def _rooted(finding: Finding, root: str) -> Finding:
    location = finding.location
    return finding if location is None else replace(finding, location=_rooted_place(location, root))


def _rooted_place(location: Location, root: str) -> Location:
    return replace(location, file=relative(location.file, root))


def _finding_order(finding: Finding) -> tuple[str, str, int, str, str]:
    file, line = (finding.location.file, finding.location.line) if finding.location else ("", 0)
    return finding.rule, file, line, finding.message, repr(finding.full_evidence())


def clause_totals(records: Iterable[Record], kinds: Iterable[str]) -> ClauseTotals:
    """Count the clauses that bind one of *kinds* or that a rule judged, without those that only permit (``may``).

    ``broken``: a rule that covers it was broken; ``held``: one held and none was broken; ``unobservable``:
    nobody can tell; ``not_exercised``: all the others, those without a rule included. They add up to ``total``.
    """
    broken: set[str] = set()
    held: set[str] = set()
    judged: set[str] = set()
    for each in records:
        judged.update(each.clauses)
        if each.verdict is Verdict.BROKEN:
            broken.update(each.clauses)
        elif each.verdict is Verdict.HELD:
            held.update(each.clauses)
    wanted = set(kinds)
    totals = {"held": 0, "broken": 0, "not_exercised": 0, "unobservable": 0}
    for clause in clauses().values():
        if clause.level == "may" or not (clause.id in judged or wanted & set(clause.binds)):
            continue
        if clause.id in broken:
            totals["broken"] += 1
        elif clause.id in held:
            totals["held"] += 1
        elif clause.observe == "unobservable":
            totals["unobservable"] += 1
        else:
            totals["not_exercised"] += 1
    return ClauseTotals(total=sum(totals.values()), **totals)
