"""Rules on status and headers together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.events import http_response
from pytest_wsgiconform.rules.model import HELD, Level, Rule
from tests.rules.events.response_judging import RULES, TEXT, broken, judge, started, the_fault, with_headers

#: Per rule: (status, headers) that break it, and nothing else, and such that keep it.
CASES: dict[str, tuple[list[tuple[str, list[Any]]], list[tuple[str, list[Any]]]]] = {
    "status-not-interim": (
        [("100 Continue", []), ("103 Early Hints", [("Link", "</a>; rel=preload")]), ("199 x", [TEXT])],
        [("200 OK", [TEXT]), ("299 x", [TEXT]), ("599 x", [TEXT])],
    ),
    "no-hop-by-hop-features": (
        [
            ("101 Switching Protocols", []),
            ("101 Switching Protocols", [("Upgrade", "websocket")]),
            ("426 Upgrade Required", [TEXT, ("UPGRADE", "h2c")]),
            ("200 OK", [TEXT, ("trailer", "Digest")]),
            ("200 OK", [TEXT, ("Trailers", "Digest")]),
        ],
        [
            ("426 Upgrade Required", [TEXT]),
            ("200 OK", [TEXT, ("Upgrade-Insecure-Requests", "1")]),
            ("200 OK", [TEXT, ("X-Trailer", "a")]),
        ],
    ),
    "no-content-length-with-204": (
        [
            ("204 No Content", [("Content-Length", "0")]),
            ("204 x", [("content-length", "5")]),
            ("204 x", [TEXT, ("CONTENT-LENGTH", "0")]),
        ],
        [("204 No Content", []), ("204 No Content", [TEXT]), ("204 x", [("X-Content-Length", "0")])],
    ),
    "not-modified-minimal-metadata": (
        [
            ("304 Not Modified", [TEXT]),
            ("304 Not Modified", [("ETag", '"a"'), ("content-encoding", "gzip")]),
            ("304 Not Modified", [("Content-Language", "de")]),
        ],
        [
            ("304 Not Modified", []),
            (
                "304 Not Modified",
                [("ETag", '"a"'), ("Content-Length", "5"), ("Vary", "Accept"), ("Content-Location", "/a")],
            ),
            ("304 Not Modified", [("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Set-Cookie", "a=b")]),
        ],
    ),
    "allow-with-405": (
        [("405 Method Not Allowed", [TEXT]), ("405 x", []), ("405 x", [("Access-Control-Allow-Methods", "GET")])],
        [
            ("405 x", [("Allow", "GET, HEAD")]),
            ("405 x", [("allow", "")]),
            ("405 x", [("Allow", "GET"), ("Allow", "PUT")]),
        ],
    ),
    "challenge-with-401": (
        [
            ("401 Unauthorized", [TEXT]),
            ("401 Unauthorized", [("WWW-Authenticate", "")]),
            ("401 Unauthorized", [("Authenticate", "Basic")]),
            ("401 Unauthorized", [("WWW-Authenticate", '"Basic" realm="x"')]),
        ],
        [
            ("401 Unauthorized", [("WWW-Authenticate", "Negotiate")]),
            ("401 Unauthorized", [("www-authenticate", 'Basic realm="x", Bearer')]),
            ("401 Unauthorized", [("WWW-Authenticate", ""), ("WWW-Authenticate", "Digest nonce=1")]),
            ("401 Unauthorized", [("WWW-Authenticate", "NTLM TlRMTVNTUAACAAAA=")]),
        ],
    ),
    "redirect-has-location": (
        [
            ("302 Found", [TEXT]),
            ("308 Permanent Redirect", []),
            ("301 x", [("Content-Location", "/a")]),
            ("303 x", [("Refresh", "0")]),
        ],
        [
            ("307 x", [("Location", "/a")]),
            ("302 x", [("location", "")]),
            ("303 x", [("LOCATION", "https://example.org/")]),
        ],
    ),
}
BREAKING = [(rule_id, *case) for rule_id, (bad, _) in CASES.items() for case in bad]
KEEPING = [(rule_id, *case) for rule_id, (_, good) in CASES.items() for case in good]
VACUOUS = {
    "status-not-interim": ["101 Switching Protocols", "099 x", "OK", b"200 OK"],
    "no-content-length-with-204": ["200 OK", "304 Not Modified", "2040 x", b"204 x"],
    "not-modified-minimal-metadata": ["200 OK", "303 See Other"],
    "allow-with-405": ["200 OK", "501 Not Implemented"],
    "challenge-with-401": ["200 OK", "403 Forbidden", "407 x"],
    "redirect-has-location": ["200 OK", "300 Multiple Choices", "304 Not Modified", "305 x", "201 Created"],
}


def test_every_rule_of_the_file_is_in_the_table() -> None:
    assert sorted(CASES) == sorted(value.id for value in vars(http_response).values() if isinstance(value, Rule))


@pytest.mark.parametrize(("rule_id", "status", "headers"), BREAKING)
def test_one_slip_breaks_one_rule(rule_id: str, status: str, headers: list[Any]) -> None:
    event = started(status, headers)
    assert broken(event) == {rule_id}
    assert the_fault(rule_id, event).expected


@pytest.mark.parametrize(("rule_id", "status", "headers"), KEEPING)
def test_what_is_allowed_breaks_nothing(rule_id: str, status: str, headers: list[Any]) -> None:
    event = started(status, headers)
    assert judge(rule_id, event) == HELD
    assert broken(event) == set()


@pytest.mark.parametrize(("rule_id", "status"), [(r, s) for r, statuses in VACUOUS.items() for s in statuses])
def test_another_status_exercises_nothing(rule_id: str, status: Any) -> None:
    assert judge(rule_id, started(status, [TEXT, ("Content-Length", "5")])) is None


def test_a_header_whose_value_is_wrong_is_still_there() -> None:
    assert broken(with_headers(("Allow", b"GET"), status="405 x")) == {"header-value-native-string"}
    assert broken(with_headers(("Location", None), status="302 x")) == {"header-value-native-string"}
    assert broken(with_headers(("WWW-Authenticate", "Basic\r\n"), status="401 x")) == {"header-value-no-crlf"}


@pytest.mark.parametrize("status", ["204 x", "304 x", "401 x", "405 x", "302 x"])
def test_headers_that_are_no_list_are_the_only_fault(status: str) -> None:
    assert broken(started(status, (TEXT,))) == {"headers-builtin-list"}
    assert broken(started(status)) == {"start-response-two-or-three-arguments"}


def test_only_the_should_clauses_are_warnings() -> None:
    warnings = {rule_id for rule_id in CASES if RULES[rule_id].level is Level.WARNING}
    assert warnings == {"not-modified-minimal-metadata", "redirect-has-location"}


names = st.sampled_from(["Allow", "Location", "WWW-Authenticate", "Content-Length", "Upgrade", "ETag", "Expires"])
values = st.one_of(st.text(), st.none(), st.binary(), st.text(alphabet='abc"=;, /\\W%[]:-0123456789', max_size=20))


@given(st.integers(0, 999), st.lists(st.tuples(names, values)))
def test_garbage_is_judged(code: int, headers: list[Any]) -> None:
    found = broken(started(f"{code:03} x", headers))
    given_names = {name for name, _ in headers}
    assert ("allow-with-405" in found) == (code == 405 and "Allow" not in given_names)
    assert ("no-hop-by-hop-features" in found) == (code == 101 or "Upgrade" in given_names)
    assert ("no-content-length-with-204" in found) == (code == 204 and "Content-Length" in given_names)
