"""Judging targets: the one loop that turns (target, rule) into a verdict, without pytest.

A :class:`TargetRun` holds one target for one session. It runs stimuli lazily, each once, and shares
their records between rules; the pytest layer (``suite``) and :func:`pytest_wsgiconform.check_app` are
thin callers of it.
"""

from __future__ import annotations

from typing import Protocol

from .rules.model import Rule, RuleResult


class TargetError(Exception):
    """The target can't be loaded or started: a usage error, not a finding.

    ``str()`` of it is one clear paragraph that shows the target's own error output.
    """


class TargetRun(Protocol):
    """One target under test, for one session.

    :ivar kind: ``"app"``, ``"middleware"`` or ``"server"``. :ivar name: the name as the user gave it.
    """

    kind: str
    name: str

    def rules(self) -> list[Rule]:
        """Return the rules that bind this kind of target, in the catalogue's order."""
        ...

    def judge(self, rule: Rule) -> RuleResult:
        """Run the stimuli that *rule* needs, those that have not run yet, and give its verdict.

        Never raises for anything that the target does.
        """
        ...

    def summary_lines(self) -> list[str]:
        """Return facts for the terminal summary, one a line (how many routes were exercised, ...)."""
        ...

    def close(self) -> None:
        """Stop what was started; safe to call twice."""
        ...
