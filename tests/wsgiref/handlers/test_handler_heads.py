"""wsgiref.handlers: start_response and the header section."""

from __future__ import annotations

import contextlib
import gc
import re
import sys
import weakref
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref import headers
from pytest_wsgiconform.wsgiref.handlers import SimpleHandler
from tests.wsgiref.handler_tools import (
    Body,
    Recorder,
    answer,
    app_of,
    generator_of,
    handler_for,
    request,
    returning,
)

# ---- start_response


def call_start_response(*arguments: Any) -> Any:
    handler = handler_for(request(), Recorder())
    handler.start_response(*arguments)
    return handler


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (b"200 OK", AssertionError, "must be of type str"),
        (200, AssertionError, "must be of type str"),
        ("200", AssertionError, "Status must be at least 4 characters"),
        ("", AssertionError, "Status must be at least 4 characters"),
        ("20X OK", AssertionError, "Status message must begin w/3-digit code"),
        ("\xb2\xb2\xb2 OK", AssertionError, "Status message must begin w/3-digit code"),
        ("200OK", AssertionError, "Status message must have a space after code"),
        ("200 OK\r", ValueError, "Control characters"),
        ("200 \x7f", ValueError, "Control characters"),
        ("200 \u0100", ValueError, "ISO-8859-1"),
    ],
)
def test_a_bad_status_is_refused(status: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        call_start_response(status, [])


def test_a_subclass_of_str_is_not_a_status() -> None:
    class Text(str):
        pass

    call_start_response("200 OK", [])
    with pytest.raises(AssertionError):
        call_start_response(Text("200 OK"), [])


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([("X", 1)], TypeError),
        ([(b"X", "a")], TypeError),
        ((("X", "a"),), TypeError),
        ("X: a", TypeError),
        (None, TypeError),
        ([("X",)], ValueError),
        ([("X Y", "a")], ValueError),
        ([("X:", "a")], ValueError),
        ([("", "a")], ValueError),
        ([("X\xe9", "a")], ValueError),
        ([("X", "a\nb")], ValueError),
        ([("X", "\u20ac")], ValueError),
        ([("Content-Length", "+5")], ValueError),
        ([("Content-Length", "5, 5")], ValueError),
        ([("content-length", "")], ValueError),
        ([("Content-Length", "\u0665")], ValueError),
        ([("Content-Length", "9" * 21)], ValueError),
        ([("Content-Length", "5"), ("content-length", "6")], ValueError),
        ([("Connection", "close")], AssertionError),
        ([("tRAILERS", "x")], AssertionError),
    ],
)
def test_bad_headers_are_refused(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call_start_response("200 OK", given)


def test_one_of_equal_lengths_is_sent() -> None:
    twice = [("Content-Length", "1"), ("content-length", "1")]
    assert answer(app_of(b"x", headers=twice)).values("Content-Length") == ["1"]


def test_the_memory_for_good_names_and_statuses_is_bounded() -> None:
    for number in range(1200):
        got = call_start_response(f"200 reason {number}", [(f"X-{number}", "a")])
        assert got.status == f"200 reason {number}"
    with pytest.raises(ValueError):
        call_start_response("200 OK", [("X Y", "a")])


def test_nothing_is_sent_by_start_response_itself() -> None:
    stdout = Recorder()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "1")])
        assert stdout.writes == []
        return [b"x"]

    assert answer(app, stdout=stdout).body == b"x"


def test_a_second_call_is_an_error() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return [b"x"]

    got = answer(app)
    assert got.head[0] == "HTTP/1.0 500 Internal Server Error"
    assert "AssertionError: Headers already set!" in got.log


def test_a_second_call_is_an_error_after_a_first_that_failed() -> None:
    outcomes = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        for arguments in (("200 OK", [("X Y", "a")]), ("200 OK", [])):
            try:
                start_response(*arguments)
            except Exception as error:
                outcomes.append(type(error))
        return [b"x"]

    got = answer(app)
    assert outcomes == [ValueError, AssertionError]
    assert got.head[0] == "HTTP/1.0 500 Internal Server Error"


def test_exc_info_replaces_what_was_not_sent() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X-First", "1")])
        try:
            raise KeyError
        except KeyError:
            start_response("500 Oops", [("X-Second", "1")], sys.exc_info())
        return [b"page"]

    got = answer(app)
    assert (got.head[0], got.values("X-First"), got.values("X-Second")) == ("HTTP/1.0 500 Oops", [], ["1"])
    assert got.log == ""


def test_exc_info_may_come_with_the_first_call_or_be_none() -> None:
    def first(environ: Any, start_response: Any) -> list[bytes]:
        try:
            raise KeyError
        except KeyError:
            start_response("500 Oops", [], sys.exc_info())
        return [b"page"]

    def none(environ: Any, start_response: Any) -> list[bytes]:
        start_response("500 Oops", [], None)
        return [b"page"]

    for app in (first, none):
        assert answer(app).head[0] == "HTTP/1.0 500 Oops"


def test_exc_info_without_an_exception_after_the_headers() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])(b"some")
        start_response("500 Oops", [], (None, None, None))
        return []

    assert "exc_info holds no exception" in answer(app).log


def test_no_reference_to_exc_info_is_kept() -> None:
    class Marker:
        pass

    markers = []

    def app(environ: Any, start_response: Any) -> Any:
        marker = Marker()
        markers.append(weakref.ref(marker))
        write = start_response("200 OK", [])
        try:
            raise KeyError
        except KeyError:
            start_response("500 Oops", [], sys.exc_info())
        write(b"page")
        try:
            raise KeyError
        except KeyError:
            with contextlib.suppress(KeyError):
                start_response("500 Oops", [], sys.exc_info())
        return []

    gc.collect()
    gc.disable()
    try:
        got = answer(app)
        assert markers[0]() is None
        del got
    finally:
        gc.enable()


# ---- the header section


def test_an_origin_server_sends_a_status_line_date_and_server() -> None:
    got = answer(app_of(b"x"), server_software="S/1")
    assert got.head[0] == "HTTP/1.0 200 OK"
    assert re.fullmatch(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", got.head[1])
    assert got.head[2:] == ["Server: S/1", "Content-Type: text/plain", "Content-Length: 1"]
    assert answer(app_of(b"x"), http_version="1.1").head[0] == "HTTP/1.1 200 OK"


def test_the_date_is_right_and_english() -> None:
    from datetime import datetime, timedelta, timezone
    from email.utils import parsedate_to_datetime

    sent = parsedate_to_datetime(answer(app_of(b"x")).values("Date")[0])
    assert abs(datetime.now(timezone.utc) - sent) < timedelta(minutes=1)


def test_the_applications_date_and_server_are_kept() -> None:
    own = [("date", "Mon, 05 Jun 2006 18:49:54 GMT"), ("SERVER", "mine"), ("Set-X", "1234"), ("Link", "x")]
    got = answer(app_of(b"x", headers=own), server_software="S/1")
    assert got.values("Date") == ["Mon, 05 Jun 2006 18:49:54 GMT"]
    assert got.values("Server") == ["mine"]
    got = answer(app_of(b"x", headers=[("Etag", '"1"'), ("Link", "x"), ("Accept", "x")]), server_software="S/1")
    assert len(got.values("Date")) == 1
    assert got.values("Server") == ["S/1"]


def test_a_gateway_sends_a_status_header() -> None:
    got = answer(app_of(b"x"), origin_server=False, server_software="S/1", persistent=True)
    assert got.head == ["Status: 200 OK", "Content-Type: text/plain", "Content-Length: 1"]
    assert got.handler.connection_reusable is False


def test_http_09_gets_no_head() -> None:
    assert answer(app_of(b"x"), environ=request(SERVER_PROTOCOL="HTTP/0.9")).raw == b"x"
    assert answer(app_of(), environ=request(SERVER_PROTOCOL="HTTP/0.9")).raw == b""


def test_headers_go_out_as_given_and_in_order() -> None:
    given = [("Set-Cookie", "a=1"), ("X-A", "v\xe9\tt"), ("Set-Cookie", "b=2"), ("set-cookie", "c")]
    got = answer(app_of(b"x", headers=given, status="299 Odd \xe9 reason"))
    assert got.head[0] == "HTTP/1.0 299 Odd \xe9 reason"
    assert [line for line in got.head if "ookie" in line or line.startswith("X-A")] == [
        f"{name}: {value}" for name, value in given
    ]


def test_a_subclass_may_add_headers_of_its_own() -> None:
    def cleanup_headers(self: Any) -> None:
        SimpleHandler.cleanup_headers(self)
        self.headers["X-Added"] = "yes"

    assert answer(app_of(b"x"), cleanup_headers=cleanup_headers).values("X-Added") == ["yes"]


def test_a_subclass_may_send_its_own_preamble() -> None:
    def send_preamble(self: Any) -> None:
        self._write(b"HTTP/1.0 999 Mine\r\n")

    got = answer(app_of(b"x"), send_preamble=send_preamble)
    assert got.raw == b"HTTP/1.0 999 Mine\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"

    def send_preamble_and_more(self: Any) -> None:
        SimpleHandler.send_preamble(self)
        self._write(b"X-More: 1\r\n")

    got = answer(app_of(b"x"), send_preamble=send_preamble_and_more)
    assert got.head[0] == "HTTP/1.0 200 OK"
    assert got.values("X-More") == ["1"]
    got = answer(app_of(b"x"), send_preamble=lambda self: None, environ=request(SERVER_PROTOCOL="HTTP/0.9"))
    assert got.raw == b"x"


def test_a_subclass_may_override_send_headers() -> None:
    def send_headers(self: Any) -> None:
        self.headers["X-Late"] = "yes"
        SimpleHandler.send_headers(self)

    for app in (app_of(b"x"), generator_of(b"x")):
        got = answer(app, send_headers=send_headers)
        assert (got.values("X-Late"), got.body) == (["yes"], b"x")


def test_send_headers_alone_sends_them() -> None:
    """As handlers that answer HEAD themselves do."""

    def finish_response(self: Any) -> None:
        list(self.result)
        self.send_headers()
        self.close()

    body = Body(b"data")
    got = answer(returning(body), finish_response=finish_response)
    assert got.raw.endswith(b"Content-Type: text/plain\r\n\r\n")
    assert body.closed == 1


def test_the_headers_class_can_be_another() -> None:
    class Louder(headers.Headers):
        def __str__(self) -> str:
            return super().__str__().upper()

    got = answer(app_of(b"x"), headers_class=Louder)
    assert got.values("CONTENT-TYPE") == ["TEXT/PLAIN"]
