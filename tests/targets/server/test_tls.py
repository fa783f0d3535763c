"""The client for TLS, against peers that keep and break the protocol."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_wsgiconform.observe.wire import AwaitFinal, Limits, Script, Send
from pytest_wsgiconform.targets.server import tls as server_tls
from pytest_wsgiconform.targets.server.tls import converse_tls, make_certificate

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SCRIPT = Script((Send(REQUEST), AwaitFinal(1)))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    made = make_certificate(tmp_path_factory.mktemp("tls"))
    if made is None:
        pytest.skip("there is no openssl command")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(*made)
    return own


@contextmanager
def serving(peer: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def run() -> None:
            sock, _ = listener.accept()
            with sock:
                peer(sock)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[:2]
        finally:
            thread.join(10)
            assert not thread.is_alive()


def test_request_and_response(context: ssl.SSLContext) -> None:
    got: list[bytes] = []

    def peer(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            got.append(secure.recv(65536))
            secure.sendall(OK)

    with serving(peer) as address:
        record = converse_tls(address, SCRIPT, Limits())
    assert got == [REQUEST] == [record.bytes_sent]
    assert record.ended == "eof"
    assert [response.body for response in record.responses] == [b"hi"]


def test_peer_that_falls_silent(context: ssl.SSLContext) -> None:
    leave = threading.Event()

    def peer(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True):
            leave.wait(10)

    with serving(peer) as address:
        record = converse_tls(address, SCRIPT, Limits(quiet=1.0, total=3.0))
        leave.set()
    assert (record.ended, record.responses) == ("open", [])


def test_peer_that_cuts_the_connection(context: ssl.SSLContext) -> None:
    def peer(sock: socket.socket) -> None:
        secure = context.wrap_socket(sock, server_side=True)
        secure.recv(65536)
        secure.sendall(OK[:20])
        plain = socket.socket(fileno=secure.detach())
        plain.close()  # no closing alert

    with serving(peer) as address:
        record = converse_tls(address, SCRIPT, Limits())
    assert (record.ended, record.bytes_received) == ("eof", OK[:20])
    assert [response.complete for response in record.responses] == [False]


def test_peer_without_tls() -> None:
    def peer(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(OK)

    with serving(peer) as address:
        assert converse_tls(address, SCRIPT, Limits()).ended == "refused"


def test_nobody_listens() -> None:
    assert converse_tls(("127.0.0.1", 1), SCRIPT, Limits()).ended == "refused"


def test_no_openssl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server_tls.shutil, "which", lambda name: None)
    assert make_certificate(tmp_path) is None


def test_openssl_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "openssl")

    monkeypatch.setattr(server_tls.shutil, "which", lambda name: "/usr/bin/openssl")
    monkeypatch.setattr(server_tls.subprocess, "run", fail)
    assert make_certificate(tmp_path) is None
