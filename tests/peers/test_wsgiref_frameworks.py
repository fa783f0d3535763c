"""Frameworks as they are, with `wsgiref` aliased to ours."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.programs import program, talk

# What a user does who wants our modules wherever a program says "wsgiref".
ALIAS = """
import importlib, sys
import pytest_wsgiconform.wsgiref
sys.modules["wsgiref"] = pytest_wsgiconform.wsgiref
for name in ("util", "headers", "handlers", "simple_server", "types"):
    sys.modules["wsgiref." + name] = importlib.import_module("pytest_wsgiconform.wsgiref." + name)
"""
DJANGO = """
import django
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=True, MIDDLEWARE=[])
django.setup()

def hello(request):
    return HttpResponse("hello " + request.META["QUERY_STRING"])

def echo(request):
    return HttpResponse(request.body)

def stream(request):
    return StreamingHttpResponse(iter([b"a", b"b", b"c"]))

urlpatterns = [path("hello", hello), path("echo", echo), path("stream", stream)]

from django.core.servers import basehttp
from django.core.wsgi import get_wsgi_application
from pytest_wsgiconform.wsgiref import simple_server

assert issubclass(basehttp.WSGIServer, simple_server.WSGIServer)
assert issubclass(basehttp.ServerHandler, simple_server.ServerHandler)
assert issubclass(basehttp.WSGIRequestHandler, simple_server.WSGIRequestHandler)
basehttp.run(
    "127.0.0.1", 0, get_wsgi_application(), threading=sys.argv[1] == "threading",
    on_bind=lambda port: print("port", port, flush=True),
)
"""
PACKAGES = ["django", "flask", "bottle", "webtest", "requests"]


@pytest.fixture(scope="session")
def peers_python() -> str:
    """Return the interpreter of a virtual environment that has the frameworks."""
    folder = Path(os.environ.get("WSGICONFORM_PEERS") or Path.home() / ".cache" / "pytest-wsgiconform")
    venv = folder / f"programs-{sys.version_info[0]}.{sys.version_info[1]}"
    python = venv / "bin" / "python"
    if not (venv / "complete").exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES],
            check=True, capture_output=True,
        )  # fmt: skip
        (venv / "complete").touch()
    return str(python)


def use_framework(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = bytes(range(256)) * 1000
    try:
        for _ in range(3):
            assert talk(connection, "GET", "/hello?a=%20b") == (200, b"hello a=%20b")
            assert talk(connection, "POST", "/echo", body=body) == (200, body)
            assert talk(connection, "HEAD", "/hello") == (200, b"")
            assert talk(connection, "GET", "/stream") == (200, b"abc")
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("threading", ["threading", "single"])
def test_django_runserver(peers_python: str, threading: str) -> None:
    with program(peers_python, DJANGO, threading) as port:
        use_framework(port)
        chunks = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            # Django reads Content-Length bytes only; the chunks it leaves must not become the next request.
            hidden = b"GET /hello?hidden HTTP/1.1\r\nHost: h\r\n\r\n"
            assert talk(chunks, "POST", "/echo", body=iter([hidden]))[0] == 200
            assert talk(chunks, "GET", "/hello?next") == (200, b"hello next")
        finally:
            chunks.close()


FLASK = """
from flask import Flask, Response, request
from wsgiref.simple_server import make_server

app = Flask("peer")

@app.route("/hello")
def hello():
    return "hello " + request.query_string.decode()

@app.route("/echo", methods=["POST"])
def echo():
    return Response(request.get_data())

@app.route("/stream")
def stream():
    return Response(iter([b"a", b"b", b"c"]))

server = make_server("127.0.0.1", 0, app)
print("port", server.server_port, flush=True)
server.serve_forever()
"""
BOTTLE = """
import bottle

@bottle.route("/hello")
def hello():
    return "hello " + bottle.request.query_string

@bottle.post("/echo")
def echo():
    return bottle.request.body.read()

@bottle.route("/stream")
def stream():
    yield b"a"
    yield b"b"
    yield b"c"

from wsgiref import simple_server

class Server(simple_server.WSGIServer):
    def server_activate(self):
        super().server_activate()
        print("port", self.server_port, flush=True)

bottle.run(server="wsgiref", host="127.0.0.1", port=0, server_class=Server)
"""
WEBTEST = """
import io, webtest
from webtest import lint
from wsgiref.simple_server import WSGIRequestHandler, demo_app, make_server

response = webtest.TestApp(demo_app).get("/x?y=z")
assert response.status == "200 OK"
assert "QUERY_STRING = 'y=z'" in response.text

def app(environ, start_response):
    if environ["PATH_INFO"] == "/echo":
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    else:
        data = b"hello " + environ["QUERY_STRING"].encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/stream":
        return iter([b"a", b"b", b"c"])
    return [data]

server = make_server("127.0.0.1", 0, lint.middleware(app))
print("port", server.server_port, flush=True)
server.serve_forever()
"""


@pytest.mark.slow
@pytest.mark.parametrize("source", [FLASK, BOTTLE, WEBTEST], ids=["flask", "bottle", "webtest"])
def test_frameworks(peers_python: str, source: str) -> None:
    with program(peers_python, source) as port:
        use_framework(port)


@pytest.mark.slow
def test_flask_reads_chunked_bodies(peers_python: str) -> None:
    with program(peers_python, FLASK) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        chunks = iter([b"one,", b"two"])
        headers = {"Transfer-Encoding": "chunked"}
        answer = talk(connection, "POST", "/echo", body=chunks, encode_chunked=True, headers=headers)
        assert answer == (200, b"one,two")
        connection.close()
