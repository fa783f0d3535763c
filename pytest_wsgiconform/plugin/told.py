"""What a test report of ours carries beside what pytest puts into it: plain data, from which reports are made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .reach_item import WsgiReach
from .suite import WsgiRule


def tell(report: Any, item: WsgiRule | WsgiReach, root: Path) -> None:
    """Put on *report*, of the call of *item*, what came out. :param root: the root folder."""
    if isinstance(item, WsgiReach):
        if item.reach is not None:
            report.wsgi_reach = item.open_target.reach_news()
            report.wsgi_facts = item.open_target.run.summary_lines()
        return
    if item.record is None:
        report.wsgi_unjudged = not report.skipped
        return
    report.wsgi_reach = item.open_target.reach_news()
    report.wsgi_record = item.record.to_dict()
    report.wsgi_facts = item.open_target.run.summary_lines()
    report.wsgi_ended_early = item.open_target.run.ended_early
    report.wsgi_coverage = item.open_target.measured_once()
    report.wsgi_places, report.wsgi_stopped_early = item.places, item.stopped_early
    if item.failed_at is not None:
        # Annotation plug-ins point at this place; the item's own, known before it ran, is the target's.
        report.location = (_relative(item.failed_at.file, root), item.failed_at.line - 1, item.nodeid)
    if report.skipped:
        # pytest.skip() gives the line of our own code, of which no user has any use.
        where = item.open_target.location
        place = (where.file, where.line) if where else (str(root / item.target_id), None)
        report.longrepr = (*place, report.longrepr[2])


def _relative(file: str, root: Path) -> str:
    """Return *file* as seen from *root*, as it is where no path leads there (another drive)."""
    try:
        return os.path.relpath(file, root)
    except ValueError:
        return file
