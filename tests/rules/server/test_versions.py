"""Duties that HTTP/1.1 added, and the version that a server claims."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.records.server import Connection, Response, ServerRun
from pytest_wsgiconform.rules.registry import catalogue, choose
from pytest_wsgiconform.rules.server.versions import claims_http11, needs_http11


def test_every_clause_of_http11_is_one_that_rules_name() -> None:
    added = {clause.id for clause in clauses().values() if clause.added_by == "HTTP/1.1"}
    assert added
    assert {clause for rule in choose((), ()) for clause in rule.clauses} >= added


@pytest.mark.parametrize(
    ("version", "claims"), [("HTTP/1.1", True), ("HTTP/1.0", False), ("", True), ("HTTP/2.0", True)]
)
def test_version_that_a_server_claims(version: str, claims: bool) -> None:
    assert claims_http11(ServerRun(connections=[Connection(responses=[Response(version=version)])])) is claims


def test_silence_claims_no_less() -> None:
    assert claims_http11(ServerRun())


def test_a_rule_with_an_older_duty_beside_stays() -> None:
    assert needs_http11(catalogue()["chunks-decoded"])
    assert not needs_http11(catalogue()["app-called-once-per-request"])
    assert not needs_http11(catalogue()["head-without-content"])
