"""What a run would send to an app: known before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...rules.display import clean
from ...settings import Settings
from ...stimuli.app.asking import SAFE, Asking
from ...stimuli.app.model import Stage, Stimulus
from ...stimuli.app.order import played_on
from .routes import Route

#: Seconds for one stimulus on the stand-in, which answers at once.
_LIMIT = 60.0

#: Methods in the order in which they are named; others come after them.
_ORDER = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def unsafe_methods(asking: Asking) -> list[str]:
    """Return the methods by which a route gets requests that may change something."""
    methods = {asking.method, asking.sends_body_by}
    return [method for method in sorted(methods) if method not in SAFE and asking.may_send(method)]


class Sending:
    """Counts requests by playing stimuli on an app that stands in for the real one, and answers each with a 200.

    :param stimuli: what is played on each route. :param settings: the run's.
    """

    def __init__(self, stimuli: Sequence[Stimulus], settings: Settings) -> None:
        self._stimuli, self._settings = stimuli, settings
        self._known: dict[tuple[Any, ...], Counter[str]] = {}

    def to(self, route: Route) -> Counter[str]:
        """Return how many requests *route* gets, by method."""
        asking = route.asking(self._settings)
        path = route.path.partition("?")[0]
        # Of a path only this makes a difference in number.
        key = (asking, path == "/", path.endswith("/"), "?" in route.path)
        if key not in self._known:
            self._known[key] = self._count(asking, route.path)
        return self._known[key]

    def _count(self, asking: Asking, path: str) -> Counter[str]:
        seen: list[str] = []

        def stand_in(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            seen.append(environ["REQUEST_METHOD"])
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"it stands ", b"in"]

        wanted = played_on([stimulus.id for stimulus in self._stimuli], asking)
        for stimulus in (stimulus for stimulus in self._stimuli if stimulus.id in wanted):
            Stage(stand_in, [], path, _LIMIT, stimulus.id, asking).perform(stimulus)
        return Counter(seen)


def numbers(counted: Counter[str]) -> str:
    """Return *counted* as text: usual methods by name, the methods that no app knows together."""
    known = [f"{method} {counted[method]}" for method in _ORDER if counted[method]]
    other = sum(count for method, count in counted.items() if method not in _ORDER)
    return ", ".join([*known, *([f"others {other}"] if other else [])])


def methods_as_text(methods: Iterable[str]) -> str:
    """Return *methods* as text, those that no app knows together."""
    known = set(methods)
    named = [method for method in _ORDER if method in known]
    return ", ".join([*named, *(["others"] if known - set(named) else [])])


def plan_lines(routes: Sequence[Route], sending: Sending) -> list[str]:
    """Return one line for each of *routes*, and one for all of them."""
    total: Counter[str] = Counter()
    rows = []
    for route in routes:
        counted = sending.to(route)
        total += counted
        rows.append((route.method, clean(route.path), numbers(counted)))
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"  {method:{widths[0]}}  {path:{widths[1]}}  {text}" for method, path, text in rows]
    count = f"{len(routes)} route{'s' if len(routes) != 1 else ''}"
    return [*lines, f"{count}, {total.total()} requests: {numbers(total)}" if routes else "no route to play"]


def announcement(routes: Iterable[Route], settings: Settings) -> str:
    """Say which methods go to how many routes, those that may change something one by one."""
    askings = [route.asking(settings) for route in routes]
    number = f"{len(askings)} route{'s' if len(askings) != 1 else ''}"
    unsafe = Counter(method for asking in askings for method in unsafe_methods(asking))
    if not unsafe:
        only = f"only {', '.join(settings.methods)}, none" if settings.methods else "none"
        return f"sends to {number} {only} that may change data"
    told = ", ".join(f"{clean(method)} to {unsafe[method]}" for method in sorted(unsafe, key=_place))
    return f"sends requests that may change data: {told} of {number} (--wsgi-methods=GET,HEAD,OPTIONS sends none)"


def _place(method: str) -> tuple[int, str]:
    return (_ORDER.index(method) if method in _ORDER else len(_ORDER), method)
