"""The life of a server under test: it is started, started again when it is gone, and given up when that is no use."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import Protocol

from ...rules.records.stimulus_facts import Launch, Mode
from ...settings import Settings
from ..base import TargetError
from .channel import SideChannel
from .runner import Served

#: The module of the app that is served, and the app.
PROBE_MODULE, PROBE = "pytest_wsgiconform.probe", "app"

#: Seconds that a start may take at least, however short the time limit of a stimulus is.
START_LIMIT = 10.0

#: Seconds until the end of a server is known: another process reports it, a moment later.
END_LIMIT = 0.5

#: How often a server is started again before it is given up.
RESTARTS = 25

#: How often a server that runs but does not answer any more is started again, where that comes at more than every
#: fourth stimulus: each time costs several seconds, and a server that fails under any ordinary use is no subject for
#: more.
SILENCES = 6


class Starter(Protocol):
    """Something that can start the server under test; see :class:`~.launchers.Launcher`."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def modes(self) -> Set[Mode]:
        """The modes in which it can be started, the usual one among them."""
        ...

    @property
    def reports(self) -> bool:
        """Whether the probe inside can reach the side channel."""
        ...

    def start(self, app: str, channel: str, limit: float, *, mode: Mode = Mode.USUAL) -> Served:
        """Start a server that serves *app*. :raises TargetError: when it can't."""
        ...

    def versions(self) -> dict[str, str | None]:
        """Return versions of what is started, by name."""
        ...


class Lifecycle:
    """Starts a server, starts it again after it died or fell silent, and stops it.

    :param starter: starts it. :param settings: the run's settings.
    :ivar served: the server that runs, ``None`` without one.
    :ivar channel: how the probe inside reports, for as long as any server lives; ``None`` where it can't.
    :ivar lost: why the server was given up, ``""`` while it was not.
    :ivar restarts: how often it was started again.
    :ivar gateway: whether it has been seen to listen before what is behind it.
    :raises TargetError: when it can't be started.
    """

    def __init__(self, starter: Starter, settings: Settings) -> None:
        self.starter = starter
        self.channel = SideChannel() if starter.reports else None
        self.lost = ""
        self.restarts = self._silent = 0
        self.gateway = False
        self._timeout = settings.timeout
        try:
            self.served: Served | None = self.start()
        except BaseException:
            self._close_channel()
            raise

    @property
    def start_limit(self) -> float:
        """Seconds that a start may take."""
        return max(START_LIMIT, self._timeout)

    def start(self, launch: Launch | None = None) -> Served:
        """Start a server, beside any that runs. :param launch: what to serve, and how; ``None`` for the usual.

        :raises TargetError: when it can't be started.
        """
        app, mode = (launch.app, launch.mode) if launch is not None else (None, Mode.USUAL)
        address = self.channel.address if self.channel is not None else ""
        return self.starter.start(f"{PROBE_MODULE}:{app or PROBE}", address, self.start_limit, mode=mode)

    def can_start(self, launch: Launch) -> bool:
        """Whether a server of its own can be started as *launch* orders, and its probe heard."""
        return self.starter.reports and launch.mode in self.starter.modes

    def note_end(self) -> str | None:
        """Return how the server that does not answer any more ended; ``None``, and a silence is counted, if it runs."""
        ended = _how_it_ended(self.served) if self.served is not None else None
        self._silent += ended is None
        return ended

    def restart(self, played: int, answers: Callable[[Served], bool]) -> bool:
        """Start the server anew after it died or fell silent; note why it is given up when that can't be done.

        :param played: how many stimuli were played so far. :param answers: whether a server answers, asked of one
            behind a gateway. :returns: whether it was tried.
        """
        if self.served is not None:
            self.served.kill()
            self.served = None
        if self.restarts >= RESTARTS:
            self.lost = f"the server had to be started again {RESTARTS} times"
            return False
        if self._silent > SILENCES and 4 * self._silent > played:
            self.lost = f"the server fell silent {self._silent} times, after few requests each time"
            return False
        self.restarts += 1
        try:
            self.served = self.start()
        except TargetError as error:
            self.lost = f"the server could not be started again: {error}"
            return True
        deadline = time.monotonic() + START_LIMIT
        while self.gateway and not answers(self.served) and time.monotonic() < deadline:
            time.sleep(0.1)
        return True

    def close(self) -> None:
        """Stop the server; safe to call twice."""
        if self.served is not None:
            self.served.stop()
            self.served = None
        self._close_channel()

    def _close_channel(self) -> None:
        if self.channel is not None:
            self.channel.close()


def _how_it_ended(served: Served) -> str | None:
    """Return how a server that does not answer any more ended, ``None`` while it runs."""
    deadline = time.monotonic() + END_LIMIT
    while (ended := served.ended()) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return ended
