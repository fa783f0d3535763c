"""Rules on the form of the status: one slip, one rule."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.events import status, status_code
from pytest_wsgiconform.rules.model import HELD, Level, Rule
from tests.rules.events.response_judging import TEXT, Hostile, Text, broken, judge, started, the_fault

FORM_RULES = [value.id for file in (status_code, status) for value in vars(file).values() if isinstance(value, Rule)]

ONE_SLIP: dict[str, list[Any]] = {
    "status-native-string": [b"200 OK", 200, None, HTTPStatus.OK, Text("200 OK"), ("200", "OK"), bytearray(b"200 OK")],
    "status-latin1": ["200 \u20ac", "404 \u0421\u0442\u0440", "200\u2003OK", "\uff12\uff10\uff10 OK", "200 OK\u2028"],
    "status-code-three-digits": [
        "OK",
        "",
        "20 OK",
        "2000 OK",
        "-20 OK",
        "HTTP/1.1 200 OK",
        "20O OK",
        "\xb200 OK",
        "+200",
    ],
    "status-code-at-least-100": ["000 Broken", "099 Broken", "042 Answer"],
    "status-code-below-600": ["600 Over", "999 Request Denied", "700 x"],
    "status-single-space": ["200  OK", "200OK", "200-OK", "200\xa0OK", "404   Not Found", "200_ OK", "200.1 OK"],
    "status-has-reason": ["200", "404", "599"],
    "status-reason-not-empty": ["200 ", "404 ", "500 "],
    "status-no-surrounding-space": [" 200 OK", "200 OK ", "200  ", "  200 OK", "200 OK  ", " 200 OK "],
    "status-no-control": [
        "200 OK\r\nX: y",
        "200\tOK",
        "200 O\x00K",
        "200 OK\x7f",
        "\n200 OK",
        "2\x0100 OK",
        "200 OK\t",
    ],
    "status-no-line-end": [
        "200 OK\r\n",
        "200 OK\n",
        "200 OK\r",
        "200\r\n",
        "200 OK\n\n",
        "\r\n",
        "200 \n",
        "200 OK \r\n",
    ],
}


@pytest.mark.parametrize(("rule_id", "status"), [(r, s) for r, statuses in ONE_SLIP.items() for s in statuses])
def test_one_slip_breaks_one_rule(rule_id: str, status: Any) -> None:
    event = started(status, [TEXT])
    warnings = broken(event, Level.WARNING)
    errors = broken(event, Level.ERROR)
    assert rule_id in warnings | errors
    # A slip is one finding; only "200 \n" shows beside its line end the empty reason that it has as well.
    assert errors | warnings == {rule_id} or (status == "200 \n" and errors == {rule_id})
    assert the_fault(rule_id, event).message


def test_every_rule_on_the_form_is_in_the_table() -> None:
    assert sorted(ONE_SLIP) == sorted(FORM_RULES)


@pytest.mark.parametrize(
    "status",
    [
        "200 OK",
        "404 Not Found",
        "299 x",
        "200 O",
        "418 I'm a teapot",
        "599 Network Connect Timeout Error",
        "200 Tr\xe8s bien",
        "404 Non trouv\xc3\xa0",  # UTF-8 read as ISO-8859-1 may end in a no-break space
        "200 200",
        "200 \xa0OK",
        "500 a  b",
        '226 IM Used: (yes), "quoted"',
        "200 \x85",
    ],
)
def test_odd_but_right(status: str) -> None:
    event = started(status, [TEXT])
    assert broken(event) == set()
    assert all(judge(rule_id, event) == HELD for rule_id in FORM_RULES)


def test_nothing_is_judged_of_a_status_that_is_missing() -> None:
    assert {judge(rule_id, started()) for rule_id in FORM_RULES} == {None}


@pytest.mark.parametrize("status", [b"200  OK\r\n", 7, Text(" 99"), Hostile()], ids=["bytes", "int", "str", "hostile"])
def test_the_form_of_what_is_no_native_string_is_not_judged(status: Any) -> None:
    event = started(status, [TEXT])
    assert broken(event) == {"status-native-string"}
    assert {judge(rule_id, event) for rule_id in FORM_RULES if rule_id != "status-native-string"} == {None}


def test_two_slips_are_two_findings() -> None:
    assert broken(started("200 OK\r\nX: y\r\n", [TEXT])) == {"status-no-control", "status-no-line-end"}
    assert broken(started("700", [TEXT])) == {"status-has-reason", "status-code-below-600"}


def test_the_evidence_shows_the_status_safely() -> None:
    found = the_fault("status-no-control", started("200 \x1b[31mred", [TEXT]))
    assert found.got == "'200 \\x1b[31mred'"
    assert "\x1b" not in found.message


@given(st.one_of(st.text(alphabet="0123459 OK\r\n\t\x00\x7f\xa0\u20ac:"), st.text(), st.binary(), st.integers()))
def test_garbage_is_judged_and_a_slip_never_goes_unseen(status: Any) -> None:
    event = started(status, [TEXT])
    errors = broken(event, Level.ERROR) & set(FORM_RULES)
    good = (
        type(status) is str
        and len(status) >= 4
        and status[:3].isascii()
        and status[:3].isdigit()
        and status[0] != "0"
        and status[3] == " "
        and (status[4:] == "" or (status[4] != " " and status[-1] != " "))
        and all(" " <= char <= "\xff" and char != "\x7f" for char in status)
    )
    assert (not errors) == good
