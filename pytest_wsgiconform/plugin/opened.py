"""A target that is ready to be judged, with the rules that are put to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..rules.model import Location, Rule, RuleResult
from ..rules.records.reach import TargetReach
from ..rules.registry import pick
from ..targets.base import Places, TargetRun
from ..targets.load import locate
from ..targets.plan import needs_everything
from ..targets.protect import keeping_directory
from ..targets.verdicts import as_reached
from .masked import masked_result

if TYPE_CHECKING:
    from ..masking import Mask
    from ..naming import Target
    from ..settings import Settings
    from .gate import Gate


class OpenTarget:
    """A target that is ready to be judged.

    :param run: it, opened. :param settings: say which rules are chosen. :param gate: says what fails.
    :param mask: takes secrets out of what is found.
    :ivar target: what it is. :ivar rules: the rules to put to it, in the catalogue's order.
    :ivar location: where it is defined, when that is known.
    """

    def __init__(self, target: Target, run: TargetRun, settings: Settings, gate: Gate, mask: Mask) -> None:
        self.target, self.gate, self._mask = target, gate, mask
        # A plugin's own run may lack what is optional.
        self.run = run if isinstance(run, TargetRun) else _Completed(run)
        self.rules = pick(self.run.rules(), settings.select, settings.ignore)
        # Where coverage is measured, and where the baseline is written, it is all or nothing.
        self._may_stop_early = not (settings.cov or gate.write)
        self._asked: tuple[Rule, ...] = self.rules
        self._again: set[str] = set()
        self._measured_taken = False
        self._reach_told: dict[str, Any] | None = None
        self.location: Location | None = None if target.kind == "server" else locate(target.name)

    def expect(self, rules: Iterable[Rule], remembered: Mapping[str, Places]) -> None:
        """Take note of what is left after collection, so that no more is played than it needs.

        :param remembered: where rules showed that failed last time, by id. When each of *rules* that needs everything
            is among them, everything is played only if one of those does not show there any more.
        """
        self._asked = tuple(rules)
        hungry = [rule for rule in self._asked if needs_everything(rule)]
        if self._may_stop_early and all(remembered.get(rule.id) for rule in hungry):
            self._again = {rule.id for rule in hungry}
            self.run.plan(
                [rule for rule in self._asked if rule.id not in self._again],
                {rule.id: remembered[rule.id] for rule in hungry},
            )
        else:
            self.run.plan(self._asked)

    @keeping_directory()
    def judge(self, rule: Rule) -> tuple[RuleResult, bool]:
        """Give the verdict on *rule*, as the project sees it, and whether all was played that the rule looks at."""
        if rule.id in self._again:
            result = self.run.judge_again(rule)
            judged = self._applied(result, rule) if result is not None else None
            # What does not fail the run (it is known, or ignored there) must not hide what else there may be.
            if judged is not None and any(self.gate.fails(finding) for finding in judged.findings):
                return judged, False
            self._again.clear()
            self.run.plan(self._asked)
        return self._applied(self.run.judge(rule), rule), True

    @keeping_directory()
    def reached(self) -> TargetReach:
        """Say what was reached, without what nobody may see."""
        reach = self.run.reach()
        self.learn_secrets()
        return reach.with_text(self._mask.text) if self._mask else reach

    def reach_news(self) -> dict[str, Any] | None:
        """Return what was reached as plain data, ``None`` when that is what the last call returned."""
        data = {**self.reached().to_dict(), "kind": self.target.kind, "name": self.target.name, "process": os.getpid()}
        if data == self._reach_told:
            return None
        self._reach_told = data
        return data

    def _applied(self, result: RuleResult, rule: Rule) -> RuleResult:
        """Return *result* as the project sees it, and without what nobody may see."""
        self.learn_secrets()
        counted = as_reached(result, self.run.reach())
        return self.gate.apply(masked_result(counted, self._mask), rule)

    def learn_secrets(self) -> None:
        """Let the mask know what became secret since: the cookies of a session that was opened again."""
        self._mask.add(**self.run.secrets())

    def measured_once(self) -> dict[str, Any] | None:
        """Return which lines ran under validation, when they were measured; the first call only."""
        measured = self.run.measured
        if measured is None or self._measured_taken:
            return None
        self._measured_taken = True
        return measured


class _Completed(TargetRun):
    """A run with what :class:`TargetRun` calls optional. :param run: it, without that."""

    def __init__(self, run: Any) -> None:
        self.kind, self.name, self._run = run.kind, run.name, run

    def rules(self) -> list[Rule]:
        return list(self._run.rules())

    def judge(self, rule: Rule) -> RuleResult:
        result: RuleResult = self._run.judge(rule)
        return result

    def summary_lines(self) -> list[str]:
        return list(self._run.summary_lines())

    def close(self) -> None:
        self._run.close()
