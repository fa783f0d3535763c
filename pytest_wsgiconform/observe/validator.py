"""The validator: a WSGI callable that stands between a server and an app and judges both."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from ..rules.model import Blame, Finding, Rule
from ..rules.records.exchange import Exchange
from ..rules.registry import event_rules
from .conversation import Conversation
from .fastpath import FastPath
from .judge import Judge
from .quick import call_quickly
from .setup import Setup

_Self = TypeVar("_Self", bound="Validator")


class Validator:
    """Wraps *app*; calling it calls *app*, watched. It changes nothing for either side.

    :param app: the WSGI callable to watch.
    :param on_finding: called with each :class:`Finding` where it is seen. ``None`` (default): an
        error-level finding raises ``ConformanceError`` there, a warning-level one is issued as a
        ``ConformanceWarning``, advice is dropped.
    :param rules: the event rules to apply; ``None`` for the whole catalogue.
    :param above: who calls: ``Blame.SERVER``, or ``Blame.MIDDLEWARE`` when a middleware is judged.
    :param below: who is called: ``Blame.APP`` or ``Blame.MIDDLEWARE``.
    :param thorough: judge every event, count how often each rule was exercised, keep a trace and the
        first bytes of the body. Costs more; without it clean traffic takes the fast path.
    :param on_end: called with each :class:`Exchange` when it has ended.
    :param profiled: when *thorough*, find by a profile hook which return statement of the app was taken. Off inside
        foreign servers, whose threads need not be Python's: CPython 3.11 turns in circles at the first line of a
        profiled function while its thread has pending calls that only another thread may make.
    :param judge: applies the rules and delivers what they find; ``None`` for one made of *rules* and *on_finding*.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        on_finding: Callable[[Finding], None] | None = None,
        *,
        rules: Iterable[Rule] | None = None,
        above: Blame = Blame.SERVER,
        below: Blame = Blame.APP,
        thorough: bool = False,
        on_end: Callable[[Exchange], None] | None = None,
        profiled: bool = True,
        judge: Judge | None = None,
    ) -> None:
        chosen = tuple(event_rules() if rules is None else rules)
        fast = FastPath(chosen)
        self.setup = Setup(
            app,
            judge or Judge(chosen, on_finding),
            fast,
            # Where a rule does not say what it looks at, nothing can be left out.
            thorough=thorough or not fast.complete,
            profiled=thorough and profiled,
            on_end=on_end,
        )
        self.above, self.below = above, below
        ordinary = above is Blame.SERVER and below is Blame.APP and on_end is None
        self._plain = ordinary and not self.setup.thorough

    @property
    def app(self) -> Callable[..., Any]:
        """The WSGI callable that is watched."""
        return self.setup.app

    def around(self: _Self, app: Callable[..., Any]) -> _Self:
        """Return a twin of this validator around *app*: it shares the judge, and what is known of clean traffic."""
        twin = copy.copy(self)
        twin.setup = replace(self.setup, app=app)
        return twin

    def begin(self) -> Conversation:
        """Return a new conversation with the app; drivers that must know its end use it directly."""
        exchange = Exchange()
        if self.above is not Blame.SERVER:
            exchange.above = self.above
        if self.below is not Blame.APP:
            exchange.below = self.below
        return Conversation(self.setup, exchange)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._plain and len(args) == 2 and not kwargs:
            environ, setup = args[0], self.setup
            noted = setup.fast.environ_is_clean(environ) if type(environ) is dict else None
            if noted is not None:
                return call_quickly(setup, environ, noted, args[1])
        return self.begin().call(args, kwargs)


def validator(app: Callable[..., Any], on_finding: Callable[[Finding], None] | None = None) -> Validator:
    """Wrap *app* so that every exchange with it is judged by every rule of the catalogue.

    :param app: a WSGI application, or a middleware around one.
    :param on_finding: called with each :class:`Finding`; ``None`` raises and warns instead, see
        :class:`Validator`.
    :returns: a WSGI application.
    """
    return Validator(app, on_finding)
