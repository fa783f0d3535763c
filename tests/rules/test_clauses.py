"""The clause inventory is complete, consistent, and speaks of what the catalogue speaks of."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from importlib import resources

import pytest

from pytest_wsgiconform.rules.clauses import Clause, clauses
from pytest_wsgiconform.rules.registry import catalogue

LEVELS = {"must", "must-not", "should", "should-not", "may", "implied"}
MEANS = {"passive", "active", "socket", "unobservable"}
PARTIES = {"app", "server", "middleware"}


def test_ids_are_the_keys_and_tell_the_part() -> None:
    for key, clause in clauses().items():
        assert key == clause.id
        said = f"{key}: ids of HTTP clauses begin with rfc-, those of PEP 3333 do not"
        assert clause.id.startswith("rfc-") == (clause.part == "http"), said


@pytest.mark.parametrize("clause", clauses().values(), ids=lambda clause: clause.id)
def test_a_clause_speaks_of_what_there_is(clause: Clause) -> None:
    where = f"clauses.json, {clause.id}"
    assert clause.level in LEVELS, f"{where}: level is one of {sorted(LEVELS)}"
    assert clause.observe in MEANS, f"{where}: observe is one of {sorted(MEANS)}"
    assert clause.binds and set(clause.binds) <= PARTIES, f"{where}: binds is a list of {sorted(PARTIES)}"
    assert clause.part in ("pep3333", "http"), f"{where}: part is pep3333 or http"


def test_each_id_is_there_once() -> None:
    """Of two entries with one id only the last would count."""
    text = resources.files("pytest_wsgiconform.rules").joinpath("clauses.json").read_text(encoding="utf-8")
    ids = [row["id"] for row in json.loads(text)]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    assert twice == [], f"clauses.json has two entries called {twice}: give the new one a name of its own"


def test_decidable_leaves_out_permissions_and_what_nobody_can_see() -> None:
    assert not clauses()["env-os-vars-may"].decidable
    assert [c.id for c in clauses().values() if c.observe == "unobservable" and c.decidable] == []
    assert clauses()["status-str"].decidable


def test_each_clause_says_its_own_sentence() -> None:
    by_sentence: dict[str, str] = {}
    for clause in clauses().values():
        other = by_sentence.setdefault(clause.says, clause.id)
        assert other == clause.id, f"clauses.json: {clause.id} says the same as {other}; a rule can name that one"
        assert 15 < len(clause.says) < 200, f"clauses.json, {clause.id}: says is one sentence of our own words"
        assert clause.says[-1] == ".", f"clauses.json, {clause.id}: says is a sentence and ends with a full stop"


@pytest.mark.parametrize(
    ("clause", "section", "url"),
    [
        (
            "status-str",
            "The start_response() Callable",
            "https://peps.python.org/pep-3333/#the-start-response-callable",
        ),
        ("rfc-te-unknown", "RFC 9112 §6.1", "https://www.rfc-editor.org/rfc/rfc9112#section-6.1"),
        ("rfc-cl-sign", "RFC 9112 §6.3, RFC 9110 §8.6", "https://www.rfc-editor.org/rfc/rfc9112#section-6.3"),
        ("rfc-smuggle-cl-te", "RFC 9112 §6.1, §6.3", "https://www.rfc-editor.org/rfc/rfc9112#section-6.1"),
        ("rfc-cookie-joined", "RFC 6265 §5.4", "https://www.rfc-editor.org/rfc/rfc6265#section-5.4"),
    ],
)
def test_a_clause_links_to_the_place_where_it_stands(clause: str, section: str, url: str) -> None:
    assert clauses()[clause].section == section
    assert clauses()[clause].url == url


def test_clauses_are_values() -> None:
    clause = clauses()["status-str"]
    assert all(isinstance(getattr(clause, f.name), tuple if f.name == "binds" else str) for f in fields(clause))
    with pytest.raises(FrozenInstanceError):
        clause.level = "may"  # type: ignore[misc]
    assert clauses() is clauses()


def test_every_rule_covers_clauses_that_exist() -> None:
    known = clauses()
    for rule in catalogue().values():
        for clause in rule.clauses:
            assert clause in known, f"{rule.id} covers {clause}, which is no clause"
