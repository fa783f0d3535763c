"""Rules on how start_response is called, when, and what it returns."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.model import HELD, Blame, Level
from pytest_wsgiconform.rules.records.exchange import ChunkYielded, Exchange, StartResponseReturned
from tests.rules.events.response_judging import (
    RULES,
    TEXT,
    WHERE,
    Classless,
    Hostile,
    broken,
    exchanged,
    judge,
    started,
    the_fault,
)

COUNT, POSITIONAL = "start-response-two-or-three-arguments", "start-response-arguments-positional"
BEFORE_BODY, CALLED, ONCE = "start-response-before-body", "start-response-called", "start-response-called-once"
EMPTY, WRITE = "start-response-before-empty-blocks", "start-response-returns-write"


@pytest.mark.parametrize(
    "args", [(), ("200 OK",), ("200 OK", [TEXT], None, None), ("200 OK", [TEXT], None, 1, 2)], ids=len
)
def test_a_wrong_number_of_arguments(args: tuple[Any, ...]) -> None:
    assert broken(started(*args)) == {COUNT}
    assert the_fault(COUNT, started(*args)).got == str(len(args))


def test_two_and_three_arguments_are_right() -> None:
    for args in (("200 OK", [TEXT]), ("200 OK", [TEXT], None)):
        assert judge(COUNT, started(*args)) == judge(POSITIONAL, started(*args)) == HELD
        assert broken(started(*args)) == set()


def test_keywords_are_one_finding() -> None:
    assert broken(started("200 OK", headers=[TEXT])) == {POSITIONAL}
    assert broken(started(status="200 OK", headers=[TEXT])) == {POSITIONAL}
    assert broken(started("200 OK", [TEXT], exc_info=None)) == {POSITIONAL}
    assert broken(started("200 OK", response_headers=[TEXT])) == {POSITIONAL}
    assert "'response_headers'" in the_fault(POSITIONAL, started("200 OK", response_headers=[TEXT])).message


def test_keywords_that_are_too_few_or_too_many_are_two_findings() -> None:
    assert broken(started(status="200 OK")) == {POSITIONAL, COUNT}
    assert broken(started("200 OK", [TEXT], None, extra=1)) == {POSITIONAL, COUNT}


@pytest.mark.parametrize(
    "value", [None, b"", 5, [], "write", Hostile()], ids=["none", "bytes", "int", "list", "str", "hostile"]
)
def test_start_response_must_return_a_callable(value: Any) -> None:
    assert broken(StartResponseReturned(value)) == {WRITE}
    assert RULES[WRITE].side is Blame.SERVER


@pytest.mark.parametrize(
    "value", [print, lambda data: None, [].append, type], ids=["function", "lambda", "method", "class"]
)
def test_any_callable_will_do(value: Any) -> None:
    assert judge(WRITE, StartResponseReturned(value)) == HELD


@pytest.mark.parametrize("data", [b"x", b"\x00", "text", bytearray(b"x"), type("B", (bytes,), {})(b"x")], ids=repr)
def test_data_before_start_response(data: Any) -> None:
    assert broken(ChunkYielded(data, 1, started=False)) == {BEFORE_BODY}
    assert judge(BEFORE_BODY, ChunkYielded(data, 1, started=True)) == HELD


@pytest.mark.parametrize(
    "data", [b"", "", bytearray(), None, 5, Hostile()], ids=["bytes", "str", "bytearray", "none", "int", "hostile"]
)
@pytest.mark.parametrize("begun", [True, False])
def test_what_is_no_data_may_come_before(data: Any, begun: bool) -> None:
    assert judge(BEFORE_BODY, ChunkYielded(data, 1, started=begun)) is None


def test_data_before_start_response_is_told_once_in_an_exchange() -> None:
    exchange = Exchange()
    exchange.yielded = 4
    assert judge(BEFORE_BODY, ChunkYielded(b"more", 2, started=False), exchange) is None
    assert judge(BEFORE_BODY, ChunkYielded(b"more", 3, started=True), exchange) == HELD


@pytest.mark.parametrize("facts", [{}, {"chunks": 3}, {"closed": 1}, {"method": "HEAD"}], ids=repr)
def test_a_finished_response_without_a_call(facts: dict[str, Any]) -> None:
    assert broken(exchanged(body=b"", starts=(), returned_at=WHERE, **facts)) == {CALLED}
    assert the_fault(CALLED, exchanged(body=b"", starts=(), returned_at=WHERE, **facts)).location == WHERE


@pytest.mark.parametrize(
    "facts",
    [
        {"exhausted": False},
        {"failed": ValueError("x")},
        {"observed": False},
        {"yielded": 5},
        {"returned": False, "exhausted": False},
    ],
    ids=repr,
)
def test_a_response_that_may_yet_call_is_not_judged(facts: dict[str, Any]) -> None:
    assert judge(CALLED, exchanged(body=b"", starts=(), **facts)) is None


def test_one_call_is_enough() -> None:
    assert judge(CALLED, exchanged()) == HELD
    assert judge(CALLED, exchanged(exhausted=False)) == HELD


@pytest.mark.parametrize("third", [(), (None,), (False,), (0,), ("",)], ids=repr)
@pytest.mark.parametrize("number", [2, 3])
def test_a_second_call_without_exc_info(third: tuple[Any, ...], number: int) -> None:
    event = started("500 Oops", [TEXT], *third, number=number)
    assert broken(event) == {ONCE}
    assert str(number) in the_fault(ONCE, event).message


def test_a_second_call_with_exc_info() -> None:
    try:
        raise ValueError("x")
    except ValueError as error:
        event = started("500 Oops", [TEXT], sys.exc_info(), number=2, handling=error)
    assert judge(ONCE, event) == HELD
    assert broken(event) == set()


def test_a_third_argument_without_a_truth_value_counts_as_given() -> None:
    assert judge(ONCE, started("500 Oops", [TEXT], Hostile(), number=2)) == HELD


def test_an_empty_block_first_is_advice() -> None:
    early = exchanged(empty_first=True, chunks=2)
    assert broken(early) == {EMPTY}
    assert RULES[EMPTY].level is Level.ADVICE
    assert the_fault(EMPTY, early).location == WHERE
    assert judge(EMPTY, exchanged()) == HELD


@pytest.mark.parametrize("facts", [{"chunks": 0}, {"starts": ()}, {"below": Blame.MIDDLEWARE}], ids=repr)
def test_an_empty_block_first_is_not_judged(facts: dict[str, Any]) -> None:
    assert judge(EMPTY, exchanged(**{"empty_first": True, "chunks": 1, **facts})) is None


stranger = st.one_of(st.none(), st.text(), st.binary(), st.integers(), st.lists(st.none()), st.just(Hostile()))


@given(st.lists(stranger, max_size=5), st.dictionaries(st.text(), stranger, max_size=3), st.integers(1, 4))
def test_garbage_is_judged(args: list[Any], kwargs: dict[str, Any], number: int) -> None:
    for name in ("number", "handling", "self", "args", "kwargs"):
        kwargs.pop(name, None)
    event = started(*args, number=number, **kwargs)
    found = broken(event)
    assert (POSITIONAL in found) == bool(kwargs)
    assert (COUNT in found) == (len(args) + len(kwargs) not in (2, 3))
    assert broken(ChunkYielded(args[0] if args else None, 1, started=False)) <= {BEFORE_BODY}


def test_an_object_that_answers_nothing_is_judged_like_any_other() -> None:
    thing = Classless()
    assert broken(started(thing, [TEXT])) == {"status-native-string"}
    assert broken(started("200 OK", thing)) == {"headers-builtin-list"}
    assert broken(started("200 OK", [thing])) == {"header-entries-are-pairs"}
    assert broken(started("200 OK", [(thing, thing)])) == {"header-name-native-string", "header-value-native-string"}
    assert broken(started("200 OK", [TEXT], thing)) == {"exc-info-is-triple"}
    assert broken(started("200 OK", [TEXT], (thing, thing, thing))) == {"exc-info-is-triple"}
    assert broken(StartResponseReturned(thing)) == {WRITE}
    assert broken(ChunkYielded(thing, 1, started=False)) == set()
