"""Rules on the form of the header list: one slip, one rule."""

from __future__ import annotations

import collections
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.events import headers as header_rules
from pytest_wsgiconform.rules.model import HELD, Level, Rule
from tests.rules.events.response_judging import TEXT, Hostile, Text, broken, judge, started, the_fault, with_headers

FORM_RULES = [value.id for value in vars(header_rules).values() if isinstance(value, Rule)]


class Headers(list[Any]):
    """A list, but not exactly one."""


class Pair(collections.namedtuple("Pair", "name value")):
    """A tuple, but not exactly one."""


NO_LISTS = [(TEXT,), Headers([TEXT]), {"a": "b"}.items(), {"a": "b"}, None, "a: b", iter([TEXT]), Hostile()]

ONE_SLIP: dict[str, list[Any]] = {
    "header-entries-are-pairs": [["a", "b"], "ab", ("a",), ("a", "b", "c"), (), None, Pair("a", "b"), b"ab", Hostile()],
    "header-name-native-string": [(b"X-A", "b"), (None, "b"), (Text("X-A"), "b"), (1, "b"), (Hostile(), "b")],
    "header-value-native-string": [("X-A", 5), ("X-A", b"b"), ("X-A", None), ("X-A", Text("b")), ("X-A", Hostile())],
    "header-name-latin1": [("X-\u2011A", "b"), ("\u20ac", "b"), ("X-A\U0001f600", "b")],
    "header-value-latin1": [("X-A", "\u20ac"), ("X-A", "a\u2028b"), ("X-A", "\ud800")],
    "header-name-token": [
        ("", "b"),
        ("X A", "b"),
        ("X\xe4", "b"),
        ("X-A\r\n", "b"),
        ("(X)", "b"),
        ("X\x00", "b"),
        (" X", "b"),
    ],
    "header-name-no-colon": [("X-A:", "b"), ("X:A", "b"), (":", "b"), (":method", "b"), ("X-A::", "b")],
    "header-name-no-trailing-punctuation": [("X-A-", "b"), ("X_", "b"), ("!", "b"), ("X.", "b")],
    "header-value-no-crlf": [
        ("X-A", "b\r\n"),
        ("X-A", "b\nX: y"),
        ("X-A", "\r"),
        ("X-A", "b\r\n\tfolded"),
        ("X-A", "a\n b"),
    ],
    "header-value-no-control": [("X-A", "a\tb"), ("X-A", "\x00"), ("X-A", "b\x7f"), ("X-A", "\x1b[31m"), ("X-A", "\t")],
}


@pytest.mark.parametrize(
    "headers", NO_LISTS, ids=lambda value: value.__class__.__name__ if type(value) is not Hostile else "hostile"
)
def test_what_is_not_exactly_a_list_breaks_one_rule(headers: Any) -> None:
    event = started("200 OK", headers)
    assert broken(event) == {"headers-builtin-list"}
    assert the_fault("headers-builtin-list", event).expected == "list"
    assert {judge(rule_id, event) for rule_id in FORM_RULES if rule_id != "headers-builtin-list"} == {None}


@pytest.mark.parametrize(
    ("rule_id", "entry"),
    [(rule_id, entry) for rule_id, entries in ONE_SLIP.items() for entry in entries],
    ids=lambda value: value if type(value) is str else "entry",
)
def test_one_slip_breaks_one_rule(rule_id: str, entry: Any) -> None:
    event = with_headers(TEXT, entry)
    assert broken(event) == {rule_id}
    assert the_fault(rule_id, event).message


def test_every_rule_on_the_form_is_in_a_table() -> None:
    assert sorted([*ONE_SLIP, "headers-builtin-list"]) == sorted(FORM_RULES)


@pytest.mark.parametrize(
    "pair",
    [
        ("X.Y", "b"),
        ("1x", "b"),
        ("~!#$%&'*+-.^_`|~9", "b"),
        ("x" * 5000, "b"),
        ("X-A", ""),
        ("X-A", "\x80\x85\x9f\xa0\xff"),
        ("X-A", "=?utf-8?q?caf=C3=A9?="),
        ("X-A", " spaces around "),
        ("X-A", "b" * 1_000_000),
    ],
)
def test_odd_but_right(pair: tuple[str, str]) -> None:
    event = with_headers(pair)
    assert broken(event) == set()
    assert all(judge(rule_id, event) == HELD for rule_id in FORM_RULES)


def test_an_empty_list_exercises_only_the_rule_on_the_list() -> None:
    event = with_headers()
    held = {rule_id for rule_id in FORM_RULES if judge(rule_id, event) is not None}
    assert held == {"headers-builtin-list"}


def test_nothing_is_judged_of_headers_that_are_missing() -> None:
    assert {judge(rule_id, started("200 OK")) for rule_id in FORM_RULES} == {None}


def test_two_slips_in_one_header_are_two_findings() -> None:
    assert broken(with_headers((b"X", 5))) == {"header-name-native-string", "header-value-native-string"}
    assert broken(with_headers(("X A:", "b"))) == {"header-name-token", "header-name-no-colon"}
    assert broken(with_headers(("X", "a\r\nb\x00"))) == {"header-value-no-crlf", "header-value-no-control"}


def test_one_finding_names_every_header_of_a_call() -> None:
    event = with_headers(("X-A", 1), TEXT, ("X-B", 2), ("X-C", 3))
    found = the_fault("header-value-native-string", event)
    assert "'X-A'" in found.message and "2 more" in found.message
    assert found.evidence["headers"] == ["'X-A'", "'X-B'", "'X-C'"]
    assert found.got == "1"


anything = st.one_of(
    st.text(), st.text(alphabet="aA-: \t\r\n\x00\x7f\xe4\u20ac"), st.binary(), st.none(), st.integers()
)


@given(st.lists(st.one_of(st.tuples(anything, anything), st.tuples(anything), st.lists(anything), anything)))
def test_garbage_is_judged_and_a_slip_never_goes_unseen(headers: list[Any]) -> None:
    errors = broken(started("200 OK", headers), Level.ERROR) & set(FORM_RULES)
    token = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    good = all(
        type(entry) is tuple
        and len(entry) == 2
        and type(entry[0]) is type(entry[1]) is str
        and entry[0] != ""
        and set(entry[0]) <= token
        and all(" " <= char <= "\xff" and char != "\x7f" for char in entry[1])
        for entry in headers
    )
    assert (not errors) == good
