"""The first item of every target: whether anything of it was reached, so that the others say something."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ..report.document import rooted
from ..report.reached import CALLED, ROUTES, SECTION, capitalised, item_name, not_judged, too_little
from ..rules.display import clean
from ..rules.model import Location
from ..rules.records.reach import TargetReach
from ..targets.base import HookError
from .opened import OpenTarget

if TYPE_CHECKING:
    import os

__all__ = ["CALLED", "ROUTES", "SECTION", "ReachSection", "UnreachedWarning", "WsgiReach"]

#: What to do about it, by the kind of target.
_HINTS = {
    "app": "what stands behind a login, a body or https is reached with --wsgi-login, --wsgi-header, --wsgi-request or "
    "--wsgi-scheme; wsgi_unreached excuses a route",
    "middleware": "see why the middleware answers by itself, or raises",
    "server": "see what the server printed and answered",
}


class UnreachedWarning(UserWarning):
    """A route that the user named was not reached."""


class NotReached(Exception):
    """Too little of a target was reached; the item's failure. :ivar reach: what was."""

    def __init__(self, sentence: str, reach: TargetReach) -> None:
        super().__init__(sentence)
        self.reach = reach


class ReachSection(pytest.Collector):
    """The section of the one item that says whether the target was reached."""

    open_target: OpenTarget

    @classmethod
    def of(cls, parent: pytest.Collector, open_target: OpenTarget) -> ReachSection:
        node: ReachSection = cls.from_parent(parent, name=SECTION)
        node.open_target = open_target
        return node

    def collect(self) -> Iterator[WsgiReach]:
        yield WsgiReach.of(self)


class WsgiReach(pytest.Item):
    """Whether the target was reached; nothing but that silences it."""

    open_target: OpenTarget
    #: What was reached, once it has run.
    reach: TargetReach | None = None
    #: What a hook of the project did wrong meanwhile: the run ends with it.
    fault_of_hook: str = ""

    @classmethod
    def of(cls, parent: ReachSection) -> WsgiReach:
        node: WsgiReach = cls.from_parent(parent, name=item_name(parent.open_target.target.kind))
        node.open_target = parent.open_target
        return node

    @property
    def target_id(self) -> str:
        """First part of the node id: ``wsgi-app[pkg:app]``."""
        return self.open_target.target.nodeid

    def judge(self) -> TargetReach:
        """See what of the target was reached, and keep it."""
        try:
            reach = self.reach = rooted(self.open_target.reached(), str(self.config.rootpath))
        except HookError as error:
            self.fault_of_hook = f"{self.open_target.target.option}: {error}"
            raise
        return reach

    def runtest(self) -> None:
        target, reach = self.open_target.target, self.judge()
        self.user_properties += [
            ("wsgi.rule", self.name),
            ("wsgi.level", "error"),
            ("wsgi.verdict", "held" if reach.passes else "broken"),
        ]
        if not reach.judged:
            raise NotReached(capitalised(not_judged(target, reach)), reach)
        if not reach.enough:
            raise NotReached(capitalised(too_little(target, reach)), reach)
        self._warn(reach)

    def _warn(self, reach: TargetReach) -> None:
        """Warn of each route that the user named and that was not reached."""
        location = self.open_target.location or Location("<wsgi>", 0)
        for route in reach.missed:
            if route.typed:
                text = clean(f"--wsgi-path={route.path} was not reached: {route}")
                try:
                    warnings.warn_explicit(text, UnreachedWarning, location.file, location.line)
                except UnreachedWarning:  # the user turned it into an error (-W error)
                    raise NotReached(text, reach) from None

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if self.fault_of_hook:
            return self.fault_of_hook
        if not isinstance(excinfo.value, NotReached):
            return super().repr_failure(excinfo)
        lines = [f"{excinfo.value}."]
        missed = excinfo.value.reach.missed
        if len(missed) > 1:
            lines += [f"  {clean(str(route))}" for route in missed]
        return "\n".join([*lines, f"to do: {_HINTS[self.open_target.target.kind]}"])

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        location = self.open_target.location
        if location is None:
            return self.path, None, self.nodeid
        return location.file, location.line - 1, self.nodeid
