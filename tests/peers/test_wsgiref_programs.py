"""Programs and clients as they are, on our wsgiref: frameworks with `wsgiref` aliased, CGI, and HTTP clients.

The frameworks are installed once into a virtual environment under the folder that the environment variable
WSGICONFORM_PEERS names, ~/.cache/pytest-wsgiconform without it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wsgiref.server_tools import Live, environ_app, serving

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["django", "flask", "bottle", "webtest", "requests"]

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


@contextlib.contextmanager
def program(python: str, source: str, *arguments: str) -> Iterator[int]:
    """Run a program that prints "port N" when it is ready; give that port, and show its errors if it fails."""
    process = subprocess.Popen(
        [python, "-c", ALIAS + textwrap.dedent(source), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        match = None
        while match is None:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            match = re.fullmatch(r"port (\d+)\n", line)
        yield int(match[1])
    finally:
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors, errors


def talk(connection: http.client.HTTPConnection, method: str, target: str, **options: object) -> tuple[int, bytes]:
    connection.request(method, target, **options)  # type: ignore[arg-type]
    response = connection.getresponse()
    return response.status, response.read()


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


# ---- CGI

CGI_SCRIPT = f"""#!{sys.executable}
import sys
from pytest_wsgiconform.wsgiref.handlers import CGIHandler

def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr((environ["REQUEST_METHOD"], environ["QUERY_STRING"], environ["wsgi.run_once"], body)).encode()]

CGIHandler().run(app)
"""


# As root, the server would run scripts as "nobody", who need not be allowed to read them; without fork it doesn't.
CGI_SERVER = """
import http.server, os, sys
os.chdir(sys.argv[1])

class Handler(http.server.CGIHTTPRequestHandler):
    have_fork = False

    def log_message(self, *arguments):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port, flush=True)
server.serve_forever()
"""


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="http.server has no CGI since 3.15")
def test_cgi_script_under_http_server(tmp_path: Path) -> None:
    script = tmp_path / "cgi-bin" / "script.py"
    script.parent.mkdir()
    script.write_text(CGI_SCRIPT)
    script.chmod(0o755)
    with program(sys.executable, CGI_SERVER, str(tmp_path)) as port:
        for method, body in (("GET", None), ("POST", b"hello")):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            answer = talk(connection, method, "/cgi-bin/script.py?a=%20b", body=body)
            assert answer == (200, repr((method, "a=%20b", True, body or b"")).encode())
            connection.close()


LIGHTTPD_SCRIPT = f"""#!/bin/sh
''':'
exec "{sys.executable}" "$0" "$@"
'''
import sys
sys.path.insert(0, {str(ROOT)!r})
from pytest_wsgiconform.wsgiref.handlers import CGIHandler
from pytest_wsgiconform.wsgiref.util import request_uri

def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("deliberate")
    body = environ["wsgi.input"].read()  # to the end: the length is the handler's business
    start_response("201 Made", [("Content-Type", "text/plain"), ("X-Uri", request_uri(environ))])
    if environ["PATH_INFO"] == "/stream":
        return iter([b"a", b"b", b"c"])
    shown = {{name: environ.get(name) for name in ("REQUEST_METHOD", "PATH_INFO", "HTTP_PROXY", "wsgi.run_once")}}
    return [repr((shown, body)).encode()]

CGIHandler().run(app)
"""

LIGHTTPD_SETTINGS = """
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{root}/errors"
server.modules += ( "mod_cgi" )
server.stream-request-body = {stream}
cgi.assign = ( ".cgi" => "" )
"""


def find_lighttpd() -> list[str]:
    """Return the command that starts lighttpd: the installed one, or Debian's package unpacked into the cache."""
    installed = shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin:/usr/local/sbin")
    if installed is not None:
        return [installed]
    folder = Path(os.environ.get("WSGICONFORM_PEERS") or Path.home() / ".cache" / "pytest-wsgiconform") / "lighttpd"
    binary = folder / "root" / "usr" / "sbin" / "lighttpd"
    command = [str(binary), "-m", str(folder / "root" / "usr" / "lib" / "lighttpd")]
    try:
        if not binary.exists():
            folder.mkdir(parents=True, exist_ok=True)
            run_quietly("apt-get", "download", "lighttpd", folder=folder)
            run_quietly("dpkg", "-x", str(next(folder.glob("lighttpd_*.deb"))), "root", folder=folder)
        run_quietly(*command, "-v", folder=folder)
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        pytest.skip(f"lighttpd is not installed, and can't be had from Debian's packages: {error}")
    return command


def run_quietly(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


@contextlib.contextmanager
def lighttpd(folder: Path, stream: int) -> Iterator[int]:
    """Run lighttpd on a folder with a CGI program; give its port. ``stream``: 2 sends bodies on as they come."""
    command = find_lighttpd()
    script = folder / "program.cgi"
    script.write_text(LIGHTTPD_SCRIPT)
    script.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "settings"
    settings.write_text(LIGHTTPD_SETTINGS.format(root=folder, port=port, stream=stream))
    process = subprocess.Popen([*command, "-D", "-f", str(settings)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for _ in range(400):
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), 20).close()
                break
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.parametrize("stream", [0, 2], ids=["whole bodies", "streamed bodies"])
def test_cgi_program_under_lighttpd(tmp_path: Path, stream: int) -> None:
    with lighttpd(tmp_path, stream) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for method, body in (("GET", b""), ("POST", b"hello"), ("PUT", bytes(range(256)) * 2000)):
            shown = {"REQUEST_METHOD": method, "PATH_INFO": "/some path", "HTTP_PROXY": None, "wsgi.run_once": True}
            connection.request(method, "/program.cgi/some%20path?q=%20b", body, {"Proxy": "http://evil.example/"})
            response = connection.getresponse()
            assert response.status == 201  # the reason is the server's own
            assert response.getheader("X-Uri") == f"http://127.0.0.1:{port}/program.cgi/some%20path?q=%20b"
            assert response.read() == repr((shown, body)).encode()
        coded = {"Transfer-Encoding": "chunked"}
        chunks = iter([b"ab", b"c"])
        status, answer = talk(connection, "POST", "/program.cgi/", body=chunks, encode_chunked=True, headers=coded)
        if status == 411:  # CGI wants the length beforehand, which is unknown while the body is streamed
            assert stream
        else:
            assert status == 201 and answer.endswith(b", b'abc')")
        assert talk(connection, "GET", "/program.cgi/stream") == (201, b"abc")
        assert talk(connection, "HEAD", "/program.cgi/stream") == (201, b"")
        status, answer = talk(connection, "GET", "/program.cgi/fail")
        assert (status, b"deliberate" in answer) == (500, False)
        connection.close()
        # lighttpd has no SERVER_NAME for a request without Host.
        with socket.create_connection(("127.0.0.1", port), 60) as bare:
            bare.sendall(b"GET /program.cgi/x HTTP/1.0\r\n\r\n")
            received = b"".join(iter(lambda: bare.recv(65536), b""))
        assert f"X-Uri: http://127.0.0.1:{port}/program.cgi/x\r\n".encode() in received


# ---- clients


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(params=["127.0.0.1", "::1"], ids=["IPv4", "IPv6"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    if request.param == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with serving(environ_app, host=request.param) as server:
        yield server


def url_of(live: Live) -> str:
    return f"http://{live.server.base_environ['SERVER_NAME']}:{live.server.server_port}"


def test_http_client(live: Live) -> None:
    connection = http.client.HTTPConnection(live.address[0], live.address[1], timeout=20)
    connection.connect()
    kept = connection.sock
    assert b"'PATH_INFO': '/a b'" in talk(connection, "GET", "/a%20b")[1]
    assert talk(connection, "PUT", "/", body=b"data")[1].endswith(b"b'data')")
    chunked = talk(connection, "POST", "/", body=iter([b"ab", b"c"]), encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert chunked[1].endswith(b"b'abc')")
    assert talk(connection, "HEAD", "/") == (200, b"")
    assert connection.sock is kept
    connection.close()


def test_requests(live: Live) -> None:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(3):
            assert session.get(url_of(live) + "/x", params={"q": "ä"}, timeout=20).status_code == 200
            assert session.post(url_of(live), data=b"x" * 100_000, timeout=20).text.endswith("xxx')")
            assert session.post(url_of(live), data=iter([b"ab", b"c"]), timeout=20).text.endswith("b'abc')")
    assert {line.split()[-2] for line in live.log} == {"200"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(live: Live, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"y" * 2_000_000)  # curl expects a 100 (Continue) for bodies of this size

    def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = ["curl", "--noproxy", "*", "-g", "-s", "-S", "--max-time", "20", *arguments]
        return subprocess.run(command, capture_output=True, check=True)

    two = curl("-v", url_of(live) + "/1", url_of(live) + "/2")
    assert two.stdout.count(b"'PATH_INFO'") == 2
    assert b"Re-using existing connection" in two.stderr
    posted = curl("-v", "-H", "Expect: 100-continue", "--data-binary", f"@{large}", url_of(live))
    assert posted.stdout.endswith(b"yyy')")
    assert b"100 Continue" in posted.stderr
    chunked = curl("-H", "Transfer-Encoding: chunked", "-T", str(large), url_of(live) + "/upload")
    assert chunked.stdout.endswith(b"yyy')")
    head = curl("-I", url_of(live))
    assert head.stdout.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"'REQUEST_METHOD': 'GET'" in curl("--http1.0", url_of(live)).stdout
    upgrade = curl("--http2", url_of(live))  # rfc-upgrade-ignored
    assert b"'HTTP_UPGRADE': 'h2c'" in upgrade.stdout
