"""One call of the app, watched from the server's call to the last ``close()``.

The flow of a conversation, as states of ``exchange.phase``::

    call --returned--> between <--> next --exhausted/raised--> between --close()--> ended
      \\--raised------------------------------------------------------------------> ended

Every hook asks the fast path first; only when that can't vouch for what happened is an event made and judged; how far
it can is the conversation's :class:`~.stage.Stage`. In thorough mode (the suite) every event is made and judged, so
that "held" can be told from "not exercised".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..rules.model import ConformanceError
from ..rules.records.exchange import (
    AppCalled,
    AppRaised,
    CloseCalled,
    ExchangeEnded,
    FileWrapperCalled,
    IterableReturned,
    StartResponseCalled,
    StartResponseReturned,
    WriteCalled,
)
from . import location as locate
from .app_call import as_dict, call_profiled, was_entered
from .body import can_be_watched, length_of, stand_in_class
from .callables import StartResponse, Write
from .event_recorder import EventRecorder
from .file_wrapper import file_wrapper_arguments, watch_file
from .judge import warn
from .stage import FINISHED, FRESH, STARTED
from .steps import by_next, keep_head, quick_steps, thorough_steps
from .streams import put_observers, take_observers_away


class Conversation(EventRecorder):
    """Watches one call of an app.

    :param setup: app, judge, fast path and mode. :param exchange: the record to fill.
    """

    real_start: Any = None
    #: What is stepping through the app's iterable, when the server iterates.
    running: Any = None  # a generator, whose type in typing has no gi_running

    # -- the call ----------------------------------------------------------------------------------

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the app as the server asked, and return what the server shall get."""
        environ = args[0] if args else kwargs.get("environ")
        self._note_call(args, kwargs, environ)
        if len(args) == 2 and not kwargs:
            self.real_start = args[1]
            args = (environ, StartResponse(self))
        elif "start_response" in kwargs:
            self.real_start = kwargs["start_response"]
            kwargs = {**kwargs, "start_response": StartResponse(self)}
        if isinstance(environ, dict):
            put_observers(environ, self)
        app = self.setup.app
        try:
            result = call_profiled(app, args, kwargs, self.exchange) if self.setup.profiled else app(*args, **kwargs)
        except BaseException as error:
            self.call_failed(error)
            raise
        return self.returned(result)

    def _note_call(self, args: tuple[Any, ...], kwargs: dict[str, Any], environ: Any) -> None:
        """Judge the call, before the app changes the environ."""
        exchange, fast = self.exchange, self.setup.fast
        usual = len(args) == 2 and not kwargs and type(environ) is dict
        exchange.environ = variables = environ if type(environ) is dict else as_dict(environ)
        if usual and not self.thorough:
            self.noted_request = fast.environ_is_clean(environ)
            if self.noted_request is not None:
                return
        self.record_request(variables)
        self.happened(AppCalled(args, kwargs, environ, variables, locate.of_caller()))
        if usual and not exchange.findings:
            fast.remember_environ(environ)

    def call_failed(self, error: BaseException) -> None:
        """Judge that the call of the app raised *error*; that ends the conversation."""
        app = self.setup.app
        entered = was_entered(app, error)
        self.exchange.failed = error
        self.exchange.phase = "ended"
        if isinstance(error, ConformanceError):
            return
        where = locate.of_traceback(error.__traceback__) or locate.of_app(app)
        self.happened(AppRaised(error, "call", entered, where))
        self.finish(abandoned=False)

    # -- start_response and write ------------------------------------------------------------------

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Judge a start_response call, then make it."""
        exchange = self.exchange
        self.settle_start()
        first = self.stage is FRESH
        self.leave_to_rules()
        found = len(exchange.findings)
        handling = sys.exc_info()[1]
        if self.note_counts is not None:
            self.note_counts()  # what was yielded before belongs to the response that this call may replace
        event = StartResponseCalled(
            args, kwargs, len(exchange.starts) + 1, handling, exchange.body_size, locate.of_user()
        )
        try:
            self.happened(event)
        finally:
            exchange.starts = (*exchange.starts, event)
        if first and not event.gave_exc_info and not kwargs and len(exchange.findings) == found:
            self._remember_start(event)
        try:
            write = self.real_start(*args, **kwargs)
        except BaseException as error:
            event.raised = error
            self.leave_to_rules()
            raise
        return self.start_returned(write)

    def _remember_start(self, event: StartResponseCalled) -> None:
        fast = self.setup.fast
        fast.remember_start(event)
        self.facts = fast.start_is_clean(event.status, event.headers)
        if self.facts is not None:
            self.stage = STARTED

    def start_returned(self, write: Any) -> Any:
        """Judge what the server's start_response returned; give the app its observed twin."""
        self.happened(StartResponseReturned(write, locate.of_caller()))
        return Write(self, write) if callable(write) else write

    def writing(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Judge a call of ``write``, before the server sees it."""
        exchange = self.exchange
        event = WriteCalled(args, kwargs, self._phase_of_write(), locate.of_user())
        exchange.write_calls += 1
        try:
            self.happened(event)
        finally:
            if type(event.data) is bytes:
                exchange.written += len(event.data)
                keep_head(self, event.data)
            else:
                exchange.measured = False

    def _phase_of_write(self) -> str:
        if not self.exchange.returned:
            return "call"
        return "next" if self.running is not None and self.running.gi_running else "after"

    # -- the iterable ------------------------------------------------------------------------------

    def returned(self, result: Any) -> Any:
        """Judge what the app returned; give the server its stand-in."""
        exchange = self.exchange
        exchange.returned = True
        exchange.phase = "between"
        kind = type(result)
        exchange.result_type = kind
        if kind is list or kind is tuple:
            exchange.length = len(result)
            if self.thorough or exchange.write_calls:
                self._judge_return(result)
            return stand_in_class(kind)(self, result)
        exchange.length = length_of(result)
        exchange.has_close = callable(getattr(result, "close", None))
        self._judge_return(result)
        arguments = file_wrapper_arguments(result)
        if arguments is not None:
            self.happened(FileWrapperCalled(arguments, self.return_line()))
            self._watch_file(result)
            return result
        if not can_be_watched(result):
            self._lose_sight()
            return result
        return stand_in_class(kind)(self, result)

    def _judge_return(self, result: Any) -> None:
        # The line costs a look at the byte code; generators, the commonest case here, need none.
        where = None if type(result).__name__ == "generator" and not self.thorough else self.return_line()
        self.happened(IterableReturned(result, self.exchange.write_calls > 0, where))

    def _watch_file(self, result: Any) -> None:
        """Watch a file wrapper's result from inside; it goes to the server as it is."""
        self.exchange.observed = False  # until the server iterates instead of sending the file itself
        if not watch_file(result, self):
            self._lose_sight()

    def _lose_sight(self) -> None:
        """End what goes to the server as it is: nothing more is seen of it."""
        self.exchange.observed = self.exchange.has_close = False
        self.finish(abandoned=False)

    def iterate_file(self, steps: Iterator[Any]) -> Iterator[Any]:
        """Watch the server iterate over a file wrapper's result."""
        self.exchange.observed = True
        # A file wrapper is often its own iterator, and asking it for another would lead here again.
        return self.step_through(by_next(steps))

    def iterate(self, result: Any) -> Iterator[Any]:
        """Start iterating over *result* for the server."""
        try:
            iterator = iter(result)
        except BaseException as error:
            self.raised(error, "iter", locate.of_iterator(None, result))
            raise
        return self.step_through(iterator, result)

    def step_through(self, iterator: Iterator[Any], result: Any = None) -> Iterator[Any]:
        """Return an iterator that hands the items of *iterator* on, watched."""
        source = locate.Source((iterator, result))
        if self.thorough:
            self.running = steps = thorough_steps(self, source)
        else:
            steps, self.note_counts = quick_steps(self, source)
            self.running = steps
        return steps

    # -- the end -----------------------------------------------------------------------------------

    def close(self, result: Any) -> None:
        """The server called ``close()`` on the stand-in of *result*."""
        exchange = self.exchange
        if exchange.has_close or self.running is not None or exchange.closed or self.thorough:
            self.close_with(getattr(result, "close", None) if exchange.has_close else None)
        else:
            exchange.closed = 1
            self.finish(abandoned=False)

    def close_with(self, close: Callable[[], Any] | None) -> None:
        """Judge a ``close()``, pass it on through *close*, and end the conversation."""
        exchange = self.exchange
        exchange.closed += 1
        stepping = self.running is not None and self.running.gi_running
        if self.thorough or exchange.closed > 1 or stepping:
            self.happened(CloseCalled(exchange.closed, stepping, locate.of_caller()))
        try:
            if close is not None:
                close()
        except BaseException as error:
            self.raised(error, "close", None)
            raise
        finally:
            self.finish(abandoned=False)

    def finish(self, abandoned: bool) -> None:
        """End the conversation, once: judge the exchange as a whole.

        :param abandoned: no ``close()`` will come any more.
        """
        if self.stage is FINISHED:
            return
        self.stage = FINISHED
        exchange, setup = self.exchange, self.setup
        exchange.phase = "ended"
        take_observers_away(exchange.environ, self)
        if self.note_counts is not None:
            self.note_counts()
        try:
            facts, exhausted = self.facts, exchange.exhausted
            if self.thorough or abandoned or not setup.fast.end_is_clean(exchange, facts, self.is_head(), exhausted):
                self._judge_end(abandoned)
        finally:
            if setup.on_end is not None:
                setup.on_end(exchange)

    def _judge_end(self, abandoned: bool) -> None:
        self.settle_start()
        start = self.exchange.final_start
        where = start.location if start is not None else self.return_line()
        self.happened(ExchangeEnded(abandoned, where))
        setup = self.setup
        setup.fast.once_told = not setup.judge.pending_once(ExchangeEnded)

    def abandon(self) -> None:
        """End a conversation whose iterable was thrown away; nothing can be raised from here."""
        try:
            self.finish(abandoned=True)
        except ConformanceError as error:
            warn(error.finding)
