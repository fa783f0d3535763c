"""A server in a thread of this process, as a target: the reference server, and any that a test makes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...probe.app import app_variant
from ...rules.records.stimulus_facts import Mode


class Threaded(Protocol):
    """A server that listens when made, serves between ``start()`` and ``stop()``, and keeps a log."""

    host: str
    port: int

    def start(self) -> Any: ...

    def stop(self) -> None: ...

    def log_text(self) -> str: ...


@dataclass
class InProcess:
    """Starts *make(app)* in this process; see :class:`~.lifecycle.Starter`."""

    name: str
    make: Callable[[Any], Threaded]
    reports: bool = True

    @property
    def modes(self) -> frozenset[Mode]:
        """It is started in one way only."""
        return frozenset((Mode.USUAL,))

    def start(self, app: str, channel: str, limit: float, *, mode: Mode = Mode.USUAL) -> Here:
        """Start a server for the probe that *app* names (only its attribute counts)."""
        attribute = app.partition(":")[2]
        server = self.make(app_variant(attribute, channel))
        server.start()
        return Here(server)

    def versions(self) -> dict[str, str | None]:
        """Return nothing: it is part of this process."""
        return {}


@dataclass
class Here:
    """A server in this process. :ivar server: it. :ivar prefix: where the probe is mounted."""

    server: Threaded
    prefix: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> tuple[str, int]:
        return self.server.host, self.server.port

    def printed(self) -> int:
        """Return a mark for :meth:`output`."""
        return len(self.server.log_text())

    def output(self, mark: int) -> str:
        """Return what was logged after *mark*."""
        return self.server.log_text()[mark:]

    def ended(self) -> str | None:
        """Return ``None``: it lives as long as this process."""
        return "was stopped" if self.stopped.is_set() else None

    def stop(self) -> None:
        """Stop it; safe to call twice."""
        if not self.stopped.is_set():
            self.stopped.set()
            self.server.stop()

    def kill(self) -> None:
        """Stop it; a thread can't be killed."""
        self.stop()
