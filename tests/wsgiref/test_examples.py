"""The programs of the documentation, as a user would write them, with only the import changed."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.wsgiref.server_tools import Client

# As long programs would, each prints a line when it is ready; here it tells the port as well.
HELLO = """
from pytest_wsgiconform.wsgiref.simple_server import make_server

def hello(environ, start_response):
    start_response("200 OK", [("Content-type", "text/plain; charset=utf-8")])
    return [b"Hello World"]

with make_server("", 0, hello) as httpd:
    print("port", httpd.server_port, flush=True)
    httpd.serve_forever()
"""

DEMO_ONCE = """
from pytest_wsgiconform.wsgiref.simple_server import make_server, demo_app

with make_server("", 0, demo_app) as httpd:
    print("port", httpd.server_port, flush=True)
    httpd.handle_request()
print("done")
"""

ENVIRONMENT = """
from pytest_wsgiconform.wsgiref.util import setup_testing_defaults
from pytest_wsgiconform.wsgiref.simple_server import make_server

def show(environ, start_response):
    setup_testing_defaults(environ)
    start_response("200 OK", [("Content-type", "text/plain; charset=utf-8")])
    return [f"{key}: {value}\\n".encode("utf-8") for key, value in environ.items()]

with make_server("", 0, show) as httpd:
    print("port", httpd.server_port, flush=True)
    httpd.serve_forever()
"""

FILES = """
import mimetypes, os, sys
from pytest_wsgiconform.wsgiref import simple_server, util

def app(environ, respond):
    name = os.path.join(path, environ["PATH_INFO"][1:])
    if "." not in name.split(os.path.sep)[-1]:
        name = os.path.join(name, "index.html")
    kind = mimetypes.guess_type(name)[0]
    if os.path.exists(name):
        respond("200 OK", [("Content-Type", kind)])
        return util.FileWrapper(open(name, "rb"))
    respond("404 Not Found", [("Content-Type", "text/plain")])
    return [b"not found"]

path = sys.argv[1]
httpd = simple_server.make_server("", 0, app)
print("port", httpd.server_port, flush=True)
try:
    httpd.serve_forever()
except KeyboardInterrupt:
    httpd.server_close()
"""

VALIDATED = """
from pytest_wsgiconform.wsgiref.validate import validator
from pytest_wsgiconform.wsgiref.simple_server import make_server

def wrong(environ, start_response):
    start_response("200 OK", [("Content-type", "text/plain")])
    return b"Hello World"

with make_server("", 0, validator(wrong)) as httpd:
    print("port", httpd.server_port, flush=True)
    httpd.serve_forever()
"""

WRAPPER = """
from io import StringIO
from pytest_wsgiconform.wsgiref.util import FileWrapper

wrapper = FileWrapper(StringIO("This is an example file-like object" * 10), blksize=5)
print("".join(wrapper))
"""


@contextlib.contextmanager
def running(program: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"port (\d+)\n", line)
        assert match, (line, process.stderr and process.stderr.read())
        with Client(("127.0.0.1", int(match[1]))) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


def test_hello_world() -> None:
    with running(HELLO) as (_, client):
        response = client.get()
        assert (response.body, response.value("Content-type")) == (b"Hello World", "text/plain; charset=utf-8")


def test_demo_app_for_one_request() -> None:
    with running(DEMO_ONCE) as (process, client):
        body = client.get("/here").body.decode()
        assert body.startswith("Hello world!\n\n")
        assert "PATH_INFO = '/here'\n" in body
        assert process.wait(20) == 0


def test_environment_listing() -> None:
    with running(ENVIRONMENT) as (_, client):
        lines = client.get("/x?y").body.decode().splitlines()
        assert {"REQUEST_METHOD: GET", "PATH_INFO: /x", "QUERY_STRING: y", "wsgi.version: (1, 0)"} <= set(lines)


def test_files_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>hi</p>")
    with running(FILES, str(tmp_path)) as (_, client):
        response = client.get()
        assert (response.body, response.value("Content-Type")) == (b"<p>hi</p>", "text/html")
        assert client.get("/missing.html").status == 404


def test_validator_finds_the_fault() -> None:
    pytest.importorskip("pytest_wsgiconform.wsgiref.validate")
    with running(VALIDATED) as (process, client):
        assert client.get().status == 500
        process.kill()
        assert "AssertionError" in process.communicate()[1]


def test_file_wrapper_example() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = subprocess.run(
        [sys.executable, "-c", WRAPPER], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert output == "This is an example file-like object" * 10 + "\n"
