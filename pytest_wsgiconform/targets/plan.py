"""Which stimuli have to be played for the rules that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..rules.model import Rule


def needs_everything(rule: Rule) -> bool:
    """Whether *rule* can be judged only when all stimuli have been played: it looks at every exchange."""
    return bool(rule.on) or "*" in rule.stimuli


def applies(rule: Rule, stimulus: str) -> bool:
    """Whether *rule*, one over runs, judges the run of *stimulus*."""
    return "*" in rule.stimuli or stimulus in rule.stimuli


@dataclass(frozen=True)
class Plan:
    """What is to be judged, and what that needs.

    :param rules: the rules. :param first: ids of stimuli that are played in any case.
    :param explained: the rules that have to be judged besides, by the id of the rule that needs them.
    """

    rules: Sequence[Rule]
    first: str
    explained: Mapping[str, Sequence[Rule]] = field(default_factory=dict)

    @property
    def watching(self) -> list[Rule]:
        """The rules on single events: they watch while stimuli are played."""
        return [rule for rule in self.rules if rule.on]

    def covers(self, *rules: Rule) -> bool:
        """Whether all that *rules* need is played."""
        return set(rules) <= set(self.rules)

    def stimuli(self, known: Iterable[str]) -> list[str]:
        """Return those of the stimuli *known* that have to be played, in the same order."""
        needed = [*self.rules, *(other for rule in self.rules for other in self.explained.get(rule.id, ()))]
        if any(needs_everything(rule) for rule in needed):
            return list(known)
        return [name for name in known if name == self.first or any(applies(rule, name) for rule in needed)]
