"""From what checks returned to findings and verdicts, the same for every kind of target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..rules.display import clean
from ..rules.model import Blame, Fault, Finding, Location, Rule, RuleResult, Verdict, merge
from ..rules.records.app import AppRun
from ..rules.records.reach import TargetReach
from .deadline import REASONS


def result_of(rule: Rule, target: str, exercised: int, findings: Iterable[Finding], reason: str) -> RuleResult:
    """Fold what was counted and found into a verdict.

    :param reason: why the rule was not exercised, for the case that it wasn't.
    """
    merged = tuple(merge(replace(finding, target=target) for finding in findings))
    if merged:
        return RuleResult(rule.id, target, Verdict.BROKEN, max(exercised, 1), merged)
    if not exercised:
        return RuleResult(rule.id, target, Verdict.NOT_EXERCISED, reason=reason)
    return RuleResult(rule.id, target, Verdict.HELD, exercised)


def as_reached(result: RuleResult, reach: TargetReach) -> RuleResult:
    """Return *result* as it counts: of a target that can't be judged, only what was found is said."""
    if reach.judged or result.verdict is Verdict.BROKEN:
        return result
    reason = "not judged, for nothing of the target was reached"
    if result.reason in REASONS:
        reason = result.reason  # that is why nothing was
    return replace(result, verdict=Verdict.NOT_EXERCISED, exercised=0, findings=(), reason=reason)


def finding_of_run(rule: Rule, fault: Fault, run: AppRun) -> Finding:
    """Make the finding of a rule over runs of an app; its request is the fault's own or the run's first."""
    record = run.exchange(fault.exchange) if fault.exchange is not None else None
    record = record or (run.exchanges[0] if run.exchanges else None)
    # How to send the request again, where the stimulus worked that out.
    facts = record.facts if record is not None else {}
    more: dict[str, Any] = {key: facts[key] for key in ("python", "raw") if key in facts}
    return finding_of_fault(
        rule,
        fault,
        blame=rule.side,
        stimulus=run.stimulus,
        request=record.request() if record is not None else {"method": "", "path": run.path, "query": ""},
        location=record.start_location if record is not None else None,
        more=more,
    )


def finding_of_fault(
    rule: Rule,
    fault: Fault,
    *,
    blame: Blame,
    stimulus: str,
    request: Mapping[str, Any] | None,
    location: Location | None,
    more: Mapping[str, Any] | None = None,
) -> Finding:
    """Make the finding of a rule over runs.

    :param stimulus: id of the stimulus that was played. :param request: the request that shows the fault.
    :param location: the line to name when the fault names none. :param more: further evidence.
    """
    evidence: dict[str, Any] = {**fault.evidence, **(more or {})}
    for key in ("got", "expected"):
        value = getattr(fault, key)
        if value is not None:
            evidence[key] = clean(value)
    return Finding(
        rule=rule.id,
        level=rule.level,
        blame=blame,
        clauses=rule.clauses,
        message=clean(fault.message),
        stimulus=stimulus,
        request=request,
        location=fault.location or location,
        evidence=evidence,
        variable=fault.variable,
    )
