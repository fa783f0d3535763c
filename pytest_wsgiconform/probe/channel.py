"""The probe's end of the side channel: one loopback connection per call of the app.

A connection of its own for each call works alike under forking, threads and greenlets, and its end tells
the harness that nothing more will come. Messages are JSON objects, one a line. The harness answers
only at gates: ``{"go": NAME}`` or ``{"give-up": NAME}``.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import weakref
from typing import Any

#: ``HOST:PORT:SECRET``, set by the harness for the server it starts.
VARIABLE = "WSGICONFORM_CHANNEL"

#: Seconds that a gate waits at most, in case the harness is gone.
GATE_LIMIT = 20.0

#: Seconds to connect and to send.
SEND_LIMIT = 5.0


class Talk:
    """What one call of the probe tells the harness.

    :ivar connected: whether anybody listens; when false, everything is dropped and gates stay shut.
    """

    def __init__(self, address: str | None) -> None:
        self._lock = threading.Lock()
        self._received = b""
        self._socket: socket.socket | None = None
        self._secret = ""
        if address:
            host, port, self._secret = address.rsplit(":", 2)
            try:
                # Looked up at call time: gevent and eventlet replace what the module holds.
                self._socket = socket.create_connection((host, int(port)), timeout=SEND_LIMIT)
                # Hangs up when the server drops the call without closing its iterable. Not by __del__: in a cycle
                # the socket might be finalised before it, and complain.
                weakref.finalize(self, self._socket.close).atexit = False
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                self._hang_up()  # the harness has gone; the app's duty to answer has not

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def hello(self, token: str, label: str, behaviour: str) -> None:
        """Open the report: whose call this is."""
        self._send(
            {
                "secret": self._secret,
                "token": token,
                "label": label,
                "behaviour": behaviour,
                "pid": os.getpid(),
                "thread": threading.get_ident(),
                "at": time.monotonic(),
            }
        )

    def event(self, name: str, /, **facts: Any) -> None:
        """Report that *name* happened; *facts* are plain JSON values."""
        self._send({"event": name, "at": time.monotonic(), **facts})

    def finish(self) -> None:
        """Report that no more will come, and hang up. Safe to call twice."""
        self._send({"event": "finished", "at": time.monotonic()})
        with self._lock:
            self._hang_up()

    def gate(self, name: str) -> bool:
        """Wait until the harness opens the gate *name*; false when it gives up or isn't there."""
        self.event("gate", name=name)
        deadline = time.monotonic() + GATE_LIMIT
        while (connection := self._socket) is not None:
            line = self._line(connection, deadline)
            if line is None:
                break
            answer = json.loads(line)
            if answer.get("go") == name or answer.get("give-up") == name:
                opened = "go" in answer
                self.event("gate-passed", name=name, opened=opened)
                return opened
        self.event("gate-passed", name=name, opened=False)
        return False

    def _line(self, connection: socket.socket, deadline: float) -> bytes | None:
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                connection.settimeout(left)
                data = connection.recv(4096)
            except OSError:
                return None
            if not data:
                return None
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode("ascii") + b"\n"
        with self._lock:
            if self._socket is None:
                return
            try:
                self._socket.settimeout(SEND_LIMIT)
                self._socket.sendall(data)
            except OSError:
                self._hang_up()  # the harness has gone

    def _hang_up(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()


def open_talk() -> Talk:
    """Connect to the side channel that the environment names, if it names one."""
    return Talk(os.environ.get(VARIABLE))
