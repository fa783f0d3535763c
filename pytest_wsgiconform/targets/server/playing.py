"""The playing: each stimulus once, after what it builds on, and shared between workers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from graphlib import TopologicalSorter

from ...rules.display import clean
from ...rules.records.server import ServerRun
from ...rules.records.stimulus_facts import Noted
from ...stimuli.server.model import ServerStimulus, first_stimulus, server_stimuli
from ..base import TargetError
from ..deadline import Deadline, RunOver, attended
from ..progress import Progress
from .lifecycle import Lifecycle
from .runner import Runner, Served
from .share import SharedRuns


@cache
def plan(id: str) -> tuple[ServerStimulus, ...]:
    """Return the stimulus *id* and all that it builds on, each after what it builds on itself.

    :raises graphlib.CycleError: when stimuli build on each other.
    """
    known, before, waiting = server_stimuli(), dict[str, tuple[str, ...]](), [id]
    while waiting:
        stimulus = known[waiting.pop()]
        if stimulus.id not in before:
            before[stimulus.id] = stimulus.builds_on
            waiting += stimulus.builds_on
    return tuple(known[name] for name in TopologicalSorter(before).static_order())


class Player:
    """Plays stimuli on one server, each once.

    :param life: starts the server. :param runner: plays one stimulus.
    :param share: where workers that judge the same server share their records, ``None`` for nowhere.
    :param share_limit: seconds to wait for a worker that plays a stimulus, before it is played here, too.
    :ivar runs: the records so far, by stimulus. :ivar deadline: when the run ends; what is played when that comes is
        not judged. :ivar progress: learns how far this is. :ivar expected: how many stimuli there will be.
    :ivar ended: why something was not played that was asked for, ``None`` when the deadline has not come in between.
    """

    def __init__(self, life: Lifecycle, runner: Runner, share: SharedRuns | None, share_limit: float) -> None:
        self.life, self.runner = life, runner
        self.runs: dict[str, ServerRun] = {}
        self._share, self._share_limit = share, share_limit
        self._repeats: dict[str, list[ServerRun]] = {}
        self.deadline, self.progress, self.expected = Deadline(), Progress(), 0
        self.ended: str | None = None

    def run_of(self, stimulus: ServerStimulus) -> ServerRun | None:
        """Return the record of *stimulus*, playing it on the first call; ``None`` when that is impossible."""
        if stimulus.id not in self.runs:
            for fresh in self._play_plan(stimulus.id):
                self._note_policy(fresh, self.runs[fresh.id])
        return self.runs.get(stimulus.id)

    def repeat(self, stimulus: ServerStimulus, number: int) -> ServerRun | None:
        """Return record *number* of those of *stimulus* that are played when a rule doubts the first."""
        records = self._repeats.setdefault(stimulus.id, [])
        while len(records) <= number:
            run = self._in_time(stimulus, lambda: self._play(stimulus, patient=True))
            if run is None:
                return None
            self._note_policy(stimulus, run)
            records.append(run)
        return records[number]

    def play_what_is_free(self, stimuli: Iterable[ServerStimulus]) -> None:
        """Play of *stimuli* what no other worker plays, before waiting for those that play the rest."""
        for stimulus in stimuli:
            if self._share is not None and stimulus.id not in self.runs and self._share.is_free(stimulus.id):
                self.run_of(stimulus)

    def played(self) -> list[ServerStimulus]:
        """Return what was played so far, by other workers, too."""
        names = dict.fromkeys(self._share.claimed() if self._share is not None else ()) | self.runs
        return [server_stimuli()[name] for name in names]

    def gather(self) -> None:
        """Take in all that the workers of a distributed run have played, where this process plays nothing itself."""
        if self._share is not None:
            found = {name: self._share.load(name) for name in self._share.stored()}
            self.runs = {name: run for name, run in found.items() if run is not None}
            self.life.restarts = self._share.restarts()

    # -- in order

    def _play_plan(self, id: str) -> list[ServerStimulus]:
        """Play what *id* builds on and itself, as far as that is not there and possible; return what was played."""
        fresh = []
        for stimulus in plan(id):
            if stimulus.id in self.runs or not self._may_play(stimulus):
                continue
            run = self._in_time(stimulus, partial(self._obtain, stimulus))
            if run is not None:
                self.runs[stimulus.id] = run
                fresh.append(stimulus)
        return fresh

    def _in_time(self, stimulus: ServerStimulus, obtain: Callable[[], ServerRun | None]) -> ServerRun | None:
        """Return the record of *stimulus* that *obtain* gives; ``None`` when it is cut short by the end of the run."""
        if self.deadline.reason is None:
            played = len(self.runs)
            self.progress.say(played, max(self.expected, played + 1), "stimuli", waits_for=stimulus.id)
            with contextlib.suppress(RunOver), attended(self.deadline, self.progress):
                run = obtain()
                if self.deadline.reason is None:
                    return run
        self.ended = self.deadline.reason
        return None

    def _may_play(self, stimulus: ServerStimulus) -> bool:
        """Whether the server works, and got the simpler stimulus right that *stimulus* needs, or refused that one.

        Unless it answers an ordinary request, nothing else shows anything.
        """
        if stimulus.launch.first:
            return True
        first = self.runs.get(first_stimulus().id)
        if self.life.lost or first is None:
            return False
        if not first.alive:
            self.life.lost = "the server does not answer an ordinary request"
            return False
        if not stimulus.needs:
            return True
        simpler = self.runs.get(stimulus.needs)
        return simpler is not None and bool(simpler.finals) and not simpler.mistook_body

    def _note_policy(self, stimulus: ServerStimulus, run: ServerRun) -> None:
        """Note in *run* how the server takes requests that come in one packet, where that may explain what is seen."""
        if run.passed_over:
            self._play_plan(stimulus.policy_from)
            several = self.runs.get(stimulus.policy_from)
            labels = several.wanted.labels if several is not None else None
            run.noted.pipelines = (
                several is not None and labels is not None and all(several.answer(label) for label in labels)
            )

    def _obtain(self, stimulus: ServerStimulus) -> ServerRun | None:
        """Play *stimulus*, or take what another worker has played."""
        share = self._share
        if share is None:
            return self._play(stimulus)
        # Of the first one each worker needs a record of its own: it has to know whether its own server works.
        if not share.claim(stimulus.id) and not stimulus.launch.first:
            return share.wait(stimulus.id, self._share_limit) or self._play(stimulus)
        run = self._play(stimulus)
        if run is None:
            share.release(stimulus.id)
        else:
            share.store(run)
        return run

    # -- one

    def _play(self, stimulus: ServerStimulus, *, patient: bool = False) -> ServerRun | None:
        if stimulus.launch.apart:
            return self._play_apart(stimulus)
        served = self.life.served
        if served is None:
            return None
        run = self.runner.play(stimulus, served, patient=patient)
        if stimulus.launch.first:
            run = self._once_ready(stimulus, run, served)
        if not run.alive:
            run.noted.ended = self.life.note_end()
            self.progress.wait_for("the server to start again")
            if not stimulus.launch.first and self.life.restart(len(self.runs), self.runner.alive) and self._share:
                self._share.note_restart()
        return run

    def _once_ready(self, stimulus: ServerStimulus, run: ServerRun, served: Served) -> ServerRun:
        """Return *run*, or one that was played when what stands behind a gateway had started, too.

        A gateway listens before the server behind it does, and answers by itself until then.
        """
        deadline = time.monotonic() + self.life.start_limit
        while _gateway_waits(run) and time.monotonic() < deadline:
            self.life.gateway = True
            time.sleep(0.1)
            run = self.runner.play(stimulus, served)
        return run

    def _play_apart(self, stimulus: ServerStimulus) -> ServerRun | None:
        """Play on a server of its own, which serves another object or runs in another mode."""
        if not self.life.can_start(stimulus.launch):
            return None
        self.progress.wait_for(f"a server to start, for {stimulus.id}")
        try:
            served = self.life.start(stimulus.launch)
        except TargetError as error:
            run = ServerRun(stimulus=stimulus.id, server=self.runner.name, alive=False)
            run.wanted, run.launch = stimulus.wanted, stimulus.launch
            run.noted = Noted(not_started=clean(str(error))[:2000])
            return run
        try:
            return self._once_ready(stimulus, self.runner.play(stimulus, served), served)
        finally:
            served.kill()


def _gateway_waits(run: ServerRun) -> bool:
    """Whether a gateway answered that it can't reach what is behind it (RFC 9110, sections 15.6.3 to 15.6.5)."""
    return not run.calls and any(response.status in (502, 503, 504) for response in run.finals)
