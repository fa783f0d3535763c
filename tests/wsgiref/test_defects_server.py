"""The known defects of the standard simple_server as a server, one by one: d25, d48, d50 to d57."""

from __future__ import annotations

import io
import os
import socket
import socketserver
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.wsgiref.both_servers import read_all, seen_environ, served
from tests.wsgiref.handler_tools import OURS, defect

HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n"
CLOSING = HEAD + b"Connection: close\r\n\r\n"


@defect
@pytest.mark.skipif(not hasattr(os, "sendfile"), reason="needs a system with sendfile")
def test_d25_files_go_out_without_a_copy(package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    send = os.sendfile

    def counting(*arguments: int) -> int:
        calls.append(1)
        return send(*arguments)

    monkeypatch.setattr(os, "sendfile", counting)
    path = tmp_path / "file"
    path.write_bytes(b"content" * 1000)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    with served(package, app) as server:
        assert server.body(HEAD + b"\r\n") == b"content" * 1000
    assert calls


@defect
def test_d48_connections_are_kept_and_100_is_sent(package: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"<%b>" % data]

    with served(package, app) as server, server.connection() as connection:
        for _ in range(2):
            connection.sendall(HEAD + b"\r\n")
            assert receive_until(connection, b"<>").startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert receive_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert receive_until(connection, b"<abc>").startswith(b"HTTP/1.1 200 OK\r\n")


def receive_until(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        part = connection.recv(65536)
        assert part, data
        data += part
    return data


@defect
def test_d50_a_silent_connection_blocks_nobody(package: Any) -> None:
    with served(package, seen_environ({})) as server, server.connection():
        assert server.exchange(CLOSING).endswith(b"hello")


@defect
def test_d51_the_flags_tell_the_truth(package: Any) -> None:
    class Threading(socketserver.ThreadingMixIn, package.simple_server.WSGIServer):  # type: ignore[misc]
        daemon_threads = True

    seen: dict[str, Any] = {}
    for server_class, truth in ((Threading, True), (package.simple_server.WSGIServer, False)):
        with served(package, seen_environ(seen), server_class=server_class) as server:
            server.exchange(CLOSING)
        assert bool(seen["wsgi.multithread"]) is truth


@defect
def test_d52_the_handler_of_applications_can_be_replaced(package: Any) -> None:
    class Mine(package.simple_server.ServerHandler):  # type: ignore[misc]
        error_body = b"mine"

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise RuntimeError("deliberate")

    with served(package, app, server_handler_class=Mine) as server:
        assert server.exchange(CLOSING).endswith(b"\r\n\r\nmine")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@defect
@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_d53_an_ipv6_address(package: Any) -> None:
    seen: dict[str, Any] = {}
    with served(package, seen_environ(seen), host="::1") as server:
        assert server.exchange(CLOSING).endswith(b"hello")
    assert (seen["SERVER_NAME"], seen["REMOTE_ADDR"]) == ("[::1]", "::1")


@defect
@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_d54_a_unix_socket(package: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    seen: dict[str, Any] = {}

    class Unix(package.simple_server.WSGIServer):  # type: ignore[misc]
        address_family = socket.AF_UNIX

        def __init__(self, address: object, handler: Any) -> None:
            super().__init__(path, handler)

    with served(package, seen_environ(seen), server_class=Unix) as server:
        assert server.exchange(CLOSING).endswith(b"hello")
    assert (seen["SERVER_NAME"], seen["REMOTE_ADDR"]) == ("localhost", "")


@defect
def test_d55_no_name_is_resolved_at_the_start(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*arguments: object) -> str:
        raise AssertionError("resolved a name")

    for name in ("getfqdn", "gethostbyaddr", "getnameinfo"):
        monkeypatch.setattr(socket, name, resolve)
    seen: dict[str, Any] = {}
    with served(package, seen_environ(seen)) as server:
        assert server.exchange(CLOSING).endswith(b"hello")
    assert seen["SERVER_NAME"] == "127.0.0.1"


@defect
def test_d56_a_lost_connection_is_one_line(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    with package.simple_server.make_server("127.0.0.1", 0, seen_environ({})) as server:
        try:
            raise ConnectionResetError("gone")
        except ConnectionResetError:
            server.handle_error(None, ("127.0.0.1", 1))
    assert stderr.getvalue().count("\n") <= 1


@defect
def test_d57_shutdown_from_a_request(package: Any) -> None:
    ended = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        server.shutdown()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"bye"]

    handler = type("Quiet", (package.simple_server.WSGIRequestHandler,), {"log_message": lambda *arguments: None})
    with package.simple_server.make_server("127.0.0.1", 0, app, handler_class=handler) as server:

        def serve() -> None:
            server.serve_forever(0.02)
            ended.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with socket.create_connection(server.server_address, 20) as connection:
            connection.sendall(CLOSING)
            try:
                assert ended.wait(20.0 if package is OURS else 0.4), "shutdown() waits for itself"
                assert read_all(connection).endswith(b"bye")
            finally:
                if package is not OURS:  # let it out of its deadlock
                    server._BaseServer__is_shut_down.set()
                thread.join(20)


@defect
def test_d57_shutdown_before_serving(package: Any) -> None:
    with package.simple_server.make_server("127.0.0.1", 0, seen_environ({})) as server:
        calls = [
            threading.Thread(target=server.shutdown, daemon=True),
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True),
        ]
        returned = []
        try:
            for call in calls:
                call.start()
                call.join(20.0 if package is OURS else 0.2)
                returned.append(not call.is_alive())
        finally:
            if package is not OURS:
                server._BaseServer__is_shut_down.set()
                server._BaseServer__shutdown_request = True
            for call in calls:
                call.join(20)
        assert returned == [True, True]
