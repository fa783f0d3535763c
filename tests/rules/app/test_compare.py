"""What counts as a difference between two groups of answers, and what does not."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from pytest_wsgiconform.rules.app.compare import compare, differences, echoes, outcome_of, steady
from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.app import AppRun, ErrorRecord, ExchangeRecord
from pytest_wsgiconform.stimuli.app.model import Stage


def record(label: str = "base", body: str = "x", status: str = "200 OK", **fields: str) -> ExchangeRecord:
    headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return ExchangeRecord(label, status=status, headers=headers, starts=1, exhausted=True, size=len(body), digest=body)


def test_one_difference_proves_nothing() -> None:
    assert differences([record()], [record(body="y")]) is None


def test_a_steady_difference_is_told_with_both_sides() -> None:
    found = differences([record()] * 4, [record(status="404 Not Found", body="y")] * 4)
    assert found is not None
    first = found[0]
    assert (first.part, first.base, first.variant) == ("status", "200", "404")


def test_an_unsteady_part_is_left_out_and_the_others_count() -> None:
    base = [record(body=str(number), X_Mode="a") for number in range(4)]
    variant = [record(body=str(number + 10), X_Mode="b") for number in range(4)]
    found = differences(base, variant)
    assert found is not None
    assert [d.part for d in found] == ["x-mode"]


def test_a_field_that_is_sometimes_there_is_unsteady() -> None:
    base = [record(X_A="1"), record(), record(X_A="1"), record()]
    assert differences(base, [record(body="y", X_A="2")] * 4) is not None
    assert [d.part for d in differences(base, [record(body="y", X_A="2")] * 4) or ()] == ["body"]


def test_dates_and_cookies_never_count() -> None:
    assert differences([record(Date="a", Set_Cookie="b")], [record(Date="c", Set_Cookie="d")]) == []


def test_a_base_that_fails_is_no_base() -> None:
    failed = ExchangeRecord("base", error=ErrorRecord("ValueError", "x", "call"))
    assert outcome_of(failed) == "raised ValueError"
    assert differences([failed], [record()]) is None
    assert differences([], [record()]) is None


def test_raising_only_in_the_variant_is_a_difference() -> None:
    failed = ExchangeRecord("variant", error=ErrorRecord("KeyError", "x", "call"))
    run = AppRun("s", "/", [record()] * 4 + [failed] * 4)
    outcome = compare(run, "base", "variant", "something is absent")
    assert outcome
    assert "raised KeyError" in outcome[0].message
    assert compare(run, "base", "missing", "x") is None
    assert compare(run, "base", "base", "x") is HELD


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ExchangeRecord("x", timed_out=True), "did not end in time"),
        (ExchangeRecord("x"), "never called start_response"),
        (ExchangeRecord("x", starts=1), "was not read to its end"),
    ],
)
def test_outcomes(kind: ExchangeRecord, expected: str) -> None:
    assert outcome_of(kind) == expected


def test_steady_of_nothing_and_echoes() -> None:
    assert steady([]) == {}
    shown = ExchangeRecord("x", body=b"HTTP_TE: Trailers")
    assert echoes([shown], ["trailers"])
    assert not echoes([shown], ["websocket"])


def playing(answers: Any) -> AppRun:
    """Compare two labels of an app that gives *answers* one after the other, whatever it is asked."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(next(answers)).encode()]

    stage = Stage(app, [], "/", 30, "s")
    stage.compare(("base", stage.environ), ("variant", stage.environ))
    return stage.run


@pytest.mark.parametrize("period", range(1, 9))
def test_no_periodic_app_is_taken_for_a_dependent_one(period: int) -> None:
    for offset in range(period):
        answers = itertools.islice(itertools.cycle(range(period)), offset, None)
        outcome = compare(playing(answers), "base", "variant", "x")
        assert not outcome


def test_chance_is_hardly_ever_taken_for_dependence() -> None:
    """Two equally likely answers fall into the pattern once in 256 comparisons; none of these seeds does."""
    taken = 0
    for seed in range(100):
        coin = random.Random(seed)
        taken += bool(compare(playing(iter(lambda coin=coin: coin.random() < 0.5, None)), "base", "variant", "x"))
    assert taken <= 3
