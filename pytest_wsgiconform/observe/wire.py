"""A byte-exact client: sends a script, keeps everything that comes.

It repairs nothing and hides nothing: what it sends is what the script says, byte for byte, and what
it received is kept with the time of each piece and read by the strict reader of ``http_reader``. It is
bounded in every direction: in time, in bytes kept, and in steps.

Only steps that wait need time, and they wait for something to happen, never for a span that has to be
right: the limits say when to give up, not what is judged.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..rules.records.server import Connection, Received, Sent
from .http_reader import read_responses

#: Most bytes that one connection keeps; what comes after is read and dropped.
KEEP_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Send:
    """Send *data*; with *each*, in packets of that many bytes (0: at once)."""

    data: bytes
    each: int = 0


@dataclass(frozen=True)
class Pause:
    """Let *seconds* pass (at most one); only ever a nudge to split packets, never a thing to judge by."""

    seconds: float = 0.01


@dataclass(frozen=True)
class AwaitFinal:
    """Wait until *count* final responses in all are complete on this connection, or it ends."""

    count: int = 1


@dataclass(frozen=True)
class AwaitInterim:
    """Wait until a 1xx response, a final response or the end has come."""


@dataclass(frozen=True)
class AwaitBytes:
    """Wait until *data* has come, or the connection ends."""

    data: bytes


@dataclass(frozen=True)
class AwaitProbe:
    """Wait until the probe reported *event* for the request *label*, or the connection ends."""

    event: str
    label: str


@dataclass(frozen=True)
class HalfClose:
    """Shut the sending side; go on receiving."""


@dataclass(frozen=True)
class Reset:
    """Abort the connection with a TCP reset."""


@dataclass(frozen=True)
class Close:
    """Close the connection in the ordinary way, without waiting for what may still come."""


Step: TypeAlias = Send | Pause | AwaitFinal | AwaitInterim | AwaitBytes | AwaitProbe | HalfClose | Reset | Close


@dataclass(frozen=True)
class Script:
    """What the client does on one connection; after the last step it waits for the end.

    :ivar steps: in order. :ivar methods: the methods of the requests, in order, for the framing of the
        responses (``"HEAD"`` has no content); ``"GET"`` for those not named.
    :ivar finals: how many final responses end the conversation for the client: once they are there and the
        connection is still open, it half-closes without waiting for the limit. 0: the script expects the server
        to close, as after ``Connection: close``.
    :ivar receive_buffer: size of the socket's receive buffer in bytes; 0 leaves it to the system.
    """

    steps: tuple[Step, ...]
    methods: tuple[str, ...] = ()
    finals: int = 0
    receive_buffer: int = 0


@dataclass
class Limits:
    """When to give up.

    :ivar quiet: seconds without any byte. :ivar total: seconds for one connection.
    :ivar linger: seconds for the server to close after a complete response when it said that it will, or was asked to;
        ``None``: as *quiet*.
    """

    quiet: float = 2.0
    total: float = 10.0
    linger: float | None = None


Address: TypeAlias = "tuple[str, int]"
Signal: TypeAlias = "Callable[[str, str], bool]"


def converse(
    address: Address, script: Script, limits: Limits | None = None, probed: Signal | None = None
) -> Connection:
    """Open a connection, play *script*, and return what happened.

    Never raises for anything that the server does.

    :param address: host and port. :param limits: ``None`` for the defaults.
    :param probed: ``probed(event, label)`` tells whether the probe has reported *event* for *label*; ``None``
        when there is no side channel (steps that wait for it are skipped and noted).
    """
    return _Client(address, script, limits or Limits(), probed).play()


def converse_all(
    address: Address, scripts: Sequence[Script], limits: Limits | None = None, probed: Signal | None = None
) -> list[Connection]:
    """Play *scripts* one after the other, each on a connection of its own."""
    return [converse(address, script, limits, probed) for script in scripts]


@dataclass
class _Client:
    """Plays one script on one connection."""

    address: Address
    script: Script
    limits: Limits
    probed: Signal | None
    record: Connection = field(default_factory=Connection)
    sock: socket.socket | None = None
    kept: bytearray = field(default_factory=bytearray)
    ended: str = ""
    shut: bool = False
    late: bool = False
    silent: bool = False
    over: float = 0.0
    seen: tuple[int, bool] = (-1, False)

    def play(self) -> Connection:
        self.over = time.monotonic() + self.limits.total
        self.record.opened = time.time()
        try:
            self.sock = self._connect()
        except ConnectionResetError:
            # The handshake was over, and the reset overtook the return of connect(); a refusal is another error.
            self.record.ended = "reset"
            self.record.skipped = [type(step).__name__ for step in self.script.steps]
            return self.record
        except OSError:
            self.record.ended = "refused"
            return self.record
        try:
            for step in self.script.steps:
                if self.ended:
                    self.record.skipped.append(type(step).__name__)
                else:
                    _ACTIONS[type(step)](self, step)
            self._finish()
        finally:
            self.sock.close()
        self._read()
        self.record.ended = self.ended
        return self.record

    def _connect(self) -> socket.socket:
        if not self.script.receive_buffer:
            sock = socket.create_connection(self.address, timeout=self.limits.total)
        else:
            family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            # Before connecting, since the window is agreed on then.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.script.receive_buffer)
            sock.settimeout(self.limits.total)
            try:
                sock.connect(self.address)
            except OSError:
                sock.close()
                raise
        # A peer that resets at once makes this fail; the connection came about all the same.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        return sock

    def _pause(self, step: Pause) -> None:
        self._receive_until(lambda: False, min(step.seconds, 1.0))

    def _await_final(self, step: AwaitFinal) -> None:
        self._await(step, lambda: self._complete_finals() >= step.count)

    def _await_interim(self, step: AwaitInterim) -> None:
        self._await(step, lambda: bool(self._read().responses))

    def _await_bytes(self, step: AwaitBytes) -> None:
        self._await(step, lambda: step.data in self.kept)

    def _await_probe(self, step: AwaitProbe) -> None:
        probed = self.probed
        if probed is None:
            self.record.skipped.append("AwaitProbe")
        else:
            self._await(step, lambda: probed(step.event, step.label))

    def _send(self, step: Send) -> None:
        """Send while receiving, so that a server that answers early can't deadlock the two of us."""
        size = step.each or len(step.data) or 1
        for at in range(0, len(step.data), size):
            piece = memoryview(step.data)[at : at + size]
            done = 0
            while done < len(piece) and not self.ended:
                done += self._push(piece[done:])
            if done:
                self.silent = False
                self.record.sent.append(Sent(bytes(piece[:done]), "data", time.monotonic()))
            if self.ended:
                self.record.skipped.append("Send")
                return

    def _push(self, piece: memoryview) -> int:
        if time.monotonic() > self.over:
            self.ended = "open"
            return 0
        sock = self._socket()
        readable, writable, _ = select.select([sock], [sock], [], 0.2)
        sent = 0
        if writable:  # first, so that a peer that closes at once is tried all the same
            try:
                sent = sock.send(piece)
            except BlockingIOError:
                pass
            except OSError:
                # The peer is gone; what it had sent before may still be there to read.
                self._drain_after_failure()
                return 0
        if readable:
            self._receive()
        return sent

    def _drain_after_failure(self) -> None:
        while not self.ended:
            self._receive()
            if not self.ended and not self._wait_readable(0.05):
                self.ended = self._end("reset")

    def _await(self, step: Step, happened: Callable[[], bool]) -> None:
        if not self._receive_until(happened, self.limits.quiet):
            self.record.skipped.append(type(step).__name__)
            self.silent = True

    def _receive_until(self, happened: Callable[[], bool], quiet: float) -> bool:
        """Receive until *happened*, the end, or *quiet* seconds without a byte; tell whether it happened."""
        last = time.monotonic()
        while True:
            if happened():
                return True
            now = time.monotonic()
            if self.ended or now > self.over or now - last >= quiet:
                return False
            wait = min(quiet - (now - last), 0.02 if self.probed else 0.5, max(self.over - now, 0.0))
            if self._wait_readable(max(wait, 0.001)):
                self._receive()
                last = time.monotonic()

    def _wait_readable(self, seconds: float) -> bool:
        return bool(select.select([self._socket()], [], [], seconds)[0])

    def _receive(self) -> None:
        try:
            data = self._socket().recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self.ended = self._end("reset")
            return
        if not data:
            self.ended = self._end("eof")
            return
        room = KEEP_LIMIT - len(self.kept)
        if room < len(data):
            self.record.truncated = True
        if room > 0:
            self.kept += data[:room]
            self.record.received.append(Received(data[:room], time.monotonic()))

    def _end(self, how: str) -> str:
        return f"{how}-late" if self.late else how

    def _half_close(self, _step: HalfClose | None = None) -> None:
        with contextlib.suppress(OSError):
            self._socket().shutdown(socket.SHUT_WR)
        self.shut = True
        self.record.sent.append(Sent(b"", "half-close", time.monotonic()))

    def _reset(self, _step: Reset) -> None:
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._leave("reset")

    def _close(self, _step: Close) -> None:
        self._leave("close")

    def _leave(self, how: str) -> None:
        self._socket().close()
        self.record.sent.append(Sent(b"", how, time.monotonic()))
        self.ended = "client"

    def _finish(self) -> None:
        """Wait for the end; when nothing more comes, half-close and see whether that makes the server close."""
        # Where a step has been given up for silence, waiting for as long once more would tell nothing new.
        if not self.ended and not self.silent:
            self._await_end()
        if not self.ended:
            self.late = True
            if not self.shut:
                self._half_close()
            self._receive_until(lambda: False, self.limits.quiet)
        self.ended = self.ended or "open"

    def _await_end(self) -> None:
        """Wait for the server to close; a server that has announced it has nothing more to say."""
        wanted, linger = self.script.finals, self.limits.linger

        def enough() -> bool:
            return bool(wanted) and self._complete_finals() >= wanted

        if linger is None:
            self._receive_until(enough, self.limits.quiet)
        elif self._receive_until(lambda: enough() or self._read().is_over, self.limits.quiet) and not enough():
            self._receive_until(lambda: False, linger)

    def _complete_finals(self) -> int:
        return sum(response.complete for response in self._read().finals)

    def _read(self) -> Connection:
        """Read the responses anew from all bytes kept, when there is news."""
        ended = self.ended.startswith(("eof", "reset"))
        if self.seen == (len(self.kept), ended):
            return self.record
        self.seen = (len(self.kept), ended)
        self.record.responses, self.record.stray = read_responses(bytes(self.kept), self.script.methods, ended)
        return self.record

    def _socket(self) -> socket.socket:
        if self.sock is None:  # only before play() connected
            raise RuntimeError("the client has no connection")
        return self.sock


#: What the client does for each kind of step.
_ACTIONS: dict[type[Step], Callable[[_Client, Any], None]] = {
    Send: _Client._send,
    Pause: _Client._pause,
    AwaitFinal: _Client._await_final,
    AwaitInterim: _Client._await_interim,
    AwaitBytes: _Client._await_bytes,
    AwaitProbe: _Client._await_probe,
    HalfClose: _Client._half_close,
    Reset: _Client._reset,
    Close: _Client._close,
}
