"""The server without a socket: whole requests in, whole responses out."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform.testing.inprocess import serve


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read()
    lines = [f"{name}={environ.get(name)}" for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_HOST")]
    answer = "\n".join(lines).encode("latin-1") + b"\n" + body
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]


def split(response: bytes) -> tuple[bytes, bytes]:
    head, _, body = response.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], body


def test_the_request_becomes_the_environ() -> None:
    line, body = split(serve(echo, b"POST /a%20b?c=d HTTP/1.1\r\nHost: h:81\r\nContent-Length: 3\r\n\r\nxyzTRAILING"))
    assert line == b"HTTP/1.1 200 OK"
    assert body == b"REQUEST_METHOD=POST\nPATH_INFO=/a b\nQUERY_STRING=c=d\nHTTP_HOST=h:81\nxyz"


def test_a_chunked_body_ends_where_its_last_chunk_says() -> None:
    raw = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nmore"
    line, body = split(serve(echo, raw))
    assert line == b"HTTP/1.1 200 OK"
    assert body.endswith(b"\nabcde")


def test_an_old_client_needs_no_host() -> None:
    line, body = split(serve(echo, b"GET / HTTP/1.0\r\n\r\n"))
    assert line == b"HTTP/1.0 200 OK"
    assert b"HTTP_HOST=None" in body


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        b"",
        b"nonsense",
    ],
)
def test_the_server_refuses_what_a_server_must(raw: bytes) -> None:
    called = []
    line, _ = split(serve(lambda environ, start_response: called.append(1), raw))
    assert line.startswith(b"HTTP/1.1 400 ")
    assert not called


def test_a_failing_app_is_a_500_and_is_logged() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise ValueError("told in the log")

    errors = io.StringIO()
    line, body = split(serve(app, b"GET / HTTP/1.0\r\n\r\n", errors))
    assert line == b"HTTP/1.0 500 Internal Server Error"
    assert b"told in the log" not in body
    assert "ValueError: told in the log" in errors.getvalue()
