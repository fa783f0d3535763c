"""wsgiref.handlers: how the end of a response is told, and what that makes of the connection."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.handlers import BaseHandler, SimpleHandler
from tests.wsgiref.handler_tools import Answer, Body, answer, app_of, generator_of, request, returning


def frame(app: Any, protocol: str = "HTTP/1.1", method: str = "GET", **attributes: Any) -> Answer:
    attributes.setdefault("http_version", "1.1")
    attributes.setdefault("persistent", True)
    return answer(app, environ=request(SERVER_PROTOCOL=protocol, REQUEST_METHOD=method), **attributes)


def test_a_known_length_keeps_the_connection() -> None:
    got = frame(app_of(b"x"))
    assert (got.values("Connection"), got.handler.connection_reusable) == ([], True)


def test_chunks_keep_the_connection() -> None:
    got = frame(generator_of(b"one", b"two"))
    assert got.body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert (got.values("Connection"), got.handler.connection_reusable) == ([], True)
    assert got.handler.bytes_sent == 6


def test_the_empty_body_of_a_generator_is_not_chunked() -> None:
    got = frame(generator_of())
    assert (got.values("Transfer-Encoding"), got.values("Content-Length")) == ([], ["0"])


def test_an_old_client_is_sent_no_chunks() -> None:
    got = frame(generator_of(b"one"), "HTTP/1.0")
    assert (got.body, got.values("Transfer-Encoding"), got.values("Connection")) == (b"one", [], ["close"])
    assert got.handler.connection_reusable is False
    got = frame(app_of(b"one"), "HTTP/1.0")
    assert (got.values("Connection"), got.handler.connection_reusable) == (["keep-alive"], True)


def test_a_response_of_10_to_a_client_of_11_says_keep_alive() -> None:
    got = frame(app_of(b"one"), http_version="1.0")
    assert (got.values("Connection"), got.handler.connection_reusable) == (["keep-alive"], True)
    assert frame(generator_of(b"one"), http_version="1.0").values("Connection") == ["close"]


def test_chunks_can_be_switched_off() -> None:
    got = frame(generator_of(b"one"), chunked_transfer=False)
    assert (got.body, got.values("Connection"), got.handler.connection_reusable) == (b"one", ["close"], False)


def test_a_connection_that_will_be_closed_is_announced() -> None:
    got = frame(app_of(b"x"), persistent=False)
    assert (got.values("Connection"), got.handler.connection_reusable) == (["close"], False)
    got = frame(generator_of(b"x"), persistent=False)
    assert (got.values("Connection"), got.values("Transfer-Encoding")) == (["close"], ["chunked"])
    got = frame(app_of(b"x"), persistent=None)
    assert (got.values("Connection"), got.handler.connection_reusable) == ([], False)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_responses_without_content_keep_the_connection(status: str) -> None:
    for app in (app_of(b"x", status=status), generator_of(b"x", status=status), app_of(status=status)):
        got = frame(app)
        assert (got.body, got.values("Transfer-Encoding"), got.values("Content-Length")) == (b"", [], [])
        assert (got.values("Connection"), got.handler.connection_reusable) == ([], True)
        assert got.handler.bytes_sent == 0


def test_an_interim_status_does_not_keep_the_connection() -> None:
    got = frame(app_of(b"x", status="103 Early Hints"))
    assert (got.body, got.values("Connection"), got.handler.connection_reusable) == (b"", ["close"], False)


def test_head_of_a_generator() -> None:
    body = Body(b"", b"one", b"two")
    got = frame(returning(body), method="HEAD")
    assert (got.body, got.values("Transfer-Encoding"), got.handler.connection_reusable) == (b"", [], True)
    assert (body.steps, body.closed) == (2, 1)


def test_head_with_write() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Length", "4")])
        write(b"data")
        write(b"data, and more than was said")
        return [b"x"]

    got = frame(app, method="HEAD")
    assert (got.body, got.values("Content-Length"), got.log) == (b"", ["4"], "")


def test_a_short_body_does_not_keep_the_connection() -> None:
    got = frame(generator_of(b"one", headers=[("Content-Length", "5")]))
    assert (got.body, got.handler.connection_reusable) == (b"one", False)


def test_a_body_that_was_cut_does_not_keep_the_connection() -> None:
    got = frame(generator_of(b"one", b"two", headers=[("Content-Length", "5")]))
    assert (got.body, got.handler.connection_reusable) == (b"onetw", False)


def test_an_error_in_chunks_leaves_out_the_last_one() -> None:
    got = frame(returning(Body(b"one", fails_after=KeyError())))
    assert got.body == b"3\r\none\r\n"
    assert got.handler.connection_reusable is False


def test_the_error_page_is_framed_anew() -> None:
    """An attempt to send chunks that failed before anything was sent leaves no trace in the error page."""
    failed = []

    def cleanup_headers(self: Any) -> None:
        SimpleHandler.cleanup_headers(self)
        if not failed:
            failed.append(self.headers["Transfer-Encoding"])
            raise KeyError("in cleanup_headers")

    got = frame(generator_of(b"one"), cleanup_headers=cleanup_headers)
    assert failed == ["chunked"]
    assert got.head[0] == "HTTP/1.1 500 Internal Server Error"
    assert (got.body, got.values("Transfer-Encoding")) == (BaseHandler.error_body, [])
    assert got.handler.connection_reusable is True


def test_persistent_is_asked_once() -> None:
    asked = []

    def persistent(self: Any) -> bool:
        asked.append(1)
        return True

    assert frame(app_of(b"x"), persistent=property(persistent)).handler.connection_reusable is True
    assert asked == [1]
