"""CGI programs on our wsgiref, under web servers as they are."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.peers.programs import program, talk

# What a user does who wants our modules wherever a program says "wsgiref".
ALIAS = """
import importlib, sys
import pytest_wsgiconform.wsgiref
sys.modules["wsgiref"] = pytest_wsgiconform.wsgiref
for name in ("util", "headers", "handlers", "simple_server", "types"):
    sys.modules["wsgiref." + name] = importlib.import_module("pytest_wsgiconform.wsgiref." + name)
"""
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


def run_quietly(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


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
