"""The harness's end of the side channel: calls that begin too late, and calls hung up on."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from pytest_wsgiconform.probe.channel import GATE_LIMIT, Talk
from pytest_wsgiconform.targets.server import channel as server_channel


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
