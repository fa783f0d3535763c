"""Many requests over many kept connections: no error, and nothing left behind."""

from __future__ import annotations

import gc
import os
import selectors
import threading
import time
import tracemalloc

import pytest

# Idle workers end after a time that users can't set; a test can't wait that long.
from pytest_wsgiconform.wsgiref import _serving
from tests.wsgiref.server_tools import Client, Live, serving, text_app, wait_until

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"


def send_over_kept_connections(live: Live, requests: int, connections: int) -> None:
    clients = [live.connect() for _ in range(connections)]
    selector = selectors.DefaultSelector()
    received: dict[Client, bytes] = dict.fromkeys(clients, b"")
    sent = answered = 0
    try:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.socket.sendall(REQUEST)
            sent += 1
        while answered < requests:
            ready = selector.select(20)
            assert ready, "the server has stopped answering"
            for key, _ in ready:
                client = key.data
                data = client.socket.recv(65536)
                assert data, "a kept connection was closed"
                received[client] += data
                if not received[client].endswith(b"\r\n\r\nhello"):
                    continue
                assert received[client].startswith(b"HTTP/1.1 200 OK\r\n")
                received[client] = b""
                answered += 1
                if sent < requests:
                    client.socket.sendall(POST if sent % 3 else REQUEST)
                    sent += 1
    finally:
        selector.close()
        for client in clients:
            client.__exit__()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def load_and_look(monkeypatch: pytest.MonkeyPatch, threaded: bool, requests: int, connections: int) -> None:
    monkeypatch.setattr(_serving, "_IDLE_WORKER_SECONDS", 0.1)
    with serving(text_app(), threaded) as live:
        # The log of the test would be the growth that the test looks for.
        live.server.RequestHandlerClass.log_message = lambda *arguments: None  # type: ignore[assignment]
        send_over_kept_connections(live, requests // 10, connections)
        settle(live)
        files, threads = open_files(), threading.active_count()
        gc.collect()
        tracemalloc.start()
        try:
            send_over_kept_connections(live, requests, connections)
            settle(live)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert (open_files(), threading.active_count()) == (files, threads)
        # Less than a hundred bytes for each request; any object kept for each would be more.
        assert grown < max(200_000, requests * 40), grown
        assert live.errors.getvalue() == ""


def settle(live: Live) -> None:
    """Wait until no connection is served and the spare threads have gone."""
    wait_until(lambda: not getattr(live.server, "_workers", ()) and not live.server._parked, "the connections to end")


@pytest.mark.parametrize("threaded", [True, False], ids=["threading", "single"])
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
def test_load(monkeypatch: pytest.MonkeyPatch, threaded: bool) -> None:
    load_and_look(monkeypatch, threaded, 1_000, 50)


@pytest.mark.slow
@pytest.mark.parametrize("threaded", [True, False], ids=["threading", "single"])
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
def test_load_of_10000_requests(monkeypatch: pytest.MonkeyPatch, threaded: bool) -> None:
    load_and_look(monkeypatch, threaded, 10_000, 50)


@pytest.mark.slow
def test_a_client_of_one_byte_a_second_does_not_stop_others() -> None:
    with serving(text_app()) as live, live.connect() as slow, live.connect() as client:
        for byte in REQUEST[:10]:
            slow.socket.sendall(bytes([byte]))
            deadline = time.monotonic() + 1
            served = 0
            while time.monotonic() < deadline:
                assert client.get().status == 200
                served += 1
            assert served > 10
        slow.socket.sendall(REQUEST[10:])
        assert slow.response().status == 200
