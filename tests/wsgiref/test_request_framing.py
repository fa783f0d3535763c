"""The request head: the length of the body, persistence and expectations."""

from __future__ import annotations

import pytest

from tests.wsgiref.heads import get, head, refusal


@pytest.mark.parametrize("text", ["0", "5", "005", "123456789012345678"])
def test_content_length(text: str) -> None:
    request = get(f"Content-Length: {text}")
    assert request.content_length == int(text)
    assert request.variables["CONTENT_LENGTH"] == text


@pytest.mark.parametrize(
    "text", ["+5", "-5", "5_0", "0x5", "5 5", "a", "", "5,5", "5, 5", "5, 6", "\xb2", "5.0", "1e3", "5;", "5\t5"]
)
def test_d33_malformed_content_length(text: str) -> None:
    assert refusal(head("POST / HTTP/1.1", "Host: h", f"Content-Length: {text}")) == 400


@pytest.mark.parametrize("second", ["5", "6", "+5"])
def test_d33_repeated_content_length(second: str) -> None:
    assert refusal(head("POST / HTTP/1.1", "Host: h", "Content-Length: 5", f"Content-Length: {second}")) == 400


def test_rfc_cl_huge() -> None:
    assert refusal(head("POST / HTTP/1.1", "Host: h", "Content-Length: " + "9" * 25)) == 413


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED", "  chunked  "])
def test_chunked_is_known_in_any_case_and_hidden(coding: str) -> None:
    request = get(f"Transfer-Encoding: {coding}")
    assert request.chunked
    assert request.content_length is None
    assert request.variables == {"HTTP_HOST": "h"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (("Transfer-Encoding: chunked", "Content-Length: 5"), 400),
        (("Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400),
        (("Transfer-Encoding: chunked, chunked",), 400),
        (("Transfer-Encoding: chunked, identity",), 400),
        (("Transfer-Encoding: xchunked",), 400),
        (('Transfer-Encoding: "chunked"',), 400),
        (("Transfer-Encoding: chunked;q=1",), 400),
        (("Transfer-Encoding:\tchunked",), 400),
        (("Transfer-Encoding: chunked\t",), 400),
        (("Transfer-Encoding: ",), 400),
        (("Transfer-Encoding: chunked,",), 400),
        (("Transfer-Encoding: ,chunked",), 400),
        (("Transfer-Encoding: gzip, chunked",), 501),
        (("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), 501),
        (("Transfer-Encoding: gzip",), 501),
        (("Transfer-Encoding: made-up",), 501),
        (("Transfer-Encoding: identity",), 501),
    ],
)
def test_faulty_framing(fields: tuple[str, ...], status: int) -> None:
    assert refusal(head("POST / HTTP/1.1", "Host: h", *fields)) == status


def test_rfc_te_http10() -> None:
    assert refusal(head("POST / HTTP/1.0", "Host: h", "Transfer-Encoding: chunked", "Connection: keep-alive")) == 400


@pytest.mark.parametrize(
    ("version", "fields", "persistent"),
    [
        ("HTTP/1.1", (), True),
        ("HTTP/1.1", ("Connection: close",), False),
        ("HTTP/1.1", ("Connection: x, Close",), False),
        ("HTTP/1.1", ("Connection: x", "Connection: CLOSE"), False),
        ("HTTP/1.1", ("Connection: closed",), True),
        ("HTTP/1.0", (), False),
        ("HTTP/1.0", ("Connection: Keep-Alive",), True),
        ("HTTP/1.0", ("Connection: keep-alive, close",), False),
        ("HTTP/1.0", ("Connection: upgrade",), False),
    ],
)
def test_persistence(version: str, fields: tuple[str, ...], persistent: bool) -> None:
    assert get(*fields, version=version).persistent is persistent


@pytest.mark.parametrize(
    ("version", "fields", "expects"),
    [
        ("HTTP/1.1", ("Expect: 100-Continue", "Content-Length: 1"), True),
        ("HTTP/1.1", ("Expect: 100-continue", "Transfer-Encoding: chunked"), True),
        ("HTTP/1.1", ("Expect: 100-continue", "Content-Length: 0"), False),
        ("HTTP/1.1", ("Expect: 100-continue",), False),
        ("HTTP/1.0", ("Expect: 100-continue", "Content-Length: 1"), False),
        ("HTTP/1.0", ("Expect: other", "Content-Length: 1"), False),
        ("HTTP/1.1", ("Content-Length: 1",), False),
    ],
)
def test_expectation(version: str, fields: tuple[str, ...], expects: bool) -> None:
    assert get(*fields, version=version).expects_continue is expects


def test_rfc_expect_unknown() -> None:
    assert refusal(head("POST / HTTP/1.1", "Host: h", "Expect: magic", "Content-Length: 1")) == 417
