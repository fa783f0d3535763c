"""The formats that machines read, byte by byte.

Whoever changes a format on purpose writes the files anew with ``WSGICONFORM_WRITE_GOLDEN=1 pytest
tests/report/test_golden.py``, and reads the difference before committing it: it is what other people's programs get.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report import badge, json_report, markdown, sarif
from pytest_wsgiconform.report.document import Document, Run, Tool, build, record
from pytest_wsgiconform.rules.model import Blame, Finding, Location, RuleResult, Verdict
from pytest_wsgiconform.rules.records.reach import LOGIN_PAGE, RouteReach, TargetReach
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import SCRIPT, finding

GOLDEN = Path(__file__).parent / "golden"
WRITERS = {"json": json_report.write, "sarif": sarif.write, "md": markdown.write, "badge.json": badge.write}

#: A few rules that will stay, with their verdicts, so that the files don't change whenever a rule is added.
VERDICTS = {
    "status-native-string": Verdict.BROKEN,
    "header-no-persistence": Verdict.BROKEN,
    "body-buffered-by-app": Verdict.BROKEN,
    "header-value-no-crlf": Verdict.HELD,
    "close-called-once": Verdict.NOT_EXERCISED,
    "environ-has-url-scheme": Verdict.INCONCLUSIVE,
}
FINDINGS = [
    finding("status-native-string", 12),
    finding("status-native-string", 40, message=SCRIPT, request={"method": "POST", "path": "/a|b", "query": "q=`1`"}),
    finding("header-no-persistence", None, baselined=True),
    finding("body-buffered-by-app", 70, blame=Blame.MIDDLEWARE),
]
#: One route that was reached, one that wasn't, and two that don't count.
REACH = TargetReach(
    judged=True,
    routes=(
        RouteReach("GET", "/", True, 200),
        RouteReach("GET", "/boom", False, 500, "answered 500: RuntimeError: x", "answered 500", Location("a.py", 2)),
        RouteReach("GET", "/login", False, 200, LOGIN_PAGE, LOGIN_PAGE),
        RouteReach("POST", "/print", False, 503, "answered 503", "answered 503", excused="needs a printer"),
    ),
)
RUN = Run("pytest --wsgi-app=shop:app", "2026-11-30T12:00:00+00:00", 1.5)


def made() -> Document:
    """Return a document with a finding of each kind, and with nothing of this machine or this version in it."""
    records = []
    for order, (rule_id, verdict) in enumerate(VERDICTS.items()):
        rule = catalogue()[rule_id]
        found: tuple[Finding, ...] = tuple(one for one in FINDINGS if one.rule == rule_id)
        reason = "" if verdict in (Verdict.BROKEN, Verdict.HELD) else "nothing that happened could have broken it"
        exercised = int(verdict in (Verdict.BROKEN, Verdict.HELD))
        result = RuleResult(rule_id, "shop:app", verdict, exercised, found, reason)
        records.append(record(result, rule, "app", order))
    target = Target("app", "shop:app")
    document = build(records, [target], exit_status=1, reach={target: REACH}, run=RUN)
    return replace(document, tool=Tool("1.2.3", "3.13.0", "somewhere"))


@pytest.mark.parametrize("ending", WRITERS)
def test_the_file_is_the_same_as_ever(ending: str, tmp_path: Path) -> None:
    written = tmp_path / f"report.{ending}"
    WRITERS[ending](made(), written)
    text = written.read_text(encoding="utf-8")
    kept = GOLDEN / f"report.{ending}"
    if os.environ.get("WSGICONFORM_WRITE_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")
