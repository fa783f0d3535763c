"""How much of the playing a route gets that is slow, hangs, or kills the interpreter.

What is left out is named, and the rules that lose their stimuli are judged on the other routes. The thresholds are in
the order of seconds, so that a busy machine does not change a verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ...rules.display import clean
from ...rules.records.app import AppRun
from .routes import Route

#: A route is slow when each answer to its first ordinary requests takes so many seconds. Each, because the first
#: request to an app may have to load half of it.
SLOW = 1.0

#: What is played on a slow route, about eighteen exchanges: ordinary traffic, and what shows the gravest faults.
SLOW_STIMULI = frozenset(
    {"get", "head", "post", "options", "http-1-0", "bare-environ", "strict-streams", "input-ends-early", "repeat"}
)

#: Seconds after which no further stimulus begins, on a slow route and on any other.
SLOW_BUDGET, ROUTE_BUDGET = 20.0, 60.0

#: A route that ran into the time limit so often is not played further; once is enough when other routes did before.
HANGS, HANGING_ROUTES = 2, 3

#: A stimulus that ran into the time limit on so many routes is left out on the next ones.
HANGING_STIMULUS = 2

#: A route on which the interpreter died so often, or hung or died, is not played further.
DEATHS = 3

#: After so many stimuli altogether that ran into the time limit, and so many that did or killed the interpreter,
#: nothing more is played.
HANGS_IN_ALL, BAD_RUNS_IN_ALL = 12, 30


class Estimate:
    """Guesses how many exchanges are still to come.

    A stimulus is taken to need as many as on the route before; one that was not played yet, as many as the others on
    average, where ten usual ones count among the others.

    :ivar played: how many there were.
    """

    #: Exchanges of a usual stimulus, and how many of these the average begins with.
    _USUAL, _AT_FIRST = 5.5, 10

    def __init__(self) -> None:
        self.played = 0
        self._last: dict[str, int] = {}

    def note(self, stimulus: str, exchanges: int) -> None:
        """Take in what *stimulus* needed."""
        self.played += exchanges
        self._last[stimulus] = exchanges

    def of(self, stimuli: Iterable[str]) -> int:
        """Guess how many exchanges *stimuli* will need."""
        seen = sum(self._last.values()) + self._AT_FIRST * self._USUAL
        usual = seen / (len(self._last) + self._AT_FIRST)
        return round(sum(self._last.get(name, usual) for name in stimuli))


class RoutePace:
    """Which stimuli one route gets. :param pace: of the whole app. :param stimuli: those that are asked for."""

    def __init__(self, pace: Pace, route: Route, stimuli: Sequence[str]) -> None:
        self._pace, self._route, self._stimuli = pace, route, stimuli
        self._played = self._exchanges = self._hung = self._died = 0
        self._seconds = 0.0
        self._first: list[float] = []
        self._slow: float | None = None
        self._stopped = False
        self._left_out: list[str] = []

    def wants(self, stimulus: str) -> bool:
        """Whether *stimulus* is to be played now; what is not counts as left out."""
        if self._pace.leaves_out(stimulus, first=stimulus == self._stimuli[0]):
            return False
        if self._stopped or (self._slow is not None and stimulus not in SLOW_STIMULI):
            self._left_out.append(stimulus)
            return False
        return True

    def took(self, run: AppRun, seconds: float) -> None:
        """Take in how *run* went. :param seconds: how long it took."""
        self._played += 1
        self._exchanges += len(run.exchanges)
        self._seconds += seconds
        if run.facts.get("died"):
            self._died += 1
            self._pace.died += 1
        elif any(record.timed_out for record in run.exchanges):
            self._hung += 1
            self._pace.note_hang(run.stimulus)
        elif len(self._first) < 2:  # one answer alone may be late because the app was loading
            self._first += [record.seconds for record in run.exchanges]
            self._slow = self._slowness()
        self._stopped = (
            self._hung >= (HANGS if self._pace.hanging_routes < HANGING_ROUTES else 1)
            or self._hung + self._died >= DEATHS
            or self._seconds >= (ROUTE_BUDGET if self._slow is None else SLOW_BUDGET)
        )

    def _slowness(self) -> float | None:
        """Return how long the route takes, as its first exchanges show, when that is too long for everything."""
        fastest = min(self._first) if len(self._first) > 1 else 0.0
        # A few stimuli can be played in any case: who asks for one rule wants it judged.
        too_long = fastest * self._pace.estimate.of(self._stimuli[self._played :]) > SLOW_BUDGET
        return fastest if fastest >= SLOW and too_long else None

    def end(self) -> None:
        """Note what was left out, now that the route is done."""
        if self._stopped and self._hung:
            self._pace.hanging_routes += 1
        if not self._left_out:
            return
        if self._died:
            what = f"kills the interpreter{' and hangs' if self._hung else ''}"
        elif self._hung and self._seconds < ROUTE_BUDGET:
            what = "hangs"
        else:
            what = f"takes {self._slow if self._slow is not None else self._seconds / max(self._exchanges, 1):.1f} s"
        count = f"{self._played} of {len(self._stimuli)} stimuli played"
        self._pace.note(f"{clean(self._route.path)} {what}; {count}", self._left_out)


class Pace:
    """Which stimuli each route of an app gets.

    :param estimate: of the exchanges to come.
    :ivar left_out: why a stimulus was left out, by its id. :ivar died: how often the interpreter died.
    :ivar hanging_routes: number of routes that were given up because they hang.
    """

    def __init__(self, estimate: Estimate) -> None:
        self.estimate = estimate
        self.left_out: dict[str, str] = {}
        self.died = self.hanging_routes = 0
        self._notes: list[str] = []
        self._hung: Counter[str] = Counter()

    def begin(self, route: Route, stimuli: Sequence[str]) -> RoutePace:
        """Return the pace of *route*, which is to get *stimuli*."""
        return RoutePace(self, route, stimuli)

    def note(self, text: str, stimuli: Iterable[str]) -> None:
        """Say in the summary, once, why *stimuli* were left out."""
        if text not in self._notes:
            self._notes.append(text)
        for name in stimuli:
            self.left_out.setdefault(name, text)

    def note_hang(self, stimulus: str) -> None:
        """Count that *stimulus* ran into the time limit on a route."""
        self._hung[stimulus] += 1

    def leaves_out(self, stimulus: str, first: bool) -> bool:
        """Whether *stimulus* is left out on every route from now on. :param first: it is the ordinary request."""
        bad = self._hung.total() + self.died
        if self._hung.total() >= HANGS_IN_ALL or bad >= BAD_RUNS_IN_ALL:
            self.note(f"the app hung or died {bad} times, and nothing more was played", [stimulus])
            return True
        if self._hung[stimulus] >= HANGING_STIMULUS and not first:
            self.note(
                f"stimulus {stimulus} hung on {self._hung[stimulus]} routes, and is left out on others", [stimulus]
            )
            return True
        return False

    def summary(self) -> list[str]:
        """Return a line for each reason."""
        return list(self._notes)
