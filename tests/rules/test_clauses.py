"""The clause inventory is complete, consistent, and speaks of what the catalogue speaks of."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.registry import catalogue
from tests import ROOT

#: Every id there has ever been, one a line. Reports and baselines of users name them.
KNOWN = ROOT / "tests" / "data" / "clause-ids.txt"

LEVELS = {"must", "must-not", "should", "should-not", "may", "implied"}
MEANS = {"passive", "active", "socket", "unobservable"}
PARTIES = {"app", "server", "middleware"}


def test_no_clause_is_lost() -> None:
    listed = KNOWN.read_text(encoding="utf-8").split()
    lost, new = [name for name in listed if name not in clauses()], [name for name in clauses() if name not in listed]
    assert lost == [], "An id is never removed or renamed: put these back into clauses.json."
    assert new == [], f"Append the ids of new clauses to {KNOWN.relative_to(ROOT)}, one a line."
    assert len(set(listed)) == len(listed)


def test_ids_are_the_keys_and_tell_the_part() -> None:
    for key, clause in clauses().items():
        assert key == clause.id
        assert clause.part in ("pep3333", "http")
        assert clause.id.startswith("rfc-") == (clause.part == "http")


def test_level_party_and_means_are_of_the_documented_ones() -> None:
    for clause in clauses().values():
        assert clause.level in LEVELS, clause
        assert clause.observe in MEANS, clause
        assert clause.binds and set(clause.binds) <= PARTIES, clause


def test_every_level_party_and_means_is_in_use() -> None:
    found = clauses().values()
    assert {clause.level for clause in found} == LEVELS
    assert {clause.observe for clause in found} == MEANS
    assert {party for clause in found for party in clause.binds} == PARTIES


def test_decidable_leaves_out_permissions_and_what_nobody_can_see() -> None:
    for clause in clauses().values():
        assert clause.decidable == (clause.level != "may" and clause.observe != "unobservable")
    assert not clauses()["env-os-vars-may"].decidable
    assert clauses()["status-str"].decidable


def test_each_clause_says_its_own_sentence() -> None:
    sentences = [c.says for c in clauses().values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert 15 < len(sentence) < 200, sentence
        assert sentence[-1] == ".", sentence


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
