"""wsgiref.handlers: errors, and close() on every path."""

from __future__ import annotations

import gc
import io
import sys
import weakref
from io import BytesIO
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.handlers import BaseHandler, ClientDisconnected
from tests.wsgiref.handler_tools import (
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
