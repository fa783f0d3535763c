"""Wrong and odd servers before a watched app that is right: who is blamed, for which clause, and who is left alone."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pytest_wsgiconform import Blame, Finding, Level
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.registry import event_rules
from tests.corpora.collecting import Program
from tests.corpora.servers.broken import callers as wrong
from tests.corpora.servers.calling import Server
from tests.corpora.servers.conforming import callers as odd

BOTH_MODES = pytest.mark.parametrize("thorough", [False, True])


def app(environ: Any, start_response: Any) -> Any:
    """Read the body, say something to the log, answer; all by the book."""
    length = environ.get("CONTENT_LENGTH")
    if type(length) is str and length.isascii() and length.isdigit():
        environ["wsgi.input"].read(int(length))
    if environ.get("wsgi.errors") is not None:
        environ["wsgi.errors"].write("asked\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    blocks = [b"one", b"two"]
    return (block for block in blocks) if environ.get("QUERY_STRING") == "iterator" else blocks


def found_with(server: Server, thorough: bool) -> list[Finding]:
    found: list[Finding] = []
    server(Validator(app, found.append, thorough=thorough))
    gc.collect()
    return found


@BOTH_MODES
@pytest.mark.parametrize("caller", wrong.corpus, ids=lambda caller: caller.name)
def test_wrong_server_is_blamed(caller: Program, thorough: bool) -> None:
    found = [finding for finding in found_with(caller.make(), thorough) if finding.level is not Level.ADVICE]
    assert found
    for finding in found:
        assert finding.blame is Blame.SERVER, str(finding)
        assert set(finding.clauses) & set(caller.clauses), str(finding)
    firm = any(clauses()[clause].level in ("must", "must-not") for clause in caller.clauses)
    assert (Level.ERROR in {finding.level for finding in found}) or not firm


@BOTH_MODES
@pytest.mark.parametrize("caller", odd.corpus, ids=lambda caller: caller.name)
def test_odd_server_is_left_alone(caller: Program, thorough: bool) -> None:
    found = found_with(caller.make(), thorough)
    assert [str(finding) for finding in found if finding.level is not Level.ADVICE] == []


def test_each_rule_on_servers_has_a_wrong_one() -> None:
    """Those of error level, and all that came after the first release."""
    broken = {clause for caller in wrong.corpus for clause in caller.clauses}
    wanted = [r for r in event_rules() if r.side is Blame.SERVER and (r.level is Level.ERROR or r.since != "0.1")]
    assert [rule.id for rule in wanted if not broken & set(rule.clauses)] == [], (
        "write a server that breaks these rules in tests/corpora/servers/broken/callers.py: environ_of(NAME, CLAUSE, "
        "VARIABLE=VALUE), or a function that calls the app, @corpus.program(clauses=(CLAUSE,))"
    )
