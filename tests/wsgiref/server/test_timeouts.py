"""Time limits of a connection, by the kernel and by Python."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import pytest

# Whether the kernel or Python keeps the time is chosen inside; both have to be tried on every system.
from pytest_wsgiconform.wsgiref import _timeouts
from pytest_wsgiconform.wsgiref._server_handler import ConnectionWriter
from pytest_wsgiconform.wsgiref._timeouts import TimedConnection


@pytest.mark.parametrize("in_kernel", [True, False])
@pytest.mark.parametrize("seconds", [0.05, 1e-9])
def test_reads_and_writes_end_in_time(monkeypatch: pytest.MonkeyPatch, in_kernel: bool, seconds: float) -> None:
    monkeypatch.setattr(_timeouts, "_KERNEL_TIMES", in_kernel and _timeouts._KERNEL_TIMES)
    one, other = socket.socketpair()
    with one, other:
        timed = TimedConnection(one, 20.0)
        timed.limit(seconds)
        with pytest.raises(TimeoutError):
            timed.receive(10)
        with pytest.raises(TimeoutError):
            while timed.send(b"x" * 100_000):
                pass
        timed.limit(None)
        other.sendall(b"hello")
        assert timed.receive(10) == b"hello"


def test_whole_seconds_and_parts_of_them_are_set() -> None:
    one, other = socket.socketpair()
    with one, other:
        TimedConnection(one, 2.5)
        if _timeouts._KERNEL_TIMES:
            import struct

            value = one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
            whole, micros = struct.unpack("@ll", value)
            assert abs(whole + micros / 1e6 - 2.5) < 0.05
            assert one.gettimeout() is None
        else:
            assert one.gettimeout() == 2.5


def test_writer_sends_everything_in_parts() -> None:
    class Grudging:
        connection = None
        taken = b""

        def send(self, data: bytes | memoryview) -> int:
            self.taken += bytes(data[:3])
            return min(3, len(data))

    timed = Grudging()
    writer = ConnectionWriter(timed)  # type: ignore[arg-type]
    assert writer.write(b"0123456789") == 10
    assert timed.taken == b"0123456789"
    writer.flush()
    assert writer.writable() and not writer.closed
    writer.close()
    assert writer.closed


class Clock:
    """A clock that the test moves."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def timed_by(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, waits: float, **options: float
) -> tuple[TimedConnection, socket.socket]:
    """A connection whose every receive takes so many seconds of this clock, and gives a byte."""

    class Slow:
        def recv(self, size: int) -> bytes:
            clock.now += waits
            return b"x"

        def send(self, data: bytes) -> int:
            clock.now += waits
            return len(data)

        def settimeout(self, seconds: float | None) -> None:
            pass

        def setsockopt(self, *arguments: object) -> None:
            pass

    monkeypatch.setattr(_timeouts, "time", clock)
    return TimedConnection(Slow(), 30.0, **options)  # type: ignore[arg-type, return-value]


def test_waiting_adds_up_and_progress_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: Any = timed_by(Clock(), monkeypatch, 10.0, grace=25.0, rate=100.0)
    assert [timed.receive_in_grace(1) for _ in range(3)] == [b"x"] * 3
    with pytest.raises(TimeoutError, match="too slow"):
        timed.receive_in_grace(1)
    assert timed.receive(1) == b"x"  # for heads, which have a limit of their own
    for _ in range(100):
        assert timed.send(b"x" * 1000) == 1000  # ten seconds' worth, each
    # However much was sent, there is never more time than at first.
    assert [timed.send(b"x") for _ in range(3)] == [1] * 3
    with pytest.raises(TimeoutError, match="too slow"):
        timed.send(b"x")
    timed.renew_grace()
    assert timed.send(b"x") == 1
    assert timed.receive_in_grace(1) == b"x"


def test_without_a_grace_nobody_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: Any = timed_by(Clock(), monkeypatch, 1e6)
    assert [timed.receive_in_grace(1) for _ in range(100)] == [b"x"] * 100


@pytest.mark.skipif(not _timeouts._KERNEL_TIMES or not hasattr(os, "sendfile"), reason="needs sendfile")
def test_files_are_sent_in_pieces_under_both_limits(tmp_path: Any) -> None:
    content = bytes(range(256)) * 3000
    path = tmp_path / "file"
    path.write_bytes(content)
    one, other = socket.socketpair()
    with one, other, path.open("rb") as file:
        timed = TimedConnection(one, 20.0, 20.0)
        assert timed.can_send_files
        received = bytearray()

        def receive() -> None:
            while data := other.recv(65536):
                received.extend(data)

        reader = threading.Thread(target=receive)
        reader.start()
        assert timed.send_file(file.fileno(), 5, len(content)) == len(content) - 5  # as much as there is
        one.shutdown(socket.SHUT_WR)
        reader.join(20)
        assert received == content[5:]
    one, other = socket.socketpair()
    with one, other, path.open("rb") as file:
        timed = TimedConnection(one, 0.05)
        with pytest.raises(TimeoutError, match="timed out"):
            while True:
                timed.send_file(file.fileno(), 0, len(content))
