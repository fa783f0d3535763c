"""Rules on a response's body against its status and headers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.events import http_body
from pytest_wsgiconform.rules.model import HELD, Level, Rule
from pytest_wsgiconform.rules.records.exchange import Exchange
from tests.rules.events.response_judging import RULES, TEXT, WHERE, broken, exchanged, judge, started, the_fault

BODYLESS, TYPE, LENGTH = "no-body-with-204-or-304", "content-has-type", "content-length-matches-body"
CHUNKED, RANGE, HEAD = "body-not-transfer-coded", "content-range-agrees", "head-without-body"
FRAMED = b"5\r\nhello\r\n0\r\n\r\n"


def length(value: str) -> tuple[Any, ...]:
    return (TEXT, ("Content-Length", value))


def partial(value: str, *more: Any, body: bytes = b"hello", **facts: Any) -> Exchange:
    return exchanged("206 Partial Content", (TEXT, ("Content-Range", value), *more), body, **facts)


#: Per rule: exchanges that break it, and nothing else, and such that keep it.
CASES: dict[str, tuple[list[Exchange], list[Exchange]]] = {
    BODYLESS: (
        [
            exchanged("204 No Content", (), b"x"),
            exchanged("304 Not Modified", (), b"hello", exhausted=False),
            exchanged("204 No Content", length("1"), b"", written=1),
            exchanged("204 No Content", (), b"x", method="HEAD"),
        ],
        [
            exchanged("204 x", (), b""),
            exchanged("304 x", (("Content-Length", "5"),), b""),
            exchanged("304 x", (TEXT,), b""),
        ],
    ),
    TYPE: (
        [
            exchanged("200 OK", ()),
            exchanged("404 x", (("Content-Length", "5"),)),
            exchanged("500 x", (), b"", written=3),
        ],
        [exchanged(), exchanged("200 OK", (("content-type", ""),)), exchanged("200 OK", (TEXT,), exhausted=False)],
    ),
    LENGTH: (
        [
            exchanged("200 OK", length("4")),
            exchanged("200 OK", length("6"), written=2),
            exchanged("404 x", length("0")),
            exchanged("200 OK", length("5"), b""),
            exchanged("200 OK", length("9" * 5000)),
            exchanged("205 x", length("7")),
        ],
        [
            exchanged("200 OK", length("5")),
            exchanged("200 OK", length("0005")),
            exchanged("200 OK", length(" 5")),
            exchanged("200 OK", length("7"), written=2),
            exchanged("200 OK", length("0"), b""),
        ],
    ),
    CHUNKED: (
        [
            exchanged(body=FRAMED),
            exchanged(body=b"A;x=y\r\n0123456789\r\n000\r\nDigest: a\r\n\r\n"),
            exchanged(body=b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
        ],
        [
            exchanged(body=b"hello"),
            exchanged(body=b"0\r\n\r\n"),
            exchanged(body=FRAMED[:-1]),
            exchanged(body=FRAMED + b"x"),
            exchanged(body=b"6" + FRAMED[1:]),
            exchanged(body=b"-5\r\nhello\r\n0\r\n\r\n"),
            exchanged(body=b"5\nhello\n0\n\n"),
        ],
    ),
    RANGE: (
        [
            exchanged("206 x", (TEXT,)),
            partial("bytes 0-5/11"),
            partial("bytes 4-0/11"),
            partial("bytes 0-4/4"),
            partial("bytes */11"),
            partial("0-4/11"),
            partial("bytes=0-4/11"),
            partial("bytes 0-4"),
            partial(""),
            partial("bytes 7-6/11", exhausted=False),
            partial("bytes 0-5/11", ("Content-Length", "5")),
            partial("bytes 0-9/5", method="HEAD", body=b""),
        ],
        [
            partial("bytes 0-4/11"),
            partial("bytes 6-10/*"),
            partial("Bytes 6-10/11"),
            partial("bytes 0-4/5", ("Content-Length", "5")),
            partial("bytes 0-9/10", method="HEAD", body=b""),
            partial("bytes 0-9/10", exhausted=False),
            partial("lines 1-2/3"),
            partial("bytes 0-9/10", measured=False),
        ],
    ),
    HEAD: (
        [
            exchanged(method="HEAD"),
            exchanged("404 x", length("5"), method="HEAD"),
            exchanged(method="HEAD", body=b"", written=1),
        ],
        [exchanged(method="HEAD", body=b""), exchanged("200 OK", length("5"), b"", method="HEAD")],
    ),
}
BREAKING = [(rule_id, exchange) for rule_id, (bad, _) in CASES.items() for exchange in bad]
KEEPING = [(rule_id, exchange) for rule_id, (_, good) in CASES.items() for exchange in good]

#: Exchanges that could not have broken the rule.
VACUOUS: dict[str, list[Exchange]] = {
    BODYLESS: [exchanged(), exchanged("204 x", (), b"", exhausted=False), exchanged("304 x", (), b"", measured=False)],
    TYPE: [
        exchanged("200 OK", (), b""),
        exchanged("200 OK", (), method="HEAD"),
        exchanged("204 x", ()),
        exchanged("OK", ()),
    ],
    LENGTH: [
        exchanged(),
        exchanged("200 OK", length("4"), method="HEAD"),
        exchanged("204 x", length("4")),
        exchanged("304 x", length("4")),
        exchanged("200 OK", length("9"), exhausted=False),
        exchanged("200 OK", length("9"), failed=ValueError("x")),
        exchanged("200 OK", length("9"), observed=False),
        exchanged("200 OK", length("9"), measured=False),
        exchanged("200 OK", length("4.0")),
        exchanged("200 OK", (*length("4"), ("Content-Length", "4"))),
        exchanged("200 OK", (TEXT, ("Content-Length", 4))),
        exchanged("200 OK", (TEXT, ("Content-Length", "4\r\n"))),
    ],
    CHUNKED: [
        exchanged(body=b""),
        exchanged("200 OK", length("15"), FRAMED),
        exchanged("200 OK", (TEXT, ("Transfer-Encoding", "chunked")), FRAMED),
        exchanged(body=FRAMED, head=b""),
        exchanged(body=FRAMED, exhausted=False),
        exchanged(body=FRAMED, method="HEAD"),
        exchanged(body=FRAMED, written=70000),
    ],
    RANGE: [
        exchanged(),
        exchanged("416 x", (TEXT, ("Content-Range", "bytes */11"))),
        exchanged("206 x", (("Content-Type", "Multipart/ByteRanges; boundary=x"),)),
        exchanged("206 x", (TEXT, ("Content-Range", b"bytes 0-9/11"))),
        exchanged("206 x", (TEXT, ("Content-Range", "a"), ("Content-Range", "b"))),
    ],
    HEAD: [
        exchanged(),
        exchanged(method="head"),
        exchanged(method="HEAD", body=b"", exhausted=False),
        exchanged("304 x", (), method="HEAD"),
    ],
}


def test_every_rule_of_the_file_is_in_the_tables() -> None:
    ids = sorted(value.id for value in vars(http_body).values() if isinstance(value, Rule))
    assert sorted(CASES) == sorted(VACUOUS) == ids
    levels = {rule_id: RULES[rule_id].level for rule_id in ids}
    assert levels == {**dict.fromkeys(ids, Level.ERROR), TYPE: Level.WARNING, HEAD: Level.ADVICE}


@pytest.mark.parametrize(("rule_id", "exchange"), BREAKING)
def test_one_slip_breaks_one_rule(rule_id: str, exchange: Exchange) -> None:
    assert broken(exchange) == {rule_id}
    found = the_fault(rule_id, exchange)
    assert found.location == WHERE
    assert found.expected and found.got


@pytest.mark.parametrize(("rule_id", "exchange"), KEEPING)
def test_what_is_allowed_breaks_nothing(rule_id: str, exchange: Exchange) -> None:
    assert judge(rule_id, exchange) == HELD
    assert broken(exchange) == set()


@pytest.mark.parametrize(("rule_id", "exchange"), [(r, e) for r, exchanges in VACUOUS.items() for e in exchanges])
def test_what_could_not_break_it_does_not_exercise_it(rule_id: str, exchange: Exchange) -> None:
    assert judge(rule_id, exchange) is None


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_nothing_is_judged_without_an_accepted_start(rule_id: str) -> None:
    refused = exchanged("204 x", (), method="HEAD")
    refused.starts[0].raised = AssertionError("refused")
    assert judge(rule_id, refused) is None
    assert judge(rule_id, exchanged("206 x", (), starts=())) is None


def test_the_response_that_replaced_another_is_judged() -> None:
    first = started("200 OK", [TEXT, ("Content-Length", "100")])
    second = started("500 Oops", [TEXT, ("Content-Length", "5")], number=2)
    assert judge(LENGTH, exchanged(starts=(first, second))) == HELD
    second.raised = ValueError("the headers were sent")
    assert broken(exchanged(starts=(first, second))) == {LENGTH}


def test_data_from_before_the_final_start_is_not_counted_against_it() -> None:
    second = started("500 Oops", [TEXT, ("Content-Length", "5")], number=2)
    second.body_sent = 3
    assert judge(LENGTH, exchanged(starts=(second,), yielded=8)) is None


def test_a_wrong_length_with_a_range_that_agrees_with_it_is_one_finding() -> None:
    assert broken(partial("bytes 0-9/11", ("Content-Length", "10"))) == {LENGTH}


statuses = st.sampled_from(["200 OK", "204 x", "206 x", "304 x", "401 x", "x", "", b"200 OK", None, "999 x", "100 x"])
pairs = st.tuples(
    st.sampled_from(["Content-Length", "Content-Range", "Content-Type", "Transfer-Encoding", "X"]),
    st.one_of(st.text(alphabet="bytes 0123456789-/*,"), st.text(), st.none(), st.binary(), st.integers()),
)


@given(statuses, st.lists(pairs), st.binary(), st.sampled_from(["GET", "HEAD", ""]), st.booleans())
def test_garbage_is_judged(status: Any, headers: list[Any], body: bytes, method: str, exhausted: bool) -> None:
    exchange = exchanged(status, headers, body, method, exhausted=exhausted)
    found = broken(exchange)
    assert (BODYLESS in found) == (status in ("204 x", "304 x") and bool(body))
    if not exhausted or method == "HEAD":
        assert LENGTH not in found and CHUNKED not in found


@given(st.binary())
def test_any_bytes_framed_in_chunks_are_found(data: bytes) -> None:
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data) if data else b"1\r\nx\r\n0\r\n\r\n"
    assert broken(exchanged(body=framed)) == {CHUNKED}
