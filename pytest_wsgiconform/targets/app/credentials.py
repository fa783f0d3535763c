"""What every request to an app carries, and the stimuli that are played again because the session was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...environ import add_headers
from ...rules.records.app import AppRun, ExchangeRecord
from ...settings import Settings
from ...stimuli.app.asking import Asking
from ..hooks import Hooks
from .routes import Route
from .session import Session

#: So often a session is opened again for the stimuli of one route.
_MOST_RENEWALS = 10


class Credentials:
    """The session of one app, and the project's hooks.

    :param app: the app, as hooks get it. :param settings: the run's. :param hooks: the project's own.
    :ivar session: the session.
    """

    def __init__(self, app: Callable[..., Any], settings: Settings, hooks: Hooks) -> None:
        self._app, self._hooks = app, hooks
        self.session = Session(app, settings, hooks, site_asking(settings, hooks).environ)
        self._renewals: dict[Route, int] = {}
        self._refusing: set[Route] = set()

    def added(self, asking: Asking) -> Asking:
        """Return *asking* with the session's fields and the project's changes."""
        return replace(asking, credentials=self.session.pairs, changed=self._hooks.request)

    def prepare(self, environ: dict[str, Any]) -> None:
        """Do the same with *environ*, which is complete; what it has already of a field stays."""
        pairs = [(name, value) for name, value in self.session.pairs() if _variable(name) not in environ]
        add_headers(environ, pairs)
        if self._hooks.request is not None:
            self._hooks.request(environ)

    def reset(self) -> None:
        """Let the project bring its app back to where it began."""
        if self._hooks.reset is not None:
            self._hooks.reset(self._app)

    def opened_again(self, run: AppRun, route: Route, ordinary: Callable[[], ExchangeRecord]) -> bool:
        """Tell whether *run* has to be played again, because it met a lost session, which is open again now.

        :param ordinary: plays the ordinary request of *route*. It decides: where it asks for a login before and
            after a new one, the route is one that refuses this user.
        """
        session = self.session
        if route in self._refusing or not any(session.is_suspicious(record) for record in run.exchanges):
            return False
        first = ordinary()
        if not session.looks_lost(first):
            session.trust(first)
            return False
        self._renewals[route] = self._renewals.get(route, 0) + 1
        if self._renewals[route] > _MOST_RENEWALS or not session.renew():
            return False
        again = ordinary()
        if session.looks_lost(again):
            self._refusing.add(route)
            return False
        return True


def site_asking(settings: Settings, hooks: Hooks | None = None) -> Asking:
    """Return how any page of the app is asked, without a session."""
    changed = hooks.request if hooks is not None else None
    return Asking(scheme=settings.scheme, host=settings.host, mount=settings.mount, changed=changed)


def _variable(name: str) -> str:
    variable = name.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
