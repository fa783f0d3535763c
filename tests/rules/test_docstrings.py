"""Every rule is written in one dialect: the form of its docstring, its words, and the form of its examples."""

from __future__ import annotations

import ast
import inspect
import re
from typing import get_type_hints

import pytest

from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.records.server import ServerRun
from pytest_wsgiconform.rules.registry import catalogue
from tests.rules.wings import rules_of

RULES = list(catalogue().values())
SERVER = [rule for wing in ("server.wsgi", "server.wire", "server") for rule in rules_of(wing)]

#: How a reason names where the rule comes from.
SOURCE = re.compile(r'PEP 3333, "[A-Za-z]|RFC \d+,? sections? \d')
#: Sources that are named in another form.
ODD_SOURCE = re.compile(
    r'PEP \d+ \(|(?<!3333, )(?<!and )\("(Specification|The |environ |Input and|Unicode|Error)|\bPEP, "'
)
#: Words that have a plainer one: report, fix, space.
UNCLEAR = re.compile(r"\b(told|tells|mend(s|ed)?|blanks?|of its own accord|so to say|whoever)\b", re.IGNORECASE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_docstring_says_what_must_hold_then_why(rule: Rule) -> None:
    text = inspect.getdoc(rule.check) or ""
    first, empty, *rest = text.split("\n")
    assert first.endswith(".") and first == rule.summary, "the first line is a sentence: what must hold"
    assert empty == "" and rest, "the reason follows after an empty line"
    why = " ".join(rule.why.split())
    assert "\n\n" not in rule.why, "the reason is one paragraph"
    assert why[0].isupper() or why.startswith("``"), "the reason begins with a capital letter"
    assert not re.match(r"[A-Z]\w+( \w+){,3}:", why), "the reason has no heading"
    assert why.endswith("."), "the reason is made of sentences"
    assert SOURCE.search(why), 'the reason names its source, as PEP 3333, "Section" or RFC 9112 section 3.2'
    assert not ODD_SOURCE.search(why), 'a section of the PEP is named as PEP 3333, "Section"'


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_words_are_plain(rule: Rule) -> None:
    for text in (rule.summary, rule.why, rule.hint):
        assert not UNCLEAR.search(text), text


@pytest.mark.parametrize("rule", SERVER, ids=lambda rule: rule.id)
def test_an_example_of_a_server_rule_says_that_it_returns_a_run(rule: Rule) -> None:
    for example in (rule.bad_example, rule.good_example):
        assert example is not None
        assert inspect.signature(example).parameters == {}
        assert get_type_hints(example)["return"] is ServerRun


def test_an_example_for_several_rules_is_printed_without_their_names() -> None:
    shared: dict[object, list[Rule]] = {}
    for rule in RULES:
        shared.setdefault(rule.good_example, []).append(rule)
    several = [rules for rules in shared.values() if len(rules) > 1]
    assert several
    for rules in several:
        (source,) = {rule.example_source("good") for rule in rules}
        (function,) = ast.parse(source).body
        assert isinstance(function, ast.FunctionDef)
        assert function.name == "good" and function.decorator_list == []
