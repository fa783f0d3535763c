"""The probe's end of the side channel leaves no socket open."""

from __future__ import annotations

import gc
import socket
import warnings
from typing import Any

from pytest_wsgiconform.probe.channel import Talk


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
