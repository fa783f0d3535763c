"""wsgiref.handlers as documented, and what ours does beyond that; the CGI handlers are in test_cgi."""

from __future__ import annotations

import contextlib
import gc
import io
import re
import sys
import weakref
from io import BytesIO, StringIO
from typing import Any

import pytest
from handler_tools import (
    Answer,
    Body,
    Recorder,
    answer,
    app_of,
    generator_of,
    handler_for,
    request,
    returning,
)

from pytest_wsgiconform.wsgiref import handlers, headers, util
from pytest_wsgiconform.wsgiref.handlers import BaseHandler, ClientDisconnected, SimpleHandler

# ---- the abstract base


def test_what_must_be_overridden_raises() -> None:
    handler = BaseHandler()
    for name in ("_flush", "get_stdin", "get_stderr", "add_cgi_vars"):
        with pytest.raises(NotImplementedError):
            getattr(handler, name)()
    with pytest.raises(NotImplementedError):
        handler._write(b"x")


def test_the_documented_defaults() -> None:
    assert BaseHandler.wsgi_version == (1, 0)
    assert BaseHandler.wsgi_multithread is True
    assert BaseHandler.wsgi_multiprocess is True
    assert BaseHandler.wsgi_run_once is False
    assert BaseHandler.origin_server is True
    assert BaseHandler.http_version == "1.0"
    assert BaseHandler.server_software is None
    assert BaseHandler.wsgi_file_wrapper is util.FileWrapper
    assert BaseHandler.traceback_limit is None
    assert BaseHandler.error_status == "500 Internal Server Error"
    assert BaseHandler.error_headers == [("Content-Type", "text/plain")]
    assert BaseHandler.error_body == b"A server error occurred.  Please contact the administrator."
    assert BaseHandler.headers_class is headers.Headers
    assert BaseHandler().sendfile() is False


def test_a_minimal_subclass_of_the_base() -> None:
    class Minimal(BaseHandler):
        out = b""

        def _write(self, data: bytes) -> None:
            self.out += data

        def _flush(self) -> None:
            pass

        def get_stdin(self) -> Any:
            return BytesIO()

        def get_stderr(self) -> Any:
            return sys.stderr

        def add_cgi_vars(self) -> None:
            self.environ["REQUEST_METHOD"] = "GET"

    handler = Minimal()
    handler.run(app_of(b"x"))
    assert handler.out.startswith(b"HTTP/1.0 200 OK\r\nDate: ")
    assert handler.out.endswith(b"Content-Length: 1\r\n\r\nx")


# ---- the environ


def environ_of(**attributes: Any) -> tuple[dict[str, Any], Any]:
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    got = answer(app, **attributes)
    return seen[0], got.handler


def test_the_environ_is_a_new_dictionary_each_time() -> None:
    given = request(X="1")
    environ, handler = environ_of(environ=given)
    assert type(environ) is dict
    assert environ is not given
    environ["X"] = "changed"
    second: list[dict[str, Any]] = []
    handler.run(lambda environ, start_response: second.append(environ) or start_response("200 OK", []) or [])
    assert second[0]["X"] == given["X"] == "1"


def test_the_environ_has_the_required_entries() -> None:
    environ, handler = environ_of(server_software="S/1")
    assert environ["wsgi.version"] == (1, 0)
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["wsgi.input"] is handler.stdin
    assert environ["wsgi.errors"] is handler.stderr
    assert environ["wsgi.multithread"] is True
    assert environ["wsgi.multiprocess"] is False
    assert environ["wsgi.run_once"] is False
    assert environ["wsgi.file_wrapper"] is util.FileWrapper
    assert environ["SERVER_SOFTWARE"] == "S/1"
    assert "wsgi.input_terminated" not in environ


def test_the_attributes_shape_the_environ() -> None:
    environ, _ = environ_of(
        wsgi_run_once=True,
        wsgi_file_wrapper=None,
        wsgi_input_terminated=True,
        os_environ={"FROM_SYSTEM": "1"},
        get_scheme=lambda self: "https",
    )
    assert environ["wsgi.run_once"] is True
    assert "wsgi.file_wrapper" not in environ
    assert environ["wsgi.input_terminated"] is True
    assert environ["FROM_SYSTEM"] == "1"
    assert environ["wsgi.url_scheme"] == "https"
    assert "SERVER_SOFTWARE" not in environ


def test_the_scheme_is_guessed_from_https() -> None:
    assert environ_of(environ=request(HTTPS="on"))[0]["wsgi.url_scheme"] == "https"


def test_server_software_of_the_request_is_kept() -> None:
    environ, _ = environ_of(environ=request(SERVER_SOFTWARE="other"), server_software="S/1")
    assert environ["SERVER_SOFTWARE"] == "other"
    environ, _ = environ_of(server_software="S/1", origin_server=False)
    assert "SERVER_SOFTWARE" not in environ


def test_simple_handler_keeps_what_it_is_given() -> None:
    stdin, stdout, stderr, environ = BytesIO(), BytesIO(), StringIO(), request()
    handler = SimpleHandler(stdin, stdout, stderr, environ, multithread=False, multiprocess=True)
    assert (handler.stdin, handler.stdout, handler.stderr) == (stdin, stdout, stderr)
    assert handler.environ is environ
    assert (handler.wsgi_multithread, handler.wsgi_multiprocess) == (False, True)
    assert handler.get_stdin() is stdin
    assert handler.get_stderr() is stderr
    default = SimpleHandler(stdin, stdout, stderr, environ)
    assert (default.wsgi_multithread, default.wsgi_multiprocess) == (True, False)


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


# ---- the body


def test_each_block_is_sent_and_flushed_before_the_next_is_asked_for() -> None:
    stdout = Recorder()
    seen = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        for block in (b"one", b"two", b"three"):
            yield block
            seen.append((stdout.writes[-1].endswith(block), stdout.flushes))

    answer(app, stdout=stdout)
    assert seen == [(True, 1), (True, 2), (True, 3)]


def test_what_is_written_precedes_what_is_yielded() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"")
        write(b"one ")
        write(b"two ")
        return [b"three"]

    got = answer(app)
    assert got.body == b"one two three"
    assert got.values("Content-Length") == []
    assert got.handler.bytes_sent == 13


def test_write_past_the_length_raises() -> None:
    caught = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Length", "5")])
        write(b"123")
        for _ in range(2):
            try:
                write(b"45678")
            except AssertionError as error:
                caught.append(str(error))
        return []

    got = answer(app)
    assert got.body == b"12345"
    assert len(caught) == 2
    assert "longer than its Content-Length of 5" in caught[0]


def test_the_iterable_is_not_asked_for_more_than_its_length() -> None:
    body = Body(b"12345", b"6")
    got = answer(returning(body, headers=[("Content-Length", "5")]))
    assert (got.body, body.steps, body.closed, got.log) == (b"12345", 1, 1, "")


def test_nothing_is_asked_of_the_iterable_once_write_has_used_up_the_length() -> None:
    body = Body(b"more")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "5")])(b"12345")
        return body

    got = answer(app)
    assert (got.body, body.steps, body.closed, got.log) == (b"12345", 0, 1, "")


def test_a_block_after_write_fills_up_the_length() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "5")])(b"123")
        return [b"45"]

    got = answer(app)
    assert (got.body, got.log) == (b"12345", "")


def test_a_list_longer_than_its_length_is_reported() -> None:
    got = answer(app_of(b"12345", b"6", headers=[("Content-Length", "5")]), persistent=True)
    assert (got.body, got.handler.connection_reusable) == (b"12345", False)
    assert got.log.count("longer than its Content-Length of 5") == 1
    got = answer(app_of(b"12345", b"", headers=[("Content-Length", "5")]), persistent=True)
    assert (got.log, got.handler.connection_reusable) == ("", True)


def test_a_length_of_zero_with_a_body() -> None:
    got = answer(generator_of(b"x", b"y", headers=[("Content-Length", "0")]))
    assert got.body == b""
    assert got.log.count("longer than its Content-Length of 0") == 1


def test_an_iterable_of_length_one_gets_a_content_length() -> None:
    class One:
        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            yield b""
            yield b"data"

    got = answer(returning(One()))
    assert (got.values("Content-Length"), got.body) == (["4"], b"data")


def test_an_iterable_that_is_longer_than_it_says() -> None:
    class One:
        finished = False

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            yield b"data"
            yield b"more"
            yield b"more"
            self.finished = True

    body = One()
    got = answer(returning(body))
    assert (got.values("Content-Length"), got.body) == (["4"], b"data")
    assert got.log.count("longer") == 1
    assert body.finished


@pytest.mark.parametrize("error", [TypeError, AttributeError, NotImplementedError])
def test_a_length_that_cannot_be_had(error: type[Exception]) -> None:
    class Unknown:
        def __len__(self) -> int:
            raise error

        def __iter__(self) -> Any:
            yield b"data"

    got = answer(returning(Unknown()))
    assert (got.values("Content-Length"), got.body, got.log) == ([], b"data", "")


def test_an_iterable_of_the_old_kind() -> None:
    class Old:
        def __getitem__(self, index: int) -> bytes:
            return [b"one", b"two"][index]

    assert answer(returning(Old())).body == b"onetwo"


def test_an_empty_body_has_length_zero() -> None:
    for app in (app_of(), app_of(b""), generator_of(), generator_of(b"", b"")):
        got = answer(app)
        assert (got.values("Content-Length"), got.body, got.log) == (["0"], b"", "")


def test_start_response_may_come_with_the_first_block() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        yield b""
        start_response("200 OK", [])
        yield b"x"

    assert answer(app).body == b"x"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (["text"], "must be a bytes instance"),
        ([bytearray(b"x")], "must be a bytes instance"),
        ([b"good", 5], "must be a bytes instance"),
        (None, "returned NoneType"),
        ("text", "returned str"),
        (5, "not iterable"),
    ],
)
def test_results_that_are_no_body(result: Any, words: str) -> None:
    assert words in answer(returning(result)).log


def test_a_block_before_start_response() -> None:
    got = answer(lambda environ, start_response: [b"x"])
    assert "write() before start_response()" in got.log
    assert got.head[0].endswith("500 Internal Server Error")


def test_a_large_first_block_is_not_copied_to_the_head() -> None:
    got = answer(app_of(b"x" * 100_000))
    assert [len(part) for part in got.writes[1:]] == [100_000]
    assert got.body == b"x" * 100_000


# ---- framing and the connection


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


# ---- errors, and close() on every path


def raises_at_once(environ: Any, start_response: Any) -> Any:
    raise ZeroDivisionError("in the application")


def test_an_error_is_logged_and_answered() -> None:
    got = answer(raises_at_once)
    assert got.head[0] == "HTTP/1.0 500 Internal Server Error"
    assert got.values("Content-Type") == ["text/plain"]
    assert got.values("Content-Length") == [str(len(BaseHandler.error_body))]
    assert got.body == BaseHandler.error_body
    assert "ZeroDivisionError: in the application" in got.log
    assert 'raises_at_once\n    raise ZeroDivisionError("in the application")' in got.log


def test_the_error_page_can_be_changed() -> None:
    got = answer(
        raises_at_once,
        error_status="503 Sorry",
        error_headers=[("Content-Type", "text/html"), ("Retry-After", "5")],
        error_body=b"<p>sorry",
    )
    assert (got.head[0], got.values("Retry-After"), got.body) == ("HTTP/1.0 503 Sorry", ["5"], b"<p>sorry")


def test_error_output_is_an_application_that_sees_the_error() -> None:
    def error_output(self: Any, environ: Any, start_response: Any) -> list[bytes]:
        start_response("500 Seen", [("Content-Type", "text/plain")], sys.exc_info())
        return [type(sys.exc_info()[1]).__name__.encode(), environ["PATH_INFO"].encode()]

    got = answer(raises_at_once, error_output=error_output)
    assert (got.head[0], got.body) == ("HTTP/1.0 500 Seen", b"ZeroDivisionError/")


def test_an_error_page_for_head_has_no_body() -> None:
    got = answer(raises_at_once, environ=request(REQUEST_METHOD="HEAD"))
    assert (got.head[0], got.body) == ("HTTP/1.0 500 Internal Server Error", b"")


def test_traceback_limit() -> None:
    deep = answer(raises_at_once).log.count("  File ")
    assert deep >= 2
    assert answer(raises_at_once, traceback_limit=1).log.count("  File ") == 1


def test_log_exception_can_be_replaced() -> None:
    logged: list[Any] = []
    got = answer(raises_at_once, log_exception=lambda self, exc_info: logged.append(exc_info[0]))
    assert (logged, got.log) == ([ZeroDivisionError], "")


def test_a_log_of_narrow_encoding_is_written_all_the_same() -> None:
    log = io.TextIOWrapper(BytesIO(), "ascii")

    def app(environ: Any, start_response: Any) -> Any:
        raise ValueError("caf\u00e9 \udc80")

    answer(app, get_stderr=lambda self: log)
    log.seek(0)
    assert "caf\\xe9 \\udc80" in log.read()


def test_after_output_there_is_no_error_page() -> None:
    got = answer(returning(Body(b"some", fails_after=KeyError("late"))))
    assert got.body == b"some"
    assert "KeyError: 'late'" in got.log


@pytest.mark.parametrize(
    ("body", "stdout", "sent"),
    [
        (Body(b"one", b"two"), None, b"onetwo"),
        (Body(), None, b""),
        (Body(b"one", fails_after=KeyError()), None, b"one"),
        (Body(fails_after=KeyError()), None, BaseHandler.error_body),
        (Body("text"), None, BaseHandler.error_body),
        (Body(b"one", b"two"), Recorder(BrokenPipeError(), fails_at=1), b"one"),
        (Body(b"one"), Recorder(ValueError(), fails_at=0), None),
        (Body(b"one", close_fails=KeyError()), None, b"one"),
        (Body(b"one", fails_after=KeyError(), close_fails=KeyError()), None, b"one"),
    ],
)
def test_close_is_called_once_on_every_path(body: Body, stdout: Any, sent: bytes | None) -> None:
    got = answer(returning(body), stdout=stdout)
    assert body.closed == 1
    if sent is not None:
        assert got.body == sent


def test_close_is_called_on_what_was_returned_not_on_its_iterator() -> None:
    iterator = Body(b"x")

    class Returned(Body):
        def __iter__(self) -> Any:
            return iterator

    returned = Returned()
    answer(returning(returned))
    assert (returned.closed, iterator.closed) == (1, 0)


def test_close_is_called_when_iteration_cannot_begin() -> None:
    class Broken(Body):
        def __iter__(self) -> Any:
            raise KeyError("no iterator")

    body = Broken()
    assert "no iterator" in answer(returning(body)).log
    assert body.closed == 1


def test_close_is_called_when_a_subclass_forgets_to() -> None:
    body = Body(b"x")

    def finish_response(self: Any) -> None:
        raise KeyError("in finish_response")

    seen: list[int] = []

    def error_output(self: Any, environ: Any, start_response: Any) -> Any:
        seen.append(body.closed)
        start_response("500 Oops", [], sys.exc_info())
        return []

    with pytest.raises(KeyError):
        answer(returning(body), finish_response=finish_response, error_output=error_output)
    assert (seen, body.closed) == ([1], 1)


def test_an_error_in_the_error_page_passes_through() -> None:
    def error_output(self: Any, environ: Any, start_response: Any) -> Any:
        raise LookupError("in the page")

    with pytest.raises(LookupError, match="in the page"):
        answer(raises_at_once, error_output=error_output)


def test_handle_error_may_raise_the_error_again() -> None:
    """For tests that want to see what goes wrong."""

    def handle_error(self: Any) -> None:
        raise  # noqa: PLE0704  # it is called while the error is being handled

    with pytest.raises(ZeroDivisionError):
        answer(raises_at_once, handle_error=handle_error)
    with pytest.raises(KeyError):
        answer(returning(Body(b"x", close_fails=KeyError())), handle_error=handle_error)


def test_a_client_that_leaves_during_the_error_page() -> None:
    got = answer(raises_at_once, stdout=Recorder(ConnectionResetError()))
    assert got.handler.client_disconnected is True
    assert got.log.count("Traceback") == 1  # the application's own


def test_an_input_that_tells_of_a_client_that_left() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise ClientDisconnected("while reading")

    got = answer(app)
    assert (got.raw, got.log, got.handler.client_disconnected) == (b"", "", True)


def test_an_error_of_writing_that_is_no_disconnect() -> None:
    got = answer(app_of(b"x"), stdout=Recorder(ValueError("closed file")))
    assert "ValueError: closed file" in got.log
    handler = got.handler
    assert None not in (handler.result, handler.headers, handler.status, handler.environ)


def test_an_error_of_a_later_block_is_a_disconnect_as_well() -> None:
    got = answer(generator_of(b"one", b"two"), stdout=Recorder(BrokenPipeError(), fails_at=1))
    assert (got.log, got.handler.client_disconnected, got.handler.bytes_sent) == ("", True, 3)


def test_what_the_application_makes_of_a_write_error_is_logged() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        try:
            start_response("200 OK", [])(b"data")
        except BrokenPipeError:
            raise KeyError("my own") from None
        return []

    assert "KeyError: 'my own'" in answer(app, stdout=Recorder(BrokenPipeError())).log


def test_a_handler_can_be_used_again() -> None:
    stdout = Recorder()
    handler = handler_for(request(), stdout, http_version="1.1", persistent=True)
    for app, reusable, sent in [
        (generator_of(b"one"), True, 3),
        (raises_at_once, True, len(BaseHandler.error_body)),
        (generator_of(b"one", headers=[("Content-Length", "5")]), False, 3),
        (app_of(b"x", status="204 No Content"), True, 0),
        (app_of(b"four"), True, 4),
    ]:
        del stdout.writes[:]
        handler.run(app)
        got = Answer(handler, stdout.writes)
        assert got.head[0].startswith("HTTP/1.1 ")
        assert (handler.connection_reusable, handler.bytes_sent) == (reusable, sent)


def test_the_iterable_is_let_go_after_the_response() -> None:
    class Result(list[bytes]):
        pass

    result = Result([b"x"])
    gone = weakref.ref(result)
    got = answer(returning(result))
    del result
    # The application above refers to it; its own name is gone with the call that follows.
    assert got.handler.result is None
    gc.collect()
    assert gone() is None


# ---- files


def file_app(file: Any, headers: list[tuple[str, str]] | None = None) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", headers or [])
        return environ["wsgi.file_wrapper"](file, 4)

    return app


def test_a_file_is_sent_from_its_position_and_closed() -> None:
    file = BytesIO(b"0123456789")
    file.seek(2)
    assert answer(file_app(file)).body == b"23456789"
    assert file.closed


def test_a_file_is_sent_up_to_the_length() -> None:
    file = BytesIO(b"0123456789")
    assert answer(file_app(file, [("Content-Length", "6")])).body == b"012345"
    assert file.closed


def test_sendfile_is_called_for_the_wrappers_own_kind_only() -> None:
    called = []

    def sendfile(self: Any) -> bool:
        called.append(self.result.filelike)
        self.send_headers()
        self._write(b"0123")
        self.note_sent(4)
        self.finish_content()
        return True

    file = BytesIO(b"0123")
    got = answer(file_app(file, [("Content-Length", "4")]), sendfile=sendfile, persistent=True)
    assert (called, got.body, got.handler.bytes_sent) == ([file], b"0123", 4)
    assert (file.closed, got.handler.connection_reusable, got.log) == (True, True, "")
    assert answer(app_of(b"x"), sendfile=sendfile).body == b"x"
    assert len(called) == 1


def test_a_factory_that_is_no_class_is_never_asked_to_send() -> None:
    def sendfile(self: Any) -> bool:
        raise AssertionError("not a file of ours")

    def factory(file: Any, size: int) -> Any:
        return util.FileWrapper(file, size)

    got = answer(file_app(BytesIO(b"0123")), sendfile=sendfile, wsgi_file_wrapper=staticmethod(factory))
    assert got.body == b"0123"


# ---- SimpleHandler's output


class Partial:
    """A stdout that takes at most ``most`` bytes at a time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data[: self.most]
        return min(self.most, len(data))

    def flush(self) -> None:
        pass


def test_partial_writes_are_made_up_for() -> None:
    stdout = Partial(7)
    with pytest.warns(DeprecationWarning, match="should not do partial writes"):
        handler_for(request(), stdout).run(app_of(b"Hello, world!"))
    assert stdout.data.endswith(b"Content-Length: 13\r\n\r\nHello, world!")


def test_a_stdout_that_takes_nothing_is_an_error() -> None:
    handler = handler_for(request(), Partial(0))
    with pytest.warns(DeprecationWarning):
        handler.run(app_of(b"Hello, world!"))
    assert "stdout.write() returned 0" in handler.stderr.getvalue()


def test_a_raw_stream_that_would_block_is_an_error() -> None:
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> None:  # type: ignore[override]
            return None

    handler = handler_for(request(), Full())
    with pytest.warns(DeprecationWarning):
        handler.run(app_of(b"Hello, world!"))
    assert "stdout.write() returned None" in handler.stderr.getvalue()


def test_a_stdout_that_returns_nothing_has_taken_all() -> None:
    class Silent(Recorder):
        def write(self, data: bytes) -> Any:
            super().write(data)

    stdout = Silent()
    handler_for(request(), stdout).run(app_of(b"Hello"))
    assert b"".join(stdout.writes).endswith(b"\r\n\r\nHello")


# ---- the module


def test_the_documented_names() -> None:
    for name in ("BaseCGIHandler", "BaseHandler", "CGIHandler", "IISCGIHandler", "SimpleHandler", "read_environ"):
        assert name in handlers.__all__
        assert hasattr(handlers, name)
    assert issubclass(handlers.SimpleHandler, handlers.BaseHandler)
    assert issubclass(handlers.BaseCGIHandler, handlers.SimpleHandler)
    assert issubclass(handlers.CGIHandler, handlers.BaseCGIHandler)
    assert issubclass(handlers.IISCGIHandler, handlers.BaseCGIHandler)
