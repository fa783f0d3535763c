"""The known defects of the standard wsgiref's handlers, one by one: d01 to d29."""

from __future__ import annotations

import os
import sys
from io import BytesIO, StringIO
from typing import Any

import pytest

from tests.wsgiref.handler_tools import (
    Answer,
    Body,
    Recorder,
    answer,
    app_of,
    defect,
    generator_of,
    handler_for,
    request,
    returning,
    run_optimised,
)


@defect(mended=True)
def test_d01_control_characters_in_headers(package: Any) -> None:
    Headers = package.headers.Headers
    for name, value in [("X", "a\r\nb"), ("X\r\n", "a"), ("X\t", "a"), ("X", "\x00"), ("X", "\x7f")]:
        with pytest.raises(ValueError):
            Headers([(name, value)])
        with pytest.raises(ValueError):
            Headers()[name] = value
        with pytest.raises(ValueError):
            Headers().setdefault(name, value)
        with pytest.raises(ValueError):
            Headers().add_header(name, value)
        got = answer(app_of(b"", headers=[(name, value)]), package)
        assert got.head[0].endswith("500 Internal Server Error")
    with pytest.raises(ValueError):
        Headers().add_header("X", "a", parameter="b\r\nc")
    assert Headers([("X", "a\tb")])["X"] == "a\tb"


@defect(mended=True)
def test_d02_that_check_under_dash_o(package: Any) -> None:
    program = """
        from io import BytesIO, StringIO
        from wsgiref.handlers import SimpleHandler
        def app(environ, start_response):
            start_response("200 OK", [("X", "a\\r\\nInjected: b")])
            return [b"body"]
        out = BytesIO()
        SimpleHandler(BytesIO(), out, StringIO(), {"SERVER_PROTOCOL": "HTTP/1.0"}).run(app)
        print(b"Injected" in out.getvalue(), out.getvalue()[9:12].decode())
    """
    assert run_optimised(package, program) == "False 500"


@defect(mended=True)
def test_d03_control_characters_in_the_status(package: Any) -> None:
    for status in ("200 OK\r\nX: y", "200 OK\n", "200 \x00", "\x1f", "200 O\tK", "200 \x7f"):
        with pytest.raises(ValueError):
            package.handlers.BaseHandler().start_response(status, [])
        assert b"\r\nX: y" not in answer(app_of(b"", status=status), package).raw


@defect
def test_d04_checks_under_dash_o(package: Any) -> None:
    program = """
        from io import BytesIO, StringIO
        from wsgiref.handlers import SimpleHandler
        def hop(environ, start_response):
            start_response("200 OK", [("Connection", "close")])
            return [b"body"]
        def text(environ, start_response):
            start_response("200 OK", [])
            return ["body"]
        def late(environ, start_response):
            return [b"body"]
        for app in hop, text, late:
            out = BytesIO()
            SimpleHandler(BytesIO(), out, StringIO(), {"SERVER_PROTOCOL": "HTTP/1.0"}).run(app)
            print(out.getvalue()[9:12].decode(), end=" ")
    """
    assert run_optimised(package, program) == "500 500 500"


@defect
def test_d05_no_length_is_added_where_there_is_no_content(package: Any) -> None:
    for status in ("204 No Content", "304 Not Modified", "103 Early Hints"):
        assert answer(returning([], status), package).values("Content-Length") == []
        assert answer(generator_of(status=status), package).values("Content-Length") == []
    given = [("Content-Length", "5")]
    assert answer(returning([], "204 No Content", given), package).values("Content-Length") == []
    assert answer(returning([], "304 Not Modified", given), package).values("Content-Length") == ["5"]
    assert answer(returning([]), package).values("Content-Length") == ["0"]


@defect
def test_d06_no_body_where_there_is_no_content(package: Any) -> None:
    for status in ("204 No Content", "304 Not Modified", "100 Continue"):
        body = Body(b"data")
        assert answer(returning(body, status), package).body == b""
        assert body.closed == 1
    body = Body(b"data")
    got = answer(returning(body, headers=[("Content-Length", "4")]), package, environ=request(REQUEST_METHOD="HEAD"))
    assert (got.body, got.values("Content-Length"), body.closed) == (b"", ["4"], 1)
    got = answer(app_of(b"four", b"more"), package, environ=request(REQUEST_METHOD="HEAD"))
    assert (got.body, got.values("Content-Length"), got.log) == (b"", ["8"], "")


@defect
def test_d07_head_without_a_body_claims_no_length(package: Any) -> None:
    for app in (returning([]), generator_of(), generator_of(b"")):
        assert answer(app, package, environ=request(REQUEST_METHOD="HEAD")).values("Content-Length") == []


@defect
def test_d08_a_body_longer_than_its_length(package: Any) -> None:
    body = Body(b"123", b"4567", b"8")
    got = answer(returning(body, headers=[("Content-Length", "5")]), package)
    assert got.body == b"12345"
    assert "longer than its Content-Length of 5" in got.log
    assert (body.steps, body.closed) == (2, 1)


@defect
def test_d08_a_body_shorter_than_its_length(package: Any) -> None:
    got = answer(generator_of(b"123", headers=[("Content-Length", "5")]), package)
    assert got.body == b"123"
    assert "shorter than its Content-Length: 3 bytes were sent, 2 are missing" in got.log


@defect
def test_d09_the_length_of_several_blocks(package: Any) -> None:
    assert answer(app_of(b"one", b"", b"two"), package).values("Content-Length") == ["6"]
    assert answer(returning((b"one", b"two")), package).values("Content-Length") == ["6"]


@defect
def test_d10_chunks_for_a_body_of_unknown_length(package: Any) -> None:
    got = answer(generator_of(b"one", b"", b"x" * 17), package, http_version="1.1")
    assert got.values("Transfer-Encoding") == ["chunked"]
    assert got.values("Content-Length") == []
    assert got.body == b"3\r\none\r\n11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"


@defect
def test_d11_wide_characters_make_no_half_response(package: Any) -> None:
    for app in (app_of(b"x", headers=[("X", "\u20ac")]), app_of(b"x", status="200 \u20ac")):
        got = answer(app, package)
        assert got.head[0].endswith("500 Internal Server Error")
        assert got.body == package.handlers.BaseHandler.error_body


@defect
def test_d12_the_head_goes_out_in_one_write_with_the_first_block(package: Any) -> None:
    got = answer(generator_of(b"one", b"two"), package, server_software="S/1")
    assert len(got.writes) == 2
    assert got.writes[0].endswith(b"\r\n\r\none")


@defect
def test_d13_the_applications_list_is_left_alone(package: Any) -> None:
    shared = [("Content-Type", "text/plain")]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", shared)
        return [b"x" * int(environ["QUERY_STRING"])]

    for length in ("3", "7"):
        got = answer(app, package, environ=request(QUERY_STRING=length))
        assert got.values("Content-Length") == [length]
    assert shared == [("Content-Type", "text/plain")]


@defect
def test_d14_connection_errors_of_the_application_are_errors(package: Any) -> None:
    for kind in (BrokenPipeError, ConnectionResetError, ConnectionAbortedError):

        def app(environ: Any, start_response: Any, kind: Any = kind) -> Any:
            raise kind("the database has gone")

        got = answer(app, package)
        assert got.head[0].endswith("500 Internal Server Error")
        assert "the database has gone" in got.log


@defect
def test_d15_one_line_for_any_client_that_went_away(package: Any) -> None:
    for error in (TimeoutError("timed out"), OSError(107, "not connected")):
        got = answer(app_of(b"x"), package, stdout=Recorder(error))
        assert len(got.log.splitlines()) == 1
    assert answer(app_of(b"x"), package, stdout=Recorder(ConnectionResetError())).log == ""


@defect
def test_d16_an_environ_without_a_protocol(package: Any) -> None:
    environ = request()
    del environ["SERVER_PROTOCOL"]
    got = answer(app_of(b"x"), package, environ=environ)
    assert (got.head[0], got.body, got.log) == ("HTTP/1.0 200 OK", b"x", "")


@defect
def test_d17_the_end_is_told_on_every_path(package: Any) -> None:
    ends: list[tuple[Any, bool, int]] = []

    def run_finished(handler: Any) -> None:
        ends.append((handler.status, handler.headers_sent, handler.bytes_sent))

    def fails(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])(b"some")
        raise ZeroDivisionError

    answer(app_of(b"x"), package, run_finished=run_finished)
    answer(fails, package, run_finished=run_finished)
    answer(app_of(b"x"), package, run_finished=run_finished, stdout=Recorder(BrokenPipeError()))
    assert ends == [("200 OK", True, 1), ("200 OK", True, 4), ("200 OK", True, 0)]


@defect
def test_d18_exits_pass_through_and_the_iterable_is_closed(package: Any) -> None:
    for kind in (SystemExit, KeyboardInterrupt):
        body = Body(b"x", fails_after=kind())  # type: ignore[arg-type]
        with pytest.raises(kind):
            answer(returning(body), package)
        assert body.closed == 1


@defect
def test_d19_errors_of_close_are_logged_beside_the_first_one(package: Any) -> None:
    body = Body(b"x", fails_after=ZeroDivisionError("first"), close_fails=ValueError("second"))
    got = answer(returning(body), package)
    # Not only as the context of the second, which comes last then and looks like the cause of it all.
    assert got.log.splitlines()[-1] == "ZeroDivisionError: first"
    assert "ValueError: second" in got.log
    assert body.closed == 1


@defect
def test_d19_no_error_page_after_a_finished_body(package: Any) -> None:
    got = answer(returning(Body(b"x", close_fails=ValueError("second"))), package)
    assert got.body == b"x"
    assert "ValueError: second" in got.log


@defect
def test_d20_exc_info_after_the_except_block(package: Any) -> None:
    class Peculiar(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__()

    caught: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])(b"some")
        try:
            raise Peculiar(1, 2)
        except Peculiar:
            exc_info = sys.exc_info()
        try:
            start_response("500 Oops", [], exc_info)
        except Exception as error:
            caught.append((error, exc_info))
        return []

    answer(app, package)
    error, exc_info = caught.pop()
    assert error is exc_info[1]
    assert error.__traceback__ is not None
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames[-1] == "app"


@defect
def test_d21_start_response_was_never_called(package: Any) -> None:
    got = answer(lambda environ, start_response: [], package)
    assert got.head[0].endswith("500 Internal Server Error")
    assert "AssertionError: start_response() was not called" in got.log


@defect
def test_d22_bytes_as_the_result(package: Any) -> None:
    got = answer(returning(b"text"), package)
    assert got.body == b"text"
    assert got.values("Content-Length") == ["4"]
    assert "returned bytes" in got.log


@defect
def test_d23_headers_wait_for_the_first_block_with_content(package: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b""
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("503 Later", [], sys.exc_info())
        yield b"page"

    got = answer(app, package)
    assert got.head[0].endswith("503 Later")
    assert got.body == b"page"


@defect
def test_d24_hop_by_hop_headers_are_refused_with_the_reason(package: Any) -> None:
    for name in ("Connection", "keep-alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade"):
        got = answer(app_of(b"", headers=[(name, "x")]), package)
        assert got.head[0].endswith("500 Internal Server Error")
        assert f"{name}: x" in got.log
        assert "PEP 3333" in got.log
    assert answer(app_of(b"", headers=[("Trailer", "x")]), package).values("Trailer") == ["x"]


@defect
def test_d24_hop_by_hop_headers_can_be_dropped(package: Any) -> None:
    headers = [("Connection", "x"), ("X-Kept", "1"), ("Connection", "x")]
    got = answer(app_of(b"", headers=headers), package, drop_hop_by_hop=True)
    assert (got.head[0], got.values("Connection"), got.values("X-Kept")) == ("HTTP/1.0 200 OK", [], ["1"])


@defect
def test_d26_a_file_that_ended_is_not_read_again(package: Any) -> None:
    file = BytesIO(b"abc")
    wrapper = package.util.FileWrapper(file, 2)
    assert list(wrapper) == [b"ab", b"c"]
    file.seek(0)
    assert list(wrapper) == []


@defect
def test_d26_close_is_the_files_close_of_the_moment(package: Any) -> None:
    class File(BytesIO):
        pass

    file = File(b"abc")
    wrapper = package.util.FileWrapper(file)
    called = []
    file.close = lambda: called.append("later one")  # type: ignore[method-assign]
    wrapper.close()
    assert called == ["later one"]


@defect(since=(3, 11))
def test_d27_indexing_is_there_on_every_version(package: Any) -> None:
    wrapper = package.util.FileWrapper(StringIO("foobar"), 3)
    for expected in ("foo", "bar"):
        with pytest.warns(DeprecationWarning, match="Use iterator protocol instead"):
            assert wrapper[7] == expected
    with pytest.warns(DeprecationWarning), pytest.raises(IndexError):
        wrapper[0]


@defect
def test_d28_the_process_environment_is_not_shown(package: Any) -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    answer(app, package)
    assert "PATH" not in seen
    assert package.handlers.BaseHandler.os_environ.get("PATH") == os.environ.get("PATH")
    answer(app, package, os_environ={"DEPLOYED": "yes", "PATH_INFO": "/no"})
    assert (seen["DEPLOYED"], seen["PATH_INFO"]) == ("yes", "/")


@defect
def test_d29_environ_is_there_from_the_start(package: Any) -> None:
    environ = request()
    handler = handler_for(environ, Recorder(), package)
    assert handler.environ == environ


def test_the_answer_itself_is_read_right() -> None:
    got = Answer(None, [b"HTTP/1.0 200 OK\r\nA: 1\r\n", b"a: 2\r\n\r\nbody"])
    assert (got.head[0], got.values("A"), got.body) == ("HTTP/1.0 200 OK", ["1", "2"], b"body")
