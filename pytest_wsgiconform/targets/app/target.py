"""An app under test: plays the stimuli for apps on each of its routes, and judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...rules.model import Blame, Finding, Rule, RuleResult, Verdict
from ...rules.records.app import AppRun
from ...rules.records.reach import TargetReach
from ...rules.registry import catalogue
from ...settings import Settings
from ...stimuli.app.order import app_stimuli
from ..base import Places, TargetRun
from ..deadline import Deadline
from ..hooks import Hooks
from ..plan import Plan, applies
from ..progress import Progress
from ..verdicts import finding_of_run, result_of
from .choice import Choice
from .credentials import Credentials
from .last_word import LastWord
from .player import FUZZ, ORDINARY, LocalPlayer, Player
from .playing import Playing
from .sending import Sending, announcement, methods_as_text, plan_lines
from .shortfalls import is_refused

#: The ordinary request: it is played whatever is asked, and its answer is the one whose links are followed.
_FIRST = ORDINARY

#: At most so many places are remembered of one rule.
_MOST_PLACES = 8


class AppTarget(TargetRun):
    """Judges one WSGI application; see :class:`pytest_wsgiconform.targets.base.TargetRun`.

    :param name: as the user gave it. :param app: the callable, ``None`` to load it by its name in a child interpreter.
    :param settings: the run's settings.
    :raises TargetError: when the child interpreter can't load it.
    """

    kind = "app"

    def __init__(self, name: str, app: Callable[..., Any] | None, settings: Settings) -> None:
        self.name, self.app, self.settings = name, app, settings
        self._plan = Plan(self.rules(), _FIRST)
        self._remembered: Mapping[str, Places] = {}
        self._deadline, self._progress = Deadline(), Progress()
        self._player = self._make_player()
        self._playing: Playing | None = None
        self._again: Playing | None = None

    def _make_player(self) -> Player:
        if self.app is not None:
            return LocalPlayer(self.name, self.app, self.settings, LastWord() if self.name else None)
        from .isolate import ChildPlayer

        return ChildPlayer(self.name, self.settings)

    def rules(self) -> list[Rule]:
        """Return the rules that bind an app."""
        return [rule for rule in catalogue().values() if binds_apps(rule)]

    def plan(self, rules: Iterable[Rule], remembered: Mapping[str, Places] | None = None) -> None:
        """Play no more than *rules* need. What was played by a plan that lacks one of them is forgotten."""
        asked = set(rules)
        self._remembered, self._again = dict(remembered or {}), None
        if self._playing is None or not self._plan.covers(*asked):
            self._plan = Plan([rule for rule in self.rules() if rule in asked], _FIRST)
            self._playing = None

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        """Play nothing more once the run is over, and say how far the playing is."""
        self._deadline, self._progress = deadline, progress
        self._player.bound(deadline, progress)

    @property
    def ended_early(self) -> str | None:
        """Why not all was played that the plan asks for."""
        playing = self._playing or self._again
        return playing.ended if playing is not None else None

    def _stimuli(self) -> list[str]:
        return [*(stimulus.id for stimulus in app_stimuli()), *([FUZZ] if self.settings.fuzz else ())]

    def _watch(self, rules: Iterable[Rule]) -> None:
        """Let those of *rules* that judge single events watch from now on."""
        self._player.watch([rule for rule in rules if rule.on])

    def playing(self) -> Playing:
        """Return what the plan asks for, playing it on the first call."""
        if self._playing is None:
            self._watch(self._plan.rules)
            playing = Playing(self._player, self.settings, self._deadline, self._progress)
            try:
                playing.play(self._plan.stimuli(self._stimuli()))
            except KeyboardInterrupt:
                self._playing = playing  # what was played is judged
                raise
            self._playing, self.measured = playing, playing.measured
        return self._playing

    def _playing_again(self) -> Playing:
        """Return what is remembered of an earlier session, playing it on the first call."""
        if self._again is None:
            self._watch(rule for rule in self.rules() if rule.id in self._remembered)
            places = {place for found in self._remembered.values() for place in found}
            self._again = Playing(self._player, self.settings, self._deadline, self._progress)
            self._again.play_at(places, self._stimuli())
        return self._again

    def judge(self, rule: Rule) -> RuleResult:
        """Give the verdict on *rule* over all runs."""
        return self._judged(rule, self._play_for(rule))

    def _play_for(self, rule: Rule) -> Playing:
        """Return what is played for *rule*, which may not have been in the plan."""
        if not self._plan.covers(rule):
            self.plan([*self._plan.rules, rule], self._remembered)
        return self.playing()

    def judge_again(self, rule: Rule) -> RuleResult | None:
        """Judge *rule* where it showed in an earlier session."""
        if not self._remembered.get(rule.id):
            return None
        result = self._judged(rule, self._playing_again())
        return result if result.verdict is Verdict.BROKEN else None

    def _judged(self, rule: Rule, playing: Playing) -> RuleResult:
        exercised = 0
        findings: list[Finding] = []
        left_out: set[str] = set()
        for _, run in playing.runs:
            if rule.on or applies(rule, run.stimulus):
                left_out.update(run.facts.get("left_out", ()))
            times, found = _judge_run(rule, run)
            exercised += times
            findings += found
        return result_of(rule, self.name, exercised, findings, _why_not(rule, playing, left_out))

    def places_of(self, rule: Rule) -> Places:
        """Return the first stimulus and route for each line or message that was found."""
        seen: set[Any] = set()
        places = []
        for route, run in self._playing.runs if self._playing is not None else ():
            found = {(f.location or f.message, f.variable) for f in _judge_run(rule, run)[1]}
            if found - seen:
                places.append((run.stimulus, route.path, route.method))
            seen |= found
        return tuple(places[:_MOST_PLACES])

    def open_session(self, hooks: Hooks) -> None:
        """Log in, as the settings and *hooks* say. :raises TargetError: when that does not work."""
        self._player.open_session(hooks, self._users_app)

    @property
    def _users_app(self) -> Callable[..., Any] | None:
        """The app as its author knows it."""
        return self.app

    @property
    def credentials(self) -> Credentials | None:
        """What requests carry, ``None`` before a session was opened, or when it is open in another process."""
        return self._player.credentials if isinstance(self._player, LocalPlayer) else None

    def secrets(self) -> dict[str, list[str]]:
        """Return what nobody may see of the session so far."""
        return self._player.secrets()

    def _choice(self) -> Choice:
        return Choice(self._player.settings, self._player.routes()[0])

    def announcement(self) -> str:
        """Say which methods go to how many routes."""
        return announcement(self._choice().routes, self._player.settings)

    def plan_lines(self) -> list[str]:
        """Say what would be sent, for each route and each method."""
        settings, choice = self._player.settings, self._choice()
        wanted = self._plan.stimuli(self._stimuli())
        sending = Sending([stimulus for stimulus in app_stimuli() if stimulus.id in wanted], settings)
        lines = plan_lines(choice.routes, sending) + choice.notes()
        if settings.fuzz and FUZZ in wanted:
            lines.append(f"besides, up to {settings.fuzz} generated requests for each route (--wsgi-fuzz)")
        if settings.crawl:
            lines.append(f"besides, up to {settings.crawl} routes that links lead to (--wsgi-crawl)")
        return [*lines, "An answer that leaves a doubt is asked for again, so that there may be a few more."]

    def reach(self) -> TargetReach:
        """Say which routes were reached, playing what the plan asks for unless something was played already."""
        playing = self._playing or self._again or self.playing()
        return playing.reach if playing.reach.routes else replace(playing.reach, note=playing.ended or "")

    def summary_lines(self) -> list[str]:
        """Say how much was exercised."""
        playing = self._playing or self._again or Playing(self._player, self.settings, self._deadline)
        return [*playing.summary_lines(), *self._player.notes()]

    def close(self) -> None:
        """Stop what was started."""
        self._player.close()


def _why_not(rule: Rule, playing: Playing, left_out: set[str]) -> str:
    """Return why *rule* was not put to the test, for the case that it wasn't. :param left_out: methods not sent."""
    reason = f"nothing in {playing.exchanges} exchanges could have broken it"
    if left_out:
        reason += f"; --wsgi-methods leaves out {methods_as_text(left_out)}"
    lost = (why for stimulus, why in playing.left_out.items() if rule.on or applies(rule, stimulus))
    return playing.ended or next(lost, reason)


def _judge_run(rule: Rule, run: AppRun) -> tuple[int, list[Finding]]:
    """Return how often *run* put *rule* to the test, and what was found."""
    if rule.on:
        found = [replace(finding, stimulus=run.stimulus) for finding in run.findings if finding.rule == rule.id]
        return run.exercised.get(rule.id, 0), found
    outcome = rule.check(run) if applies(rule, run.stimulus) else None
    if not outcome and is_refused(run):
        return 0, []  # a refusal says nothing of what the app would have done
    return int(outcome is not None), [finding_of_run(rule, fault, run) for fault in outcome or ()]


def binds_apps(rule: Rule) -> bool:
    """Tell whether *rule* is a duty of the app's side that app stimuli can judge."""
    return rule.side is Blame.APP
