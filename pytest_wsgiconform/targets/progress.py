"""How far the playing of a target is, for whoever shows it to a person."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


class Progress:
    """What a target says while it plays.

    :param look: called with this object at each sign of life, always in the thread that plays; ``None`` for nobody.
    :ivar done: how much was played, and :ivar total: of how much. The total is an estimate that may grow.
    :ivar unit: what is counted. :ivar where: where in the target it is playing, ``""`` where that is not said.
    :ivar waits_for: what it is waiting for now.
    """

    def __init__(self, look: Callable[[Progress], None] | None = None) -> None:
        self._look = look
        self.done = self.total = 0
        self.unit = self.where = self.waits_for = ""
        self._began = self._since = 0.0

    def say(self, done: int, total: int, unit: str, *, where: str = "", waits_for: str = "") -> None:
        """Say how far the playing is, and what comes now."""
        self.done, self.total, self.unit, self.where = done, max(done, total), unit, where
        self.waits_for, self._since = waits_for, monotonic()
        self._began = self._began or self._since
        self.pulse()

    def wait_for(self, what: str) -> None:
        """Say what is waited for from now on."""
        self.waits_for, self._since = what, monotonic()

    @property
    def seconds(self) -> float:
        """How long the playing has gone on."""
        return monotonic() - self._began if self._began else 0.0

    @property
    def waited(self) -> float:
        """For how many seconds that has been waited for."""
        return monotonic() - self._since

    def pulse(self) -> None:
        """Give a sign of life."""
        if self._look is not None:
            self._look(self)
