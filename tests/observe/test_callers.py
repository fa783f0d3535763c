"""Wrong and odd servers before a watched app that is right: who is blamed, for which clause, and who is left alone."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pytest_wsgiconform import Blame, Finding, Level
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.clauses import clauses
from tests.corpora.servers.broken.callers import ODD, WRONG, Server

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
@pytest.mark.parametrize(("broken", "name", "server"), WRONG, ids=[name for _, name, _ in WRONG])
def test_wrong_server_is_blamed(broken: tuple[str, ...], name: str, server: Server, thorough: bool) -> None:
    found = [finding for finding in found_with(server, thorough) if finding.level is not Level.ADVICE]
    assert found
    for finding in found:
        assert finding.blame is Blame.SERVER, str(finding)
        assert set(finding.clauses) & set(broken), str(finding)
    firm = any(clauses()[clause].level in ("must", "must-not") for clause in broken)
    assert (Level.ERROR in {finding.level for finding in found}) or not firm


@BOTH_MODES
@pytest.mark.parametrize(("name", "server"), ODD, ids=[name for name, _ in ODD])
def test_odd_server_is_left_alone(name: str, server: Server, thorough: bool) -> None:
    assert [str(finding) for finding in found_with(server, thorough) if finding.level is not Level.ADVICE] == []


def test_there_are_enough_of_both() -> None:
    assert len(WRONG) >= 45
    assert len(ODD) >= 25
    assert {clause for broken, _, _ in WRONG for clause in broken} <= set(clauses())
