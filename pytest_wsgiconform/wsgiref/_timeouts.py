"""Time limits of a connection's reads and writes."""

from __future__ import annotations

import math
import os
import socket
import ssl
import struct
from collections.abc import Callable

# A socket with a Python timeout is polled before every call: two system calls and two hand-overs of the interpreter's
# lock for each read and write. The kernel's own limits need one. Where struct timeval is two longs they can be set.
_KERNEL_TIMES = os.name == "posix" and hasattr(socket, "SO_RCVTIMEO") and hasattr(socket, "SO_SNDTIMEO")


class TimedConnection:
    """Reads and writes of a connected socket under a time limit; each raises TimeoutError beyond it.

    Args:
        connection: the socket; how its timeout is set is up to this object.
        seconds: the limit for each read or write; None is no limit.

    Attributes:
        receive: like `socket.recv`.
        send: like `socket.send`.
    """

    receive: Callable[[int], bytes]
    send: Callable[[bytes | memoryview], int]

    def __init__(self, connection: socket.socket, seconds: float | None) -> None:
        self.connection = connection
        self._in_kernel = _KERNEL_TIMES and not isinstance(connection, ssl.SSLSocket)
        if self._in_kernel:
            self._receive = connection.recv
            self._send = connection.send
            self.receive = self._receive_or_time_out
            self.send = self._send_or_time_out
            connection.settimeout(None)
        else:
            self.receive = connection.recv
            self.send = connection.send
        self.limit(seconds)

    def limit(self, seconds: float | None) -> None:
        """Set the time limit of every later read and write; None is no limit."""
        if not self._in_kernel:
            self.connection.settimeout(seconds)
            return
        whole = 0 if seconds is None else int(seconds)
        # All zero means no limit, so the shortest time is a microsecond.
        micros = 0 if seconds is None else max(1 - whole, math.ceil((seconds - whole) * 1e6) % 1_000_000)
        value = struct.pack("@ll", whole, micros)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)

    def _receive_or_time_out(self, size: int) -> bytes:
        try:
            return self._receive(size)
        except BlockingIOError:
            raise TimeoutError("timed out") from None

    def _send_or_time_out(self, data: bytes | memoryview) -> int:
        try:
            return self._send(data)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
