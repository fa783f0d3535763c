"""The suite: one test item per target and rule, grouped by section."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ..naming import NodeId
from ..report.document import Record, record
from ..report.failure_text import failure_text
from ..report.reached import SECTION, item_name
from ..rules.display import clean
from ..rules.model import ConformanceWarning, Finding, Level, Location, Rule, RuleResult, Verdict
from ..targets.base import HookError, Places
from ..targets.plan import needs_everything
from .opened import OpenTarget
from .reach_item import ReachSection

if TYPE_CHECKING:
    import os


class BrokenRule(Exception):
    """A rule does not hold; the item's failure. :ivar findings: those that make it fail."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(str(finding) for finding in findings))
        self.findings = findings


class WsgiTarget(pytest.Collector):
    """Everything judged of one target."""

    open_target: OpenTarget
    wanted: list[NodeId]

    @classmethod
    def of(cls, session: pytest.Session, open_target: OpenTarget, wanted: list[NodeId]) -> WsgiTarget:
        """Make the node. *wanted*: the node ids that the user named, empty for all."""
        name = open_target.target.nodeid
        node: WsgiTarget = cls.from_parent(session, name=name, nodeid=name)
        node.open_target = open_target
        node.wanted = wanted
        node.add_marker("wsgi")
        return node

    def collect(self) -> Iterator[WsgiSection | ReachSection]:
        name = item_name(self.open_target.target.kind)
        if not self.wanted or any(n.section in (None, SECTION) and n.rule in (None, name) for n in self.wanted):
            yield ReachSection.of(self, self.open_target)
        sections: dict[str, list[tuple[int, Rule]]] = {}
        for order, rule in enumerate(self.open_target.rules):
            if not self.wanted or any(_names(node_id, rule) for node_id in self.wanted):
                sections.setdefault(rule.section, []).append((order, rule))
        for section, rules in sections.items():
            yield WsgiSection.of(self, section, rules)


def _names(node_id: NodeId, rule: Rule) -> bool:
    return node_id.section in (None, rule.section) and node_id.rule in (None, rule.id)


class WsgiSection(pytest.Collector):
    """The rules of one section of the catalogue."""

    open_target: OpenTarget
    rules: list[tuple[int, Rule]]

    @classmethod
    def of(cls, parent: WsgiTarget, name: str, rules: list[tuple[int, Rule]]) -> WsgiSection:
        node: WsgiSection = cls.from_parent(parent, name=name)
        node.open_target, node.rules = parent.open_target, rules
        return node

    def collect(self) -> Iterator[WsgiRule]:
        for order, rule in self.rules:
            yield WsgiRule.of(self, rule, order)


class WsgiRule(pytest.Item):
    """One rule, put to one target.

    :ivar record: the result, once it has run.
    """

    open_target: OpenTarget
    rule: Rule
    order: int
    record: Record | None = None
    #: Where the rule showed, for a later session that judges it again.
    places: Places = ()
    #: Whether it was judged only where an earlier session had found it broken.
    stopped_early: bool = False
    #: What a hook of the project did wrong meanwhile: the run ends with it.
    fault_of_hook: str = ""
    #: Where the first finding lies that makes the item fail, once it has run.
    failed_at: Location | None = None

    @classmethod
    def of(cls, parent: WsgiSection, rule: Rule, order: int) -> WsgiRule:
        node: WsgiRule = cls.from_parent(parent, name=rule.id)
        node.open_target, node.rule, node.order = parent.open_target, rule, order
        return node

    @property
    def target_id(self) -> str:
        """First part of the node id: ``wsgi-app[pkg:app]``."""
        return self.open_target.target.nodeid

    def judge(self) -> RuleResult:
        """Put the rule to the target, and keep the record."""
        try:
            result, whole = self.open_target.judge(self.rule)
        except HookError as error:
            self.fault_of_hook = f"{self.open_target.target.option}: {error}"
            raise
        self.stopped_early = not whole
        if whole and result.verdict is Verdict.BROKEN and needs_everything(self.rule):
            self.places = self.open_target.run.places_of(self.rule)
        level = self.open_target.gate.policy.level(self.rule)
        self.record = record(result, self.rule, self.open_target.target.kind, self.order, level)
        return result

    def runtest(self) -> None:
        result = self.judge()
        level = self.open_target.gate.policy.level(self.rule)
        blamed = dict.fromkeys(finding.blame.value for finding in result.findings)
        self.user_properties += [
            ("wsgi.rule", self.rule.id),
            ("wsgi.level", level.value),
            ("wsgi.blame", " ".join(blamed) or self.rule.side.value),
            ("wsgi.clauses", " ".join(self.rule.clauses)),
            ("wsgi.verdict", result.verdict.value),
        ]
        if result.verdict in (Verdict.NOT_EXERCISED, Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE):
            pytest.skip(f"{result.verdict}: {clean(result.reason)}" if result.reason else result.verdict.value)
        self._weigh(result)

    def _weigh(self, result: RuleResult) -> None:
        """Fail for what fails, warn for what warns."""
        failing: list[Finding] = []
        for finding in result.findings:
            if self.open_target.gate.fails(finding):
                failing.append(finding)
            elif not finding.baselined and finding.level is not Level.ADVICE:
                try:
                    warn(finding, self.open_target.location)
                except ConformanceWarning:  # the user turned it into an error (-W error)
                    failing.append(finding)
        if failing:
            self.failed_at = next((finding.location for finding in failing if finding.location), None)
            raise BrokenRule(failing)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, BrokenRule):
            return failure_text(excinfo.value.findings, self.rule.hint)
        if self.fault_of_hook:
            return self.fault_of_hook
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        location = self.open_target.location
        if location is None:
            return self.path, None, self.nodeid
        return location.file, location.line - 1, self.nodeid


def warn(finding: Finding, fallback: Location | None) -> None:
    """Issue *finding* as a warning at its own line, else at *fallback*, else at no particular place.

    :raises ConformanceWarning: when the filters of the user say so.
    """
    location = finding.location or fallback or Location("<wsgi>", 0)
    printable = replace(finding, message=clean(finding.message))
    warnings.warn_explicit(ConformanceWarning(printable), ConformanceWarning, location.file, location.line)


def nodes(session: pytest.Session, targets: Iterable[OpenTarget], wanted: list[NodeId]) -> Iterator[WsgiTarget]:
    """Make the node of each target that *wanted* (all when empty) names."""
    for open_target in targets:
        own = [node_id for node_id in wanted if node_id.target == open_target.target]
        if own or not wanted:
            yield WsgiTarget.of(session, open_target, own)
