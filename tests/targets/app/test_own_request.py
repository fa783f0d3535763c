"""Requests out of files: raw ones as they would be sent, and HAR files as browsers save them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.strategies import Request, requests
from pytest_wsgiconform.targets.app import har, request_files
from pytest_wsgiconform.targets.app.har import read_har, same_host
from pytest_wsgiconform.targets.app.own_request import OwnRequest, RequestFileError, parse
from pytest_wsgiconform.targets.app.request_files import read_requests


@given(requests(), st.sampled_from([b"\n", b"\r\n"]))
def test_any_well_formed_request_is_read_as_it_was_written(request: Request, end: bytes) -> None:
    head, _, body = request.raw().partition(b"\r\n\r\n")
    found = parse(head.replace(b"\r\n", end) + end + end + body)
    assert (found.method, found.target, found.body.encode("latin-1")) == (request.method, request.target, request.body)
    assert found.headers == request.headers
    assert found.host == "localhost"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("GET / HTTP/1.1", OwnRequest("GET", "/")),
        ("\nGET /a?b=c#d HTTP/1.0\n", OwnRequest("GET", "/a?b=c")),
        (
            "GET https://shop.example:8443/a HTTP/1.1\n",
            OwnRequest("GET", "/a", host="shop.example:8443", scheme="https"),
        ),
        ("GET http://shop.example HTTP/2\nHost: other\n\n", OwnRequest("GET", "/", host="shop.example", scheme="http")),
        ("POST /a HTTP/1.1\nA: b\n\n{}\n", OwnRequest("POST", "/a", (("A", "b"),), "{}\n")),
        ("POST /a HTTP/1.1\nContent-Length: 2\n\n{}\n", OwnRequest("POST", "/a", (), "{}")),
        ("GET / HTTP/1.1\nConnection: close\nKeep-Alive: 1\n\n", OwnRequest("GET", "/")),
        (
            "POST / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na=1\n",
            OwnRequest("POST", "/", (("Content-Type", "application/x-www-form-urlencoded"),), "a=1"),
        ),
    ],
)
def test_what_people_write_into_a_file(text: str, wanted: OwnRequest) -> None:
    assert parse(text.encode()) == wanted


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no HTTP request line"),
        (b"hello", "no HTTP request line"),
        (b"GET /", "no HTTP request line"),
        (b"G@T / HTTP/1.1", "no HTTP request line"),
        (b"\x89PNG\r\n\x1a\n", "no HTTP request line"),
        (b"GET items HTTP/1.1", "has no path"),
        (b"OPTIONS * HTTP/1.1", "has no path"),
        (b"GET http://[x/ HTTP/1.1", "not a URL"),
        (b"GET /caf\xc3\xa9 HTTP/1.1", "has to be percent-encoded"),
        (b"GET /two words HTTP/1.1", "has to be percent-encoded"),
        (b"GET / HTTP/1.1\nno field\n", "line 2 is no header field"),
        (b"GET / HTTP/1.1\nA: b\n folded\n", "line 3 is no header field"),
        (b"GET / HTTP/1.1\nA: b\x00\n", "control character"),
        (b"POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\n\n", "leave Transfer-Encoding out"),
        (b"POST / HTTP/1.1\nContent-Length: x\n\n", "is no number"),
        (b"POST / HTTP/1.1\nContent-Length: 9\n\nabc", "is 9, and 3 bytes"),
        (b"POST / HTTP/1.1\nContent-Length: 1\n\nabc", "one request fits"),
    ],
)
def test_what_is_no_request_is_said_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(RequestFileError) as error:
        parse(data)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_variables_are_expanded_everywhere() -> None:
    found = parse(b"POST /${A} HTTP/1.1\nX: ${B}\n\n${A}${B}", {"${A}": "one", "${B}": "zw\xf6lf"}.__getitem__)
    assert found == OwnRequest("POST", "/one", (("X", "zw\xc3\xb6lf"),), "onezw\xc3\xb6lf")


def test_files_that_never_end_or_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_files, "RAW_LIMIT", 10)
    (tmp_path / "large").write_bytes(b"GET / HTTP/1.1")
    os.mkfifo(tmp_path / "pipe")
    for name, sentence in (
        ("missing", "no such file"),
        ("large", "has 14 bytes, and at most 10 are read"),
        ("pipe", "not a regular file"),
        (".", "not a regular file"),
    ):
        with pytest.raises(RequestFileError, match=sentence):
            read_requests(tmp_path / name)
    with pytest.raises(RequestFileError, match="not a regular file"):
        read_requests(Path("/dev/zero"))


def entry(method: str = "GET", url: str = "http://shop.example/a", **more: Any) -> dict[str, Any]:
    return {"request": {"method": method, "url": url, "headers": [], **more}}


def har_of(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}}).encode()


def test_a_har_file_gives_each_request_of_its_host_once() -> None:
    fields = [
        {"name": ":authority", "value": "shop.example"},
        {"name": "Host", "value": "shop.example"},
        {"name": "X-Key", "value": "abc"},
        {"name": "Content-Length", "value": "9"},
    ]
    data = har_of(
        entry(),
        entry(),
        entry("POST", "https://shop.example/b?c=d", headers=fields, postData={"mimeType": "text/json", "text": "{}"}),
        entry(url="https://cdn.example/x.js"),
        entry(url="wss://shop.example/socket"),
        entry("POST", bodySize=12),
        "no entry",
    )
    found, notes = read_har(data, "shop.har")
    assert found == [
        OwnRequest("GET", "/a", (), "", "shop.example", "http"),
        OwnRequest("POST", "/b?c=d", (("X-Key", "abc"), ("Content-Type", "text/json")), "{}", "shop.example", "https"),
    ]
    reasons = "1 not to shop.example, 1 by wss URL, 1 whose body was not saved, 1 without a request"
    assert notes == [f"shop.har: 4 of 7 requests left out ({reasons})"]
    assert [request.host for request in read_har(data, "shop.har", host="cdn.example")[0]] == ["cdn.example"]


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "c&d"}]}, "a+b=c%26d"),
        ({"mimeType": "x/y", "text": "AAH/", "encoding": "base64"}, "\x00\x01\xff"),
        ({"mimeType": "text/plain", "text": "\u20ac"}, "\xe2\x82\xac"),
    ],
)
def test_bodies_in_a_har_file(data: dict[str, Any], body: str) -> None:
    (found,), _ = read_har(har_of(entry("POST", postData=data)), "x.har")
    assert found.body == body


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"GET / HTTP/1.1", "no HAR file: that is JSON"),
        (b"[" * 100_000, "no HAR file: that is JSON"),
        (b"[]", "has no list"),
        (b'{"log": {"entries": {}}}', "has no list"),
        (har_of(), "none of its requests can be sent: it has no entries"),
        (har_of(entry(url="data:,x")), "none of its requests can be sent: 1 by data URL"),
    ],
)
def test_what_is_no_har_file(data: bytes, sentence: str) -> None:
    with pytest.raises(RequestFileError) as error:
        read_har(data, "x.har")
    assert sentence in str(error.value)


def test_a_long_har_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "MOST", 3)
    found, notes = read_har(har_of(*(entry(url=f"http://a/{number}") for number in range(9))), "x.har")
    assert len(found) == 3
    assert notes == ["x.har: 6 of 9 requests left out (6 after the first 3)"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("a", "A", True), ("a:1", "a", True), ("a:1", "a:2", False), ("[::1]:1", "[::1]", True), ("a", "b", False)],
)
def test_hosts_are_the_same(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same
