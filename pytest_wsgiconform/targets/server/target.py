"""A server under test: started once, tried with raw bytes, judged from both ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...rules.display import clean, shorten
from ...rules.model import Blame, Finding, Rule, RuleResult, Verdict, merge
from ...rules.records.reach import TargetReach
from ...rules.records.server import ServerRun
from ...rules.registry import catalogue
from ...rules.server.versions import claims_http11, needs_http11
from ...settings import Settings
from ...stimuli.server.model import ServerStimulus, chosen, first_stimulus
from ..base import Places, TargetRun
from ..deadline import Deadline
from ..progress import Progress
from ..verdicts import result_of
from .findings import finding_of, found_inside, with_all_stimuli
from .lifecycle import Lifecycle, Starter
from .playing import Player, plan
from .policies import policies_of, policy_lines
from .runner import QUIET, Runner
from .share import SharedRuns

#: Stimuli whose behaviours play behind the validator: what passive rules are judged by.
PASSIVE = ("env:*", "input:*", "errors:*", "body:*", "write:*")

#: The stimuli of a rule that judges whatever has been played, and plays nothing itself.
WHATEVER_WAS_PLAYED = ("*",)

#: How often a stimulus is played again to see whether a fault shows once more. Some servers race with themselves (a
#: request behind another one is served now and then), and seen twice of three times is seen.
REPEATS = 2

#: How many time limits a worker waits for another one that plays a stimulus: it may have several connections, an end to
#: wait for, and a server to start again. After that it plays itself.
SHARE_LIMIT = 10


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
        self._life = Lifecycle(starter, settings)
        runner = Runner(self.name, self._life.channel, settings.timeout, patience)
        self.player = Player(self._life, runner, share, SHARE_LIMIT * settings.timeout)
        self._versions: list[str] | None = None

    def rules(self) -> list[Rule]:
        """Return the rules that bind a server."""
        return [rule for rule in catalogue().values() if rule.side is Blame.SERVER]

    def plan(self, rules: Iterable[Rule], remembered: Mapping[str, Places] | None = None) -> None:
        """Take note of how many stimuli *rules* need; each is played when the first rule needs it."""
        wanted = {s.id for rule in rules for s in chosen(PASSIVE if rule.on else rule.stimuli)}
        self.player.expected = len({before.id for name in wanted for before in plan(name)})

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        """Play nothing more once the run is over, and say how far the playing is."""
        self.player.deadline, self.player.progress = deadline, progress

    @property
    def ended_early(self) -> str | None:
        """Why something was not played that a rule needed."""
        return self.player.ended

    @property
    def runs(self) -> dict[str, ServerRun]:
        """The records so far, by stimulus."""
        return self.player.runs

    def gather(self) -> None:
        """Take in all that the workers of a distributed run have played, where this process plays nothing itself."""
        self.player.gather()

    def close(self) -> None:
        """Stop the server; safe to call twice."""
        self._life.close()

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
        self.player.play_what_is_free(stimuli)
        for stimulus in stimuli:
            run = self.player.run_of(stimulus)
            outcome = rule.check(run) if run is not None else None
            if run is None or outcome is None:
                continue
            exercised += 1
            found = [finding_of(rule, fault, run) for fault in outcome]
            if not found or self._confirmed(rule, stimulus):
                findings += found
            elif not run.noted.hasty:
                doubtful += found
        if doubtful and not findings:
            return self._inconclusive(rule, exercised, doubtful)
        return result_of(rule, self.name, exercised, with_all_stimuli(findings), self._reason(stimuli))

    def _claims_http11(self) -> bool:
        first = self.player.run_of(first_stimulus())
        return first is None or claims_http11(first)

    def _stimuli_of(self, rule: Rule) -> Sequence[ServerStimulus]:
        if rule.stimuli != WHATEVER_WAS_PLAYED:
            return chosen(rule.stimuli)
        return self.player.played() or chosen(rule.stimuli)

    def _confirmed(self, rule: Rule, stimulus: ServerStimulus) -> bool:
        """Whether the fault shows again when the stimulus is played a second time, or else a third time.

        A server that is gone for good needs no second proof, nor does one that fails the first stimulus, by the rule
        that judges that one alone.
        """
        if self._life.lost or rule.stimuli == (first_stimulus().id,):
            return True
        for number in range(REPEATS):
            again = self.player.repeat(stimulus, number)
            if again is None:
                return self.player.ended is None
            if rule.check(again):
                return True
        return False

    def _inconclusive(self, rule: Rule, exercised: int, doubtful: Iterable[Finding]) -> RuleResult:
        merged = tuple(merge(replace(finding, target=self.name) for finding in doubtful))
        ended = self.player.ended
        reason = f"seen once, but not when the stimulus was played {REPEATS} times more"
        if ended is not None:
            reason = f"seen once, but {ended} before the stimulus could be played again"
        return RuleResult(rule.id, self.name, Verdict.INCONCLUSIVE, exercised, merged, reason)

    def _judge_passive(self, rule: Rule) -> RuleResult:
        exercised = 0
        findings: list[Finding] = []
        stimuli = chosen(PASSIVE)
        self.player.play_what_is_free(stimuli)
        for stimulus in stimuli:
            run = self.player.run_of(stimulus)
            if run is None:
                continue
            for call in run.calls:
                times, found = found_inside(rule, run, call)
                exercised += times
                findings += found
        return result_of(rule, self.name, exercised, findings, self._reason())

    def _reason(self, stimuli: Iterable[ServerStimulus] = ()) -> str:
        """Return why a rule was not exercised. :param stimuli: what it would have been judged by."""
        if self.player.ended is not None:
            return self.player.ended
        if self._life.lost:
            return clean(self._life.lost)
        modes = {stimulus.launch.mode for stimulus in stimuli}
        if modes and modes.isdisjoint(self.starter.modes):
            phrases = " or ".join(mode.phrase for mode in sorted(modes, key=lambda mode: mode.value))
            return f"nothing says how this server is started {phrases}"
        if self._life.channel is None:
            return "what the app sees inside this server can't be told, or nothing that happened could have broken it"
        return "nothing that happened could have broken it"

    # -- the summary

    def reach(self) -> TargetReach:
        """Say whether the app inside was called, and what the server is and chose; plays the first stimulus at most."""
        if not any(map(_calls, self.runs.values())):
            self.player.run_of(first_stimulus())
        called = sum(map(_calls, self.runs.values()))
        versions = ", ".join(self._known_versions()) or None
        found = TargetReach(bool(called), called=called, version=versions, policies=policies_of(self.runs))
        if called:
            return found
        note = "the app inside it was never called"
        if self.player.ended is not None:
            note = self.player.ended
        elif self._life.lost:
            note += f": {clean(shorten(self._life.lost, 500))}"
        elif self.runs:
            note += f": {self._first_answer()}"
        return replace(found, note=note)

    def _first_answer(self) -> str:
        """Say what came back for the ordinary request."""
        run = self.runs.get(first_stimulus().id) or next(iter(self.runs.values()))
        response = next(iter(run.finals), None)
        return "an ordinary GET was not answered" if response is None else f"an ordinary GET answered {response.status}"

    def _known_versions(self) -> list[str]:
        if self._versions is None:
            self._versions = [f"{name} {version}" for name, version in self.starter.versions().items() if version]
        return self._versions

    def summary_lines(self) -> list[str]:
        """Return versions, how much was played, and the choices that the standard leaves to a server."""
        versions = self._known_versions()
        lines = [f"version: {', '.join(versions)}"] if versions else []
        connections = sum(len(run.connections) for run in self.runs.values())
        lines.append(f"{_counted(len(self.runs), 'stimulus', 'stimuli')} on {_counted(connections, 'connection')}")
        if self._life.restarts:
            lines.append(f"started again {self._life.restarts} times")
        if self.player.ended is not None:
            lines.append(f"{self.player.ended}: {len(self.runs)} of {self.player.expected} stimuli were played")
        return lines + policy_lines(self.runs)


def _calls(run: ServerRun) -> int:
    """Return how often the app inside was called; where it can't say so, how many responses bear its mark."""
    return len(run.calls) if run.probed else sum(bool(response.label) for response in run.finals)


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
