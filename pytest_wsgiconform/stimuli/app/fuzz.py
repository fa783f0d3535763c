"""The property-based stimulus: requests from hypothesis, and for each fault the smallest that shows it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...rules.display import clean
from ...rules.model import Finding, Level
from ...rules.records.app import ExchangeRecord
from ...rules.registry import event_rules
from .model import Stage, Stimulus

#: Tells how many lines of the app have been reached so far.
LineCounter = Callable[[], int]

#: Most bytes of a raw request that a finding shows.
_RAW_LIMIT = 4000


_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class _Hunt:
    """One hunt on one route.

    :param stage: where it plays. :param lines: counts the app's lines that were reached, ``None`` without coverage.
    """

    def __init__(self, stage: Stage, lines: LineCounter | None) -> None:
        self.stage, self.lines = stage, lines
        self.reached = lines() if lines is not None else 0
        self.played = 0
        #: What broke, and the request, record and findings that showed it last: hypothesis shows the smallest last.
        self.smallest: dict[str, tuple[Any, ExchangeRecord, list[Finding]]] = {}
        self.usual: set[str] = set()
        self._kinds: dict[str, type[Exception]] = {}

    def faults_of(self, request: Any) -> dict[str, list[Finding]]:
        """Play *request* and return what it broke, by what tells one fault from another."""
        run = self.stage.run
        self.played += 1
        before = len(run.findings)
        sent = len(run.exchanges)
        record = self.stage.play("fuzz", self.environ(request))
        del run.exchanges[sent:]
        found: dict[str, list[Finding]] = {}
        # An app that hands a client's malformed escape on is not to blame for it.
        malformed = _BROKEN_ESCAPE.search(request.target) is not None
        echoing = {rule.id for rule in event_rules() if rule.echoes_request}
        for finding in run.findings[before:]:
            if finding.level is not Level.ADVICE and not (malformed and finding.rule in echoing):
                found.setdefault(finding.rule, []).append(finding)
        del run.findings[before:]
        if record.timed_out:
            found["timeout"] = []
        elif record.error is not None:
            place = record.error.location
            found[f"{record.error.type} at {place.file}:{place.line}" if place else record.error.type] = []
        for fault, findings in found.items():
            if fault not in self.usual:
                self.smallest[fault] = (request, record, findings)
        return found

    def environ(self, request: Any) -> dict[str, Any]:
        """Return a fresh environ for *request*, with what every request to the route carries."""
        path, headers, body = request.target, request.headers, request.body
        return self.stage.environ(request.method, path=path, headers=headers, body=body)

    def example(self, request: Any) -> None:
        """Judge one example. :raises Exception: of a class of its own for each fault."""
        from hypothesis import target

        if self.stage.out_of_time:
            return
        new = [fault for fault in self.faults_of(request) if fault not in self.usual]
        if self.lines is not None:
            now = self.lines()
            target(float(now - self.reached), label="lines of the app reached for the first time")
            self.reached = now
        if new:
            # hypothesis takes failures of different types for different bugs, and shrinks each.
            kind = self._kinds.setdefault(new[0], type("Fault", (Exception,), {}))
            raise kind(new[0])

    def record(self) -> None:
        """Put the smallest example of each fault into the run."""
        run = self.stage.run
        for number, (request, record, findings) in enumerate(self.smallest.values(), start=1):
            record.label = f"fuzz {number}"
            shown = {"python": clean(request.python()), "raw": repr(request.raw()[:_RAW_LIMIT])}
            record.facts.update(shown)
            run.exchanges.append(record)
            run.findings += [replace(finding, evidence={**finding.evidence, **shown}) for finding in findings]


def _play(stage: Stage, examples: int, lines: LineCounter | None) -> None:
    hunt = _Hunt(stage, lines)
    from ...strategies import Request

    for usual in (Request(stage.method, stage.path), Request("POST", stage.path, (), b"a=1")):
        hunt.usual.update(hunt.faults_of(usual))
    hunt.smallest.clear()
    # hypothesis ends soon after it has found something; so it is asked again, until it finds nothing new.
    while hunt.played < examples and not stage.out_of_time:
        known = len(hunt.smallest)
        _ask(hunt, examples - hunt.played)
        hunt.usual.update(hunt.smallest)
        if len(hunt.smallest) == known:
            break
    hunt.record()
    stage.run.facts["examples"] = hunt.played


def _ask(hunt: _Hunt, examples: int) -> None:
    """Let hypothesis look for something that is not known as usual."""
    from hypothesis import HealthCheck, Phase, given, settings

    from ...strategies import Request, requests

    stage = hunt.stage
    phases = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
    chosen = settings(
        max_examples=examples,
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        print_blob=False,
        phases=[*phases, Phase.target] if hunt.lines is not None else phases,
        suppress_health_check=list(HealthCheck),
    )

    def property_of_the_route(request: Request) -> None:
        hunt.example(request)

    # The example database knows a property by its name and module.
    property_of_the_route.__qualname__ = f"fuzz {stage.method} {stage.path}"
    known = len(hunt.smallest)
    any_request = requests(stage.path, stage.method) | requests(stage.path)
    try:
        chosen(given(any_request)(property_of_the_route))()
    except BaseException:
        # It tells of the faults by raising; whatever else it raises is not for us to hide.
        if len(hunt.smallest) == known:
            raise


def fuzz_stimulus(examples: int, lines: LineCounter | None = None) -> Stimulus:
    """Return the stimulus that plays *examples* property-based requests on a route, and shrinks what fails.

    :param lines: tells how many lines of the app have been reached; hypothesis is led towards new ones.
    """
    return Stimulus("fuzz", f"{examples} property-based requests", lambda stage: _play(stage, examples, lines))
