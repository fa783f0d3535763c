"""What every kind of target is to those that judge it, and the error of one that can't be had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from ..rules.records.reach import TargetReach

if TYPE_CHECKING:
    from ..rules.model import Rule, RuleResult
    from ..rules.records.server import ServerRun
    from .deadline import Deadline
    from .hooks import Hooks
    from .progress import Progress

#: Where a broken rule showed: for each place the words by which the same target finds it again (its stimulus, its
#: path, ...). Plain text, so that it can be kept between runs.
Places: TypeAlias = "tuple[tuple[str, ...], ...]"


class TargetError(Exception):
    """The target can't be loaded or started: a usage error, not a finding.

    ``str()`` of it is one clear paragraph that shows the target's own error output.
    """


class HookError(TargetError):
    """A hook of the project raised, or returned what it must not. ``str()`` is one paragraph with its line."""


@runtime_checkable
class TargetRun(Protocol):
    """One target under test, for one session. A class that inherits from this has to define what is not optional.

    :ivar kind: ``"app"``, ``"middleware"`` or ``"server"``. :ivar name: the name as the user gave it.
    :ivar measured: optional: which lines of the target ran under validation, once all is played; ``None`` when that
        was not measured.
    """

    kind: str
    name: str
    measured: dict[str, Any] | None = None

    def rules(self) -> list[Rule]:
        """Return the rules that bind this target, in the catalogue's order. The caller chooses among them."""
        ...

    def plan(self, rules: Iterable[Rule], remembered: Mapping[str, Places] | None = None) -> None:
        """Optional: take note that *rules* will be judged, so that only what they need is played.

        Called before the first rule is judged. A rule that is not among *rules* can be judged all the same; without
        a plan all rules of this target are expected.

        :param remembered: for rules that are to be judged by :meth:`judge_again` first, where they showed when they
            were broken in an earlier session, as :meth:`places_of` gave it.
        """
        return

    def judge(self, rule: Rule) -> RuleResult:
        """Run the stimuli that *rule* needs, those that have not run yet, and give its verdict.

        Never raises for anything that the target does.
        """
        ...

    def judge_again(self, rule: Rule) -> RuleResult | None:
        """Optional: judge *rule* only where it showed in an earlier session, see :meth:`plan`.

        :returns: the result when the rule is broken there still; ``None`` when that says nothing about the rule.
        """
        return None

    def places_of(self, rule: Rule) -> Places:
        """Optional: return where *rule*, which was judged broken, showed; nothing when it can't be found again."""
        return ()

    def reach(self) -> TargetReach:
        """Optional: say what of the target was reached; unless that is something, its verdicts say nothing.

        Plays what was planned, unless something was played already.
        """
        return TargetReach(judged=True)

    def summary_lines(self) -> list[str]:
        """Return facts for the terminal summary, one a line (how many routes were exercised, ...)."""
        ...

    @property
    def runs(self) -> Mapping[str, ServerRun]:
        """Optional: the records of a server so far, by stimulus; they are compared with other servers' records."""
        return {}

    def bound(self, deadline: Deadline, progress: Progress) -> None:
        """Optional: play nothing more once the run is over, and say how far the playing is.

        Called before the first rule is judged. A rule that nothing put to the test then is not exercised, with
        ``deadline.reason`` as its reason.
        """
        return

    @property
    def ended_early(self) -> str | None:
        """Optional: why not all was played that the plan asks for, ``None`` when it was (or nothing was begun)."""
        return None

    def open_session(self, hooks: Hooks) -> None:
        """Optional: log in, as the settings and *hooks* say; called once before the first rule is judged.

        :raises TargetError: when that does not work.
        """
        return

    def secrets(self) -> dict[str, list[str]]:
        """Optional: what nobody may see of the session so far, as ``Mask.add`` takes it."""
        return {}

    def announcement(self) -> str:
        """Optional: say, before anything is sent, which requests may change the target's data."""
        return ""

    def plan_lines(self) -> list[str]:
        """Optional: say what would be sent for the planned rules, one line for each route. Sends nothing."""
        return []

    def gather(self) -> None:
        """Optional: take in what the workers of a distributed run have played on this target."""
        return

    def close(self) -> None:
        """Stop what was started; safe to call twice."""
        ...
