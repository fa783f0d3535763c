"""The header fields of a response: checked each time, whatever is remembered, and sent as they are in the end."""

from __future__ import annotations

from typing import Any

import pytest

# What is remembered, and how much of it, can't be seen from outside: only that the second time is faster.
from pytest_wsgiconform.wsgiref import _fields
from pytest_wsgiconform.wsgiref._fields import check_fields
from pytest_wsgiconform.wsgiref.headers import Headers
from tests.wsgiref.handler_tools import answer, app_of, request


class Text(str):
    """Equal to a string, with its hash, and yet no native string."""


GOOD = [("Content-Type", "text/plain"), ("Date", "d"), ("server", "s"), ("CONTENT-LENGTH", "4")]


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_found_of_good_fields(times: int) -> None:
    for _ in range(times):
        pairs, text, length, dated, named = check_fields(GOOD, drop_hop_by_hop=False)
        assert pairs == GOOD and pairs is not GOOD
        assert text == "Content-Type: text/plain\r\nDate: d\r\nserver: s\r\nCONTENT-LENGTH: 4\r\n"
        assert (length, dated, named) == ("4", True, True)
    assert check_fields([], drop_hop_by_hop=False) == ([], "", None, False, False)


@pytest.mark.parametrize(
    ("pair", "error"),
    [
        ((Text("Content-Type"), "text/plain"), AssertionError),
        (("Content-Type", Text("text/plain")), AssertionError),
        (("Content-Type", b"text/plain"), AssertionError),
        ((b"Content-Type", "text/plain"), AssertionError),
        (("Content-Type", "text/plain\r\nX: y"), ValueError),
        (("Content-Type", "\u20ac"), ValueError),
        (("Content Type", "text/plain"), ValueError),
        (("Content-Type:", "text/plain"), ValueError),
        (("", "text/plain"), ValueError),
        (("Content-Length", "+4"), ValueError),
        (("content-length", "4, 4"), ValueError),
        (("Connection", "close"), AssertionError),
        (("Proxy-Connection", "close"), AssertionError),
        (("Content-Type", "text/plain", ""), ValueError),
        (("Content-Type",), ValueError),
        ("Content-Type", ValueError),
        (5, TypeError),
    ],
)
def test_faults_are_seen_behind_what_is_remembered(pair: Any, error: type[Exception]) -> None:
    check_fields(GOOD, drop_hop_by_hop=False)
    for _ in range(2):
        with pytest.raises(error):
            check_fields([*GOOD[:3], pair], drop_hop_by_hop=False)


def test_a_pair_may_be_a_list_and_is_checked_as_well() -> None:
    pairs: Any = [["X", "y"], ["A", "b"]]
    assert check_fields(pairs, drop_hop_by_hop=False)[:2] == (pairs, "X: y\r\nA: b\r\n")
    with pytest.raises(ValueError):
        check_fields([*pairs, ["A", "b\n"]], drop_hop_by_hop=False)


def test_lengths_that_agree_are_sent_once_and_others_refused() -> None:
    given = [("Content-Length", "4"), ("X", "y"), ("content-length", "4")]
    assert check_fields(given, drop_hop_by_hop=False) == (given[:2], "Content-Length: 4\r\nX: y\r\n", "4", False, False)
    with pytest.raises(ValueError, match="differ"):
        check_fields([("Content-Length", "4"), ("Content-Length", "5")], drop_hop_by_hop=False)


def test_hop_by_hop_fields_can_be_left_out() -> None:
    given = [("Connection", "close"), ("X", "y"), ("TE", "x"), ("connection", "close")]
    assert check_fields(given, drop_hop_by_hop=True)[:2] == ([("X", "y")], "X: y\r\n")


def test_little_is_remembered_and_no_cookies() -> None:
    for number in range(3000):
        check_fields([("X-Number", str(number)), ("X-Long", "v" * 1000), ("set-cookie", "secret")], False)
    assert len(_fields._known) <= 1024
    assert max(len(value) for _, value in _fields._known) <= 128
    assert "set-cookie" not in {name.lower() for name, _ in _fields._known}


# ---- what a subclass does to the headers is what is sent


def lines_of(cleanup: Any, *, method: str = "GET", **attributes: Any) -> tuple[list[str], bytes]:
    """What is sent when a subclass treats the headers so, just before they go."""
    from pytest_wsgiconform.wsgiref.handlers import SimpleHandler

    def cleanup_headers(self: Any) -> None:
        SimpleHandler.cleanup_headers(self)
        cleanup(self)

    got = answer(app_of(b"body"), cleanup_headers=cleanup_headers, environ=request(REQUEST_METHOD=method), **attributes)
    return [line for line in got.head[1:] if not line.startswith("Date: ")], got.body


def test_added_fields() -> None:
    def add(handler: Any) -> None:
        handler.headers["X-Added"] = "1"

    assert lines_of(add) == (["Content-Type: text/plain", "Content-Length: 4", "X-Added: 1"], b"body")


def test_an_added_length_in_any_case_bounds_the_body() -> None:
    def replace(handler: Any) -> None:
        del handler.headers["Content-Length"]
        handler.headers["content-LENGTH"] = "2"

    assert lines_of(replace) == (["Content-Type: text/plain", "content-LENGTH: 2"], b"bo")


def test_removed_and_replaced_fields() -> None:
    def remove(handler: Any) -> None:
        del handler.headers["Content-Type"]

    def replace(handler: Any) -> None:
        handler.headers["Content-Type"] = "text/html"

    def others(handler: Any) -> None:
        handler.headers = Headers([("X", "y")])

    assert lines_of(remove)[0] == ["Content-Length: 4"]
    assert lines_of(replace)[0] == ["Content-Length: 4", "Content-Type: text/html"]
    assert lines_of(others) == (["X: y"], b"body")


def test_an_added_date_and_server_stand_for_our_own() -> None:
    def add(handler: Any) -> None:
        handler.headers["date"] = "today"
        handler.headers["SERVER"] = "mine"

    from pytest_wsgiconform.wsgiref.handlers import SimpleHandler

    def cleanup_headers(self: Any) -> None:
        SimpleHandler.cleanup_headers(self)
        add(self)

    head = answer(app_of(b"body"), cleanup_headers=cleanup_headers, server_software="ours").head
    assert head[1:] == ["Content-Type: text/plain", "Content-Length: 4", "date: today", "SERVER: mine"]


def test_another_class_of_headers() -> None:
    class Loud(Headers):
        def __str__(self) -> str:
            return super().__str__().upper()

    assert lines_of(lambda handler: None, headers_class=Loud)[0] == ["CONTENT-TYPE: TEXT/PLAIN", "CONTENT-LENGTH: 4"]
