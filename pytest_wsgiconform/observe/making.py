"""Making a middleware again and again, around one app after the other; also one that can be made only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..rules.display import type_name
from .gateway import show_error
from .limits import TimeLimitExceeded, time_limit
from .location import of_traceback

App = Callable[..., Any]
#: What makes a middleware around an app.
Factory = Callable[[App], App]


class Maker:
    """Makes a middleware. When a later call of the factory fails, what the first one made serves every app.

    Global set-up that can be done once is a common reason; the middleware itself may be none the worse for it.

    :param factory: makes the middleware around an app. :param limit: seconds that a call of it may take.
    :ivar failure: what a later call raised, and where, ``""`` while there was nothing of the kind.
    """

    def __init__(self, factory: Factory, limit: float) -> None:
        self._factory, self._limit = factory, limit
        self._inner: list[App] = []
        self._first: list[App] = []
        self.failure = ""

    def make(self, app: App) -> App:
        """Return the middleware around *app*: a new one, or the only one there is, which leads to *app* from now on.

        :raises BaseException: what the factory raises when it is called for the first time;
            ``TimeLimitExceeded`` when it does not come to an end then.
        """
        if not self._first:
            self._inner.append(app)
            self._first.append(self._call(self._switchable))
            return self._first[0]
        if not self.failure:
            made = self._made_again(app)
            if made is not None:
                return made
        self._inner[0] = app
        return self._first[0]

    def turn_to(self, app: App) -> None:
        """Let the only middleware lead to *app* again; where there are several, each has an app of its own."""
        if self.failure:
            self._inner[0] = app

    def _made_again(self, app: App) -> App | None:
        state = None
        try:
            with time_limit(self._limit) as state:
                made = self._factory(app)
        except BaseException as error:  # a stranger's code, which may exit
            if isinstance(error, KeyboardInterrupt) and state is not None and state.by_user:
                raise
            self.failure = _described(error)
            return None
        if not callable(made):
            self.failure = f"returned a {type_name(made)}, which can't be called"
            return None
        return made

    def _call(self, app: App) -> App:
        with time_limit(self._limit):
            return self._factory(app)

    def _switchable(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner[0](*args, **kwargs)


def _described(error: BaseException) -> str:
    if isinstance(error, TimeLimitExceeded):
        what = "did not come to an end"
    else:
        text = show_error(error)
        what = f"raised {type_name(error)}{f': {text}' if text else ''}"
    place = of_traceback(error.__traceback__)
    return f"{what} ({place.file}:{place.line})" if place is not None else what
