"""A middleware under test: plays the stimuli for middleware between two validators, and judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...observe.making import Maker
from ...observe.sandwich import Sandwich
from ...rules.display import clean, shorten
from ...rules.model import Blame, Fault, Finding, Rule, RuleResult, Verdict
from ...rules.records.middleware import Crossing, MiddlewareRun
from ...rules.records.reach import TargetReach
from ...rules.registry import catalogue
from ...settings import Settings
from ...stimuli.middleware.apps import hello
from ...stimuli.middleware.stimuli import MiddlewareStimulus, middleware_stimuli
from ..app.credentials import Credentials
from ..app.reach import outcome_of
from ..app.target import AppTarget
from ..base import Places, TargetRun
from ..deadline import INTERRUPTED, Deadline
from ..hooks import Hooks
from ..plan import Plan, applies
from ..progress import Progress
from ..verdicts import finding_of_fault, result_of

#: Ordinary exchanges: they are played whatever is asked.
_FIRST = "list"


class MiddlewareTarget(TargetRun):
    """Judges one middleware; see :class:`pytest_wsgiconform.targets.base.TargetRun`.

    :param name: as the user gave it. :param factory: makes the middleware around an app, or a :class:`Maker` of it.
    :param settings: the run's settings. :param stimuli: what it is put through; ``None`` for everything.
    :param as_app: play the stimuli for apps as well, on the middleware around a plain app.
    :raises BaseException: what the factory raises when it is called for the first time.
    """

    kind = "middleware"

    def __init__(
        self,
        name: str,
        factory: Callable[..., Any] | Maker,
        settings: Settings,
        stimuli: Iterable[MiddlewareStimulus] | None = None,
        *,
        as_app: bool = True,
    ) -> None:
        self.name, self.settings = name, settings
        self._maker = factory if isinstance(factory, Maker) else Maker(factory, settings.timeout)
        plain = self._maker.make(hello)
        self._as_app = self._app_target(plain) if as_app else None
        self._stimuli = {s.id: s for s in (middleware_stimuli() if stimuli is None else stimuli)}
        # What explains is asked even when it is not chosen: the choice must not change a verdict.
        self._explained = explained_rules()
        self._deadline, self._progress = Deadline(), Progress()
        self._ended: str | None = None
        self._credentials: Credentials | None = None
        self._asked: list[Rule] = []
        self._remembered: Mapping[str, Places] = {}
        self._played: list[MiddlewareRun] | None = None
        self._again: list[MiddlewareRun] | None = None
        self.plan(self.rules())

    def _app_target(self, plain: Callable[..., Any]) -> AppTarget:
        """Return *plain*, the middleware around an app that keeps every rule: what goes wrong then is its own."""
        settings = replace(self.settings, paths=self.settings.paths or ("/page",), crawl=0, isolate=False)
        settings = replace(settings, login="", login_fields=())  # a plain app has no login
        return AppTarget("", plain, settings)

    def rules(self) -> list[Rule]:
        """Return the rules that bind a middleware."""
        return [rule for rule in catalogue().values() if binds_middleware(rule)]

    def plan(self, rules: Iterable[Rule], remembered: Mapping[str, Places] | None = None) -> None:
        """Play no more than *rules* need. What was played by a plan that lacks one of them is forgotten."""
        asked = set(rules)
        self._remembered, self._again = dict(remembered or {}), None
        if self._played is None or not asked <= set(self._asked):
            self._asked = [rule for rule in self.rules() if rule in asked]
            self._plan = Plan([rule for rule in self._asked if _in_sandwich(rule)], _FIRST, self._explained)
            self._played = None
        if self._as_app is not None:
            # A place of the app's stimuli has a path and a method besides.
            places = {name: tuple(p for p in found if len(p) > 1) for name, found in self._remembered.items()}
            self._as_app.plan((rule for rule in self._asked if rule.side is Blame.APP), places)

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        """Play nothing more once the run is over, and say how far the playing is."""
        self._deadline, self._progress = deadline, progress
        if self._as_app is not None:
            self._as_app.bound(deadline, progress)

    @property
    def ended_early(self) -> str | None:
        """Why not all was played that the plan asks for."""
        return self._ended or (self._as_app.ended_early if self._as_app is not None else None)

    def open_session(self, hooks: Hooks) -> None:
        """Let requests carry what the settings and *hooks* say."""
        if self._as_app is not None:
            self._as_app.open_session(hooks)
            self._credentials = self._as_app.credentials

    def secrets(self) -> dict[str, list[str]]:
        """Return what nobody may see of the session."""
        return self._as_app.secrets() if self._as_app is not None else {}

    def played(self) -> list[MiddlewareRun]:
        """Return all runs of the plan, playing its stimuli on the first call."""
        if self._played is None:
            runs: list[MiddlewareRun] = []
            try:
                self._play(self._plan.stimuli(self._stimuli), self._plan.watching, runs)
            except KeyboardInterrupt:
                self._played, self._ended = runs, INTERRUPTED  # what was played is judged
                raise
            self._played = runs
        return self._played

    def _played_again(self) -> list[MiddlewareRun]:
        """Return what is remembered of an earlier session, playing it on the first call."""
        if self._again is None:
            watching = [rule for rule in self.rules() if rule.on and rule.id in self._remembered]
            names = {place[0] for found in self._remembered.values() for place in found if len(place) == 1}
            names.add(_FIRST)
            self._again = []
            self._play([name for name in self._stimuli if name in names], watching, self._again)
        return self._again

    def _play(self, stimuli: Sequence[str], watching: list[Rule], runs: list[MiddlewareRun]) -> None:
        """Play *stimuli*, and add their records to *runs*."""
        for number, name in enumerate(stimuli):
            self._progress.say(number, len(stimuli), "stimuli")
            if self._credentials is not None:
                self._credentials.reset()
            prepare = self._credentials.prepare if self._credentials is not None else None
            sandwich = Sandwich(self._maker, watching, self.settings.timeout, name, prepare)
            sandwich.left = self._deadline.left
            if self._deadline.reason is None:
                self._stimuli[name].play(sandwich)
            if self._deadline.reason is not None:
                self._ended = self._deadline.reason  # cut short, by a limit that says nothing about the middleware
                return
            runs.append(sandwich.run)

    def judge(self, rule: Rule) -> RuleResult:
        """Give the verdict on *rule* over all runs."""
        if rule not in self._asked:
            self.plan([*self._asked, rule], self._remembered)
        runs = self.played()
        self._maker.turn_to(hello)
        as_app = self._as_app.judge(rule) if self._as_app is not None and rule.side is Blame.APP else None
        crossings = sum(len(run.crossings) for run in runs)
        reason = self.ended_early or f"nothing in {crossings} exchanges could have broken it"
        return self._judged(rule, runs, as_app, reason)

    def judge_again(self, rule: Rule) -> RuleResult | None:
        """Judge *rule* where it showed in an earlier session."""
        if not self._remembered.get(rule.id) or rule.id in self._explained:
            return None
        self._maker.turn_to(hello)
        as_app = self._as_app.judge_again(rule) if self._as_app is not None and rule.side is Blame.APP else None
        result = self._judged(rule, self._played_again(), as_app, "")
        return result if result.verdict is Verdict.BROKEN else None

    def places_of(self, rule: Rule) -> Places:
        """Return the stimuli that showed it; nothing for a rule that others explain, which is judged over all runs."""
        if rule.id in self._explained:
            return ()
        own = tuple((run.stimulus,) for run in self._played or () if self._judge_run(rule, run)[1])
        return own + (self._as_app.places_of(rule) if self._as_app is not None and rule.side is Blame.APP else ())

    def _judged(self, rule: Rule, runs: Iterable[MiddlewareRun], as_app: RuleResult | None, reason: str) -> RuleResult:
        """Give the verdict over *runs*, and over what the stimuli for apps showed."""
        exercised = 0
        findings: list[Finding] = []
        for run in runs:
            times, found = self._judge_run(rule, run)
            exercised += times
            findings += found
        if as_app is not None:
            exercised += as_app.exercised
            findings += (replace(finding, blame=Blame.MIDDLEWARE) for finding in as_app.findings)
        return result_of(rule, self.name, exercised, findings, reason)

    def _judge_run(self, rule: Rule, run: MiddlewareRun) -> tuple[int, list[Finding]]:
        """Return how often *run* put *rule* to the test, and what was found."""
        if rule.on:
            found = [replace(f, stimulus=run.stimulus) for f in run.findings if f.rule == rule.id]
            return run.exercised.get(rule.id, 0), [] if found and self._is_explained(rule, run) else found
        outcome = rule.check(run) if _in_sandwich(rule) and applies(rule, run.stimulus) else None
        if outcome is None or (outcome and self._is_explained(rule, run)):
            return 0, []
        return 1, [_finding(rule, fault, run) for fault in outcome]

    def _is_explained(self, rule: Rule, run: MiddlewareRun) -> bool:
        """Whether another rule says the same more exactly."""
        for other in self._explained.get(rule.id, ()):
            # A lesser fault must not hide a greater one that was seen elsewhere.
            runs = self.played() if other.level is rule.level else [run]
            if any(applies(other, seen.stimulus) and other.check(seen) for seen in runs):
                return True
        return False

    def reach(self) -> TargetReach:
        """Say whether the app inside was called, playing what the plan asks for unless that is known already."""
        runs = self._played or self._again or ()
        called = _inner_calls(runs)
        if not called and self._played is None:
            runs = self.played()
            called = _inner_calls(runs)
        if called:
            return TargetReach(judged=True, called=called)
        outer = next((crossing.outer for run in runs for crossing in run.crossings), None)
        if outer is None:
            return TargetReach(judged=False, note=self.ended_early or "the app inside it was never called")
        outcome = outcome_of(outer, self.settings.timeout)
        why = f": {outer.method} {clean(outer.path)} {outcome.why or f'answered {outer.code} without it'}"
        note = clean(shorten(f"the app inside it was never called{why}", 500))
        return TargetReach(judged=False, note=note, location=outcome.location)

    def summary_lines(self) -> list[str]:
        """Say how much was exercised."""
        runs = self._played or self._again or ()
        crossings = sum(len(run.crossings) for run in runs)
        lines = [f"{crossings} exchanges with {len(runs)} kinds of inner app"]
        if self._maker.failure:
            lines.append(
                f"the factory could be called only once: a later call {clean(self._maker.failure)}. What it made first "
                "was used for the rest, so that what this keeps from one request to the next may show in what was found"
            )
        if self.ended_early is not None:
            lines.append(
                f"{self.ended_early}: {len(runs)} of {len(self._plan.stimuli(self._stimuli))} stimuli were played"
            )
        return lines

    def close(self) -> None:
        """Nothing was started."""


def _inner_calls(runs: Iterable[MiddlewareRun]) -> int:
    """Return how often the app inside was called."""
    return sum(len(crossing.inners) for run in runs for crossing in run.crossings)


def binds_middleware(rule: Rule) -> bool:
    """Tell whether *rule* can be judged with a middleware between two validators."""
    return bool(rule.on) or rule.side is not Blame.SERVER


def explained_rules() -> dict[str, list[Rule]]:
    """Return by the id of a rule those over runs of a middleware that explain it, as their cards say."""
    explained: dict[str, list[Rule]] = {}
    for rule in catalogue().values():
        if rule.side is Blame.MIDDLEWARE and not rule.on:
            for name in rule.explains:
                explained.setdefault(name, []).append(rule)
    return explained


def _in_sandwich(rule: Rule) -> bool:
    """Whether the stimuli for middleware can show that *rule* is broken; others are for apps alone."""
    return bool(rule.on) or rule.side is Blame.MIDDLEWARE


def _finding(rule: Rule, fault: Fault, run: MiddlewareRun) -> Finding:
    """Make the finding of a rule over runs; its request is that of the fault's crossing, or the run's first."""
    crossing: Crossing | None = run.crossing(fault.exchange) if fault.exchange is not None else None
    crossing = crossing or (run.crossings[0] if run.crossings else None)
    return finding_of_fault(
        rule,
        fault,
        blame=Blame.MIDDLEWARE,
        stimulus=run.stimulus,
        request=crossing.outer.request() if crossing is not None else None,
        location=crossing.inners[0].called_at if crossing is not None and crossing.inners else None,
    )
