"""A server under test: started once, tried with raw bytes, judged from both ends."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from ...rules.display import clean
from ...rules.model import Blame, Finding, Rule, RuleResult, Verdict, merge
from ...rules.records.server import ServerRun
from ...rules.registry import choose
from ...rules.server.outcomes import mistook_body, passed_over
from ...rules.server.versions import claims_http11, needs_http11
from ...settings import Settings
from ...stimuli.server.model import ServerStimulus, chosen, server_stimuli
from ..base import TargetError, TargetRun
from ..verdicts import result_of
from .channel import SideChannel
from .facts import policy_lines
from .findings import finding_of, found_inside, with_all_stimuli
from .runner import QUIET, Runner, Served
from .share import SharedRuns

#: The app that is served.
PROBE = "pytest_wsgiconform.probe:app"

#: Stimuli whose behaviours play behind the validator: what passive rules are judged by.
PASSIVE = ("env:*", "input:*", "errors:*", "body:*", "write:*")

#: Seconds that a start may take at least, however short the time limit of a stimulus is.
START_LIMIT = 10.0

#: Ten ordinary requests in one packet: a server that does not answer each of them loses requests of any kind.
PIPELINED = "pipeline:bare"

#: How often a stimulus is played again to see whether a fault shows once more. Some servers race with themselves (a
#: request behind another one is served now and then), and seen twice of three times is seen.
REPEATS = 2

#: How often a server is started again before it is given up.
RESTARTS = 25

#: How often a server that runs but does not answer any more is started again, where that comes at more than every
#: fourth stimulus: each time costs several seconds, and a server that fails under any ordinary use is no subject for
#: more.
SILENCES = 6

#: The rule that judges what happened to the server itself, over whatever has been played.
SURVIVAL = "server-survives"

#: How many time limits a worker waits for another one that plays a stimulus: it may have several connections, an end to
#: wait for, and a server to start again. After that it plays itself.
SHARE_LIMIT = 10

#: Facts of a stimulus that name the mode in which a server of its own has to run for it.
_MODES = {"single": "single-threaded", "tls": "over TLS", "mounted": "below a path"}

#: The stimulus that has to work before any other is played, and the rule that judges it.
FIRST_STIMULUS, FIRST_RULE = "basic:get", "server-answers"


class Starter(Protocol):
    """Something that can start the server under test; see :class:`~.launchers.Launcher`."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    def start(self, app: str, channel: str, limit: float, *, mode: str = "command") -> Served:
        """Start a server that serves *app*. :raises TargetError: when it can't."""
        ...

    def versions(self) -> dict[str, str | None]:
        """Return versions of what is started, by name."""
        ...

    @property
    def single(self) -> str:
        """Command of a single-threaded mode, ``""`` without one."""
        ...

    @property
    def tls(self) -> str:
        """Command of a mode that serves over TLS, ``""`` without one."""
        ...

    @property
    def mounted(self) -> str:
        """Command of a mode that serves the app below a path, ``""`` without one."""
        ...

    @property
    def reports(self) -> bool:
        """Whether the probe inside can reach the side channel."""
        ...


class ServerTarget(TargetRun):
    """Judges one server; see :class:`pytest_wsgiconform.targets.base.TargetRun`.

    :param starter: starts it. :param settings: the run's settings.
    :param patience: seconds without any byte after which the harness stops waiting for one.
    :param share: where workers that judge the same server share their records, ``None`` for nowhere.
    :raises TargetError: when it can't be started.
    """

    kind = "server"

    def __init__(
        self, starter: Starter, settings: Settings, patience: float = QUIET, share: SharedRuns | None = None
    ) -> None:
        self.name, self.starter, self.settings = starter.name, starter, settings
        self._rules = [rule for rule in choose(settings.select, settings.ignore) if rule.side is Blame.SERVER]
        self.channel = SideChannel() if starter.reports else None
        self._runner = Runner(self.name, self.channel, settings.timeout, patience)
        self._share = share
        self._runs: dict[str, ServerRun] = {}
        self._repeats: dict[str, list[ServerRun]] = {}
        self._restarts = self._silent = 0
        self._lost = ""
        self._gateway = False  # whether it has been seen to listen before what is behind it
        self._versions: list[str] | None = None
        try:
            self._served: Served | None = self._start()
        except BaseException:
            self._close_channel()
            raise

    def rules(self) -> list[Rule]:
        """Return the rules that bind a server."""
        return self._rules

    # -- starting

    def _start(self, app: str = PROBE, mode: str = "command") -> Served:
        address = self.channel.address if self.channel is not None else ""
        return self.starter.start(app, address, max(START_LIMIT, self.settings.timeout), mode=mode)

    def _restart(self) -> None:
        """Start the server anew after it died or fell silent; note when that can't be done."""
        if self._served is not None:
            self._served.kill()
            self._served = None
        if self._restarts >= RESTARTS:
            self._lost = f"the server had to be started again {RESTARTS} times"
            return
        if self._silent > SILENCES and 4 * self._silent > len(self._runs):
            self._lost = f"the server fell silent {self._silent} times, after few requests each time"
            return
        self._restarts += 1
        if self._share is not None:
            self._share.note_restart()
        try:
            self._served = self._start()
        except TargetError as error:
            self._lost = f"the server could not be started again: {error}"
            return
        deadline = time.monotonic() + START_LIMIT
        while self._gateway and not self._runner.alive(self._served) and time.monotonic() < deadline:
            time.sleep(0.1)

    # -- playing

    def run_of(self, stimulus: ServerStimulus) -> ServerRun | None:
        """Return the record of *stimulus*, playing it on the first call; ``None`` when that is impossible."""
        if stimulus.id not in self._runs:
            if stimulus.id != FIRST_STIMULUS and not (self._works() and self._has_what_it_takes(stimulus)):
                return None
            run = self._obtain(stimulus)
            if run is None:
                return None
            self._note_policies(run)
            self._runs[stimulus.id] = run
        return self._runs[stimulus.id]

    def _note_policies(self, run: ServerRun) -> None:
        """Tell *run* how the server takes requests that come in one packet, where that may explain what is seen."""
        if passed_over(run):
            several = self.run_of(server_stimuli()[PIPELINED])
            answered = several is not None and all(several.answer(label) for label in several.facts["labels"])
            run.policies["pipelines"] = answered

    def _obtain(self, stimulus: ServerStimulus) -> ServerRun | None:
        """Play *stimulus*, or take what another worker has played."""
        share = self._share
        if share is None:
            return self._play(stimulus)
        # Of the first one each worker needs a record of its own: it has to know whether its own server works.
        if not share.claim(stimulus.id) and stimulus.id != FIRST_STIMULUS:
            return share.wait(stimulus.id, SHARE_LIMIT * self.settings.timeout) or self._play(stimulus)
        run = self._play(stimulus)
        if run is None:
            share.release(stimulus.id)
        else:
            share.store(run)
        return run

    def _play_what_is_free(self, stimuli: Iterable[ServerStimulus]) -> None:
        """Play of *stimuli* what no other worker plays, before waiting for those that play the rest."""
        for stimulus in stimuli:
            if self._share is not None and stimulus.id not in self._runs and self._share.is_free(stimulus.id):
                self.run_of(stimulus)

    def _works(self) -> bool:
        """Whether the server answers an ordinary request at all; without that nothing else tells anything."""
        if self._lost:
            return False
        first = self.run_of(server_stimuli()[FIRST_STIMULUS])
        if first is None:
            return False
        if not first.alive:
            self._lost = "the server does not answer an ordinary request"
        return first.alive

    def _has_what_it_takes(self, stimulus: ServerStimulus) -> bool:
        """Whether the server got the simpler stimulus right that *stimulus* builds on, or refused it with an answer."""
        if not stimulus.needs:
            return True
        simpler = self.run_of(server_stimuli()[stimulus.needs])
        return simpler is not None and bool(simpler.finals) and not mistook_body(simpler)

    def _play(self, stimulus: ServerStimulus, *, patient: bool = False) -> ServerRun | None:
        if any(stimulus.facts.get(name) for name in ("app", *_MODES)):
            return self._play_apart(stimulus)
        if self._served is None:
            return None
        run = self._runner.play(stimulus, self._served, patient=patient)
        if stimulus.id == FIRST_STIMULUS:
            run = self._once_ready(stimulus, run, self._served)
        if not run.alive:
            run.facts["ended"] = _how_it_ended(self._served)
            self._silent += not run.facts["ended"]
            if stimulus.id != FIRST_STIMULUS:
                self._restart()
        return run

    def _once_ready(self, stimulus: ServerStimulus, run: ServerRun, served: Served) -> ServerRun:
        """Return *run*, or one that was played when what stands behind a gateway had started, too.

        A gateway listens before the server behind it does, and answers by itself until then.
        """
        deadline = time.monotonic() + max(START_LIMIT, self.settings.timeout)
        while _gateway_waits(run) and time.monotonic() < deadline:
            self._gateway = True
            time.sleep(0.1)
            run = self._runner.play(stimulus, served)
        return run

    def _play_apart(self, stimulus: ServerStimulus) -> ServerRun | None:
        """Play on a server of its own, which serves another object or runs in another mode."""
        mode = next((name for name in _MODES if stimulus.facts.get(name)), "command")
        if not self.starter.reports or (mode != "command" and not getattr(self.starter, mode)):
            return None
        app = f"{PROBE.partition(':')[0]}:{stimulus.facts.get('app', 'app')}"
        try:
            served = self._start(app, mode)
        except TargetError as error:
            run = ServerRun(stimulus=stimulus.id, server=self.name, alive=False)
            run.facts.update(stimulus.facts, **{"not-started": clean(str(error))[:2000]})
            return run
        try:
            return self._once_ready(stimulus, self._runner.play(stimulus, served), served)
        finally:
            served.kill()

    def _repeat(self, stimulus: ServerStimulus, number: int) -> ServerRun | None:
        """Return record *number* of those of *stimulus* that are played when a rule doubts the first."""
        records = self._repeats.setdefault(stimulus.id, [])
        while len(records) <= number:
            run = self._play(stimulus, patient=True)
            if run is None:
                return None
            self._note_policies(run)
            records.append(run)
        return records[number]

    # -- judging

    def judge(self, rule: Rule) -> RuleResult:
        """Play what *rule* needs and give its verdict."""
        if needs_http11(rule) and not self._claims_http11():
            reason = "the server answers as HTTP/1.0, and so does not claim what HTTP/1.1 added"
            return RuleResult(rule.id, self.name, Verdict.NOT_APPLICABLE, reason=reason)
        if rule.on:
            return self._judge_passive(rule)
        exercised = 0
        findings: list[Finding] = []
        doubtful: list[Finding] = []
        stimuli = self._stimuli_of(rule)
        self._play_what_is_free(stimuli)
        for stimulus in stimuli:
            run = self.run_of(stimulus)
            outcome = rule.check(run) if run is not None else None
            if run is None or outcome is None:
                continue
            exercised += 1
            found = [finding_of(rule, fault, run) for fault in outcome]
            if not found or self._confirmed(rule, stimulus):
                findings += found
            elif not run.facts.get("hasty"):
                doubtful += found
        if doubtful and not findings:
            return self._inconclusive(rule, exercised, doubtful)
        return result_of(rule, self.name, exercised, with_all_stimuli(findings), self._reason(stimuli))

    def _claims_http11(self) -> bool:
        first = self.run_of(server_stimuli()[FIRST_STIMULUS])
        return first is None or claims_http11(first)

    def _stimuli_of(self, rule: Rule) -> list[ServerStimulus]:
        if rule.id != SURVIVAL:
            return chosen(rule.stimuli)
        played = dict.fromkeys(self._share.claimed() if self._share is not None else ())
        return [server_stimuli()[name] for name in (played | self._runs)] or chosen(rule.stimuli)

    def _confirmed(self, rule: Rule, stimulus: ServerStimulus) -> bool:
        """Whether the fault shows again when the stimulus is played a second time, or else a third time.

        A server that is gone for good needs no second proof.
        """
        if self._lost or rule.id == FIRST_RULE:
            return True
        for number in range(REPEATS):
            again = self._repeat(stimulus, number)
            if again is None or rule.check(again):
                return True
        return False

    def _inconclusive(self, rule: Rule, exercised: int, doubtful: Iterable[Finding]) -> RuleResult:
        merged = tuple(merge(replace(finding, target=self.name) for finding in doubtful))
        reason = f"seen once, but not when the stimulus was played {REPEATS} times more"
        return RuleResult(rule.id, self.name, Verdict.INCONCLUSIVE, exercised, merged, reason)

    def _judge_passive(self, rule: Rule) -> RuleResult:
        exercised = 0
        findings: list[Finding] = []
        stimuli = chosen(PASSIVE)
        self._play_what_is_free(stimuli)
        for stimulus in stimuli:
            run = self.run_of(stimulus)
            if run is None:
                continue
            for call in run.calls:
                times, found = found_inside(rule, run, call)
                exercised += times
                findings += found
        return result_of(rule, self.name, exercised, findings, self._reason())

    def _reason(self, stimuli: Iterable[ServerStimulus] = ()) -> str:
        """Return why a rule was not exercised. :param stimuli: what it would have been judged by."""
        if self._lost:
            return clean(self._lost)
        modes = {next((name for name in _MODES if stimulus.facts.get(name)), "") for stimulus in stimuli}
        if modes and not any(mode == "" or getattr(self.starter, mode) for mode in modes):
            return f"nothing says how this server is started {' or '.join(_MODES[mode] for mode in sorted(modes))}"
        if self.channel is None:
            return "what the app sees inside this server can't be told, or nothing that happened could have broken it"
        return "nothing that happened could have broken it"

    # -- the end

    def summary_lines(self) -> list[str]:
        """Return versions, how much was played, and the choices that the standard leaves to a server."""
        if self._versions is None:
            self._versions = [f"{name} {version}" for name, version in self.starter.versions().items() if version]
        versions = self._versions
        lines = [f"version: {', '.join(versions)}"] if versions else []
        connections = sum(len(run.connections) for run in self._runs.values())
        lines.append(f"{_counted(len(self._runs), 'stimulus', 'stimuli')} on {_counted(connections, 'connection')}")
        if self._restarts:
            lines.append(f"started again {self._restarts} times")
        return lines + policy_lines(self._runs)

    def close(self) -> None:
        """Stop the server; safe to call twice."""
        if self._served is not None:
            self._served.stop()
            self._served = None
        self._close_channel()

    def _close_channel(self) -> None:
        if self.channel is not None:
            self.channel.close()

    @property
    def runs(self) -> dict[str, ServerRun]:
        """The records so far, by stimulus."""
        return self._runs

    def gather(self) -> None:
        """Take in all that the workers of a distributed run have played, where this process plays nothing itself."""
        if self._share is not None:
            found = {name: self._share.load(name) for name in self._share.stored()}
            self._runs = {name: run for name, run in found.items() if run is not None}
            self._restarts = self._share.restarts()


def _gateway_waits(run: ServerRun) -> bool:
    """Whether a gateway answered that it can't reach what is behind it (RFC 9110, sections 15.6.3 to 15.6.5)."""
    return not run.calls and any(response.status in (502, 503, 504) for response in run.finals)


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"


def _how_it_ended(served: Served) -> str:
    """Return how a server that does not answer any more ended, ``""`` while it runs."""
    deadline = time.monotonic() + 0.5  # its end is reported by another process, a moment later
    while (ended := served.ended()) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return ended or ""
