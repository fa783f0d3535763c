"""The numbers that every format shows, counted in one place so that they agree."""

from __future__ import annotations

from dataclasses import dataclass

from ..rules.model import Blame, Level, Verdict
from .document import Document
from .policy import Policy


@dataclass(frozen=True)
class Tally:
    """Counts of one document.

    :param findings: all findings. :param baselined: those that were known.
    :param failing: those that made the run fail. :param by_level, by_blame: findings by level and by blame.
    :param unjudged: targets that could not be judged.
    :param verdicts: verdicts of rules on targets. :param broken_rules: ids of rules with a failing finding.
    """

    findings: int
    baselined: int
    failing: int
    unjudged: int
    by_level: dict[Level, int]
    by_blame: dict[Blame, int]
    verdicts: dict[Verdict, int]
    broken_rules: tuple[str, ...]


def tally(document: Document) -> Tally:
    """Count what is in *document*."""
    findings = document.findings
    policy = document.policy or Policy()
    failing = [finding for finding in findings if policy.fails(finding)]
    return Tally(
        findings=len(findings),
        baselined=sum(finding.baselined for finding in findings),
        failing=len(failing),
        unjudged=len(document.unjudged),
        by_level={level: sum(finding.level is level for finding in findings) for level in Level},
        by_blame={blame: sum(finding.blame is blame for finding in findings) for blame in Blame},
        verdicts={verdict: sum(record.verdict is verdict for record in document.records) for verdict in Verdict},
        broken_rules=tuple(dict.fromkeys(finding.rule for finding in failing)),
    )
