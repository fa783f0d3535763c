"""An app under test: plays the stimuli for apps on each of its routes, and judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ...rules.display import clean
from ...rules.model import Blame, Fault, Finding, Rule, RuleResult, Verdict, merge
from ...rules.records.app import AppRun
from ...rules.registry import choose
from ...settings import Settings
from ...stimuli.app.order import app_stimuli
from .crawl import links_in
from .last_word import LastWord
from .player import LocalPlayer, Player
from .routes import Route

#: After so many stimuli of one route that hung or killed the interpreter, the route is given up.
_BAD_RUNS = 3

#: After so many of them altogether, everything is given up.
_BAD_RUNS_IN_ALL = 30

#: Seconds for the items of a response, once one of the route has shown that it does not end.
_PATIENCE = 0.1


class AppTarget:
    """Judges one WSGI application; see :class:`pytest_wsgiconform.engine.TargetRun`.

    :param name: as the user gave it. :param app: the callable, ``None`` to load it by its name in a child interpreter.
    :param settings: the run's settings.
    :raises TargetError: when the child interpreter can't load it.
    """

    kind = "app"

    def __init__(self, name: str, app: Callable[..., Any] | None, settings: Settings) -> None:
        self.name, self.app, self.settings = name, app, settings
        self._rules = [rule for rule in choose(settings.select, settings.ignore) if binds_apps(rule)]
        self._player = self._make_player()
        self._routes: list[Route] = []
        self._discovered = self._crawled = 0
        self._runs: list[AppRun] | None = None
        self._bad_runs: Counter[Route] = Counter()
        self._endless: set[Route] = set()
        self._notes: list[str] = []
        #: What ``AppCoverage.report`` gave once all had been played, ``None`` when nothing was measured.
        self.measured: dict[str, Any] | None = None

    def _make_player(self) -> Player:
        watching = [rule for rule in self._rules if rule.on]
        if self.app is not None:
            return LocalPlayer(self.name, self.app, watching, self.settings, LastWord() if self.name else None)
        from .isolate import ChildPlayer

        return ChildPlayer(self.name, watching, self.settings)

    def rules(self) -> list[Rule]:
        """Return the rules that bind an app."""
        return self._rules

    def runs(self) -> list[AppRun]:
        """Return all runs, playing the stimuli on the first call."""
        if self._runs is None:
            self._runs = []
            pending = self._find_routes()
            while pending:
                route = pending.pop(0)
                self._routes.append(route)
                played = self._play_route(route)
                self._runs += played
                pending += self._follow(played, [*self._routes, *pending])
            measured = self._player.coverage()
            if measured is not None:
                from .coverage import coverage_lines

                self._notes += coverage_lines(measured)
                self.measured = measured
            self._player.close()
        return self._runs

    def _find_routes(self) -> list[Route]:
        if self.settings.paths:
            return [Route(path) for path in self.settings.paths]
        discovered, self._notes = self._player.routes()
        self._discovered = len(discovered)
        return list(dict.fromkeys([Route("/"), *discovered]))

    def _follow(self, runs: list[AppRun], known: list[Route]) -> list[Route]:
        """Return the routes that answers of *runs* lead to, as many as may still be crawled."""
        found: list[Route] = []
        for run in runs:
            for label in ("get", "ordinary"):
                record = run.exchange(label) if run.stimulus == "get" else None
                for route in links_in(record) if record is not None else ():
                    if self._crawled < self.settings.crawl and route not in known and route not in found:
                        found.append(route)
                        self._crawled += 1
        return found

    def _play_route(self, route: Route) -> list[AppRun]:
        runs = []
        names = [stimulus.id for stimulus in app_stimuli()]
        if self.settings.fuzz:
            names.append("fuzz")
        for name in names:
            if self._bad_runs[route] >= _BAD_RUNS or self._bad_runs.total() >= _BAD_RUNS_IN_ALL:
                self._notes.append(f"{clean(route.path)} was given up at stimulus {name}: it hung or died too often")
                break
            runs.append(self._play(name, route))
        return runs

    def _play(self, name: str, route: Route) -> AppRun:
        limit = self.settings.timeout * (10 if name == "fuzz" else 1)
        run = self._player.play(name, route, limit, _PATIENCE if route in self._endless else None)
        if run.facts.get("died") or any(record.timed_out for record in run.exchanges):
            self._bad_runs[route] += 1
        if any(record.facts.get("endless") for record in run.exchanges):
            self._endless.add(route)
        return run

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
            outcome = rule.check(run)
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
        routes = len(self._routes)
        exchanges = sum(len(run.exchanges) for run in self._runs or ())
        origins = [
            text
            for number, text in (
                (self._discovered, f"{self._discovered} told by the framework"),
                (self._crawled, f"{self._crawled} found by following links"),
            )
            if number
        ]
        told = f" ({', '.join(origins)})" if origins else ""
        lines = [f"{exchanges} exchanges on {routes} route{'s' if routes != 1 else ''}{told}"]
        silent = self._silent_routes()
        if silent:
            lines.append(f"{silent} of them never gave a response with a status below 400")
        return lines + self._notes

    def _silent_routes(self) -> int:
        """Return the number of routes that had nothing to offer but errors."""
        answered = {run.path for run in self._runs or () if any((record.code or 999) < 400 for record in run.exchanges)}
        return len({route.path for route in self._routes} - answered)

    def close(self) -> None:
        """Stop what was started."""
        self._player.close()


def binds_apps(rule: Rule) -> bool:
    """Tell whether *rule* is a duty of the app's side that app stimuli can judge."""
    return rule.side is Blame.APP


def finding_of_run(rule: Rule, fault: Fault, run: AppRun) -> Finding:
    """Make the finding of an exchange rule; its request is the fault's own or the run's first."""
    evidence = dict(fault.evidence)
    record = run.exchange(fault.exchange) if fault.exchange is not None else None
    record = record or (run.exchanges[0] if run.exchanges else None)
    if record is not None:
        # How to send the request again, where the stimulus worked that out.
        evidence |= {key: record.facts[key] for key in ("python", "raw") if key in record.facts}
    for key in ("got", "expected"):
        value = getattr(fault, key)
        if value is not None:
            evidence[key] = clean(value)
    request = record.request() if record is not None else {"method": "", "path": run.path, "query": ""}
    return Finding(
        rule=rule.id,
        level=rule.level,
        blame=rule.side,
        clauses=rule.clauses,
        message=clean(fault.message),
        stimulus=run.stimulus,
        request=request,
        location=fault.location or (record.start_location if record is not None else None),
        evidence=evidence,
        variable=fault.variable,
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
