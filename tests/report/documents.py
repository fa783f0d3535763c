"""Documents to draw reports from: made of real rules, with findings as the judge makes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report.document import Document, build, record
from pytest_wsgiconform.rules.model import Blame, Finding, Location, RuleResult, Verdict
from pytest_wsgiconform.rules.registry import catalogue

#: What an app could put into a header so that a careless report runs it.
SCRIPT = "<script>document.title='owned'</script>"

TRACE = ["app called with 2 arguments", "start_response(b'200 OK', [])  (shop/views.py:12)", "app returned list"]


def finding(rule: str, line: int | None = 12, **changes: Any) -> Finding:
    """Return a finding of *rule* at shop/views.py:*line* in ``Views.index``; ``None`` for no location."""
    known = catalogue()[rule]
    location = None if line is None else Location("shop/views.py", line, "Views.index")
    values: dict[str, Any] = {
        "level": known.level,
        "blame": Blame.APP,
        "clauses": known.clauses,
        "message": f"{rule} was broken",
        "target": "shop:app",
        "stimulus": "get",
        "request": {"method": "GET", "path": "/", "query": ""},
        "location": location,
        "evidence": {"got": "b'200 OK'", "expected": "str", "trace": TRACE},
    }
    return Finding(rule, **{**values, **changes})


def document(findings: Iterable[Finding] = (), target: tuple[str, str] = ("app", "shop:app"), **more: Any) -> Document:
    """Return the report of a run in which *findings* were found on *target*, and which put no rule of level
    ``advice`` to the test; every other rule held.

    :param more: other values for fields of the document.
    """
    broken: dict[str, list[Finding]] = {}
    for one in findings:
        broken.setdefault(one.rule, []).append(one)
    records = []
    for order, rule in enumerate(catalogue().values()):
        found = tuple(broken.get(rule.id, ()))
        verdict = Verdict.BROKEN if found else Verdict.HELD if rule.level != "advice" else Verdict.NOT_EXERCISED
        result = RuleResult(rule.id, target[1], verdict, int(verdict is not Verdict.NOT_EXERCISED), found)
        records.append(record(result, rule, target[0], order))
    fails = any(one.level == "error" and not one.baselined for found in broken.values() for one in found)
    return replace(build(records, [Target(*target)], exit_status=int(fails)), **more)


def side_by_side(one: Document, other: Document) -> Document:
    """Return the report of a run on the targets of both."""
    return replace(one, targets=(*one.targets, *other.targets), records=(*one.records, *other.records))
