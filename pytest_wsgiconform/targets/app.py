"""An app under test: plays the stimuli for apps on each of its paths, and judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..rules.app_run import AppRun
from ..rules.display import clean
from ..rules.model import Blame, Finding, Rule, RuleResult, Verdict, merge
from ..rules.registry import choose
from ..settings import Settings
from ..stimuli.app import app_stimuli
from ..stimuli.model import Stage, Stimulus


class AppTarget:
    """Judges one WSGI application; see :class:`pytest_wsgiconform.engine.TargetRun`.

    :param name: as the user gave it. :param app: the callable. :param settings: the run's settings.
    """

    kind = "app"

    def __init__(self, name: str, app: Callable[..., Any], settings: Settings) -> None:
        self.name, self.app, self.settings = name, app, settings
        self._rules = [rule for rule in choose(settings.select, settings.ignore) if binds_apps(rule)]
        self._runs: list[AppRun] | None = None

    def rules(self) -> list[Rule]:
        """Return the rules that bind an app."""
        return self._rules

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that are exercised."""
        return self.settings.paths or ("/",)

    def runs(self) -> list[AppRun]:
        """Return all runs, playing the stimuli on the first call."""
        if self._runs is None:
            self._runs = []
            for path in self.paths:
                for stimulus in app_stimuli():
                    self._runs.append(self._play(stimulus, path))
        return self._runs

    def _play(self, stimulus: Stimulus, path: str) -> AppRun:
        stage = Stage(self.app, self._rules, path, self.settings.timeout, stimulus.id)
        stimulus.play(stage)
        return stage.run

    def judge(self, rule: Rule) -> RuleResult:
        """Give the verdict on *rule* over all runs."""
        runs = self.runs()
        if rule.on:
            exercised = sum(run.exercised.get(rule.id, 0) for run in runs)
            findings = [
                replace(finding, stimulus=run.stimulus)
                for run in runs
                for finding in run.findings
                if finding.rule == rule.id
            ]
        else:
            exercised, findings = self._judge_runs(rule, runs)
        return result_of(rule, self.name, exercised, findings, self._reason(runs))

    def _judge_runs(self, rule: Rule, runs: Iterable[AppRun]) -> tuple[int, list[Finding]]:
        exercised = 0
        findings: list[Finding] = []
        for run in runs:
            if rule.stimuli != ("*",) and run.stimulus not in rule.stimuli:
                continue
            outcome = rule.check(run, None)
            if outcome is None:
                continue
            exercised += 1
            findings.extend(finding_of_run(rule, fault, run) for fault in outcome)
        return exercised, findings

    def _reason(self, runs: list[AppRun]) -> str:
        exchanges = sum(len(run.exchanges) for run in runs)
        return f"nothing in {exchanges} exchanges could have broken it"

    def summary_lines(self) -> list[str]:
        """Say how much was exercised."""
        paths = len(self.paths)
        exchanges = sum(len(run.exchanges) for run in self._runs or ())
        return [f"{exchanges} exchanges on {paths} path{'s' if paths != 1 else ''}"]

    def close(self) -> None:
        """Nothing was started."""


def binds_apps(rule: Rule) -> bool:
    """Tell whether *rule* is a duty of the app's side that app stimuli can judge."""
    return rule.side is Blame.APP


def finding_of_run(rule: Rule, fault: Any, run: AppRun) -> Finding:
    """Make the finding of an exchange rule; its request is the fault's own or the run's first."""
    evidence = dict(fault.evidence)
    label = evidence.pop("exchange", None)
    record = run.exchange(label) if label is not None else None
    record = record or (run.exchanges[0] if run.exchanges else None)
    for key in ("got", "expected"):
        value = getattr(fault, key)
        if value is not None:
            evidence[key] = clean(value)
    return Finding(
        rule=rule.id,
        level=rule.level,
        blame=rule.side,
        clauses=rule.clauses,
        message=clean(fault.message),
        stimulus=run.stimulus,
        request=record.request() if record is not None else None,
        location=fault.location or (record.start_location if record is not None else None),
        evidence=evidence,
    )


def result_of(rule: Rule, target: str, exercised: int, findings: Iterable[Finding], reason: str) -> RuleResult:
    """Fold what was counted and found into a verdict.

    :param reason: why the rule was not exercised, for the case that it wasn't.
    """
    merged = tuple(merge(replace(finding, target=target) for finding in findings))
    if merged:
        return RuleResult(rule.id, target, Verdict.BROKEN, max(exercised, 1), merged)
    if not exercised:
        return RuleResult(rule.id, target, Verdict.NOT_EXERCISED, reason=reason)
    return RuleResult(rule.id, target, Verdict.HELD, exercised)
