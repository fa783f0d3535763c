"""Every clause accounted for: what can be decided has a rule, and nothing names a clause that does not exist."""

from __future__ import annotations

import pytest

from pytest_wsgiconform import Blame, Level
from pytest_wsgiconform.rules.clauses import Clause, clauses
from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.registry import catalogue

RULES = list(catalogue().values())
COVERED = {clause for rule in RULES for clause in rule.clauses}
DECIDABLE = [clause for clause in clauses().values() if clause.decidable]

#: What clauses of level may and should are judged by is never an error, unless another clause of the rule is firmer.
FIRM = {"must", "must-not", "implied"}


@pytest.mark.parametrize("clause", DECIDABLE, ids=lambda clause: clause.id)
def test_decidable_clause_has_a_rule(clause: Clause) -> None:
    assert clause.id in COVERED, (
        f"no rule covers the clause {clause.id}: name it in clauses=(...) of the card that decides it; "
        "if nobody can see it, say so by observe: unobservable in clauses.json"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_names_known_clauses_and_an_honest_level(rule: Rule) -> None:
    known = [clauses()[name] for name in rule.clauses]
    if rule.level is Level.ERROR:
        assert known, f"{rule.id} is of level error: name the clause that it rests on, clauses=(...) on its card"
        assert any(clause.level in FIRM for clause in known), (
            f"{rule.id} is of level error, and its clauses only {[clause.level for clause in known]}: "
            "make it a warning, or name the clause that says must"
        )


def test_each_party_s_decidable_clauses_have_a_rule_on_its_side() -> None:
    """A clause that binds an app is of no use to apps when only servers are judged by it."""
    sides = {
        "app": {Blame.APP},
        "server": {Blame.SERVER},
        "middleware": {Blame.MIDDLEWARE, Blame.APP, Blame.SERVER},
    }
    missing = []
    for clause in DECIDABLE:
        for party in clause.binds:
            if not any(clause.id in rule.clauses and rule.side in sides[party] for rule in RULES):
                missing.append((clause.id, party))
    assert missing == [], "these clauses bind parties on whose side no rule covers them: see binds in clauses.json"
