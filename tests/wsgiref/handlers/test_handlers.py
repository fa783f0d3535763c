"""wsgiref.handlers: the abstract base, the environ, SimpleHandler's output, and the module."""

from __future__ import annotations

import io
import sys
from io import BytesIO, StringIO
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref import handlers, headers, util
from pytest_wsgiconform.wsgiref.handlers import BaseHandler, SimpleHandler
from tests.wsgiref.handler_tools import (
    Recorder,
    answer,
    app_of,
    handler_for,
    request,
)

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
