"""The side channel leaves no socket open, whichever end goes first."""

from __future__ import annotations

import gc
import socket
import time
import warnings
from typing import Any

import pytest

from pytest_wsgiconform.probe.channel import GATE_LIMIT, Talk
from pytest_wsgiconform.targets.server import channel as server_channel


def unclosed_after(action: Any) -> list[str]:
    """Return what Python says of sockets that *action* dropped without closing them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        action()
        gc.collect()
    return [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)]


def test_the_probe_hangs_up_when_the_harness_has_gone() -> None:
    def talk_to_nobody() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            talk = Talk(f"127.0.0.1:{listener.getsockname()[1]}:secret")
            connection, _ = listener.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.close()  # a reset
        for _ in range(50):
            talk.event("still here", filler="x" * 10000)
        assert not talk.connected

    assert unclosed_after(talk_to_nobody) == []


def test_the_probe_talks_to_nobody_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def talk() -> None:
        assert not Talk(f"127.0.0.1:{port}:secret").connected

    assert unclosed_after(talk) == []


def test_a_call_that_is_dropped_in_a_cycle_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dropped() -> None:
            talk = Talk(f"127.0.0.1:{listener.getsockname()[1]}:secret")
            cycle: list[Any] = [talk, talk._socket]
            cycle.append(cycle)

        assert unclosed_after(dropped) == []
        connection, _ = listener.accept()
        connection.settimeout(10)
        assert connection.recv(1) == b""
        connection.close()


def test_a_call_that_begins_after_its_run_was_given_up_is_not_held() -> None:
    """A server with one worker runs what it had queued when the client has long gone; its next client must not wait."""
    channel = server_channel.SideChannel()
    try:
        channel.give_up("aaaaaaaa")
        channel.take("aaaaaaaa")
        talk = Talk(channel.address)
        talk.hello("aaaaaaaa", "b", "hold")
        begun = time.monotonic()
        assert talk.gate("hold") is False
        assert time.monotonic() - begun < GATE_LIMIT / 2
        talk.finish()
    finally:
        channel.close()


def test_closing_closes_the_calls_that_were_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_channel, "CALLS_KEPT", 2)
    # Their end is never seen, as when the channel closes before its thread comes round.
    monkeypatch.setattr(server_channel.SideChannel, "_receive", lambda self, selector, report: None)
    dropped: list[Any] = []
    monkeypatch.setattr(server_channel.SideChannel, "_hang_up", lambda self, report: dropped.append(report))
    channel = server_channel.SideChannel()
    address = channel._listener.getsockname()
    clients = [socket.create_connection(address, timeout=10) for _ in range(5)]
    while len(dropped) < 3:  # bounded by pytest's own patience; the thread accepts in order
        pass
    channel.close()
    for client in clients:
        client.close()
    assert [report.sock.fileno() for report in dropped] == [-1, -1, -1]
