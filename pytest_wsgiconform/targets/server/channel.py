"""The harness's end of the side channel: collects what the probe reports, and opens its gates."""

from __future__ import annotations

import contextlib
import json
import secrets
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ...rules.records.server import Call

#: Bytes of reports that one call may send; what comes after is dropped.
REPORT_LIMIT = 4 * 1024 * 1024

#: Reports kept at once; the oldest go first (a server that calls without end must not fill our memory).
CALLS_KEPT = 5000


@dataclass
class Report:
    """One connection of the probe: one call of the app.

    :ivar messages: everything that came, in order. :ivar ended: nothing more will come.
    """

    sock: socket.socket
    token: str = ""
    label: str = ""
    behaviour: str = ""
    hello: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False
    size: int = 0
    rest: bytes = b""

    def saw(self, event: str) -> bool:
        """Whether *event* was reported; ``gate:NAME`` stands for the arrival at that gate."""
        name, _, detail = event.partition(":")
        return any(m.get("event") == name and (not detail or m.get("name") == detail) for m in self.messages)

    def finished(self) -> bool:
        """Whether the probe said that the call is over."""
        return self.saw("finished")

    def call(self) -> Call:
        """Return the report as the record that rules judge."""
        call = Call(
            label=self.label,
            token=self.token,
            behaviour=self.behaviour,
            at=self.hello.get("at", 0.0),
            events=list(self.messages),
            finished=self.finished(),
        )
        reads: list[str] = []
        for message in self.messages:
            kind = message.get("event")
            if kind == "called":
                call.environ, call.types = message["environ"], message["types"]
            elif kind == "read" and message.get("type") == "bytes":
                reads.append(message["data"])
            elif kind == "read" and message.get("type") == "list":
                reads += message.get("lines", ())  # none where the items are not all bytes
            elif kind == "body-ended":
                call.body_ended = True
            elif kind == "body-failed":
                call.body_error = message["error"]
        call.body = "".join(reads).encode("latin-1")
        call.events.insert(0, {"event": "process", "pid": self.hello.get("pid"), "thread": self.hello.get("thread")})
        return call


class SideChannel:
    """Listens on a free loopback port for the probe, from construction to :meth:`close`.

    :ivar address: the value of ``WSGICONFORM_CHANNEL`` for the server.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_hex(8)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}:{self._secret}"
        self._reports: list[Report] = []
        self._opened: set[tuple[str, str, str]] = set()
        self._given_up: set[str] = set()
        self._condition = threading.Condition()
        self._wake, self._waker = socket.socketpair()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="wsgiconform side channel", daemon=True)
        self._thread.start()

    # -- for the runner

    def saw(self, token: str, label: str, event: str) -> bool:
        """Whether the probe reported *event* in a call of *token* and *label*."""
        with self._condition:
            return any(r.saw(event) for r in self._reports if r.token == token and r.label == label)

    def held(self, token: str) -> int:
        """Return how many calls of *token* have come to a gate."""
        with self._condition:
            return sum(r.saw("gate") for r in self._reports if r.token == token)

    def open_gate(self, token: str, label: str, name: str) -> None:
        """Open the gate *name* for the calls of *token* and *label*, now and when they come to it later."""
        with self._condition:
            self._opened.add((token, label, name))
            for report in self._reports:
                if report.token == token and report.label == label and not report.ended:
                    self._answer(report, {"go": name})

    def give_up(self, token: str) -> None:
        """Release all calls of *token* from the gates they wait at, or come to later: a server may have queued some."""
        with self._condition:
            self._given_up.add(token)
            for report in self._reports:
                if report.token == token and not report.ended:
                    for message in report.messages:
                        if message.get("event") == "gate":
                            self._answer(report, {"give-up": message["name"]})

    def settle(self, token: str, seconds: float) -> bool:
        """Wait until every call of *token* has finished, at most *seconds*; tell whether they have."""
        self._catch_up(seconds)
        deadline = time.monotonic() + seconds
        with self._condition:
            while not all(r.finished() or r.ended for r in self._reports if r.token == token):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(left)
        return True

    def _catch_up(self, seconds: float) -> None:
        """Wait until everything that was sent to us before now has been read.

        A response may reach the client before the thread here has got round to the report that the app sent
        first. Connections are accepted in order: once ours is read, all earlier ones have been accepted, and once a
        second one is, their data has been read.
        """
        for _ in range(2):
            token = secrets.token_hex(4)
            hello = {"secret": self._secret, "token": token, "label": "", "behaviour": ""}
            try:
                with socket.create_connection(self._listener.getsockname(), timeout=5) as sock:
                    sock.sendall(json.dumps(hello).encode("ascii") + b"\n")
                    self.wait_for_call(token, max(seconds, 2.0))
            except OSError:
                return
            with self._condition:
                self._reports = [report for report in self._reports if report.token != token]

    def wait_for_call(self, token: str, seconds: float) -> bool:
        """Wait until a call of *token* has begun; tell whether one has."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while not any(r.token == token for r in self._reports):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(left)
        return True

    def take(self, token: str) -> list[Call]:
        """Return the calls of *token*, and those that named none, in the order of their begin; forget them."""
        with self._condition:
            mine = [r for r in self._reports if r.token in (token, "") and r.hello]
            self._reports = [r for r in self._reports if r not in mine]
            for report in mine:
                self._hang_up(report)
            self._opened = {entry for entry in self._opened if entry[0] != token}
        return [report.call() for report in sorted(mine, key=lambda r: float(r.hello.get("at", 0.0)))]

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._waker.send(b"x")
        self._thread.join(5)
        for sock in (self._listener, self._wake, self._waker, *(r.sock for r in self._reports)):
            sock.close()

    # -- the thread

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._listener, selectors.EVENT_READ, None)
        selector.register(self._wake, selectors.EVENT_READ, None)
        with selector:
            while not self._closed:
                for key, _ in selector.select():
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    elif key.data is not None:
                        self._receive(selector, key.data)
            # Those that were hung up on, and whose end has not been seen, are in no other list.
            for key in list(selector.get_map().values()):
                if key.data is not None:
                    key.data.sock.close()

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        with contextlib.suppress(OSError):  # it may have been reset meanwhile; then its end is seen like any other
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        report = Report(sock)
        with self._condition:
            self._reports.append(report)
            for old in self._reports[:-CALLS_KEPT]:
                self._hang_up(old)
            del self._reports[:-CALLS_KEPT]
        selector.register(sock, selectors.EVENT_READ, report)

    def _receive(self, selector: selectors.BaseSelector, report: Report) -> None:
        try:
            data = report.sock.recv(65536)
        except OSError:
            data = b""
        with self._condition:
            if data:
                self._parse(report, data)
            if not data or report.ended:
                selector.unregister(report.sock)
                report.ended = True
                report.sock.close()
            self._condition.notify_all()

    def _parse(self, report: Report, data: bytes) -> None:
        report.size += len(data)
        if report.size > REPORT_LIMIT:
            return
        *lines, report.rest = (report.rest + data).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                report.ended = True  # not the probe
                return
            if not report.hello:
                if not isinstance(message, dict) or message.get("secret") != self._secret:
                    report.ended = True
                    return
                report.hello = message
                report.token, report.label = message["token"], message["label"]
                report.behaviour = message["behaviour"]
                continue
            report.messages.append(message)
            if message.get("event") != "gate":
                continue
            if (report.token, report.label, message["name"]) in self._opened:
                self._answer(report, {"go": message["name"]})
            elif report.token in self._given_up:
                self._answer(report, {"give-up": message["name"]})

    def _answer(self, report: Report, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            report.sock.sendall(json.dumps(message).encode("ascii") + b"\n")

    def _hang_up(self, report: Report) -> None:
        """Shut the connection; the thread closes it when it sees the end."""
        if not report.ended:
            with contextlib.suppress(OSError):
                report.sock.shutdown(socket.SHUT_RDWR)
