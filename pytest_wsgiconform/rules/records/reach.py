"""What of a target was reached: whether its verdicts say anything. Plain data, so that it can cross processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..model import Location

#: Why a login page is not among the routes that count.
LOGIN_PAGE = "login page"

#: At most so many routes are named in one sentence.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RouteReach:
    """Whether one route of an app was reached.

    :param method, path: its ordinary request. :param reached: what came of it. :param status: the code of its own
        answer, ``None`` when there was none.
    :param why: why it was not reached, as the end of a sentence that begins with the request; ``""`` when it was.
    :param brief: the same in a few words. :param location: the line to look at, ``None`` when none is known.
    :param excused: why it need not be reached, ``""`` when it must. :param typed: the user named it.
    """

    method: str
    path: str
    reached: bool
    status: int | None = None
    why: str = ""
    brief: str = ""
    location: Location | None = None
    excused: str = ""
    typed: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is among the routes that should be reached: no login page, and not excused."""
        return self.why != LOGIN_PAGE and not self.excused

    @property
    def place(self) -> str:
        """The line to look at, in brackets and with a space before it, ``""`` when none is known."""
        return "" if self.location is None else f" ({self.location.file}:{self.location.line})"

    @property
    def reason(self) -> str:
        """Why it was not reached, with the line."""
        return f"{self.why}{self.place}"

    def __str__(self) -> str:
        """Say what came of the request."""
        return f"{self.method} {self.path} {self.reason if self.why else 'was reached'}"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RouteReach:
        """Rebuild it from ``asdict``'s data. :raises LookupError, TypeError, ValueError: for other data."""
        status = data["status"]
        return cls(
            method=str(data["method"]),
            path=str(data["path"]),
            reached=bool(data["reached"]),
            status=None if status is None else int(status),
            why=str(data["why"]),
            brief=str(data["brief"]),
            location=_location(data["location"]),
            excused=str(data["excused"]),
            typed=bool(data["typed"]),
        )


@dataclass(frozen=True)
class TargetReach:
    """Whether a target was reached, so that it can be judged.

    :param judged: whether its verdicts say anything. :param enough: false when the project asks for more than was
        reached. :param note: why it is not judged, or not enough, where its routes don't say it.
    :param location: the line to look at for that, ``None`` when none is known.
    :param routes: of an app, in the order in which they were asked. :param called: what else was reached: how often
        the app inside a middleware or a server was called.
    :param version: what the package of a server says of itself. :param policies: what a server chose, by name.
    """

    judged: bool
    enough: bool = True
    note: str = ""
    location: Location | None = None
    routes: tuple[RouteReach, ...] = ()
    called: int = 0
    version: str | None = None
    policies: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why it is not judged, or why too little was reached, as a sentence without its end; ``""`` for neither."""
        if self.passes:
            return ""
        place = "" if self.location is None else f" ({self.location.file}:{self.location.line})"
        note = f"{self.note}{place}"
        if self.judged:
            return f"{self.count()}; {note}" if self.routes else note
        asked = self.missed or [route for route in self.routes if not route.reached]
        if self.note or not asked:
            return note or "nothing of it was reached"
        if len(asked) == 1:
            return str(asked[0])
        named = [str(route) for route in asked[:_NAMED]]
        left = len(asked) - _NAMED
        return f"none of {len(asked)} routes was reached: {', '.join(named)}{f', and {left} more' if left > 0 else ''}"

    @property
    def counted(self) -> list[RouteReach]:
        """The routes that should be reached."""
        return [route for route in self.routes if route.counts]

    @property
    def reached(self) -> int:
        """How many of these were."""
        return sum(route.reached for route in self.counted)

    @property
    def missed(self) -> list[RouteReach]:
        """Those that were not."""
        return [route for route in self.counted if not route.reached]

    @property
    def passes(self) -> bool:
        """Whether the run may be a success."""
        return self.judged and self.enough

    def count(self) -> str:
        """Say how many routes were reached, and name those that were not; ``""`` when it has no routes."""
        if not self.counted:
            return ""
        listed = self.missed
        text = f"{self.reached} of {_plural(len(self.counted), 'route')} reached"
        named = [f"{route.path} {route.brief}{route.place}" for route in listed[:_NAMED]]
        if len(listed) > _NAMED:
            named.append(f"and {len(listed) - _NAMED} more")
        return f"{text}; {', '.join(named)}" if named else text

    def with_places(self, change: Callable[[Location], Location]) -> TargetReach:
        """Return it with what *change* makes of each line's place."""
        routes = (r if r.location is None else replace(r, location=change(r.location)) for r in self.routes)
        location = None if self.location is None else change(self.location)
        return replace(self, routes=tuple(routes), location=location)

    def with_text(self, change: Callable[[str], str]) -> TargetReach:
        """Return it with what *change* makes of each text that may quote the target."""
        routes = tuple(
            replace(route, path=change(route.path), why=change(route.why), brief=change(route.brief))
            for route in self.routes
        )
        return replace(self, note=change(self.note), routes=routes)

    def together(self, other: TargetReach, *, worst: bool) -> TargetReach:
        """Return what two processes of one run say of the same target.

        :param worst: one that did not reach enough decides, as when each plays all; else one that did.
        """
        first = self if self.passes != worst else other
        return replace(first, called=max(self.called, other.called), policies={**self.policies, **other.policies})

    def to_dict(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return {**asdict(self), "policies": dict(self.policies)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TargetReach:
        """Rebuild it from :meth:`to_dict`'s data. :raises LookupError, TypeError, ValueError: for other data."""
        return cls(
            judged=bool(data["judged"]),
            enough=bool(data["enough"]),
            note=str(data["note"]),
            location=_location(data["location"]),
            routes=tuple(map(RouteReach.from_dict, data["routes"])),
            called=int(data["called"]),
            version=data["version"],
            policies=dict(data["policies"]),
        )


def _location(data: Mapping[str, Any] | None) -> Location | None:
    return None if data is None else Location(str(data["file"]), int(data["line"]), str(data["function"]))


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
