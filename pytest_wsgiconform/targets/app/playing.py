"""One way through an app: its routes, the stimuli that are played on each, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from time import monotonic
from typing import Any

from ...rules.records.app import AppRun
from ...settings import Settings
from ..deadline import Deadline
from ..progress import Progress
from .crawl import links_in
from .pace import Estimate, Pace
from .player import FUZZ, Player
from .routes import Route

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
        self._discovered = self._crawled = 0
        self._endless: set[Route] = set()

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
        """Play of *stimuli* on the known routes no more than *places* name, and follow no link.

        :param places: each a stimulus's id, and the path and the method of a route.
        """
        self._pending = self._find_routes()
        while self._pending and self._deadline.reason is None:
            route = self._pending.pop(0)
            self._play_route(route, [name for name in stimuli if (name, route.path, route.method) in places], ())
        self._complete = self._finished == len(self.routes) and not self._pending
        self._player.close()

    def _find_routes(self) -> list[Route]:
        if self._settings.paths:
            return [Route(path) for path in self._settings.paths]
        discovered, notes = self._player.routes()
        self.notes = list(notes)
        self._discovered = len(discovered)
        return list(dict.fromkeys([Route("/"), *discovered]))

    def _follow(self, runs: list[AppRun], known: list[Route]) -> list[Route]:
        """Return the routes that answers of *runs* lead to, as many as may still be crawled."""
        found: list[Route] = []
        for run in runs:
            for label in ("get", "ordinary"):
                record = run.exchange(label) if run.stimulus == "get" else None
                for route in links_in(record) if record is not None else ():
                    if self._crawled < self._settings.crawl and route not in known and route not in found:
                        found.append(route)
                        self._crawled += 1
        return found

    def _play_route(self, route: Route, stimuli: Sequence[str], on_each: Sequence[str]) -> list[AppRun]:
        """Play *stimuli* on *route*. :param on_each: what the routes after it will get, as far as one can tell."""
        self.routes.append(route)
        runs: list[AppRun] = []
        pace = self._pace.begin(route, stimuli)
        for number, name in enumerate(stimuli):
            if not pace.wants(name):
                continue
            self._say_how_far(stimuli[number:], on_each)
            began = monotonic()
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
        silent = self._silent_routes()
        if silent:
            lines.append(f"{silent} of them never gave a response with a status below 400")
        lines += self.notes + self._pace.summary()
        if self.ended is not None:
            known = len(self.routes) + len(self._pending)
            lines.append(f"{self.ended}: {self._finished} of {known or 'the'} routes were played to the end")
        return lines

    def _silent_routes(self) -> int:
        """Return the number of routes that had nothing to offer but errors."""
        answered = {run.path for _, run in self.runs if any((record.code or 999) < 400 for record in run.exchanges)}
        return len({route.path for route in self.routes} - answered)
