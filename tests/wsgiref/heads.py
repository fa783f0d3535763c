"""Request heads, and what the parser makes of them."""

from __future__ import annotations

import pytest

# The parser by itself: thousands of heads, each of which would take a connection through the server.
from pytest_wsgiconform.wsgiref._request import RequestHead, RequestRejected, parse_head


def head(*lines: str | bytes) -> bytes:
    return b"".join((line.encode("latin-1") if isinstance(line, str) else line) + b"\r\n" for line in lines) + b"\r\n"


def get(*fields: str | bytes, target: str = "/", version: str = "HTTP/1.1") -> RequestHead:
    return parse_head(head(f"GET {target} {version}", "Host: h", *fields))


def refusal(data: bytes) -> int:
    with pytest.raises(RequestRejected) as caught:
        parse_head(data)
    assert str(caught.value)
    return caught.value.status
