"""Which routes of an app are asked, by which method, and which are left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from ...rules.display import clean
from ...settings import Settings
from ...stimuli.app.asking import WITH_BODY, Bodies
from .routes import Route, pick

_ADMIN = "of the framework's admin area (--wsgi-path names one)"
_METHODS = "with no method that --wsgi-methods lets through"

#: Methods that frameworks answer by themselves on routes that were made for others.
_AUTOMATIC = frozenset({"OPTIONS"})


class Choice:
    """The routes of one app under the settings of a run.

    :param settings: the run's. :param discovered: the routes that the app's framework gives.
    :ivar routes: what is asked, in this order.
    """

    def __init__(self, settings: Settings, discovered: Sequence[Route]) -> None:
        self._settings = settings
        self._left_out: dict[Route, str] = {}
        own = [
            Route(target, method, headers, body, own=True, host=settings.host or host, scheme=scheme)
            for method, target, headers, body, host, scheme in settings.own_requests
        ]
        if settings.paths:
            named = {route.path: route for route in discovered}
            # What the routing table says of a path that was typed holds for it as well.
            others = [replace(named.get(path, Route(path)), admin=False) for path in settings.paths]
        elif own:
            others = list(discovered)
        else:
            front = [route for route in discovered if route.path == "/"] or [_front(discovered)]
            others = list(dict.fromkeys([*front, *discovered]))
        replaced = {(route.path.partition("?")[0], route.method) for route in own}
        others = [route for route in others if (route.path, route.method) not in replaced]
        asked = [allowed for route in (*own, *others) if (allowed := self.allowed(route)) is not None]
        self.routes = _shared_out(asked, typed=bool(settings.paths))

    def allowed(self, route: Route) -> Route | None:
        """Return *route* with a method that may be sent, or ``None``, and take note, when it is left out."""
        why = self._why_not(route)
        methods = self._settings.methods
        if not why and methods and route.method not in methods:
            named = [method for method in route.named if method in methods and method not in _AUTOMATIC]
            if named or (not route.named and not route.own):
                return replace(route, method=pick(named or methods))
            why = _METHODS
        if why:
            self._left_out[route] = why
        return None if why else route

    def _why_not(self, route: Route) -> str:
        path = route.path.partition("?")[0]
        for glob, reason in self._settings.exclude_path:
            if fnmatchcase(route.path, glob) or fnmatchcase(path, glob):
                return f"by wsgi_exclude_path ({clean(reason)})"
        return _ADMIN if route.admin else ""

    def allowed_link(self, route: Route) -> Route | None:
        """Return what :meth:`allowed` does, but ``None`` for a link to a route that is left out already."""
        path = route.path.partition("?")[0]
        if any((other.path.partition("?")[0], other.method) == (path, route.method) for other in self._left_out):
            return None
        return self.allowed(route)

    def notes(self) -> list[str]:
        """Say how many routes were not asked, and why."""
        if not self._left_out:
            return []
        reasons = Counter(self._left_out.values())
        number = len(self._left_out)
        told = ", ".join(f"{count} {why}" for why, count in reasons.items())
        return [f"{number} {'routes were' if number > 1 else 'route was'} not asked: {told}"]


def _front(discovered: Sequence[Route]) -> Route:
    """Return the front page of an app whose framework knows of none: where it names methods, it takes no body."""
    known = discovered and all(route.named for route in discovered)
    return Route("/", bodies=int(Bodies.ONE)) if known else Route("/")


def _shared_out(routes: list[Route], *, typed: bool) -> list[Route]:
    """Let one route of those that nobody named get all requests with a body, and the others a handful or one.

    :param typed: the user named the routes, so that each that may take a body gets them all.
    """
    free = [route for route in routes if not route.own]
    takes = [route for route in free if any(method in route.named for method in WITH_BODY)]
    unknown = [route for route in free if not route.named and route.bodies]
    own = any(route.own and route.method in WITH_BODY for route in routes)
    first = None if own else next(iter(takes or unknown or free), None)

    def share(route: Route) -> Route:
        if route.own or route is first:
            return replace(route, bodies=int(Bodies.ALL))
        if route in takes or route in unknown:
            return replace(route, bodies=int(Bodies.ALL if typed else Bodies.HANDFUL))
        return replace(route, bodies=int(Bodies.ONE))

    return [share(route) for route in routes]
