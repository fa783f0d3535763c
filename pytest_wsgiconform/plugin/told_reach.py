"""What the processes of a run say of how far each target was reached, put together."""

from __future__ import annotations

from typing import Any

from ..naming import Target
from ..report.document import rooted
from ..rules.records.reach import TargetReach


class ToldReach:
    """Comes with the test reports. :param root: files that lie below this folder are named relative to it."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._told: dict[Target, dict[int, TargetReach]] = {}

    def take(self, report: Any, facts: dict[Target, list[str]]) -> None:
        """Take in what *report* carries, and put its lines for the summary into *facts*.

        :param report: a test report, or what stands for one.
        """
        told: dict[str, Any] | None = getattr(report, "wsgi_reach", None)
        if told is not None:
            target = Target(told["kind"], told["name"])
            self._told.setdefault(target, {})[told["process"]] = TargetReach.from_dict(told)
            facts.setdefault(target, getattr(report, "wsgi_facts", []))

    def all(self) -> dict[Target, TargetReach]:
        """Return what was reached of each target that was played."""
        found = {}
        for target, told in self._told.items():
            first, *others = told.values()
            for other in others:
                # The processes of a run share what they play on a server; on the others each plays all that it judges.
                first = first.together(other, worst=target.kind != "server")
            found[target] = rooted(first, self._root)
        return found

    def fails(self) -> bool:
        """Tell whether the session is no success."""
        return any(not reach.passes for reach in self.all().values())
