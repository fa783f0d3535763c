"""simple_server over real sockets: connections that are kept, idle, slow, and the end of the server."""

from __future__ import annotations

import ast
import contextlib
import errno
import socket
import socketserver
import sys
import threading
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.simple_server import (
    ThreadingWSGIServer,
    WSGIServer,
    make_server,
)
from tests.wsgiref.server_tools import (
    Client,
    Environ,
    Silent,
    either,
    environ_app,
    serving,
    text_app,
    wait_until,
)

# ---- persistent connections


@either
def test_d48_rfc_persist_default(threaded: bool) -> None:
    with serving(environ_app, threaded) as live, live.connect() as client:
        for number in range(5):
            response = client.get(f"/{number}")
            assert (response.version, response.value("Connection")) == ("1.1", None)
            assert f"'/{number}'".encode() in response.body


@either
def test_rfc_persist_close(threaded: bool) -> None:
    with serving(text_app(), threaded) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h", "Connection: close")
        client.send("GET / HTTP/1.1", "Host: h")
        assert client.response().value("Connection") == "close"
        assert client.at_end()


def test_rfc_persist_10() -> None:
    with serving(text_app()) as live:
        with live.connect() as client:
            client.send("GET / HTTP/1.0")
            response = client.response()
            assert (response.version, response.value("Connection")) == ("1.0", None)
            assert client.at_end()
        with live.connect() as client:
            for _ in range(2):
                client.send("GET / HTTP/1.0", "Connection: keep-alive")
                response = client.response()
                assert (response.value("Connection"), response.value("Content-Length")) == ("keep-alive", "5")


def test_http10_stream_ends_with_the_connection() -> None:
    with serving(lambda environ, start: start("200 OK", []) and iter([b"a", b"b"])) as live, live.connect() as client:
        client.send("GET / HTTP/1.0", "Connection: keep-alive")
        response = client.response()
        assert (response.body, response.values("Transfer-Encoding"), response.value("Connection")) == (
            b"ab", [], "close",
        )  # fmt: skip


@either
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_rfc_pipeline_order(threaded: bool, size: int) -> None:
    requests = b"".join(
        b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\nGET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
        % (n, n + 1)
        for n in range(0, 6, 2)
    )
    with serving(environ_app, threaded) as live, live.connect() as client:
        for start in range(0, len(requests), size):
            client.socket.sendall(requests[start : start + size])
        paths = [ast.literal_eval(client.response().body.decode())[0]["PATH_INFO"] for _ in range(6)]
    assert paths == [f"/{number}" for number in range(6)]


def test_d50_silent_and_idle_connections_stop_nobody_in_the_single_threaded_server() -> None:
    with serving(text_app(), threaded=False) as live:
        silent = [live.connect() for _ in range(3)]
        idle = live.connect()
        assert idle.get().status == 200
        with live.connect() as client:
            assert client.get().status == 200
        assert idle.get().status == 200  # and it was kept all the while
        assert silent[1].get().status == 200
        for client in (*silent, idle):
            client.__exit__()


def test_an_endless_pipeline_does_not_stop_others() -> None:
    """In the single-threaded server somebody has to go, and it is not the one who waits."""
    stop = threading.Event()

    def flood(client: Client) -> None:
        with contextlib.suppress(OSError):
            while not stop.is_set():
                client.socket.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 50)

    def drain(client: Client) -> None:
        with contextlib.suppress(OSError):
            while client.socket.recv(65536):
                pass

    with serving(text_app(), threaded=False) as live:
        clients = [live.connect() for _ in range(2)]
        threads = [threading.Thread(target=act, args=(client,)) for client in clients for act in (flood, drain)]
        try:
            for thread in threads:
                thread.start()
            for _ in range(3):
                with live.connect() as client:
                    assert client.get().status == 200
        finally:
            stop.set()
            for client in clients:
                with contextlib.suppress(OSError):
                    client.socket.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(20)
            for client in clients:
                client.__exit__()


def test_parked_connections_are_dropped_when_their_time_is_up() -> None:
    class Impatient(WSGIServer):
        idle_timeout = 0.05

    with serving(text_app(), server_class=Impatient) as live:
        live.server._next_sweep = 0.0
        with live.connect() as client:
            assert client.at_end()


def test_a_single_threaded_server_keeps_so_many_silent_connections() -> None:
    class Few(WSGIServer):
        max_idle = 3

    with serving(text_app(), server_class=Few) as live:
        clients = []
        for number in range(5):
            clients.append(live.connect())
            assert clients[-1].get().status == 200
            wait_until(lambda: len(live.server._parked) == min(3, number + 1))  # noqa: B023
        assert [client.at_end() for client in clients[:2]] == [True, True]  # silent for longer than the others
        assert [client.get().status for client in clients[2:]] == [200] * 3
        for client in clients:
            client.__exit__()


@either
def test_a_connection_that_cannot_be_accepted_ends_an_idle_one(threaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError(errno.EMFILE, "too many open files"), OSError(errno.ECONNABORTED, "gone")]
    accept = socketserver.TCPServer.get_request

    def get_request(server: Any) -> Any:
        if failures:
            raise failures.pop(0)
        return accept(server)

    with serving(text_app(), threaded) as live, live.connect() as idle:
        assert idle.get().status == 200
        wait_until(lambda: live.server._parked or list(live.server._waiting.values()) == [True])
        monkeypatch.setattr(socketserver.TCPServer, "get_request", get_request)
        with live.connect() as client:
            assert client.get().status == 200
            assert idle.at_end()
        assert failures == []


WITHOUT_ROOM = """
import os, resource, socket, sys, threading, time
from pytest_wsgiconform.wsgiref import simple_server

class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

kind = getattr(simple_server, sys.argv[1])
server = simple_server.make_server("127.0.0.1", 0, app, kind, Handler)
clients = [socket.socket() for _ in range(40)]
resource.setrlimit(resource.RLIMIT_NOFILE, (clients[-1].fileno() + 15, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
served = 0
for client in clients:
    client.settimeout(20)
    client.connect(server.server_address)
    client.sendall(b"GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
    served += client.recv(65536).endswith(b"hello")
before = time.process_time()
time.sleep(0.5)
print(served, time.process_time() - before < 0.4, flush=True)
os._exit(0)
"""


@either
def test_a_process_that_may_open_no_more_files_makes_room_and_does_not_spin(threaded: bool) -> None:
    pytest.importorskip("resource")
    import subprocess

    command = [sys.executable, "-c", WITHOUT_ROOM, "ThreadingWSGIServer" if threaded else "WSGIServer"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("40 True\n", "")


@either
def test_idle_connections_end_in_silence(threaded: bool) -> None:
    class Impatient(WSGIServer):
        idle_timeout = 0.1

    server_class = ThreadingWSGIServer if threaded else Impatient
    with serving(text_app(), server_class=server_class, timeout=0.1) as live, live.connect() as client:
        assert client.get().status == 200
        assert client.at_end()
        assert len(live.log) == 1


def test_slow_head_is_answered_408() -> None:
    with serving(text_app(), head_timeout=0.2) as live, live.connect() as client:
        client.socket.sendall(b"GET / HTTP/1.1\r\n")
        assert client.response().status == 408
        assert client.at_end()


def test_slow_clients_do_not_stop_others() -> None:
    with serving(text_app()) as live, live.connect() as slow, live.connect() as client:
        for byte in b"GET / HTTP/1.1\r\nHo":
            slow.socket.sendall(bytes([byte]))
            assert client.get().status == 200
        slow.socket.sendall(b"st: h\r\n\r\n")
        assert slow.response().status == 200


# ---- the end


@either
def test_shutdown_finishes_the_running_request(threaded: bool) -> None:
    started, go = threading.Event(), threading.Event()

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        started.set()
        go.wait(20)
        return [b"done"]

    with serving(app, threaded) as live, live.connect() as idle, live.connect() as client:
        wait_until(lambda: live.server._parked or live.server._waiting, "the idle connection to be accepted")
        client.send("GET / HTTP/1.1", "Host: h")
        assert started.wait(20)
        ender = threading.Thread(target=lambda: (live.server.shutdown(), live.server.server_close()))
        ender.start()
        wait_until(lambda: live.server._shutdown_asked or live.server.closing)
        go.set()
        response = client.response()
        assert (response.body, response.value("Connection")) == (b"done", "close")
        assert client.at_end()
        assert idle.at_end()
        ender.join(20)
        assert not ender.is_alive()


def test_shutdown_timeout_bounds_the_wait() -> None:
    go = threading.Event()
    started = threading.Event()

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        started.set()
        go.wait(20)
        start_response("200 OK", [])
        return []

    class Hurried(ThreadingWSGIServer):
        shutdown_timeout = 0.05

    with serving(app, server_class=Hurried) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h")
        assert started.wait(20)
        live.server.shutdown()
        live.server.server_close()
        assert not go.is_set()
        go.set()
        assert client.response().status == 200


def test_d57_shutdown_from_the_request_and_before_serving() -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        server.shutdown()
        start_response("200 OK", [])
        return [b"bye"]

    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        server.shutdown()
        server.serve_forever()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with Client(server.server_address) as client:
            assert client.get().body == b"bye"
        thread.join(20)
        assert not thread.is_alive()


def test_d18_keyboard_interrupt_stops_the_single_threaded_server() -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        raise KeyboardInterrupt

    caught: list[BaseException] = []

    def serve() -> None:
        try:
            server.serve_forever()
        except KeyboardInterrupt as error:
            caught.append(error)

    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        for late in (False, True):
            if late:
                thread = threading.Thread(target=serve)
                thread.start()
            with Client(server.server_address) as client:
                if late:  # a parked connection that speaks is served by another way than a new one
                    assert client.hears_nothing()
                client.send("GET / HTTP/1.1", "Host: h")
                assert client.at_end()
            thread.join(20)
    assert len(caught) == 2
