"""In which order a player plays, what it leaves out, and what it notes; on servers that exist on paper only."""

from __future__ import annotations

from collections.abc import Callable
from graphlib import CycleError
from typing import Any

import pytest

from pytest_wsgiconform.engine import TargetError
from pytest_wsgiconform.rules.records.server import Call, Response, ServerRun, one_connection
from pytest_wsgiconform.rules.records.stimulus_facts import Mode, Noted
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.server.model import ServerStimulus, first_stimulus, server_stimuli
from pytest_wsgiconform.targets.server import lifecycle, playing
from pytest_wsgiconform.targets.server.launchers import Launcher, UrlStarter
from pytest_wsgiconform.targets.server.lifecycle import RESTARTS, SILENCES, Lifecycle
from pytest_wsgiconform.targets.server.playing import Player, plan
from pytest_wsgiconform.targets.server.runner import Runner

STIMULI = server_stimuli()
FIRST = first_stimulus().id
SIMPLE, BUILT_ON_IT = "chunked:one", "chunked:two"


# -- a plan


@pytest.mark.parametrize("id", STIMULI)
def test_a_plan_has_everything_after_what_it_builds_on(id: str) -> None:
    order = [item.id for item in plan(id)]
    assert order[0] == first_stimulus().id
    assert order[-1] == id
    assert len(order) == len(set(order))
    for place, name in enumerate(order):
        assert set(STIMULI[name].builds_on) <= set(order[:place])


def _made(**needs: str) -> Callable[[], dict[str, ServerStimulus]]:
    first = first_stimulus()
    made = {name: ServerStimulus(name, lambda _: b"", needs=needed) for name, needed in needs.items()}
    return lambda: {first.id: first, **made}


def test_a_plan_follows_what_is_needed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "server_stimuli", _made(a="b", b="c", c=""))
    assert [item.id for item in plan.__wrapped__("a")] == [first_stimulus().id, "c", "b", "a"]


def test_stimuli_that_need_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "server_stimuli", _made(a="b", b="a"))
    with pytest.raises(CycleError):
        plan.__wrapped__("a")


# -- a player


def answered(stimulus: ServerStimulus, *labels: str, body: bytes | None = None, alive: bool = True) -> ServerRun:
    """Write a run in which the requests with *labels* were answered, and the app read *body*."""
    responses = [Response(headers=[("X-Wsgiconform", f"00000000.{label}")]) for label in labels]
    calls = [Call(label, body=stimulus.wanted.decoded or b"" if body is None else body) for label in labels]
    run = one_connection(b"", *responses, calls=calls, stimulus=stimulus.id, wanted=stimulus.wanted)
    run.alive = alive
    return run


def well(stimulus: ServerStimulus) -> ServerRun:
    return answered(stimulus, *(stimulus.wanted.labels or ("first", "next")))


class Paper:
    """A server that runs as long as nobody stops it."""

    address, prefix = ("127.0.0.1", 1), ""

    def __init__(self, end: str | None = None) -> None:
        self.end, self.stopped = end, 0

    def printed(self) -> int:
        return 0

    def output(self, mark: int) -> str:
        return ""

    def ended(self) -> str | None:
        return self.end

    def stop(self) -> None:
        self.stopped += 1

    kill = stop


class PaperStarter:
    name, reports = "paper", True

    def __init__(self, *modes: Mode, fails: str = "", end: str | None = "exited with 1") -> None:
        self.modes = frozenset((Mode.USUAL, *modes))
        self.fails, self.end = fails, end
        self.started: list[tuple[str, Mode]] = []
        self.servers: list[Paper] = []

    def start(self, app: str, channel: str, limit: float, *, mode: Mode = Mode.USUAL) -> Paper:
        if self.fails and self.servers:
            raise TargetError(self.fails)
        self.started.append((app, mode))
        self.servers.append(Paper(self.end))
        return self.servers[-1]

    def versions(self) -> dict[str, str | None]:
        return {}


class Played:
    """A player of a server whose runs are those that *answer* writes, and the order in which it played."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        answer: Callable[[ServerStimulus], ServerRun] = well,
        starter: PaperStarter | None = None,
    ) -> None:
        self.order: list[str] = []
        self.starter = starter or PaperStarter()
        self.life = Lifecycle(self.starter, Settings())
        runner = Runner("paper", self.life.channel, 1.0)

        def play(stimulus: ServerStimulus, served: Any, *, patient: bool = False) -> ServerRun:
            self.order.append(stimulus.id)
            return answer(stimulus)

        monkeypatch.setattr(runner, "play", play)
        self.player = Player(self.life, runner, None, 1.0)

    def run(self, name: str) -> ServerRun | None:
        return self.player.run_of(STIMULI[name])


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: list[Played] = []

    def make(answer: Callable[[ServerStimulus], ServerRun] = well, starter: PaperStarter | None = None) -> Played:
        made.append(Played(monkeypatch, answer, starter))
        return made[-1]

    yield make
    for item in made:
        item.life.close()


def test_what_it_builds_on_comes_first_and_each_once(played: Any) -> None:
    it = played()
    assert it.run(BUILT_ON_IT) is it.run(BUILT_ON_IT)
    assert it.run(SIMPLE) is not None
    assert it.order == [FIRST, SIMPLE, BUILT_ON_IT]


def test_nothing_is_played_on_a_server_that_does_not_work(played: Any) -> None:
    it = played(lambda stimulus: answered(stimulus, alive=False))
    assert it.run(SIMPLE) is None
    assert it.run("env:plain") is None
    assert it.order == [FIRST]
    assert it.life.lost == "the server does not answer an ordinary request"


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [
        (lambda s: answered(s, "first", "next", body=b"5\r\nhello" if s.id == SIMPLE else None), False),
        (lambda s: answered(s, *(() if s.id == SIMPLE else ("first", "next"))), False),
        (lambda s: answered(s, "next") if s.id == SIMPLE else well(s), True),  # refused: that is an answer
        (well, True),
    ],
    ids=["mistook", "silent", "refused", "right"],
)
def test_the_simpler_one_has_to_be_right_or_refused(played: Any, answer: Any, goes_on: bool) -> None:
    it = played(answer)
    assert (it.run(BUILT_ON_IT) is not None) is goes_on
    assert (BUILT_ON_IT in it.order) is goes_on


# -- the policy


@pytest.mark.parametrize(("lost", "expected"), [((), True), (("n3",), False)])
def test_a_request_that_is_passed_over_asks_for_the_policy(played: Any, lost: Any, expected: bool) -> None:
    def answer(stimulus: ServerStimulus) -> ServerRun:
        if stimulus.id == "cl-sign:plus":
            return answered(stimulus, "next")
        labels = stimulus.wanted.labels or ("first", "next")
        return answered(stimulus, *(label for label in labels if label not in lost))

    it = played(answer)
    run = it.run("cl-sign:plus")
    assert run.noted.pipelines is expected
    assert run.passed_over is expected
    assert it.order == [FIRST, "cl-sign:plus", "pipeline:bare"]
    assert it.player.repeat(STIMULI["cl-sign:plus"], 0).noted.pipelines is expected
    assert it.order[3:] == ["cl-sign:plus"]


def test_nothing_else_asks_for_the_policy(played: Any) -> None:
    it = played()
    assert it.run("cl-sign:plus").noted == Noted()
    assert "pipeline:bare" not in it.order


# -- servers of their own


def test_another_app_or_mode_gets_a_server_of_its_own(played: Any) -> None:
    it = played(starter=PaperStarter(Mode.TLS))
    assert it.run("kind:app_class") is not None
    assert it.run("tls:get") is not None
    assert it.run("env:mounted") is None, "there is no command for that"
    module = "pytest_wsgiconform.probe"
    assert it.starter.started == [
        (f"{module}:app", Mode.USUAL),
        (f"{module}:app_class", Mode.USUAL),
        (f"{module}:app", Mode.TLS),
    ]
    assert [server.stopped for server in it.starter.servers] == [0, 1, 1]


def test_a_server_of_its_own_that_does_not_start(played: Any) -> None:
    it = played(starter=PaperStarter(fails="no such thing"))
    run = it.run("kind:app_class")
    assert run.noted.not_started == "no such thing"
    assert run.launch == STIMULI["kind:app_class"].launch
    assert not run.alive
    assert it.order == [FIRST]


# -- the life


def dies(stimulus: ServerStimulus) -> ServerRun:
    return answered(stimulus, alive=stimulus.launch.first)


def test_a_server_that_dies_is_started_again_up_to_a_bound(played: Any) -> None:
    it = played(dies)
    names = [name for name, item in STIMULI.items() if not (item.needs or item.launch.apart)][: RESTARTS + 3]
    runs = [it.run(name) for name in names]
    assert runs[1].noted.ended == "exited with 1"
    assert it.life.lost == f"the server had to be started again {RESTARTS} times"
    assert it.life.restarts == RESTARTS
    assert [server.stopped for server in it.starter.servers] == [1] * (RESTARTS + 1)
    assert runs[-1] is None


def test_a_server_that_falls_silent_is_given_up_sooner(played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "END_LIMIT", 0.0)
    it = played(dies, PaperStarter(end=None))
    names = [name for name, item in STIMULI.items() if not (item.needs or item.launch.apart)][: SILENCES + 3]
    runs = [it.run(name) for name in names]
    assert runs[1].noted.ended is None
    assert it.life.lost == f"the server fell silent {SILENCES + 1} times, after few requests each time"
    assert it.life.restarts == SILENCES


def test_a_server_that_does_not_start_again_is_lost(played: Any) -> None:
    it = played(dies, PaperStarter(fails="the port is taken"))
    assert it.run("env:plain").noted.ended == "exited with 1"
    assert it.life.lost == "the server could not be started again: the port is taken"
    assert it.run("env:minimal") is None


# -- modes


def test_a_launcher_has_the_modes_that_it_has_commands_for() -> None:
    launcher = Launcher("x", "serve {port} {app}", tls="serve --tls", mounted="serve --at {mount}")
    assert launcher.commands == {
        Mode.USUAL: "serve {port} {app}",
        Mode.TLS: "serve --tls",
        Mode.MOUNTED: "serve --at {mount}",
    }
    assert launcher.modes == {Mode.USUAL, Mode.TLS, Mode.MOUNTED}
    assert UrlStarter("http://127.0.0.1:1/").modes == {Mode.USUAL}
