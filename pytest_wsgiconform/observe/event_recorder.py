"""Keeping the record of one call in step with what the fast path has only noted."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from ..rules.display import show
from ..rules.model import ConformanceError, Location
from ..rules.records.exchange import AppRaised, CallableInspected, Event, Exchange, StartResponseCalled
from . import location as locate
from .fastpath import REQUEST, Shape, StartFacts
from .judge import TRACE_LIMIT
from .setup import Setup
from .stage import FINISHED, FRESH, JUDGED, STARTED, VOUCHED, Stage
from .trace import describe


class EventRecorder:
    """Has events judged, after bringing the record up to date.

    What took the fast path was only noted, in the cheapest form: it is put into the record when a rule may look at it.

    :param setup: app, judge, fast path and mode. :param exchange: the record to fill.
    """

    # Class attributes, so that a conversation that takes the fast path all the way sets few of them.
    #: Of the only start_response call, when it was vouched for.
    facts: StartFacts | None = None
    # Noted, and not yet in the record: the request, as the fast path found it; the start_response call; the items.
    noted_request: tuple[Shape, tuple[Any, ...]] | None = None
    noted_start: tuple[Any, list[Any], CodeType, int] | None = None
    note_counts: Callable[[], None] | None = None

    def __init__(self, setup: Setup, exchange: Exchange) -> None:
        self.setup = setup
        self.exchange = exchange
        self.thorough = setup.thorough
        # No class attribute: CPython 3.11 looks up slowly what its class has an object of a Python class for.
        self.stage: Stage = JUDGED if setup.thorough else FRESH

    # -- events ------------------------------------------------------------------------------------

    def happened(self, event: Event) -> None:
        """Judge *event*, after bringing the record up to date."""
        exchange = self.exchange
        if self.stage is VOUCHED:
            self.stage = STARTED
        if self.noted_request is not None:
            self.settle_request()
        if self.noted_start is not None:
            self.settle_start()
        if self.note_counts is not None:
            self.note_counts()
        if self.thorough and len(exchange.trace) < TRACE_LIMIT:
            exchange.trace = [*exchange.trace, describe(event)]
        self.setup.judge.judge(event, exchange)

    def raised(self, error: BaseException, phase: str, where: Location | None) -> None:
        """Note and judge an exception that left the app's iterable."""
        if self.exchange.failed is None:
            self.exchange.failed = error
        if isinstance(error, ConformanceError):
            return
        where = locate.of_traceback(error.__traceback__) or where
        self.happened(AppRaised(error, phase, True, where))

    def inspected(self, callable_name: str, real: Any, attribute: str) -> Any:
        """Note that the app read *attribute* of a callable that it should only call; return its value."""
        if not (attribute.startswith("__") and attribute.endswith("__")):
            self.happened(CallableInspected(callable_name, attribute, locate.of_user()))
        return getattr(real, attribute)

    # -- the request -------------------------------------------------------------------------------

    def settle_request(self) -> None:
        """Put what was noted of the request into the record."""
        if self.noted_request is not None:
            shape, values = self.noted_request
            self.noted_request = None
            self._record_request(*shape.request_of((*values, "")))

    def record_request(self, variables: dict[Any, Any]) -> None:
        """Put the request into the record, as *variables* have it now."""
        self._record_request(*[variables.get(key, "") for key in REQUEST])

    def _record_request(self, method: Any, script: Any, path: Any, query: Any, length: Any) -> None:
        exchange = self.exchange
        exchange.method = method if type(method) is str else show(method)
        exchange.path = script + path if type(script) is str and type(path) is str else show(path)
        exchange.query = query if type(query) is str else show(query)
        if type(length) is str and length.isascii() and length.isdigit() and len(length) < 20:
            exchange.declared_length = int(length)

    def is_head(self) -> bool:
        """Return whether the request is a HEAD."""
        if self.noted_request is not None:
            return bool(self.noted_request[1][0] == "HEAD")
        return self.exchange.method == "HEAD"

    # -- the start ---------------------------------------------------------------------------------

    @property
    def started(self) -> bool:
        """Whether start_response has been called."""
        return self.noted_start is not None or bool(self.exchange.starts)

    def settle_start(self) -> None:
        """Turn the start_response call that was noted into the event that rules look at."""
        noted = self.noted_start
        if noted is not None:
            self.noted_start = None
            status, headers, code, offset = noted
            start = StartResponseCalled((status, headers), {}, 1, location=locate.of_code_position(code, offset))
            self.exchange.starts = (start, *self.exchange.starts)

    def leave_to_rules(self) -> None:
        """Let the rules judge the end: the fast path no longer knows enough of the start."""
        self.facts = None
        if self.stage is not FINISHED:
            self.stage = JUDGED

    def withdraw(self) -> None:
        """Vouch no longer for the list that is left."""
        if self.stage is VOUCHED:
            self.stage = STARTED

    # -- the end -----------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        return self.stage is FINISHED

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it: it ended, or a clean list is left and needs no ``close()``."""
        return self.stage is FINISHED or self.stage is VOUCHED

    def return_line(self) -> Location | None:
        """Return the line of the app's ``return``, the best that is known."""
        exchange = self.exchange
        if exchange.returned_at is None:
            exchange.returned_at = locate.of_return(self.setup.app)
        return exchange.returned_at
