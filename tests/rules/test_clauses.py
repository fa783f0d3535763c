"""The clause inventory is complete, consistent, and speaks of what the catalogue speaks of."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError, fields

import pytest

from pytest_wsgiconform.rules.clauses import Clause, clauses
from pytest_wsgiconform.rules.registry import catalogue

PEP = [c for c in clauses().values() if c.part == "pep3333"]
HTTP = [c for c in clauses().values() if c.part == "http"]


def test_every_clause_of_both_parts_is_there() -> None:
    assert (len(PEP), len(HTTP), len(clauses())) == (289, 116, 405)


def test_ids_are_the_keys_and_tell_the_part() -> None:
    for key, clause in clauses().items():
        assert key == clause.id
        assert clause.id.startswith("rfc-") == (clause.part == "http")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PEP, {"must": 78, "must-not": 29, "should": 55, "should-not": 8, "may": 33, "implied": 86}),
        (HTTP, {"must": 46, "must-not": 14, "should": 20, "should-not": 2, "may": 6, "implied": 28}),
    ],
    ids=["pep3333", "http"],
)
def test_levels_count_as_inventoried(part: list[Clause], expected: dict[str, int]) -> None:
    assert Counter(c.level for c in part) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PEP, {"passive": 103, "active": 122, "socket": 55, "unobservable": 9}),
        (HTTP, {"passive": 15, "active": 3, "socket": 98}),
    ],
    ids=["pep3333", "http"],
)
def test_means_of_observation_count_as_inventoried(part: list[Clause], expected: dict[str, int]) -> None:
    assert Counter(c.observe for c in part) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            PEP,
            {
                ("server",): 141,
                ("app",): 43,
                ("server", "middleware"): 47,
                ("app", "middleware"): 45,
                ("middleware",): 12,
                ("app", "server"): 1,
            },
        ),
        (HTTP, {("server",): 98, ("app",): 18}),
    ],
    ids=["pep3333", "http"],
)
def test_the_bound_parties_count_as_inventoried(part: list[Clause], expected: dict[tuple[str, ...], int]) -> None:
    assert Counter(c.binds for c in part) == expected


def test_decidable_leaves_out_permissions_and_what_nobody_can_see() -> None:
    assert (sum(c.decidable for c in PEP), sum(c.decidable for c in HTTP)) == (248, 110)
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
