"""What the reports say of how far a target was reached, in one place, so that they agree."""

from __future__ import annotations

from typing import Any

from ..naming import Target
from ..rules.display import clean
from ..rules.records.reach import TargetReach
from .document import Document

#: The section of the item that says whether a target was reached, and the item's name for an app, and for others.
SECTION = "reach"
ROUTES, CALLED = "routes-reached", "app-called"


def item_name(kind: str) -> str:
    """Return the name of the item that fails when a target of *kind* is not judged."""
    return ROUTES if kind == "app" else CALLED


def not_judged(target: Target, reach: TargetReach) -> str:
    """Say that *target* is not judged, and why; a sentence without its end."""
    return f"the {target.kind} was not judged: {clean(reach.reason)}"


def too_little(target: Target, reach: TargetReach) -> str:
    """Say that less of *target* was reached than the project asks for."""
    return f"too little of the {target.kind} was reached: {clean(reach.reason)}"


def missed(document: Document) -> str:
    """Say which routes were not reached of targets that are judged, ``""`` when all were."""
    several = len(document.targets) > 1
    parts = [
        f"{clean(target.name)}: {clean(reach.count())}" if several else clean(reach.count())
        for target, reach in document.short.items()
    ]
    return "; ".join(parts)


def rows(document: Document) -> list[dict[str, Any]]:
    """Return one row per target that was played, like those of rules in the JSON report."""
    return [
        {
            "rule": item_name(target.kind),
            "target": target.name,
            "verdict": "held" if reach.passes else "broken",
            "exercised": len(reach.routes) or reach.called,
            "reason": reach.reason,
            "section": SECTION,
            "level": "error",
            "clauses": [],
        }
        for target, reach in document.reach.items()
    ]


def capitalised(sentence: str) -> str:
    """Return *sentence* with a capital letter at its beginning."""
    return sentence[:1].upper() + sentence[1:]
