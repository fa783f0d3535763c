"""Rules on single header fields: fields that are not the app's business, and the grammar of those that are."""

from __future__ import annotations

import email.utils
import http.cookies
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.events import hop_by_hop, http_headers
from pytest_wsgiconform.rules.events.http_headers import SINGLETONS
from pytest_wsgiconform.rules.model import HELD, Rule
from tests.rules.events.response_judging import RULES, TEXT, broken, judge, the_fault, with_headers

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
OK = "200 OK"
FOUND = "302 Found"

#: Values of one header that break one rule.
SLIPS: dict[str, list[tuple[str, str, list[str]]]] = {
    "content-length-one-number": [
        (OK, "Content-Length", ["", "-1", "+5", "5.0", "0x5", "5, 5", "1_0", "\xb2", "five", "5 5"])
    ],
    "date-fields-imf-fixdate": [
        (OK, "Date", ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "0", DATE.replace("GMT", "UTC")]),
        (OK, "Last-Modified", ["Mon, 06 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt", "1994-11-06", ""]),
        (OK, "Last-Modified", ["Wed, 31 Feb 2024 00:00:00 GMT", DATE.replace("08", "24"), DATE.replace("37", "61")]),
        (
            OK,
            "Last-Modified",
            ["Sat, 01 Jan 0000 00:00:00 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", DATE.replace("49", "60")],
        ),
        (OK, "Expires", ["Thu, 01-Jan-1970 00:00:00 GMT", "never", "", "0.0", "Thu, 01 Jan 1970 00:00:00 -0000"]),
        ("503 Service Unavailable", "Retry-After", ["-1", "1.5", "soon", "1994-11-06T08:49:37Z", ""]),
    ],
    "expires-is-date": [(OK, "Expires", ["0", "-1", "86400"])],
    "etag-quoted": [(OK, "ETag", ["abc", "", 'w/"abc"', "W/abc", '"a"b"', '"a b"', "'abc'", '"abc', '"a", "b"', "*"])],
    "location-valid-reference": [
        (FOUND, "Location", ["/a b", "/caf\xe9", "/100%", "/%zz", "http://[::1", "http://ex ample/", "http://h:port/"]),
        ("201 Created", "Location", ["/a|b", "/a?b=<c>", "/a#b#c", "1x:y", "http://us er@h/", ":x", "http://[x]/"]),
    ],
    "cache-control-parses": [
        (
            OK,
            "Cache-Control",
            ["no-cache no-store", "max-age", "max-age=", "max-age=-1", 'max-age="60"', "max-age=1.5"],
        ),
        (
            OK,
            "Cache-Control",
            ["private; max-age=60", "no-cache,", ",no-cache", "a,,b", "max-age = 60", 'no-cache="a', "="],
        ),
        (OK, "Cache-Control", ["s-maxage=x", "stale-while-revalidate", "STALE-IF-ERROR=1h", "no-cache=a b", "a=\xe4"]),
    ],
    "set-cookie-grammar": [
        (
            OK,
            "Set-Cookie",
            ["a", "", "=b", "a b=c", "a=b c", "a=b,c", "a=\xe4", 'a="b"c"', "a=b\\c", "a=b;Path=/", "a=b;", "a=b; "],
        ),
        (OK, "Set-Cookie", ["a=b; Path=/, c=d; Path=/", "a=b; HttpOnly, c=d", f"a=b; Expires={DATE}, c=d", "a=b, c=d"]),
        (
            OK,
            "Set-Cookie",
            ["a=b; Max-Age=soon", "a=b; Expires=tomorrow", "a=b; expires=1994", "a=b; Path=/\xe4", "a=b; Max-Age"],
        ),
    ],
}

#: Values of one header that are right, however odd, and the rule that they exercise.
RIGHT: dict[str, list[tuple[str, str, list[str]]]] = {
    "content-length-one-number": [(OK, "Content-Length", ["0", "5", "0005", "9" * 10_000, " 5 "])],
    "date-fields-imf-fixdate": [
        (OK, "Date", [DATE, "Thu, 29 Feb 2024 00:00:00 GMT", "Sat, 31 Dec 2016 23:59:60 GMT"]),
        (OK, "Last-Modified", ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]),
        (OK, "Expires", [DATE]),
        ("503 Service Unavailable", "Retry-After", [DATE]),
    ],
    "expires-is-date": [(OK, "Expires", [DATE])],
    "etag-quoted": [(OK, "ETag", ['"abc"', '""', 'W/"a"', '"a,b\'c\\"', '"\xe4\xff"', '"!#~"', 'W/""'])],
    "location-valid-reference": [
        (
            FOUND,
            "Location",
            ["/a", "", "a/b", "../a", "?b=c", "#d", "//host/a", "https://example.org", "a?b=c:d/?#e/?"],
        ),
        (FOUND, "Location", ["http://[::1]:8080/a", "http://[v1.x:y]/", "http://u:p@h:/", "mailto:a@b", "urn:a:b:c"]),
        (
            "201 Created",
            "Location",
            ["/a%20b%C3%A4", "/a;b=1,2!$&'()*+=:@~-._", "HTTP://EXAMPLE.ORG/", "file:///a", "a/b:c"],
        ),
    ],
    "cache-control-parses": [
        (
            OK,
            "Cache-Control",
            ["", "no-cache", "private, max-age=60", "no-cache , no-store,private", "Max-Age=0, Public"],
        ),
        (
            OK,
            "Cache-Control",
            ['private="Set-Cookie, X-A", max-age=0', "no-cache=Set-Cookie", 'a="\\"b\\\\", c', "pre-check=0"],
        ),
        (
            OK,
            "Cache-Control",
            ["immutable, max-age=31536000", "stale-while-revalidate=30", "x-extension=1", "max-age=" + "9" * 99],
        ),
    ],
    "set-cookie-grammar": [
        (
            OK,
            "Set-Cookie",
            ["a=b", "a=", 'a="b"', 'a=""', "a=b=c", "a=b; Path=/", "a=b; Secure; HttpOnly; SameSite=None"],
        ),
        (OK, "Set-Cookie", ["__Host-a=b; Partitioned; Priority=High", "a=b; Max-Age=0; path=/", "a=b; Max-Age=-1"]),
        (
            OK,
            "Set-Cookie",
            [f"a=b; Expires={DATE}; Path=/", "a=b; expires=Thu, 01-Jan-1970 00:00:00 GMT", "a=b; Path=/a,b"],
        ),
        (OK, "Set-Cookie", ["a=b; Expires=Sun Nov  6 08:49:37 1994", "a=b; Domain=.example.org", "a=b; Comment=x y z"]),
    ],
}


def flat(table: dict[str, list[tuple[str, str, list[str]]]]) -> list[tuple[str, str, str, str]]:
    return [(r, s, name, value) for r, rows in table.items() for s, name, values in rows for value in values]


def name_of(value: str) -> str:
    return value if len(value) < 60 else f"{len(value)} characters"


@pytest.mark.parametrize(("rule_id", "status", "name", "value"), flat(SLIPS), ids=name_of)
def test_one_slip_breaks_one_rule(rule_id: str, status: str, name: str, value: str) -> None:
    event = with_headers(TEXT, (name, value), status=status)
    assert broken(event) == {rule_id}
    assert the_fault(rule_id, event).got is not None


@pytest.mark.parametrize(("rule_id", "status", "name", "value"), flat(RIGHT), ids=name_of)
def test_odd_but_right(rule_id: str, status: str, name: str, value: str) -> None:
    for spelling in (name, name.lower(), name.upper()):
        event = with_headers(TEXT, (spelling, value), status=status)
        assert judge(rule_id, event) == HELD
        assert broken(event) == set()


@pytest.mark.parametrize("rule_id", sorted(SLIPS))
def test_nothing_is_judged_without_the_header(rule_id: str) -> None:
    assert judge(rule_id, with_headers(TEXT, status=FOUND)) is None
    assert judge(rule_id, with_headers()) is None


@pytest.mark.parametrize(("rule_id", "status", "name"), [(r, s, n) for r, rows in SLIPS.items() for s, n, _ in rows])
def test_values_that_other_rules_judge_are_left_to_them(rule_id: str, status: str, name: str) -> None:
    assert broken(with_headers((name, b"\xff\xff"), status=status)) == {"header-value-native-string"}
    assert broken(with_headers((name, "wrong \u20ac"), status=status)) == {"header-value-latin1"}
    assert broken(with_headers((name, "wrong \r\n\x20 wrong"), status=status)) == {"header-value-no-crlf"}
    assert broken(with_headers((name, "wrong \x00 wrong"), status=status)) == {"header-value-no-control"}


BANNED = {
    "header-no-hop-by-hop": ["TE", "te", "Proxy-Authenticate", "PROXY-AUTHORIZATION"],
    "header-no-persistence": ["Connection", "connection", "Keep-Alive", "Proxy-Connection"],
    "header-no-transfer-encoding": ["Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING"],
}


@pytest.mark.parametrize(("rule_id", "name"), [(r, n) for r, names in BANNED.items() for n in names])
@pytest.mark.parametrize("value", ["close", "", "chunked", "gzip, chunked", "keep-alive"])
def test_fields_about_the_connection(rule_id: str, name: str, value: str) -> None:
    event = with_headers(TEXT, (name, value))
    assert broken(event) == {rule_id}
    assert name in the_fault(rule_id, event).message


def test_a_banned_name_is_found_beside_a_wrong_value() -> None:
    assert broken(with_headers(("Connection", 5))) == {"header-no-persistence", "header-value-native-string"}


@pytest.mark.parametrize(
    "name", ["X-Connection", "Date", "Server", "Via", "Alt-Svc", "Content-Encoding", "Warning", "Tea"]
)
@pytest.mark.parametrize("rule_id", sorted(BANNED))
def test_end_to_end_fields_are_fine(rule_id: str, name: str) -> None:
    assert judge(rule_id, with_headers((name, "x"))) == HELD


@pytest.mark.parametrize("name", sorted(SINGLETONS))
def test_a_repeated_singleton(name: str) -> None:
    value = DATE if name in ("date", "expires", "last-modified", "retry-after") else '"a"'
    event = with_headers((name, value), ("X-A", "b"), (name.title(), value), (name.upper(), value))
    assert broken(event) == {"singleton-header-once"}
    assert "3 times" in the_fault("singleton-header-once", event).message
    assert judge("singleton-header-once", with_headers((name, value))) == HELD


def test_a_repeated_content_length_is_one_finding_even_when_both_agree() -> None:
    for first, second in (("5", "5"), ("5", "6"), ("5", "x")):
        event = with_headers(TEXT, ("Content-Length", first), ("content-length", second))
        assert broken(event) == {"content-length-one-number"}


@pytest.mark.parametrize(
    "name", ["Set-Cookie", "Vary", "Cache-Control", "Link", "Allow", "WWW-Authenticate", "Via", "X-Any"]
)
def test_lists_and_cookies_may_be_repeated(name: str) -> None:
    assert broken(with_headers(TEXT, (name, "a=b"), (name, "a=b"))) == set()


def test_retry_after_in_seconds_is_no_date_to_judge() -> None:
    event = with_headers(TEXT, ("Retry-After", "120"), status="503 x")
    assert judge("date-fields-imf-fixdate", event) is None
    assert broken(event) == set()


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "OK", b"302 Found"])
def test_location_is_judged_only_with_a_redirect_or_a_201(status: Any) -> None:
    assert judge("location-valid-reference", with_headers(("Location", "/a b"), status=status)) is None


def test_every_rule_of_the_files_is_in_a_table() -> None:
    ids = {value.id for file in (hop_by_hop, http_headers) for value in vars(file).values() if isinstance(value, Rule)}
    assert ids == {*SLIPS, *BANNED, "singleton-header-once"}


@given(st.datetimes())
def test_dates_of_the_standard_library_are_right(when: Any) -> None:
    import datetime

    text = email.utils.format_datetime(when.replace(tzinfo=datetime.timezone.utc), usegmt=True)
    # strftime-like formatting does not pad years below 1000 everywhere; HTTP has no such dates anyhow.
    if when.year >= 1000:
        assert judge("date-fields-imf-fixdate", with_headers(("Date", text))) == HELD


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='",;\\')))
def test_cookies_of_the_standard_library_are_right(value: str) -> None:
    cookie = http.cookies.SimpleCookie({"id": value})
    cookie["id"].update(
        {"path": "/", "max-age": 0, "expires": -100, "httponly": True, "secure": True, "samesite": "Lax"}
    )
    assert judge("set-cookie-grammar", with_headers(("Set-Cookie", cookie["id"].OutputString()))) == HELD


GRAMMATICAL = ["Content-Length", "Date", "Expires", "ETag", "Location", "Cache-Control", "Set-Cookie", "Retry-After"]


@given(st.sampled_from(GRAMMATICAL), st.one_of(st.text(), st.text(alphabet='aW/"=;, %[]:@?#-0123456789\\.')))
def test_garbage_is_judged(name: str, value: str) -> None:
    event = with_headers(TEXT, (name, value), status=FOUND)
    found = broken(event) - {"redirect-has-location"}
    if name == "Content-Length" and value.isascii() and value.isdigit():
        assert found == set()
    assert len(found & {rule.id for rule in RULES.values() if rule.section == "http"}) <= 1


@pytest.mark.parametrize("name", GRAMMATICAL)
@pytest.mark.parametrize(
    "value", ["a" * 1_000_000, "," * 1_000_000, '"' * 1_000_001, "a=" * 500_000, "%" * 1_000_000, "; " * 500_000]
)
def test_a_huge_value_is_judged_in_linear_time(name: str, value: str) -> None:
    event = with_headers((name, value), status="302 Found")
    for fault in (judge(rule_id, event) or () for rule_id in SLIPS):
        assert all(len(f.message) < 1000 and len(f.got or "") < 1000 for f in fault)
