"""The numbers that every format shows, counted in one place so that they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..rules.model import Blame, Level, Verdict


@dataclass(frozen=True)
class Tally:
    """Counts of one document.

    :param findings: all findings. :param baselined: those that were known.
    :param failing: those that made the run fail. :param by_level, by_blame: findings by level and by blame.
    :param verdicts: verdicts of rules on targets. :param broken_rules: ids of rules with a failing finding.
    """

    findings: int
    baselined: int
    failing: int
    by_level: dict[str, int]
    by_blame: dict[str, int]
    verdicts: dict[str, int]
    broken_rules: tuple[str, ...]


def tally(document: Mapping[str, Any]) -> Tally:
    """Count what is in *document* (see :mod:`.document`)."""
    findings = document["findings"]
    levels = [level.value for level in Level]
    fail_on = (document.get("policy") or {}).get("fail_on", "error")
    failing_levels = levels[: levels.index(fail_on) + 1]
    failing = [f for f in findings if not f["baselined"] and f["level"] in failing_levels]
    return Tally(
        findings=len(findings),
        baselined=sum(f["baselined"] for f in findings),
        failing=len(failing),
        by_level={level: sum(f["level"] == level for f in findings) for level in levels},
        by_blame={blame.value: sum(f["blame"] == blame.value for f in findings) for blame in Blame},
        verdicts={v.value: sum(row["verdict"] == v.value for row in document["rules"]) for v in Verdict},
        broken_rules=tuple(dict.fromkeys(f["rule"] for f in failing)),
    )
