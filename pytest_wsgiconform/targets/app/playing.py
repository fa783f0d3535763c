"""One way through an app: its routes, the stimuli that are played on each, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from ...rules.display import clean
from ...rules.records.app import AppRun
from ...rules.records.reach import TargetReach
from ...settings import Settings
from ...stimuli.app.order import played_on
from ..deadline import Deadline
from ..progress import Progress
from .choice import Choice
from .crawl import links_in
from .pace import Estimate, Pace
from .player import FUZZ, ORDINARY, Player
from .reach import gathered, matches
from .routes import Route
from .shortfalls import failures, refusals
from .surroundings import same_under_https

#: Seconds for the items of a response, once one of the route has shown that it does not end.
_PATIENCE = 0.1


class Playing:
    """What is played on an app, in the order in which it is played.

    :param player: plays. :param settings: the run's settings. :param deadline: when the run ends; what is played when
        that comes is not judged. :param progress: learns how far this is.
    :ivar routes: the routes so far. :ivar runs: the record of each stimulus, with its route. :ivar notes: lines for
        the summary. :ivar measured: what ``AppCoverage.report`` gave, ``None`` when nothing was measured.
    """

    def __init__(
        self, player: Player, settings: Settings, deadline: Deadline | None = None, progress: Progress | None = None
    ) -> None:
        self._player, self._settings = player, settings
        self._deadline, self._progress = deadline or Deadline(), progress or Progress()
        self._estimate = Estimate()
        self._pace = Pace(self._estimate)
        self._pending: list[Route] = []
        self._finished = 0
        self._complete = False
        self.routes: list[Route] = []
        self.runs: list[tuple[Route, AppRun]] = []
        self.notes: list[str] = []
        self.measured: dict[str, Any] | None = None
        self.choice: Choice | None = None
        self._scheme = self._redirecting = ""
        self._discovered = self._crawled = 0
        self._endless: set[Route] = set()
        self._reach: TargetReach | None = None
        #: The front page was asked though the framework, which gives routes, knows of none.
        self._guessed_front = False

    def play(self, stimuli: Sequence[str]) -> None:
        """Play *stimuli* on each route that is known, or that answers lead to as far as links are followed."""
        self._pending = self._find_routes()
        while self._pending and self._deadline.reason is None:
            route = self._pending.pop(0)
            played = self._play_route(route, stimuli, stimuli)
            self._pending += self._follow(played, [*self.routes, *self._pending])
        self._complete = self._finished == len(self.routes) and not self._pending
        self.measured = self._player.coverage()
        if self.measured is not None:
            from .coverage import coverage_lines

            self.notes += coverage_lines(self.measured)
        self._player.close()

    def play_at(self, places: Collection[tuple[str, ...]], stimuli: Sequence[str]) -> None:
        """Play of *stimuli* on the known routes no more than *places* name and the ordinary request; follow no link.

        :param places: each a stimulus's id, and the path and the method of a route.
        """
        self._pending = self._find_routes()
        while self._pending and self._deadline.reason is None:
            route = self._pending.pop(0)
            wanted = [name for name in stimuli if name == ORDINARY or (name, route.path, route.method) in places]
            self._play_route(route, wanted, ())
        self._complete = self._finished == len(self.routes) and not self._pending
        self._player.close()

    @property
    def reach(self) -> TargetReach:
        """Which routes were reached."""
        if self._reach is None:
            runs = [(route, run) for route, run in self.runs if not self._is_no_route(route, run)]
            self._reach = gathered(runs, self._settings)
        return self._reach

    def _is_no_route(self, route: Route, run: AppRun) -> bool:
        """Tell whether *route* is a front page that nobody knows of, the app neither."""
        record = run.exchange("get") if self._guessed_front and route.path == "/" and not route.own else None
        return record is not None and record.code == 404

    def _find_routes(self) -> list[Route]:
        discovered, notes = self._player.routes()
        self.choice = Choice(self._settings, discovered)
        if not self._settings.paths:
            self.notes += notes
            self._discovered = sum(route in discovered for route in self.choice.routes)
            known = any(route.path == "/" for route in discovered)
            self._guessed_front = bool(discovered) and not known
        return self.choice.routes

    def _follow(self, runs: list[AppRun], known: list[Route]) -> list[Route]:
        """Return the routes that answers of *runs* lead to, as many as may still be crawled."""
        found: list[Route] = []
        for run in runs:
            for label in ("get", "ordinary"):
                record = run.exchange(label) if run.stimulus == "get" else None
                for link in links_in(record, self._settings.mount) if record is not None else ():
                    if self._crawled >= self._settings.crawl or link in known or link in found:
                        continue
                    route = self.choice.allowed_link(link) if self.choice is not None else link
                    if route is not None:
                        found.append(route)
                        self._crawled += 1
        return found

    def _play_route(self, route: Route, stimuli: Sequence[str], on_each: Sequence[str]) -> list[AppRun]:
        """Play *stimuli* on *route*. :param on_each: what the routes after it will get, as far as one can tell."""
        route = replace(route, scheme=route.scheme or self._scheme)
        self.routes.append(route)
        runs: list[AppRun] = []
        asked = list(played_on(stimuli, route.asking(self._player.settings)))
        pace = self._pace.begin(route, asked)
        for number, name in enumerate(asked):
            if not pace.wants(name):
                continue
            self._say_how_far(asked[number:], on_each)
            began = monotonic()
            run = self._play(name, route)
            if not runs and self._belongs_under_https(run, route):
                route = self.routes[-1] = replace(route, scheme="https")
                run = self._play(name, route)
            if self._deadline.reason is not None:
                return runs  # it was cut short, by a limit that says nothing about the app
            pace.took(run, monotonic() - began)
            self._estimate.note(name, len(run.exchanges))
            runs.append(run)
            self.runs.append((route, run))
        pace.end()
        self._finished += 1
        return runs

    def _say_how_far(self, rest: Sequence[str], on_each: Sequence[str]) -> None:
        played, routes = self._estimate.played, len(self.routes) + len(self._pending)
        total = played + self._estimate.of(rest) + len(self._pending) * self._estimate.of(on_each)
        self._progress.say(played, total, "exchanges", where=f"route {len(self.routes)} of {routes}")

    def _belongs_under_https(self, run: AppRun, route: Route) -> bool:
        """Tell whether the ordinary request was sent to the same URL under https, where the user gave no scheme."""
        record = run.exchange("ordinary") or run.exchange("get")
        if self._settings.scheme or route.scheme or record is None or not same_under_https(record):
            return False
        self._redirecting = self._redirecting or f"{record.method} {clean(record.path)}"
        self._scheme = "https"
        return True

    def _play(self, name: str, route: Route) -> AppRun:
        limit = self._settings.timeout * (10 if name == FUZZ else 1)
        run = self._player.play(name, route, limit, _PATIENCE if route in self._endless else None)
        if any(record.facts.get("endless") for record in run.exchanges):
            self._endless.add(route)
        return run

    @property
    def ended(self) -> str | None:
        """Why not all was played that was to be, ``None`` when it was, or while it goes on."""
        return None if self._complete else self._deadline.reason

    @property
    def left_out(self) -> dict[str, str]:
        """Why a stimulus was left out on some route, by its id."""
        return self._pace.left_out

    @property
    def exchanges(self) -> int:
        """How many exchanges there were."""
        return sum(len(run.exchanges) for _, run in self.runs)

    def summary_lines(self) -> list[str]:
        """Say how much was exercised."""
        routes = len(self.routes)
        origins = [
            text
            for number, text in (
                (self._discovered, f"{self._discovered} told by the framework"),
                (self._crawled, f"{self._crawled} found by following links"),
            )
            if number
        ]
        told = f" ({', '.join(origins)})" if origins else ""
        lines = [f"{self.exchanges} exchanges on {routes} route{'s' if routes != 1 else ''}{told}"]
        lines += [*self._shortfalls(), *self._surroundings(), *self.notes, *self._pace.summary()]
        if self.ended is not None:
            known = len(self.routes) + len(self._pending)
            lines.append(f"{self.ended}: {self._finished} of {known or 'the'} routes were played to the end")
        return lines

    def _surroundings(self) -> list[str]:
        """Say which requests were left out, and under which host and scheme the others were sent."""
        lines = [*self._settings.request_notes, *(self.choice.notes() if self.choice is not None else ())]
        host = self._player.settings.host if not self._settings.host else ""
        found = [
            text
            for text in (
                f"under https, to which {self._redirecting} redirects" if self._scheme else "",
                f"as {clean(host)}, which the settings of its framework name" if host else "",
            )
            if text
        ]
        return [*lines, f"asked {', and '.join(found)}"] if found else lines

    def _shortfalls(self) -> list[str]:
        """Say what was played and came to nothing, and which routes need not be reached."""
        lines = [*failures(self.runs, self._settings.rootdir), *refusals(self.runs, self.reach)]
        excused = [route for route in self.reach.routes if route.excused]
        if excused:
            reasons = ", ".join(dict.fromkeys(clean(route.excused) for route in excused))
            lines.append(
                f"{len(excused)} route{'s' if len(excused) != 1 else ''} excused by wsgi_unreached ({reasons})"
            )
        paths = [route.path for route in self.routes]
        for glob, _ in self._settings.unreached:
            if paths and not any(matches(path, glob) for path in paths):
                lines.append(f"wsgi_unreached: no route matches {clean(glob)}")
        return lines
