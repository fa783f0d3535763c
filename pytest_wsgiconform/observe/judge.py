"""Running rules over events: the slow path of the validator, and the only place that makes findings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..rules.display import clean, shorten
from ..rules.model import Blame, ConformanceError, ConformanceWarning, Fault, Finding, Level, Rule
from ..rules.records.exchange import Event, Exchange

#: Most entries that an exchange's trace keeps; an endless app must not fill the memory.
TRACE_LIMIT = 200


class Judge:
    """Applies event rules and delivers what they find.

    :param rules: the rules to apply; those over finished runs are left out by themselves.
    :param on_finding: called with each finding. ``None``: an error-level finding raises
        :class:`ConformanceError` where it was seen, a warning-level one is issued as a
        :class:`ConformanceWarning`, advice is dropped.
    """

    def __init__(self, rules: Iterable[Rule], on_finding: Callable[[Finding], None] | None) -> None:
        self.on_finding = on_finding
        self._by_event: dict[type, tuple[Rule, ...]] = {}
        for rule in rules:
            for event_type in rule.on:
                self._by_event[event_type] = (*self._by_event.get(event_type, ()), rule)
        self._told_once: set[str] = set()

    def rules_for(self, event_type: type) -> tuple[Rule, ...]:
        """Return the rules that judge events of *event_type*."""
        return self._by_event.get(event_type, ())

    def pending_once(self, event_type: type) -> bool:
        """Tell whether a rule on events of *event_type* that speaks only once has not spoken yet."""
        return any(rule.once and rule.id not in self._told_once for rule in self.rules_for(event_type))

    def judge(self, event: Event, exchange: Exchange) -> None:
        """Apply every rule to *event*; deliver the findings, the worst last, so that none is lost."""
        first_error: Finding | None = None
        for rule in self._by_event.get(type(event), ()):
            outcome = rule.check(event, exchange)
            if outcome is None:
                continue
            if type(exchange.exercised) is not dict:
                exchange.exercised = {}
            exchange.exercised[rule.id] = exchange.exercised.get(rule.id, 0) + 1
            if not outcome or (rule.once and rule.id in self._told_once):
                continue
            if rule.once:
                self._told_once.add(rule.id)
            for fault in outcome:
                finding = self._record(rule, fault, event, exchange)
                if finding is not None and self._deliver(finding) and first_error is None:
                    first_error = finding
        if first_error is not None:
            raise ConformanceError(first_error)

    def _record(self, rule: Rule, fault: Fault, event: Event, exchange: Exchange) -> Finding | None:
        """Add the finding to *exchange*; ``None`` when the same fault at the same place is there already."""
        finding = make_finding(rule, fault, event.location, exchange)
        if type(exchange.findings) is not list:
            exchange.findings = []
        for index, known in enumerate(exchange.findings):
            if known.rule == finding.rule and known.location == finding.location and known.blame == finding.blame:
                same_place = finding.location is not None or known.message == finding.message
                if same_place and known.variable == finding.variable:
                    exchange.findings[index] = replace(known, count=known.count + 1)
                    return None
        exchange.findings.append(finding)
        return finding

    def _deliver(self, finding: Finding) -> bool:
        """Hand *finding* on; tell whether it has to be raised."""
        if self.on_finding is not None:
            self.on_finding(finding)
            return False
        if finding.level is Level.ERROR:
            return True
        if finding.level is Level.WARNING:
            warn(finding)
        return False


def warn(finding: Finding) -> None:
    """Issue *finding* as a :class:`ConformanceWarning` at the line it blames."""
    warning = ConformanceWarning(finding)
    place = finding.location
    if place is None:
        warnings.warn(warning, stacklevel=4)
    else:
        warnings.warn_explicit(warning, ConformanceWarning, place.file, place.line)


def blame_for(rule: Rule, exchange: Exchange) -> Blame:
    """Return the party that *rule* binds in *exchange*: a middleware answers for the side it stands on."""
    if rule.side is Blame.APP:
        return exchange.below
    if rule.side is Blame.SERVER:
        return exchange.above
    return Blame.MIDDLEWARE


def make_finding(rule: Rule, fault: Fault, location: Any, exchange: Exchange) -> Finding:
    """Turn what a check saw into a finding, with the request and what had happened so far."""
    evidence: dict[str, Any] = dict(fault.evidence)
    if fault.got is not None:
        evidence["got"] = shorten(clean(fault.got), 1000)
    if fault.expected is not None:
        evidence["expected"] = shorten(clean(fault.expected), 1000)
    if exchange.trace:
        evidence["trace"] = list(exchange.trace)
    return Finding(
        rule=rule.id,
        level=rule.level,
        blame=blame_for(rule, exchange),
        clauses=rule.clauses,
        message=shorten(clean(fault.message), 1000),
        request=exchange.request(),
        location=fault.location if fault.location is not None else location,
        evidence=evidence,
        variable=fault.variable,
    )
