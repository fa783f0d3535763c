"""Rules on the third argument of start_response."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.exchange import StartResponseCalled
from tests.rules.events.response_judging import TEXT, Hostile, broken, judge, started, the_fault

TRIPLE, HANDLER = "exc-info-is-triple", "exc-info-from-handler"


def raised(error: BaseException) -> Any:
    """Return what sys.exc_info() says while *error* is handled."""
    try:
        raise error
    except BaseException:
        return sys.exc_info()


def call(exc_info: Any, handling: BaseException | None = None, number: int = 1) -> StartResponseCalled:
    return started("500 Oops", [TEXT], exc_info, handling=handling, number=number)


class Slippery(ValueError):
    """An exception whose links can't be read."""

    @property
    def __context__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no context")

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no traceback")


KIND, ERROR, TRACEBACK = raised(ValueError("x"))
NO_TRIPLES: list[Any] = [
    ERROR,
    True,
    "boom",
    (),
    (KIND, ERROR),
    (KIND, ERROR, TRACEBACK, None),
    [KIND, ERROR, TRACEBACK],
    (KIND, "x", TRACEBACK),
    (KIND, None, TRACEBACK),
    ("ValueError", ERROR, TRACEBACK),
    (int, 5, TRACEBACK),
    (KeyError, ERROR, TRACEBACK),
    (KIND, ERROR, "traceback"),
    (KIND, ERROR, None),
    (None, None, TRACEBACK),
    (Hostile(), Hostile(), Hostile()),
    False,
]


@pytest.mark.parametrize("exc_info", NO_TRIPLES, ids=range(len(NO_TRIPLES)))
def test_what_is_no_triple_breaks_one_rule(exc_info: Any) -> None:
    event = call(exc_info, handling=ERROR)
    assert broken(event) == {TRIPLE}
    assert judge(HANDLER, event) is None
    assert the_fault(TRIPLE, event).expected == "(class, instance, traceback)"


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_handler_passes_is_right_on_any_call(number: int) -> None:
    for error in (ValueError("x"), KeyboardInterrupt(), ExceptionSubclass("x")):
        event = call(raised(error), handling=error, number=number)
        assert judge(TRIPLE, event) == judge(HANDLER, event) == HELD
        assert broken(event) == set()


class ExceptionSubclass(Exception):
    pass


def test_none_and_absence_are_not_judged() -> None:
    for event in (call(None), started("200 OK", [TEXT])):
        assert judge(TRIPLE, event) is judge(HANDLER, event) is None


def test_three_none_break_only_the_warning() -> None:
    event = call((None, None, None))
    assert broken(event) == {HANDLER}
    assert judge(TRIPLE, event) is None


@pytest.mark.parametrize("handling", [None, KeyError("another")])
def test_an_exception_that_was_never_raised_is_not_from_a_handler(handling: BaseException | None) -> None:
    error = ValueError("made up")
    assert broken(call((ValueError, error, None), handling)) == {HANDLER}
    assert "never raised" in the_fault(HANDLER, call((Slippery, Slippery("x"), None), handling)).message


def test_a_cause_or_context_of_the_handled_exception_counts_as_handled() -> None:
    inner = ValueError("first")
    exc_info = raised(inner)
    middle, outer = KeyError("second"), RuntimeError("third")
    middle.__context__ = inner
    outer.__cause__ = middle
    assert judge(HANDLER, call(exc_info, outer)) == HELD
    assert judge(HANDLER, call((ValueError, inner.with_traceback(None), None), outer)) == HELD


def test_a_ring_of_exceptions_comes_to_an_end() -> None:
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__cause__ = other, one
    made_up = TypeError("made up")
    assert broken(call((TypeError, made_up, None), one)) == {HANDLER}


def test_an_exception_kept_from_before_is_given_the_benefit_of_the_doubt() -> None:
    assert judge(HANDLER, call(raised(ValueError("kept")))) is None
    assert judge(HANDLER, call(raised(ValueError("kept")), handling=KeyError("now"))) is None
    borrowed = (ValueError, ValueError("x"), TRACEBACK)
    assert judge(HANDLER, call(borrowed)) is None


def test_a_traceback_may_be_none_where_the_exception_has_none() -> None:
    error = ValueError("x")
    assert judge(TRIPLE, call((ValueError, error, None), error)) == HELD


def test_a_class_may_be_a_base_of_the_instance() -> None:
    _, error, traceback = raised(UnicodeDecodeError("utf-8", b"", 0, 1, "x"))
    assert judge(TRIPLE, call((ValueError, error, traceback), error)) == HELD


@pytest.mark.parametrize("falsy", [(), False, 0, ""], ids=repr)
def test_a_false_value_on_a_second_call_is_the_fault_of_the_call(falsy: Any) -> None:
    assert broken(call(falsy, number=2)) == {"start-response-called-once"}


things = st.one_of(
    st.none(),
    st.sampled_from([KIND, ERROR, TRACEBACK, Hostile(), type, object, Slippery("x")]),
    st.text(),
    st.booleans(),
)


@given(st.one_of(things, st.tuples(things, things, things), st.lists(things)), st.sampled_from([None, ERROR]))
def test_garbage_is_judged_and_at_most_one_rule_speaks(exc_info: Any, handling: BaseException | None) -> None:
    event = call(exc_info, handling)
    found = broken(event)
    assert len(found) <= 1
    if type(exc_info) is not tuple and exc_info is not None:
        assert found == {TRIPLE}
