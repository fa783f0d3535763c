"""Time limits of a connection, by the kernel and by Python."""

from __future__ import annotations

import socket

import pytest

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
