"""The words every other module speaks: levels, blame, rules, faults and findings.

This module needs only the standard library, and knows no pytest, no server and no app.
It is the one module that every room of the house may import.
"""

from __future__ import annotations

import enum
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias


class Level(str, enum.Enum):
    """How much a broken rule weighs.

    ``ERROR``: a clause of level must, must-not or implied is broken; the run fails.
    ``WARNING``: a SHOULD, or a practice that breaks in the field; fails under ``--wsgi-strict``.
    ``ADVICE``: never fails.
    """

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"

    def __str__(self) -> str:
        return self.value


class Blame(str, enum.Enum):
    """The party that a finding is about: the one that has to change."""

    APP = "app"
    MIDDLEWARE = "middleware"
    SERVER = "server"

    def __str__(self) -> str:
        return self.value


class Verdict(str, enum.Enum):
    """What a run can say of one rule and one target.

    ``NOT_EXERCISED`` means that nothing that happened could have broken the rule; it is never a pass.
    ``INCONCLUSIVE`` is a doubtful observation that did not repeat; neither a failure nor a pass.
    """

    BROKEN = "broken"
    HELD = "held"
    NOT_EXERCISED = "not-exercised"
    NOT_APPLICABLE = "not-applicable"
    INCONCLUSIVE = "inconclusive"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Location:
    """A place in somebody's source code.

    :param file: path as the code object names it (absolute for imported files).
    :param line: 1-based line number.
    :param function: qualified name of the function or class there, ``""`` at module level.
    """

    file: str
    line: int
    function: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"file": self.file, "line": self.line, "function": self.function}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule's check saw go wrong once, before anyone knows the target or the stimulus.

    :param message: one sentence: what was seen, and where. Values in it went through
        :func:`pytest_wsgiconform.rules.display.show`.
    :param got: the offending value as text, or ``None`` when there is no single value.
    :param expected: what would have been right, as text, or ``None``.
    :param location: the offending line, or ``None`` for the event's own location.
    :param evidence: further plain values (str, int, float, bool, None, list, dict) for reports.
    :param exchange: of a rule over runs, the label of the exchange that shows it; ``None`` for the run's first.
    :param variable: the variable of environ that is at fault, or ``None`` when it is not about one.
    """

    message: str
    got: str | None = None
    expected: str | None = None
    location: Location | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    exchange: str | None = None
    variable: str | None = None


#: What a check returns: ``None`` when the event could not have broken the rule (not exercised),
#: :data:`HELD` (an empty tuple) when it could have and did not, else the faults.
Outcome: TypeAlias = "tuple[Fault, ...] | None"

#: The rule was put to the test, and it held.
HELD: tuple[Fault, ...] = ()


def fault(
    message: str,
    *,
    got: str | None = None,
    expected: str | None = None,
    location: Location | None = None,
    exchange: str | None = None,
    variable: str | None = None,
    **evidence: Any,
) -> tuple[Fault, ...]:
    """Make the outcome "broken once"; arguments as for :class:`Fault`."""
    return (Fault(message, got, expected, location, evidence, exchange, variable),)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken in an exchange: the unit of every report.

    :param rule: the rule's id.
    :param level: its level (after any change by configuration).
    :param blame: who has to change.
    :param clauses: ids of the clauses that the rule covers.
    :param message: one sentence, safe to print (no control characters).
    :param target: name of the target as the user gave it, ``""`` when there is none.
    :param stimulus: id of the stimulus during which it was seen, ``""`` for a user's own traffic.
    :param request: the request that shows it (``method``, ``path``, ...), or ``None``.
    :param location: the offending line, or ``None`` when no line can be named.
    :param evidence: plain values; ``got`` and ``expected`` are there when the fault has them.
    :param count: how often it was seen (merged findings).
    :param baselined: known before, by a baseline file.
    :param variable: the variable of environ that it is about, or ``None``. Findings of the same rule and place about
        different variables are different findings.
    """

    rule: str
    level: Level
    blame: Blame
    clauses: tuple[str, ...]
    message: str
    target: str = ""
    stimulus: str = ""
    request: Mapping[str, Any] | None = None
    location: Location | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
    baselined: bool = False
    variable: str | None = None

    def full_evidence(self) -> dict[str, Any]:
        """Return the evidence as reports show it: with the variable, before what was got and expected."""
        if self.variable is None:
            return dict(self.evidence)
        shown: dict[str, Any] = {}
        for key, value in self.evidence.items():
            if key in ("got", "expected"):
                shown.setdefault("variable", self.variable)
            shown[key] = value
        shown.setdefault("variable", self.variable)
        return shown

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as the JSON report's plain data (see ``docs/json.md``)."""
        return {
            "rule": self.rule,
            "level": self.level.value,
            "blame": self.blame.value,
            "clauses": list(self.clauses),
            "target": self.target,
            "message": self.message,
            "stimulus": self.stimulus,
            "request": dict(self.request) if self.request is not None else None,
            "location": self.location.to_dict() if self.location is not None else None,
            "evidence": self.full_evidence(),
            "count": self.count,
            "baselined": self.baselined,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Rebuild a finding from :meth:`to_dict`'s data (it crosses processes that way)."""
        location = data["location"]
        evidence = dict(data["evidence"])
        variable = evidence.pop("variable", None)
        return cls(
            rule=data["rule"],
            level=Level(data["level"]),
            blame=Blame(data["blame"]),
            clauses=tuple(data["clauses"]),
            message=data["message"],
            target=data["target"],
            stimulus=data["stimulus"],
            request=data["request"],
            location=Location(**location) if location is not None else None,
            evidence=evidence,
            count=data["count"],
            baselined=data["baselined"],
            variable=variable,
        )

    def __str__(self) -> str:
        where = f" ({self.location.file}:{self.location.line})" if self.location else ""
        return f"{self.rule}: {self.message}{where} [{self.level}, blame: {self.blame}]"


class ConformanceError(AssertionError):
    """An error-level finding, raised at the point where it was seen.

    :ivar finding: the :class:`Finding`.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class ConformanceWarning(UserWarning):
    """A warning-level finding, issued through :mod:`warnings`.

    :ivar finding: the :class:`Finding`.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


Example: TypeAlias = Callable[..., Any]


@dataclass(eq=False, kw_only=True)
class Rule:
    """One check of one or more clauses; everything about it in one place: its card.

    Of one of the two kinds in :mod:`pytest_wsgiconform.rules.kinds`. Made by the decorators of
    :mod:`pytest_wsgiconform.rules.registry`, never by hand.

    :ivar id: kebab-case name that says what must hold; stable for ever.
    :ivar section: the group it stands in (second part of the node id).
    :ivar level: see :class:`Level`.
    :ivar side: which side of the WSGI boundary has the duty: ``Blame.APP`` (whatever is called),
        ``Blame.SERVER`` (whatever calls) or ``Blame.MIDDLEWARE`` (only something that is both).
    :ivar clauses: ids of the clauses it covers.
    :ivar check: decides it; what it is called with depends on the kind.
    :ivar summary: first paragraph of the docstring: the rule in one sentence.
    :ivar why: the rest of the docstring.
    :ivar hint: what to do about it, one sentence.
    :ivar since: the release that brought it, as ``"MAJOR.MINOR"``; ``wsgi_rules_version`` looks at it.
    :ivar explains: ids of rules whose findings say the same less exactly: where this rule is broken, they are left out.
    :ivar on: the event types it judges; empty for a rule over finished runs of stimuli.
    :ivar stimuli: for the latter, ids (or globs) of the stimuli whose runs it judges.
    :ivar once: report at most once per validator (a habit of the deployment, not of one request).
    :ivar bad: example that breaks this rule; :ivar good: its fixed twin. By the names of their parameters:
        ``(environ, start_response)`` is an app, ``(environ)`` edits a complete environ before it is handed
        over, ``(app, environ)`` is a server's whole call of the app, ``(app)`` is a middleware factory,
        ``()`` returns a hand-written run.
    """

    id: str
    section: str
    level: Level
    side: Blame
    clauses: tuple[str, ...]
    check: Callable[..., Outcome]
    summary: str
    why: str
    hint: str
    since: str
    explains: tuple[str, ...] = ()
    on: tuple[type, ...] = ()
    stimuli: tuple[str, ...] = ()
    once: bool = False
    bad_example: Example | None = None
    good_example: Example | None = None

    def bad(self, example: Example) -> Example:
        """Decorator: attach the program that breaks this rule."""
        self.bad_example = example
        return example

    def good(self, example: Example) -> Example:
        """Decorator: attach the fixed twin of the bad example."""
        self.good_example = example
        return example

    def example_source(self, which: str) -> str:
        """Return the source of the ``"bad"`` or ``"good"`` example without its decorator, dedented."""
        example = self.bad_example if which == "bad" else self.good_example
        if example is None:
            raise LookupError(f"rule {self.id} has no {which} example")
        lines = textwrap.dedent(inspect.getsource(example)).splitlines()
        while lines and lines[0].startswith("@"):
            lines.pop(0)
        return "\n".join(lines).replace("def _(", f"def {which}(", 1)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a run says of one rule and one target: the outcome of one test item.

    :param rule: the rule's id. :param target: the target's name.
    :param verdict: see :class:`Verdict`.
    :param exercised: how often something happened that could have broken the rule.
    :param findings: merged findings, empty unless the verdict is ``BROKEN`` (or ``INCONCLUSIVE``).
    :param reason: for a verdict without findings, why: one sentence; ``""`` when it held.
    """

    rule: str
    target: str
    verdict: Verdict
    exercised: int = 0
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the plain data that travels with a test report between processes."""
        return {
            "rule": self.rule,
            "target": self.target,
            "verdict": self.verdict.value,
            "exercised": self.exercised,
            "findings": [f.to_dict() for f in self.findings],
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuleResult:
        """Rebuild a result from :meth:`to_dict`'s data."""
        return cls(
            rule=data["rule"],
            target=data["target"],
            verdict=Verdict(data["verdict"]),
            exercised=data["exercised"],
            findings=tuple(Finding.from_dict(f) for f in data["findings"]),
            reason=data["reason"],
        )


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Fold findings of the same rule, target, blame and place into one, adding up their counts.

    The place is the location when there is one, else the message. The first finding's request and
    message stand for all. The order of first sight is kept.
    """
    merged: dict[tuple[Any, ...], Finding] = {}
    for finding in findings:
        place = finding.location if finding.location is not None else finding.message
        # One line can be wrong in several ways: a rule over many variables names the one it means.
        key = (finding.rule, finding.target, finding.blame, place, finding.variable)
        known = merged.get(key)
        merged[key] = finding if known is None else replace(known, count=known.count + finding.count)
    return list(merged.values())
