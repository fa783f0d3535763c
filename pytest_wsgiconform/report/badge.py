"""The report as badge data: the "endpoint" JSON that shields.io and its like draw a badge from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..rules.model import Verdict
from .document import Document
from .files import write_text
from .tally import tally


def write(document: Document, path: Path) -> None:
    """Write the badge of *document* to *path*.

    :raises OSError: when the file can't be written.
    """
    write_text(path, json.dumps(badge(document), indent=2) + "\n")


def badge(document: Document) -> dict[str, Any]:
    """Return label, message and colour. Green takes a whole run, something held, nothing failed, all routes reached.

    What is counted as broken are rules, as in the other formats' headlines.
    """
    counts = tally(document)
    clauses = document.clauses
    missing = sum(len(reach.missed) for reach in document.short.values())
    if document.unjudged:
        message, colour = "not judged", "lightgrey"
    elif not document.complete:
        message, colour = "incomplete", "lightgrey"
    elif counts.failing:
        message, colour = f"{len(counts.broken_rules)} broken", "red"
    elif not counts.verdicts[Verdict.HELD]:
        message, colour = "not exercised", "lightgrey"
    else:
        known = f", {counts.baselined} known" if counts.baselined else ""
        of = sum(len(reach.counted) for reach in document.reach.values())
        routes = f", {of - missing} of {of} routes reached" if missing else ""
        message = f"{clauses.held} of {clauses.total} clauses{known}{routes}"
        colour = "yellow" if counts.findings or missing or document.exit == 1 else "brightgreen"
    return {"schemaVersion": 1, "label": "PEP 3333", "message": message, "color": colour}
