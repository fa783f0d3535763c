"""Time limits of a connection's reads and writes."""

from __future__ import annotations

import math
import os
import socket
import ssl
import struct
import time
from collections.abc import Callable

# A socket with a Python timeout is polled before every call: two system calls and two hand-overs of the interpreter's
# lock for each read and write. The kernel's own limits need one. Where struct timeval is two longs they can be set.
_KERNEL_TIMES = os.name == "posix" and hasattr(socket, "SO_RCVTIMEO") and hasattr(socket, "SO_SNDTIMEO")


# The most bytes of a file that the system sends in one call: between the calls the time is looked at.
_FILE_PIECE = 262144


class Grace:
    """Time that a client may let us wait altogether.

    It is for the client that sends, or takes, a byte now and then. Progress gives time back, but never more than there
    was at first, so that a transfer of any length may go on at the given rate.

    Args:
        seconds: how long at first; None is for ever.
        rate: bytes for which a second is given back.
    """

    __slots__ = ("_left", "_rate", "_whole")

    def __init__(self, seconds: float | None, rate: float) -> None:
        self._whole = self._left = math.inf if seconds is None else seconds
        self._rate = rate

    def renew(self) -> None:
        """Forgive what was waited."""
        self._left = self._whole

    def start(self) -> float:
        """Return the time, at which a wait begins; raise TimeoutError if there is none left to wait."""
        if self._left <= 0:
            raise TimeoutError("the client is too slow")
        return time.monotonic()

    def spend(self, start: float, count: int) -> None:
        """Take off the time since `start`, and give back what `count` bytes are worth."""
        left = self._left - (time.monotonic() - start) + count / self._rate
        self._left = left if left < self._whole else self._whole


class TimedConnection:
    """Reads and writes of a connected socket under time limits; each raises TimeoutError beyond them.

    There are two: how long one call may take, and how long the other end may be waited for altogether, see `Grace`;
    sending and receiving have one each, so that a slow sender can still be told that it was.

    Args:
        connection: the socket; how its timeout is set is up to this object.
        seconds: the limit for each call; None is no limit.
        grace, rate: see `Grace`.

    Attributes:
        receive: like `socket.recv`, under the first limit only.
    """

    receive: Callable[[int], bytes]

    def __init__(
        self, connection: socket.socket, seconds: float | None, grace: float | None = None, rate: float = 500.0
    ) -> None:
        self.connection = connection
        self._in_kernel = _KERNEL_TIMES and not isinstance(connection, ssl.SSLSocket)
        self._to_receive, self._to_send = Grace(grace, rate), Grace(grace, rate)
        self._receive = connection.recv
        self._send = connection.send
        self.receive = self._receive_or_time_out if self._in_kernel else connection.recv
        if self._in_kernel:
            connection.settimeout(None)
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

    def renew_grace(self) -> None:
        """Begin a new request: the waiting of the last one is forgiven."""
        self._to_receive.renew()
        self._to_send.renew()

    def receive_in_grace(self, size: int) -> bytes:
        """Like `receive`, under both limits."""
        start = self._to_receive.start()
        try:
            data = self._receive(size)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
        self._to_receive.spend(start, len(data))
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Like `socket.send`, under both limits."""
        start = self._to_send.start()
        try:
            sent = self._send(data)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
        self._to_send.spend(start, sent)
        return sent

    @property
    def can_send_files(self) -> bool:
        """Whether `send_file` can be used: on a plain socket, where the system has such a call."""
        return self._in_kernel and hasattr(os, "sendfile")

    def send_file(self, descriptor: int, position: int, count: int) -> int:
        """Have the system send `count` bytes of a file; return how many there were."""
        sent = 0
        while sent < count:
            start = self._to_send.start()
            try:
                part = os.sendfile(
                    self.connection.fileno(), descriptor, position + sent, min(count - sent, _FILE_PIECE)
                )
            except BlockingIOError:
                raise TimeoutError("timed out") from None
            if not part:
                break
            self._to_send.spend(start, part)
            sent += part
        return sent

    def _receive_or_time_out(self, size: int) -> bytes:
        try:
            return self._receive(size)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
