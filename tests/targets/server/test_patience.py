"""Servers that wait, never answer or never end their calls: how long the client waits, and what that decides."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any, ClassVar

import pytest

from pytest_wsgiconform.rules.model import Verdict
from pytest_wsgiconform.rules.records.server import ServerRun
from pytest_wsgiconform.rules.records.stimulus_facts import Launch
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.rules.server.examples import example_run
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.server.model import server_stimuli
from pytest_wsgiconform.targets.server.channel import SideChannel
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.runner import LINGERED, PATIENCE, Runner
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Connection as BaseConnection
from tests.corpora.servers.base import Server
from tests.corpora.servers.base_response import Responder
from tests.rules.server.judging import verdict


class Lingering(BaseConnection):
    """Says that it closes, and leaves that to the client."""

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass
        super().hang_up()


class Waiting(Server):
    connection_class = Lingering


def _lingering_runs(patient: bool) -> list[ServerRun]:
    served = InProcess("lingering", Waiting).start("x:app", "", 5.0)
    runner = Runner("lingering", None, timeout=10.0, patience=0.5)
    try:
        return [runner.play(server_stimuli()["env:minimal"], served, patient=patient) for _ in range(LINGERED + 1)]
    finally:
        served.stop()


def test_waiting_for_a_server_that_lingers_is_cut_short() -> None:
    runs = _lingering_runs(patient=False)
    assert [run.connection.ended for run in runs] == ["eof-late"] * (LINGERED + 1)
    assert [run.noted.hasty for run in runs] == [False] * LINGERED + [True]
    assert all(run.finals[0].complete for run in runs)


def test_a_patient_record_is_never_a_hasty_one() -> None:
    assert not any(run.noted.hasty for run in _lingering_runs(patient=True))


def test_a_fault_of_a_hasty_record_that_does_not_come_again_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look at each stimulus is spoilt; what the second shows counts."""
    rule = "date-supplied"
    target = ServerTarget(InProcess("base", Server), Settings())
    play = target.player.runner.play

    def spoilt(stimulus: Any, served: Any, *, patient: bool = False) -> ServerRun:
        run = play(stimulus, served, patient=patient)
        if not patient and stimulus.id != "basic:get":
            run.noted.hasty = True
            for response in run.finals:
                response.headers = [pair for pair in response.headers if pair[0] != "Date"]
        return run

    monkeypatch.setattr(target.player.runner, "play", spoilt)
    try:
        assert target.judge(catalogue()[rule]).verdict is Verdict.HELD
    finally:
        target.close()


@pytest.mark.parametrize(
    ("spoilt", "verdict"),
    [({1}, Verdict.INCONCLUSIVE), ({1, 2}, Verdict.BROKEN), ({1, 3}, Verdict.BROKEN), ({2, 3}, Verdict.HELD)],
)
def test_what_is_seen_twice_of_three_times_is_seen(
    monkeypatch: pytest.MonkeyPatch, spoilt: set[int], verdict: Verdict
) -> None:
    """A server may race with itself; what shows once only is no fault yet."""
    rule, played = "date-supplied", Counter[str]()
    target = ServerTarget(InProcess("base", Server), Settings())
    play = target.player.runner.play

    def now_and_then(stimulus: Any, served: Any, *, patient: bool = False) -> ServerRun:
        run = play(stimulus, served, patient=patient)
        played[stimulus.id] += 1
        if stimulus.id != "basic:get" and played[stimulus.id] in spoilt:
            for response in run.finals:
                response.headers = [pair for pair in response.headers if pair[0] != "Date"]
        return run

    monkeypatch.setattr(target.player.runner, "play", now_and_then)
    try:
        assert target.judge(catalogue()[rule]).verdict is verdict
    finally:
        target.close()


class Forgetful(Responder):
    """Leaves every iterable open, and keeps it, so that nobody else ends it either."""

    kept: ClassVar[list[Any]] = []

    def close(self) -> None:
        self.kept.append(self.result)


def test_waiting_for_calls_that_never_end_is_cut_short() -> None:
    class Open(Server):
        responder_class = Forgetful

    channel = SideChannel()
    try:
        served = InProcess("open", Open).start("x:app", channel.address, 5.0)
        try:
            runner = Runner("open", channel, timeout=10.0, patience=0.3)
            generator = server_stimuli()["body:generator"]
            runs = [runner.play(generator, served) for _ in range(PATIENCE + 1)]
            assert [run.noted.hasty for run in runs] == [False] * PATIENCE + [True]
            assert not runner.play(generator, served, patient=True).noted.hasty
        finally:
            served.stop()
    finally:
        channel.close()


def test_a_silent_server_is_told_once_and_a_death_always() -> None:
    silent = example_run(ended="open", alive=False)
    silent.launch = Launch(first=True)
    assert len(verdict("server-answers", silent)) == 1
    assert verdict("server-survives", silent) is None
    silent.noted.ended = "was killed by signal 11"
    assert len(verdict("server-survives", silent)) == 1
