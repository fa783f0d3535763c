"""Faults and findings: what they carry, and how a finding travels."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_wsgiconform.rules.model import Blame, Fault, Finding, Level, fault, merge


def finding(variable: str | None = None, **evidence: Any) -> Finding:
    return Finding("r", Level.ERROR, Blame.SERVER, (), "it broke", evidence=evidence, variable=variable)


def test_where_a_fault_shows_and_its_variable_are_no_evidence() -> None:
    (made,) = fault("it broke", got="3", exchange="head", variable="HTTP_X", more=1)
    assert made == Fault("it broke", "3", None, None, {"more": 1}, "head", "HTTP_X")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, {"got": "3", "expected": "str", "trace": ["one"]}),
        ({}, {"expected": "str"}),
        ({"sent": "GET", "repro": "nc"}, {"got": "3", "test": "x"}),
        ({"sent": "GET"}, {}),
    ],
)
def test_reports_show_the_variable_before_what_was_got_and_expected(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    told = finding("HTTP_X", **before, **after)
    expected = {**before, "variable": "HTTP_X", **after}
    assert list(told.full_evidence().items()) == list(expected.items())
    assert list(told.to_dict()["evidence"].items()) == list(expected.items())
    assert finding(None, **before, **after).full_evidence() == {**before, **after}


@pytest.mark.parametrize("variable", [None, "HTTP_X"])
def test_a_finding_arrives_as_it_was_sent(variable: str | None) -> None:
    sent = finding(variable, sent="GET", got="3", trace=["one"])
    data = json.loads(json.dumps(sent.to_dict()))
    assert Finding.from_dict(data) == sent
    assert "variable" not in Finding.from_dict(data).evidence
    assert data == sent.to_dict()


def test_one_place_is_as_many_findings_as_variables() -> None:
    merged = merge([finding("HTTP_X"), finding("HTTP_Y"), finding("HTTP_X"), finding()])
    assert [(each.variable, each.count) for each in merged] == [("HTTP_X", 2), ("HTTP_Y", 1), (None, 1)]
