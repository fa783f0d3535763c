"""A middleware under test: plays the stimuli for middleware between two validators, and judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ...observe.sandwich import Sandwich
from ...rules.display import clean
from ...rules.model import Blame, Fault, Finding, Rule, RuleResult
from ...rules.records.middleware import Crossing, MiddlewareRun
from ...rules.registry import choose
from ...settings import Settings
from ...stimuli.middleware.apps import hello
from ...stimuli.middleware.stimuli import MiddlewareStimulus, middleware_stimuli
from ..app.target import AppTarget, result_of

#: Findings of the rule on the left are left out where one of those on the right tells the same more exactly.
TOLD_BETTER = {
    "close-called": (
        "close-forwarded",
        "close-not-on-iterator",
        "close-forwarded-when-stopped",
        "close-forwarded-before-first-block",
        "close-forwarded-after-error",
    ),
    "content-length-matches-body": ("changed-body-has-its-length", "header-names-known-in-any-case"),
    "start-response-called": ("empty-body-accepted", "lazy-start-accepted"),
    "close-forwarded": ("close-not-on-iterator",),
    # Leaving a "yield from" closes the iterator by itself.
    "close-not-on-iterator": (
        "close-forwarded-when-stopped",
        "close-forwarded-before-first-block",
        "close-forwarded-after-error",
    ),
    "changed-body-has-its-length": ("header-names-known-in-any-case",),
    "iterable-can-be-iterated": ("sequence-protocol-accepted",),
    # What takes every body for a list fails with all other ones.
    "lazy-start-accepted": ("iterable-only-iterated",),
    "empty-body-accepted": ("iterable-only-iterated",),
    "returns-as-soon-as-inner-app": ("write-only-for-written",),
}


class MiddlewareTarget:
    """Judges one middleware; see :class:`pytest_wsgiconform.engine.TargetRun`.

    :param name: as the user gave it. :param factory: makes the middleware around an app.
    :param settings: the run's settings. :param stimuli: what it is put through; ``None`` for everything.
    :param as_app: play the stimuli for apps as well, on the middleware around a plain app.
    """

    kind = "middleware"

    def __init__(
        self,
        name: str,
        factory: Callable[..., Any],
        settings: Settings,
        stimuli: Iterable[MiddlewareStimulus] | None = None,
        *,
        as_app: bool = True,
    ) -> None:
        self.name, self.factory, self.settings = name, factory, settings
        self._as_app = self._app_target() if as_app else None
        self._stimuli = tuple(middleware_stimuli() if stimuli is None else stimuli)
        self._rules = [rule for rule in choose(settings.select, settings.ignore) if binds_middleware(rule)]
        # What tells better is asked even when it is not selected: the selection must not change a verdict.
        self._every = {rule.id: rule for rule in choose() if binds_middleware(rule)}
        self._runs: list[MiddlewareRun] | None = None

    def _app_target(self) -> AppTarget:
        """Return the middleware around an app that keeps every rule: what goes wrong then is the middleware's."""
        settings = replace(self.settings, paths=self.settings.paths or ("/page",), crawl=0, isolate=False)
        return AppTarget("", self.factory(hello), settings)

    def rules(self) -> list[Rule]:
        """Return the rules that bind a middleware."""
        return self._rules

    def runs(self) -> list[MiddlewareRun]:
        """Return all runs, playing the stimuli on the first call."""
        if self._runs is None:
            self._runs = [self._play(stimulus) for stimulus in self._stimuli]
        return self._runs

    def _play(self, stimulus: MiddlewareStimulus) -> MiddlewareRun:
        sandwich = Sandwich(self.factory, self._rules, self.settings.timeout, stimulus.id)
        stimulus.play(sandwich)
        return sandwich.run

    def judge(self, rule: Rule) -> RuleResult:
        """Give the verdict on *rule* over all runs."""
        runs = self.runs()
        judge_runs = self._judge_events if rule.on else self._judge_runs
        exercised, findings = judge_runs(rule, runs) if rule.on or rule.side is Blame.MIDDLEWARE else (0, [])
        if self._as_app is not None and rule.side is Blame.APP:
            result = self._as_app.judge(rule)
            exercised += result.exercised
            findings += [replace(finding, blame=Blame.MIDDLEWARE) for finding in result.findings]
        crossings = sum(len(run.crossings) for run in runs)
        return result_of(rule, self.name, exercised, findings, f"nothing in {crossings} exchanges could have broken it")

    def _judge_events(self, rule: Rule, runs: Iterable[MiddlewareRun]) -> tuple[int, list[Finding]]:
        exercised = 0
        findings: list[Finding] = []
        for run in runs:
            exercised += run.exercised.get(rule.id, 0)
            found = [replace(f, stimulus=run.stimulus) for f in run.findings if f.rule == rule.id]
            if found and not self._told_better(rule, run):
                findings += found
        return exercised, findings

    def _told_better(self, rule: Rule, run: MiddlewareRun) -> bool:
        for name in TOLD_BETTER.get(rule.id, ()):
            other = self._every[name]
            # A lesser fault must not hide a greater one that was seen elsewhere.
            runs = self.runs() if other.level is rule.level else [run]
            if any(_applies(other, seen) and other.check(seen) for seen in runs):
                return True
        return False

    def _judge_runs(self, rule: Rule, runs: Iterable[MiddlewareRun]) -> tuple[int, list[Finding]]:
        exercised = 0
        findings: list[Finding] = []
        for run in runs:
            outcome = rule.check(run) if _applies(rule, run) else None
            if outcome is not None and not (outcome and self._told_better(rule, run)):
                exercised += 1
                findings += (_finding(rule, fault, run) for fault in outcome)
        return exercised, findings

    def summary_lines(self) -> list[str]:
        """Say how much was exercised."""
        crossings = sum(len(run.crossings) for run in self._runs or ())
        return [f"{crossings} exchanges with {len(self._runs or ())} kinds of inner app"]

    def close(self) -> None:
        """Nothing was started."""


def binds_middleware(rule: Rule) -> bool:
    """Tell whether *rule* can be judged with a middleware between two validators."""
    return bool(rule.on) or rule.side is not Blame.SERVER


def _applies(rule: Rule, run: MiddlewareRun) -> bool:
    return rule.stimuli == ("*",) or run.stimulus in rule.stimuli


def _finding(rule: Rule, fault: Fault, run: MiddlewareRun) -> Finding:
    """Make the finding of a rule over runs; its request is that of the fault's crossing, or the run's first."""
    evidence = dict(fault.evidence)
    crossing: Crossing | None = run.crossing(fault.exchange) if fault.exchange is not None else None
    crossing = crossing or (run.crossings[0] if run.crossings else None)
    for key in ("got", "expected"):
        value = getattr(fault, key)
        if value is not None:
            evidence[key] = clean(value)
    where = crossing.inners[0].called_at if crossing is not None and crossing.inners else None
    return Finding(
        rule=rule.id,
        level=rule.level,
        blame=Blame.MIDDLEWARE,
        clauses=rule.clauses,
        message=clean(fault.message),
        stimulus=run.stimulus,
        request=crossing.outer.request() if crossing is not None else None,
        location=fault.location or where,
        evidence=evidence,
        variable=fault.variable,
    )
