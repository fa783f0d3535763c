"""Plays one stimulus against a running server and puts the record of it together."""

from __future__ import annotations

import secrets
import string
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ...observe.wire import Limits, Script, Send, converse, converse_all
from ...rules.records.server import Connection, ServerRun
from ...rules.records.stimulus_facts import Mode
from ...stimuli.server.model import ServerStimulus, Setting
from .channel import SideChannel
from .tls import converse_tls

_ALPHABET = string.ascii_lowercase + string.digits

#: Seconds without a byte after which a step of a script is given up; a call may take as long to end after the client
#: has what it waited for.
QUIET = 2.0

#: After so many stimuli in a row, or so many in all, whose calls never ended, the wait is shortened to a tenth of a
#: second: that server never closes. No fault rests on a record made in haste.
PATIENCE, PATIENCE_IN_ALL = 3, 10

#: After so many connections that the server kept open although it had said that it closes, or had been asked to, the
#: wait for that is shortened to LINGER seconds: such a server waits for its client. No fault rests on a record made in
#: haste.
LINGERED, LINGER = 3, 0.1


class Served(Protocol):
    """A server that listens: what the runner needs to know of it.

    :ivar address: host and port. :ivar prefix: path under which the probe is mounted.
    """

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def prefix(self) -> str: ...

    def printed(self) -> int:
        """Return how many bytes it has printed; a mark for :meth:`output`."""
        ...

    def output(self, mark: int) -> str:
        """Return what it printed after *mark* (bounded)."""
        ...

    def ended(self) -> str | None:
        """Return how it ended, as a phrase; ``None`` while it runs, as far as one can tell."""
        ...

    def stop(self) -> None:
        """Stop it; safe to call twice."""
        ...

    def kill(self) -> None:
        """Stop it without leaving it time; safe to call twice."""
        ...


def new_token() -> str:
    """Return a token for one run: eight characters of ``a-z0-9``."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


class Runner:
    """Plays stimuli against one server.

    :param name: the server's name for the record. :param channel: the side channel, ``None`` without one.
    :param timeout: seconds that one connection may take.
    :param patience: seconds that a step waits for a byte, and a call may take to end.
    """

    def __init__(self, name: str, channel: SideChannel | None, timeout: float, patience: float = QUIET) -> None:
        self.name, self.channel = name, channel
        self.limits = Limits(quiet=min(patience, timeout), total=timeout)
        self._unsettled = self._unsettled_in_all = self._lingered = 0

    def play(self, stimulus: ServerStimulus, served: Served, *, patient: bool = False) -> ServerRun:
        """Play *stimulus* once and return its record. Raises for nothing that the server does.

        :param patient: don't shorten the wait for the end; where it is shortened, ``noted.hasty`` says so.
        """
        hasty = self._lingered >= LINGERED and not patient
        limits = replace(self.limits, linger=LINGER) if hasty else self.limits
        if stimulus.launch.first:  # everything hangs on it: a busy machine is no silent server
            limits = replace(limits, quiet=limits.total)
        host, port = served.address
        setting = Setting(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", new_token(), served.prefix)
        run = ServerRun(stimulus=stimulus.id, server=self.name, token=setting.token, host=setting.host)
        run.wanted, run.launch, run.noted.hasty = stimulus.wanted, stimulus.launch, hasty
        run.probed, run.mount = self.channel is not None, served.prefix
        mark = served.printed()
        signal = None if self.channel is None else _Signal(self.channel, setting.token, served, mark)
        run.connections = self._converse(served.address, stimulus, stimulus.scripts(setting), signal, limits)
        self._lingered += sum(_lingers(connection) for connection in run.connections)
        if self.channel is not None:
            self._settle(run, self.channel, stimulus.launch.settle or 0.0, patient)
        run.alive = _shown_alive(run) or stimulus.launch.mode is Mode.TLS or self.alive(served)
        run.output = self._output(served, mark, stimulus.launch.logged or "", setting.token)
        return run

    def _output(self, served: Served, mark: int, wanted: str, token: str) -> str:
        """Return what the server printed; where the stimulus makes it log *wanted*, wait for that."""
        text = wanted.replace("{token}", token)
        deadline = time.monotonic() + self.limits.quiet
        while text not in (printed := served.output(mark)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return printed

    def _converse(
        self,
        address: tuple[str, int],
        stimulus: ServerStimulus,
        scripts: Sequence[Script],
        signal: _Signal | None,
        limits: Limits,
    ) -> list[Connection]:
        if stimulus.launch.mode is Mode.TLS:
            return [converse_tls(address, script, limits) for script in scripts]
        if not stimulus.parallel:
            return converse_all(address, scripts, limits, signal)
        found: list[Connection] = [Connection(ended="refused") for _ in scripts]

        def one(number: int) -> None:
            found[number] = converse(address, scripts[number], limits, signal)

        threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(len(scripts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * self.limits.total + 10)
        return found

    def _settle(self, run: ServerRun, channel: SideChannel, wanted: float, patient: bool) -> None:
        channel.give_up(run.token)
        hasty = not patient and (self._unsettled >= PATIENCE or self._unsettled_in_all >= PATIENCE_IN_ALL)
        settled = channel.settle(run.token, max(wanted, 0.1 if hasty else self.limits.quiet))
        self._unsettled = 0 if settled else self._unsettled + 1
        self._unsettled_in_all += not settled
        if hasty and not settled:
            run.noted.hasty = True
        run.calls = channel.take(run.token)

    def alive(self, served: Served) -> bool:
        """Tell whether the server answers an ordinary request now; asks up to three times."""
        host, port = served.address
        for _ in range(3):
            setting = Setting(f"{host}:{port}", new_token(), served.prefix)
            connection = converse((host, port), Script((Send(setting.last("alive", "ignore")),), finals=1), self.limits)
            if self.channel is not None:
                self.channel.take(setting.token)
            if any(response.label == "alive" for response in connection.finals):
                return True
            if served.ended() is not None:
                return False
        return False


def _lingers(connection: Connection) -> bool:
    """Whether the server kept the connection open after a complete response that should have been the last."""
    return connection.ended == "eof-late" and connection.is_over


def _shown_alive(run: ServerRun) -> bool:
    """Whether the run itself ended with an ordinary request that was served."""
    finals = run.connections[-1].finals if run.connections else []
    return bool(finals) and finals[-1].label in ("next", "last") and finals[-1].complete


class _Signal:
    """Answers the wire client's questions about the probe, and takes its orders.

    Events: what the probe reported (``called``, ``gate:NAME``, ...); ``go:NAME`` opens a gate and is true at
    once; ``held:N`` asks whether N calls have come to a gate; ``printed:TEXT`` asks whether the server has printed
    TEXT (``{marker}`` in it is the call's own).
    """

    def __init__(self, channel: SideChannel, token: str, served: Served, mark: int) -> None:
        self._channel, self._token, self._served, self._mark = channel, token, served, mark

    def __call__(self, event: str, label: str) -> bool:
        order, _, detail = event.partition(":")
        if order == "go":
            self._channel.open_gate(self._token, label, detail)
            return True
        if order == "held":
            return self._channel.held(self._token) >= int(detail)
        if order == "printed":
            return detail.replace("{marker}", f"{self._token}.{label}") in self._served.output(self._mark)
        return self._channel.saw(self._token, label, event)
