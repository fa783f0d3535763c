"""How far the playing of a target is, for whoever shows it to a person."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


class Progress:
    """What a target says while it plays.

    :param look: called with this object at each sign of life, always in the thread that plays; ``None`` for nobody.
    :ivar text: how far it is, as a phrase; it ends without a full stop. :ivar waits_for: what it is waiting for now.
    """

    def __init__(self, look: Callable[[Progress], None] | None = None) -> None:
        self._look = look
        self.text = self.waits_for = ""
        self._began = self._since = 0.0

    def say(self, text: str, waits_for: str = "") -> None:
        """Say how far the playing is, and what comes now."""
        self.text, self.waits_for, self._since = text, waits_for, monotonic()
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
