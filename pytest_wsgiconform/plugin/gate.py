"""The gate: which findings make a run fail, after the project's policy and its baseline had their say.

One per process of a run; nothing in it changes, so that test workers and their controller agree.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from .._version import __version__
from ..report.baseline import Baseline, BaselineError, Entry, Outdated
from ..report.policy import (
    Policy,
    PolicyError,
    parse_fail_on,
    parse_ignore,
    parse_levels,
    parse_version,
)
from ..rules.model import Finding, Level, Rule, RuleResult
from ..rules.registry import catalogue
from . import options

_GATE = pytest.StashKey["Gate"]()


@dataclass(frozen=True)
class Gate:
    """What fails.

    :param policy: levels and exceptions. :param baseline: known findings.
    :param path: the file of the baseline, ``None`` for no baseline. :param name: it, as the user wrote it.
    :param write: the run writes the baseline: what it finds is known from now on.
    :param today: the day by which entries expire.
    """

    policy: Policy = field(default_factory=Policy)
    baseline: Baseline = field(default_factory=Baseline)
    path: Path | None = None
    name: str = ""
    write: bool = False
    today: datetime.date = field(default_factory=datetime.date.today)

    @classmethod
    def of(cls, config: pytest.Config) -> Gate:
        """Return the gate of this run, made on first use.

        :raises pytest.UsageError: for an ini value or a baseline that can't be used.
        """
        if _GATE not in config.stash:
            try:
                config.stash[_GATE] = cls._from(config)
            except (PolicyError, BaselineError) as error:
                raise pytest.UsageError(str(error)) from None
        return config.stash[_GATE]

    @classmethod
    def _from(cls, config: pytest.Config) -> Gate:
        strict = bool(options.value(config, "strict"))
        fail_on = parse_fail_on(config.getini("wsgi_fail_on"))
        if strict and fail_on is Level.ERROR:
            fail_on = Level.WARNING
        levels = config.getini("wsgi_levels")
        policy = Policy(
            fail_on=fail_on,
            # Only who changes levels pays for loading the catalogue.
            levels=parse_levels(levels, catalogue()) if levels else {},
            ignores=tuple(parse_ignore(options.value(config, "ignore"))),
            rules_version=parse_version(config.getini("wsgi_rules_version"), __version__),
            root=config.rootpath,
        )
        text, write = options.value(config, "baseline"), bool(options.value(config, "write-baseline"))
        if not text:
            if write:
                raise pytest.UsageError("--wsgi-write-baseline: give the file to write with --wsgi-baseline=PATH")
            return cls(policy, Baseline(root=config.rootpath))
        path = options.file_path(config, "baseline", text)
        baseline = Baseline(root=config.rootpath)
        if write:
            options.check_writable(f"--wsgi-baseline={text}", path)
        elif not path.exists():
            raise pytest.UsageError(f"--wsgi-baseline={text}: there is no such file; --wsgi-write-baseline makes it")
        if path.exists():
            baseline = Baseline.load(path, config.rootpath, catalogue())
        return cls(policy, baseline, path, text, write)

    def apply(self, result: RuleResult, rule: Rule) -> RuleResult:
        """Return *result* with the project's levels, without its exceptions, and with known findings marked."""
        judged = self.policy.apply(result, rule)
        return replace(judged, findings=tuple(self.mark(judged.findings)))

    def admit(self, finding: Finding) -> Finding | None:
        """Return *finding* of a user's own test with the project's level, ``None`` when an exception covers it."""
        rule = catalogue().get(finding.rule)
        return finding if rule is None else self.policy.judge(finding, rule)

    def mark(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return *findings* with the known ones marked; pass all of one rule and target together."""
        if self.path is None or not findings:
            return list(findings)
        if not self.write:
            return self.baseline.mark(findings, self.today)
        # They are going to be written down, and then they are known; but an entry that has expired stays so.
        return [
            replace(finding, baselined=entry is None or not entry.expired(self.today))
            for finding, entry in zip(findings, self.baseline.match(findings), strict=True)
        ]

    def fails(self, finding: Finding) -> bool:
        """Whether *finding*, as :meth:`apply` or :meth:`mark` gave it, fails the run."""
        return self.policy.fails(finding)

    def finish(
        self,
        findings: Iterable[Finding],
        judged: set[tuple[str, str]],
        complete: bool,
        unjudged: Sequence[str] = (),
    ) -> Outcome:
        """Look at the whole run: what in the baseline is out of date, and write it when that was asked for.

        :param findings: all of the run, with absolute files. :param judged: see :meth:`Baseline.stale`.
        :param complete: false when the run was cut short; then nothing is written.
        :param unjudged: targets that could not be judged; then nothing is written either.
        """
        if self.path is None:
            return Outcome()
        listed = list(findings)
        if self.write and unjudged:
            return Outcome((f"baseline: not written to {self.name}, because {', '.join(unjudged)} was not judged",))
        if self.write:
            return self._written(listed, judged, complete)
        stale = self.baseline.stale(listed, judged)
        expired = [entry for entry in self.baseline.expired(self.today) if entry not in stale]
        messages = [f"baseline: {_name(e)} no longer occurs (stale): take the entry out of {self.name}" for e in stale]
        messages += [f"baseline: {_name(e)} expired on {e.expires}" for e in expired]
        # With fail_on = warning or lower a stale entry is a thing to mend as well (--wsgi-strict is one way there).
        fails = bool(stale) and self.policy.fail_on is not Level.ERROR
        return Outcome(tuple(messages), fails, outdated=Outdated(tuple(stale), tuple(expired)))

    def _written(self, findings: list[Finding], judged: set[tuple[str, str]], complete: bool) -> Outcome:
        path = self.path
        if path is None or not complete:
            return Outcome((f"baseline: not written to {self.name}, because the run was cut short",))
        weighty = [f for f in findings if f.level is not Level.ADVICE or self.policy.fail_on is Level.ADVICE]
        updated = self.baseline.updated(weighty, judged)
        try:
            updated.write(path)
        except BaselineError as error:
            return Outcome((str(error),), unwritten=True)
        number = len(updated.entries)
        return Outcome((f"baseline: {number} known {'finding' if number == 1 else 'findings'} written to {self.name}",))


@dataclass(frozen=True)
class Outcome:
    """What the gate says of a whole run.

    :param messages: lines for the terminal. :param fails: stale entries fail the run.
    :param unwritten: the baseline could not be written. :param outdated: entries of it that are out of date.
    """

    messages: tuple[str, ...] = ()
    fails: bool = False
    unwritten: bool = False
    outdated: Outdated = field(default_factory=Outdated)


def _name(entry: Entry) -> str:
    target = f" in {entry.target}" if entry.target else ""
    return f"{entry.rule} at {entry.where}{target}"
