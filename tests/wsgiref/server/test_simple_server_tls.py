"""simple_server on a TLS socket, made as users make it: by wrapping the listening socket."""

from __future__ import annotations

import ast
import contextlib
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.simple_server import ThreadingWSGIServer, WSGIServer
from tests.wsgiref.server_tools import Client, environ_app, serving, text_app

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssl.SSLContext]:
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    yield server_side


def secure(server_class: type[WSGIServer], context: ssl.SSLContext) -> type[WSGIServer]:
    class Secure(server_class):  # type: ignore[misc, valid-type]
        def server_activate(self) -> None:
            super().server_activate()
            self.socket = context.wrap_socket(self.socket, server_side=True)

    return Secure


class SecureClient(Client):
    def __init__(self, address: Any, family: int = socket.AF_INET) -> None:
        super().__init__(address, family)
        self.file.close()
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        self.socket = trusting.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")


@pytest.mark.parametrize("server_class", [ThreadingWSGIServer, WSGIServer])
def test_d42_scheme_and_variables_over_tls(server_class: type[WSGIServer], context: ssl.SSLContext) -> None:
    with serving(environ_app, server_class=secure(server_class, context)) as live:
        with SecureClient(live.address) as client:
            response = client.get()
            environ, _ = ast.literal_eval(response.body.decode())
            if server_class is ThreadingWSGIServer:
                assert client.get().status == 200
            else:  # nobody else could be served while it waits for the next request
                assert response.value("Connection") == "close"
        assert environ["wsgi.url_scheme"] == "https"
        assert environ["HTTPS"] == "on"
        assert environ["SSL_PROTOCOL"].startswith("TLS")
        assert environ["SSL_CIPHER"]
        assert environ["SSL_CIPHER_USEKEYSIZE"].isdigit()


def test_d15_failed_handshakes_are_quiet_and_harmless(
    context: ssl.SSLContext, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(text_app(), server_class=secure(ThreadingWSGIServer, context)) as live:
        with Client(live.address) as plain:
            plain.socket.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                plain.socket.recv(1000)
        # Nor does a client that never begins its handshake hold up the others.
        with Client(live.address), SecureClient(live.address) as client:
            assert client.get().status == 200
    assert "Traceback" not in capsys.readouterr().err


def test_files_over_tls_are_iterated(context: ssl.SSLContext, tmp_path: Path) -> None:
    content = b"0123456789" * 30_000
    (tmp_path / "file").write_bytes(content)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"]((tmp_path / "file").open("rb"))

    with serving(app, server_class=secure(ThreadingWSGIServer, context)) as live, SecureClient(live.address) as client:
        assert client.get().body == content


def test_time_limits_hold_over_tls(context: ssl.SSLContext) -> None:
    with (
        serving(text_app(), server_class=secure(ThreadingWSGIServer, context), timeout=0.2, head_timeout=0.2) as live,
        SecureClient(live.address) as client,
    ):
        start = time.monotonic()
        client.socket.sendall(b"GET / HTTP/1.1\r\n")
        assert client.response().status == 408
        assert client.at_end()
        assert time.monotonic() - start < 20
