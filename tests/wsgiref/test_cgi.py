"""wsgiref.handlers under CGI as documented, in this process and as a program under real servers."""

from __future__ import annotations

import http.client
import io
import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pytest_wsgiconform.wsgiref import handlers

# Handlers put this around standard input only; here it is read from streams of every sort.
from pytest_wsgiconform.wsgiref._cgi_input import CGIInput
from pytest_wsgiconform.wsgiref.handlers import BaseCGIHandler, CGIHandler, IISCGIHandler, read_environ
from tests import ROOT
from tests.wsgiref.cgi_tools import run_cgi
from tests.wsgiref.handler_tools import Recorder, app_of, request

OURS = mock.Mock(handlers=handlers)

# The interpreter's path may hold a space, which no #! line can: the shell starts it; to Python that is a string.
PROGRAM = f"""#!/bin/sh
''':'
exec "{sys.executable}" "$0" "$@"
'''
import sys
sys.path.insert(0, {str(ROOT)!r})
from pytest_wsgiconform.wsgiref.handlers import CGIHandler
from pytest_wsgiconform.wsgiref.util import request_uri

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("201 Made", [("Content-Type", "text/plain; charset=utf-8"), ("X-Path", environ["PATH_INFO"])])
    yield f"{{environ['REQUEST_METHOD']}} {{environ['QUERY_STRING']}} ".encode()
    yield body

CGIHandler().run(app)
"""

# "python -m http.server --cgi", but with programs run by the present user: for root it would take "nobody", who may not
# even read them.
HTTP_SERVER = """
import http.server, os
http.server.nobody_uid = os.getuid
http.server.test(HandlerClass=http.server.CGIHTTPRequestHandler, bind="127.0.0.1", port=0)
"""


def test_base_cgi_handler_sends_a_status_header() -> None:
    stdout = Recorder()
    handler = BaseCGIHandler(BytesIO(), stdout, StringIO(), request())
    assert (handler.wsgi_multithread, handler.wsgi_multiprocess, handler.origin_server) == (True, False, False)
    handler.server_software = "S/1"
    handler.run(app_of(b"x"))
    assert b"".join(stdout.writes) == b"Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"
    assert "SERVER_SOFTWARE" not in handler.environ


@pytest.mark.parametrize("kind", ["CGIHandler", "IISCGIHandler"])
def test_the_streams_and_flags_of_a_cgi_program(kind: str) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        seen["body"] = environ["wsgi.input"].read()
        environ["wsgi.errors"].write("to the log\n")
        start_response("200 OK", [])
        return [b"x"]

    out, log = run_cgi(OURS, app, request(HTTP_X="v", OTHER="o", CONTENT_LENGTH="4"), kind)
    assert out == b"Status: 200 OK\r\nContent-Length: 1\r\n\r\nx"
    assert log == "to the log\n"
    flags = [seen[f"wsgi.{name}"] for name in ("run_once", "multithread", "multiprocess")]
    assert flags == [True, False, True]
    assert (seen["HTTP_X"], seen["OTHER"], seen["body"]) == ("v", "o", b"body")
    assert CGIHandler.os_environ == IISCGIHandler.os_environ == {}


def test_the_documented_attributes_of_a_cgi_handler_are_the_streams_of_sys() -> None:
    out, err = BytesIO(), StringIO()
    stdin, stdout = TextIOWrapper(BytesIO(b"body")), TextIOWrapper(out)
    with (
        mock.patch.dict(os.environ, request(CONTENT_LENGTH="4"), clear=True),
        mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=err),
    ):
        handler = CGIHandler()
    assert (handler.stdin, handler.stdout, handler.stderr) == (stdin.buffer, stdout.buffer, err)
    assert handler.get_stderr() is err
    assert handler.get_stdin() is handler.get_stdin()
    assert handler.get_stdin().read() == b"body"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"SERVER_NAME": "", "SERVER_ADDR": "192.0.2.1"}, "192.0.2.1"),
        ({"SERVER_NAME": "", "SERVER_ADDR": "2001:db8::1"}, "[2001:db8::1]"),
        ({"SERVER_NAME": "", "SERVER_ADDR": "[2001:db8::1]"}, "[2001:db8::1]"),
        ({"SERVER_NAME": ""}, "localhost"),
        ({"SERVER_NAME": "named", "SERVER_ADDR": "192.0.2.1"}, "named"),
    ],
)
def test_a_server_that_has_no_name_is_called_by_its_address(given: dict[str, str], name: str) -> None:
    environ = request(**given)
    handler = BaseCGIHandler(BytesIO(), Recorder(), StringIO(), environ)
    handler.run(app_of(b""))
    assert handler.environ["SERVER_NAME"] == name
    assert environ["SERVER_NAME"] == given["SERVER_NAME"]


def test_the_headers_of_the_content_come_without_a_prefix_only() -> None:
    environ = request(HTTP_CONTENT_TYPE="a/b", HTTP_CONTENT_LENGTH="5", CONTENT_TYPE="c/d", CONTENT_LENGTH="0")
    handler = BaseCGIHandler(BytesIO(), Recorder(), StringIO(), environ)
    handler.run(app_of(b""))
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & handler.environ.keys()
    assert (handler.environ["CONTENT_TYPE"], handler.environ["CONTENT_LENGTH"]) == ("c/d", "0")


# ---- the body is what CONTENT_LENGTH says


class NotAllSent(io.RawIOBase):
    """Standard input that the server leaves open behind the body: reading on there would wait for ever."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        assert self.data, "read beyond the body"
        part, self.data = self.data[: len(buffer)], self.data[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


READERS: dict[str, Callable[[Any], bytes]] = {
    "read": lambda stream: stream.read() + stream.read() + stream.read(5),
    "read(None)": lambda stream: stream.read(None),
    "read(-1)": lambda stream: stream.read(-1),
    "read(n)": lambda stream: b"".join(iter(lambda: stream.read(3), b"")),
    "read(too much)": lambda stream: stream.read(1000),
    "readline": lambda stream: b"".join(iter(stream.readline, b"")),
    "readline(n)": lambda stream: b"".join(iter(lambda: stream.readline(2), b"")),
    "readlines": lambda stream: b"".join(stream.readlines()),
    "iteration": b"".join,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("body", [b"", b"x", b"one\ntwo\n", b"one\ntwo"])
def test_standard_input_is_read_as_far_as_the_body_goes(read: Callable[[Any], bytes], body: bytes) -> None:
    for stream in (io.BufferedReader(NotAllSent(body)), BytesIO(body + b"of the next request\n")):
        assert read(CGIInput(stream, len(body))) == body


def test_a_stream_without_read1_will_do() -> None:
    stream = mock.Mock(spec=["read", "readline"], read=BytesIO(b"body").read)
    assert CGIInput(stream, 4).read() == b"body"


def reading_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    data = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(data)))])
    return [data]


@pytest.mark.parametrize(
    ("variables", "body"),
    [
        ({"CONTENT_LENGTH": "3"}, b"bod"),
        ({"CONTENT_LENGTH": "0"}, b""),
        ({"CONTENT_LENGTH": ""}, b""),
        ({}, b""),
        # Servers that undo a transfer coding don't know the length, and close the input at the end (httpd does).
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, b"body"),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "2"}, b"bo"),
    ],
)
def test_content_length_bounds_the_input(variables: dict[str, str], body: bytes) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return reading_app(environ, start_response)

    out, log = run_cgi(OURS, app, request(REQUEST_METHOD="POST", **variables))
    assert (out.partition(b"\r\n\r\n")[2], log) == (body, "")
    assert seen["wsgi.input_terminated"] is True
    assert [seen.get(name) for name in variables] == list(variables.values())


@pytest.mark.parametrize("length", ["-1", "+3", "1_0", "four", "\uff13", "1" * 19, " 3"])
def test_a_content_length_that_is_no_number_is_the_servers_fault(length: str) -> None:
    called: list[Any] = []
    with pytest.raises(RuntimeError, match="CONTENT_LENGTH that is not a decimal number"):
        run_cgi(OURS, lambda *arguments: called.append(arguments), request(CONTENT_LENGTH=length))
    assert called == []


@pytest.mark.parametrize("read", [lambda stream: stream.read(), lambda stream: stream.readline()])
def test_a_body_cut_short_is_the_clients_fault(read: Callable[[Any], bytes]) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        read(environ["wsgi.input"])
        raise AssertionError("read to the end")

    out, log = run_cgi(OURS, app, request(REQUEST_METHOD="POST", CONTENT_LENGTH="10"))
    assert out.startswith(b"Status: 400 Bad Request\r\n")
    assert log == "Bad request body: The request body is cut short\n"


def test_read_environ_gives_bytes_in_unicode() -> None:
    with mock.patch.dict(os.environ, {"PATH_INFO": "/\xe9\udcff", "SERVER_NAME": "h", "AUTH": "\u20ac"}, clear=True):
        environ = read_environ()
        assert environ == {"PATH_INFO": "/\xc3\xa9\xff", "SERVER_NAME": "h", "AUTH": "\xe2\x82\xac"}
        environ["NEW"] = "1"
        assert "NEW" not in os.environ


@pytest.mark.parametrize(
    ("server", "text", "bytes_in_unicode"),
    [
        ("Microsoft-IIS/10.0", "/\u20ac", "/\xe2\x82\xac"),
        ("SimpleHTTP/0.6 Python/3.11.7", "/\xe9", "/\xc3\xa9"),
        ("Apache/2.4.58 (Win64)", "/\xc3\xa9", "/\xc3\xa9"),
        ("Apache/2.4.58 (Win64)", "/\u20ac", "/\xe2\x82\xac"),
    ],
)
def test_read_environ_on_windows(server: str, text: str, bytes_in_unicode: str) -> None:
    given = {"SERVER_SOFTWARE": server, "PATH_INFO": text}
    with mock.patch.object(sys, "platform", "win32"), mock.patch.dict(os.environ, given, clear=True):
        assert read_environ()["PATH_INFO"] == bytes_in_unicode


def test_other_servers_on_windows_use_the_code_page() -> None:
    """The codec of that page is called mbcs, and only Windows has it."""
    for server in ("lighttpd/1.4", ""):
        given = {"SERVER_SOFTWARE": server, "PATH_INFO": "/plain"}
        with mock.patch.object(sys, "platform", "win32"), mock.patch.dict(os.environ, given, clear=True):
            assert read_environ()["PATH_INFO"] == "/plain"
            os.environ["PATH_INFO"] = "/\xe9"
            with pytest.raises(LookupError, match="mbcs"):
                read_environ()


@pytest.mark.parametrize(
    ("script", "path", "expected"),
    [
        ("/app.py", "/app.py/x/y", "/x/y"),
        ("/app.py", "/app.py", ""),
        ("/app.py", "/app.pyc", "/app.pyc"),
        ("/app.py", "/x", "/x"),
        ("", "/x", "/x"),
        ("/a/app.py", "/a/app.py/a/app.py", "/a/app.py"),
    ],
)
def test_iis_cgi_handler_strips_the_script_name(script: str, path: str, expected: str) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    run_cgi(OURS, app, request(SCRIPT_NAME=script, PATH_INFO=path), "IISCGIHandler")
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == (script, expected)
    run_cgi(OURS, app, request(SCRIPT_NAME=script, PATH_INFO=path), "CGIHandler")
    assert seen["PATH_INFO"] == path


def test_a_head_request_under_cgi() -> None:
    out, _ = run_cgi(OURS, app_of(b"data"), request(REQUEST_METHOD="HEAD"))
    assert out == b"Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n"


def test_an_incomplete_request_is_served_all_the_same() -> None:
    out, _ = run_cgi(OURS, app_of(b"x"), {"REQUEST_METHOD": "GET"})
    assert out.startswith(b"Status: 200 OK\r\n")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "cgi-bin" / "program.py"
    path.parent.mkdir()
    path.write_text(PROGRAM)
    path.chmod(0o755)
    return path


def test_as_a_program(program: Path) -> None:
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        **request(REQUEST_METHOD="POST", CONTENT_LENGTH="5", QUERY_STRING="q=1", PATH_INFO="/caf\u00e9"),
    }
    done = subprocess.run(
        [program], input=b"12345 and more", capture_output=True, env=variables, timeout=60, check=True
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"Status: 201 Made",
        b"Content-Type: text/plain; charset=utf-8",
        "X-Path: /caf\u00e9".encode(),
    ]
    assert (body, done.stderr) == (b"POST q=1 12345", b"")


def test_as_a_program_whose_input_stays_open(program: Path) -> None:
    variables = {**os.environ, **request(REQUEST_METHOD="POST", CONTENT_LENGTH="5", QUERY_STRING="q=1")}
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables)
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"12345")
        process.stdin.flush()
        assert process.wait(60) == 0
        assert process.stdout.read().endswith(b"\r\n\r\nPOST q=1 12345")
    finally:
        process.kill()
        process.communicate()


def test_as_a_program_started_by_hand(program: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "REQUEST_METHOD"}
    done = subprocess.run([program], capture_output=True, env=variables, timeout=60, check=False)
    assert done.returncode == 1
    assert b"RuntimeError: This is a CGI program, to be started by a web server: REQUEST_METHOD" in done.stderr
    assert done.stdout == b""


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="http.server has no CGI from Python 3.15 on")
def test_under_the_http_server_of_python(program: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-u", "-W", "ignore", "-c", HTTP_SERVER],
        cwd=program.parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().partition(" port ")[2].split()[0])
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        client.request("POST", "/cgi-bin/program.py/some/path?q=2", b"hello")
        response = client.getresponse()
        # This server sends "200 Script output follows" before a program has said anything: Status comes too late.
        assert response.getheader("Status") == "201 Made"
        assert response.getheader("X-Path") == "/some/path"
        assert response.read() == b"POST q=2 hello"
        client.close()
    finally:
        server.terminate()
        server.communicate(timeout=60)
