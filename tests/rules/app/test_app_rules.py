"""Exchange rules over hand-written runs: what each takes for a fault, and when it has nothing to say."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.app import AppRun, ErrorRecord, ExchangeRecord
from pytest_wsgiconform.rules.registry import catalogue


def answer(label: str, status: str = "200 OK", body: bytes = b"x", **fields: str) -> ExchangeRecord:
    """A whole response; *fields* are header fields, with ``_`` for ``-``."""
    headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return ExchangeRecord(
        label,
        status=status,
        headers=headers,
        starts=1,
        body=body,
        size=len(body),
        digest=body.hex(),
        chunks=1,
        exhausted=True,
    )


def failed(label: str, phase: str = "call", **changes: Any) -> ExchangeRecord:
    return ExchangeRecord(label, error=ErrorRecord("ValueError", "no", phase), **changes)


def judged(rule: str, *exchanges: ExchangeRecord, stimulus: str = "", **facts: Any) -> Any:
    """Return ``None``, HELD or the first fault's message."""
    run = AppRun(stimulus, "/", list(exchanges), facts=facts)
    outcome = catalogue()[rule].check(run)
    return outcome[0].message if outcome else outcome


NOTHING_TO_SAY: dict[str, tuple[str, list[ExchangeRecord]]] = {
    "the usual request fails, too": ("content-length-may-be-absent", [failed("zero"), failed("empty")]),
    "the other one ran out of time": (
        "content-length-may-be-absent",
        [answer("zero"), ExchangeRecord("empty", timed_out=True)],
    ),
    "no pair of HEAD and GET": ("head-status-as-get", [answer("get"), answer("head")]),
    "HEAD was not answered": ("head-status-as-get", [answer("get")] * 2 + [failed("head")] * 2),
    "no 200 to compare a 304 with": ("not-modified-keeps-fields", [answer("get", "404 Not Found")] * 3),
    "no validator": ("validators-honoured", [answer("get")] * 3),
    "the whole is no 200": ("range-bytes-as-whole", [answer("whole", "404 Not Found")] * 2),
    "the whole changes": ("range-bytes-as-whole", [answer("whole", body=b"a"), answer("whole", body=b"b")]),
    "no coding": ("content-coding-acceptable", [answer("gzip"), answer("identity", Content_Encoding="identity")]),
    "the second has a body of a redirect": (
        "body-comes-each-time",
        [answer(label, "302 Found") for label in ("first", "second", "third")],
    ),
    "alone it varies": (
        "requests-kept-apart",
        [answer("alone 1", body=b"a"), answer("alone 1", body=b"b"), answer("together 1", body=b"c")],
    ),
    "the middleware was never called": ("works-inside-middleware", [answer("plain"), answer("wrapped")]),
    "no file wrapper was used": ("file-wrapper-not-required", [answer("with"), answer("without")]),
    "no headers to take": ("header-list-made-anew", [answer(label) for label in ("first", "second", "third")]),
    "the whole failed": ("closed-early-safely", [failed("whole")]),
    "nothing was cut": (
        "closed-early-safely",
        [answer("whole"), answer("cut after one"), answer("after the first cut")],
    ),
    "no hint was given": ("readlines-hint-optional", [answer("honoured"), answer("ignored")]),
    "no stimulus was played": ("answers-in-time", []),
}


@pytest.mark.parametrize("why", NOTHING_TO_SAY)
def test_nothing_is_said_when(why: str) -> None:
    rule, exchanges = NOTHING_TO_SAY[why]
    assert judged(rule, *exchanges) is None


PAGE = b"0123456789"


@pytest.mark.parametrize(
    ("sent", "total", "outcome"),
    [
        (b"123", "10", HELD),
        (b"123", "*", HELD),
        (b"012", "10", "bytes 1-3 of the 206 are not those of the 200"),
        (b"1234", "10", "bytes 1-3 of the 206 are not those of the 200"),
        (b"123", "11", "Content-Range gives 11 bytes as the whole, which has 10"),
    ],
)
def test_parts_of_a_page(sent: bytes, total: str, outcome: Any) -> None:
    part = answer("bytes=1-3", "206 Partial Content", sent, Content_Range=f"bytes 1-3/{total}")
    assert judged("range-bytes-as-whole", answer("whole", body=PAGE), part, answer("whole", body=PAGE)) == outcome


@pytest.mark.parametrize(
    ("coding", "body", "outcome"),
    [
        ("gzip", gzip.compress(b"x", mtime=0), HELD),
        ("x-gzip", gzip.compress(b"x", mtime=0), HELD),
        ("deflate", zlib.compress(b"x"), HELD),
        ("br", b"no way to tell", HELD),
        ("gzip", b"plain", "the body can't be decoded as gzip"),
        ("deflate", b"plain", "the body can't be decoded as deflate"),
    ],
)
def test_codings(coding: str, body: bytes, outcome: Any) -> None:
    assert judged("content-coding-acceptable", answer("absent", body=body, Content_Encoding=coding)) == outcome


def test_a_coding_that_was_refused() -> None:
    record = answer("no gzip", body=gzip.compress(b"x"), Content_Encoding="gzip")
    record.environ["HTTP_ACCEPT_ENCODING"] = "gzip;q=0, identity"
    message = "Content-Encoding is gzip, and Accept-Encoding was 'gzip;q=0, identity'"
    assert judged("content-coding-acceptable", record) == message
    assert judged("content-coding-acceptable", answer("gzip", Content_Encoding="br")).startswith(
        "Content-Encoding is br"
    )


def test_a_body_too_large_to_be_kept_is_not_decoded() -> None:
    record = answer("absent", body=b"not the whole", Content_Encoding="gzip")
    record.size = 1 << 20
    assert judged("content-coding-acceptable", record) is HELD


@pytest.mark.parametrize(
    ("fields", "status", "outcome"),
    [
        ({"Vary": "Accept-Language"}, "200 OK", HELD),
        ({"Vary": "*"}, "200 OK", HELD),
        ({"Cache_Control": "no-store"}, "200 OK", None),
        ({}, "302 Found", None),
        ({}, "200 OK", "body changes with Accept-Language, and Vary does not name it"),
    ],
)
def test_negotiation(fields: dict[str, str], status: str, outcome: Any) -> None:
    base = [answer("Accept-Language: *", status, b"hello", **fields) for _ in range(4)]
    other = [answer("Accept-Language: de", status, b"hallo", **fields) for _ in range(4)]
    assert judged("vary-names-what-counts", *base, *other) == outcome


def test_a_field_that_only_repeats_what_was_asked_is_no_negotiation() -> None:
    base = [answer("Accept-Language: *", X_Mode="a") for _ in range(4)]
    other = [answer("Accept-Language: de", X_Mode="b") for _ in range(4)]
    assert judged("vary-names-what-counts", *base, *other) is None


def test_a_304_keeps_what_the_200_has() -> None:
    full = [answer("get", ETag='"1"', Vary="Accept")] * 3
    lean = answer("If-None-Match itself", "304 Not Modified", b"", ETag='"1"')
    assert judged("not-modified-keeps-fields", *full, lean) == "the 304 to If-None-Match lacks Vary, which the 200 has"
    kept = answer("If-Modified-Since itself", "304 Not Modified", b"", ETag='"1"', Vary="Accept")
    assert judged("not-modified-keeps-fields", *full, kept) is HELD


def test_closing_early() -> None:
    whole, after = answer("whole"), answer("after the first cut")
    cut = answer("cut after one")
    cut.stopped_early = cut.closed = True
    cut.exhausted = False
    assert judged("closed-early-safely", whole, cut, after) is HELD
    empty = answer("after the first cut", body=b"")
    message = "after a response that was cut after one, the next request lost its body"
    assert judged("closed-early-safely", whole, cut, empty) == message
    raising = failed("cut after one", "close", stopped_early=True)
    message = "close() raised ValueError when the response was cut after one"
    assert judged("closed-early-safely", whole, raising, after) == message


def redirect(label: str, url: str, **environ: str) -> ExchangeRecord:
    record = answer(label, "302 Found", b"", Location=url)
    record.environ = {"wsgi.url_scheme": "http", "SERVER_NAME": "inner", "SERVER_PORT": "8763", **environ}
    return record


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("http://outer:8763/x", HELD),
        ("https://outer/x", None),
        ("https://outer:8443/x", None),
        ("https://inner/x", None),
        ("http://www.example.org/x", None),
        ("/x", None),
        ("http://inner:8763/x", "Location 'http://inner:8763/x' names the server, not the Host 'outer:8763'"),
        ("http://outer/x", "Location 'http://outer/x' changes the Host 'outer:8763'"),
    ],
)
def test_the_host_of_a_url_of_its_own(url: str, outcome: Any) -> None:
    assert judged("url-host-from-host-header", redirect("host and port", url, HTTP_HOST="outer:8763")) == outcome


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("http://inner:8763/x", HELD),
        ("https://inner/x", None),
        ("http://inner/x", "Location 'http://inner/x' lacks port 8763"),
    ],
)
def test_the_port_of_a_url_of_its_own(url: str, outcome: Any) -> None:
    assert judged("url-has-port", redirect("no host", url)) == outcome


MOUNT = "/mount %\xc3\xa9\xe9"
SEGMENT = "/seg %\xc3\xa9\xe9"


@pytest.mark.parametrize(
    ("label", "path", "held"),
    [
        ("mount", "/mount%20%25%C3%A9%E9/x", True),
        ("mount", "/mount%20%25%C3%83%C2%A9%C3%A9/x", False),  # quoted as UTF-8
        ("mount", "/mount%2520%2525%25C3%25A9%25E9/x", False),  # twice
        ("mount", "/mount%20%25%C3%A9%EF%BF%BD/x", False),  # a byte replaced
        ("mount", "/mount%20%%C3%A9%E9/x", False),  # a bare percent sign
        ("mount", "/mount %25%C3%A9%E9/x", False),  # a bare space
        ("mount", "/mount-of-something-else", None),
        ("mount", "/login", None),
        ("odd path", "/seg%20%25%C3%A9%E9/", True),
        ("odd path", "/seg%20%25%C3%83%C2%A9%C3%A9/", False),
        ("odd path", "/seg%20%25%C3%A9%EF%BF%BD/", None),  # what it has read, and redirects to
        ("odd path", "/seg", None),  # the page's canonical name
        ("odd path", "/seg-e", None),
    ],
)
def test_the_path_of_a_url_of_its_own(label: str, path: str, held: bool | None) -> None:
    outcome = judged("url-path-quoted", redirect(label, path, SCRIPT_NAME=MOUNT, PATH_INFO=SEGMENT))
    if held is False:
        assert "does not lead back to" in outcome
    else:
        assert outcome == (HELD if held else None)
