"""One call of the app, watched from the server's call to the last ``close()``.

The flow of a conversation, as states of ``exchange.phase``::

    call --returned--> between <--> next --exhausted/raised--> between --close()--> ended
      \\--raised------------------------------------------------------------------> ended

Every hook asks the fast path first; only when that can't vouch for what happened is an
event made and judged. In thorough mode (the suite) every event is made and judged, so that
"held" can be told from "not exercised".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ..rules.display import show
from ..rules.model import ConformanceError, Location
from ..rules.records.exchange import (
    HEAD_LIMIT,
    AppCalled,
    AppRaised,
    CallableInspected,
    ChunkYielded,
    CloseCalled,
    Event,
    Exchange,
    ExchangeEnded,
    FileWrapperCalled,
    IterableReturned,
    NextAfterClose,
    StartResponseCalled,
    StartResponseReturned,
    WriteCalled,
)
from . import location as locate
from .body import file_wrapper_arguments, observing_file_wrapper, stand_in_class
from .callables import StartResponse, Write
from .fastpath import Shape, StartFacts
from .judge import TRACE_LIMIT, warn
from .streams import ErrorsObserver, InputObserver
from .trace import describe

if TYPE_CHECKING:
    from .validator import Validator

#: Iterating one of these gives characters or integers: the fault is the object, not each item.
_BARE_STRINGS = (str, bytes, bytearray, memoryview)

#: The variables that tell of the request in the record.
_REQUEST = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_LENGTH")


class Conversation:
    """Watches one call of an app.

    :param validator: whose app, judge, fast path and mode are used.
    :param exchange: the record to fill.
    """

    # Class attributes, so that a conversation that takes the fast path all the way sets few of them.
    finished = False
    #: Whether the next start_response call may take the fast path: the first one, and not in thorough mode.
    quick = True
    quick_start: tuple[Any, list[Any], CodeType, int] | None = None
    facts: StartFacts | None = None
    running: Any = None  # the generator that is stepping through the app's iterable
    # What was noted of the request and is not yet in the record: as values of _REQUEST, or as the fast path found it.
    request: tuple[Any, ...] | None = None
    noted: tuple[Shape, tuple[Any, ...]] | None = None
    real_start: Any = None
    #: Whether all that can still come, but for misuse, is the end of a list of which everything is known to be clean.
    vouched = False

    def __init__(self, validator: Validator, exchange: Exchange) -> None:
        self.validator = validator
        self.exchange = exchange
        self.thorough = validator.thorough
        if validator.thorough:
            self.quick = False

    # -- events ------------------------------------------------------------------------------------

    def happened(self, event: Event) -> None:
        """Judge *event*, after bringing the record up to date."""
        exchange = self.exchange
        self.vouched = False
        if self.request is not None or self.noted is not None:
            self.settle_request()
        if self.quick_start is not None:
            self._settle_quick_start()
        if self.running is not None and not self.thorough:
            self._note_counts()
        if self.thorough and len(exchange.trace) < TRACE_LIMIT:
            exchange.trace = [*exchange.trace, describe(event)]
        self.validator.judge.judge(event, exchange)

    def _settle_quick_start(self) -> None:
        """Turn the noted fast start_response call into the event that rules look at."""
        noted = self.quick_start
        if noted is not None:
            self.quick_start = None
            status, headers, code, offset = noted
            start = StartResponseCalled((status, headers), {}, 1, location=locate.of_code_position(code, offset))
            self.exchange.starts = (start, *self.exchange.starts)

    def settle_request(self) -> None:
        """Put what was noted of the request into the record."""
        if self.noted is not None:
            shape, values = self.noted
            self.noted = None
            method, script, path, query, length = (shape.get(values, key) for key in _REQUEST)
        elif self.request is not None:
            method, script, path, query, length = self.request
            self.request = None
        else:
            return
        exchange = self.exchange
        exchange.method = method if type(method) is str else show(method)
        exchange.path = script + path if type(script) is str and type(path) is str else show(path)
        exchange.query = query if type(query) is str else show(query)
        if type(length) is str and length.isascii() and length.isdigit() and len(length) < 20:
            exchange.declared_length = int(length)

    def is_head(self) -> bool:
        """Tell whether the request is a HEAD."""
        if self.noted is not None:
            return bool(self.noted[1][0] == "HEAD")
        method = self.exchange.method if self.request is None else self.request[0]
        return type(method) is str and method == "HEAD"

    @property
    def started(self) -> bool:
        """Whether start_response has been called."""
        return self.quick_start is not None or bool(self.exchange.starts)

    def inspected(self, callable_name: str, real: Any, attribute: str) -> Any:
        """Note that the app read *attribute* of a callable that it should only call; give its value."""
        if not (attribute.startswith("__") and attribute.endswith("__")):
            self.happened(CallableInspected(callable_name, attribute, locate.of_user()))
        return getattr(real, attribute)

    # -- the call ----------------------------------------------------------------------------------

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the app as the server asked, and return what the server shall get."""
        environ = args[0] if args else kwargs.get("environ")
        exchange = self.exchange
        regular = len(args) == 2 and not kwargs
        quick = regular and self.quick and type(environ) is dict and self.validator.fast.environ_is_clean(environ)
        exchange.environ = variables = environ if type(environ) is dict else _as_dict(environ)
        # Now, before the app changes the environ.
        self.request = tuple(variables.get(key, "") for key in _REQUEST)
        if not quick:
            self.happened(AppCalled(args, kwargs, environ, variables, locate.of_caller()))
            if regular and type(environ) is dict and not exchange.findings:
                self.validator.fast.remember_environ(environ)
        if regular:
            self.real_start = args[1]
            args = (environ, StartResponse(self))
        elif "start_response" in kwargs:
            self.real_start = kwargs["start_response"]
            kwargs = {**kwargs, "start_response": StartResponse(self)}
        if isinstance(environ, dict):
            self.observe_streams(environ)
        try:
            profiled = self.validator.profiled
            result = self._call_profiled(args, kwargs) if profiled else self.validator.app(*args, **kwargs)
        except BaseException as error:
            self.call_failed(error)
            raise
        return self.returned(result)

    def _call_profiled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if sys.getprofile() is not None:
            return self.validator.app(*args, **kwargs)
        # Only a profile hook can tell which of several return statements was taken.
        caller = sys._getframe()
        exchange = self.exchange
        code = locate.code_of(self.validator.app)

        def profile(frame: FrameType, event: str, _argument: Any) -> None:
            # What the interpreter runs here by itself (finalizers, warnings of coroutines) returns to us as well.
            if event == "return" and frame.f_back is caller and frame.f_code is (code or frame.f_code):
                exchange.returned_at = locate.of_frame(frame)

        sys.setprofile(profile)
        try:
            return self.validator.app(*args, **kwargs)
        finally:
            if sys.getprofile() is profile:
                sys.setprofile(None)

    def observe_streams(self, environ: dict[Any, Any]) -> None:
        """Put observers before the streams and the file wrapper, in the server's own environ."""
        stream, log = environ.get("wsgi.input"), environ.get("wsgi.errors")
        if stream is not None:
            # An environ whose last conversation was never ended still has the observer of that time.
            again = type(stream) is InputObserver and stream._conversation.over
            environ["wsgi.input"] = InputObserver(stream._stream if again else stream, self)
        if log is not None:
            again = type(log) is ErrorsObserver and log._conversation.over
            environ["wsgi.errors"] = ErrorsObserver(log._stream if again else log, self)
        if "wsgi.file_wrapper" in environ:
            environ["wsgi.file_wrapper"] = observing_file_wrapper(environ["wsgi.file_wrapper"])

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it: it ended, or a clean list is left and needs no ``close()``."""
        return self.finished or self.vouched

    def take_observers_away(self) -> None:
        """Give the environ its own streams back, which also frees this conversation from a reference cycle."""
        environ = self.exchange.environ
        stream, log = environ.get("wsgi.input"), environ.get("wsgi.errors")
        if type(stream) is InputObserver and stream._conversation is self:
            environ["wsgi.input"] = stream._stream
        if type(log) is ErrorsObserver and log._conversation is self:
            environ["wsgi.errors"] = log._stream

    def call_failed(self, error: BaseException) -> None:
        inner = error.__traceback__
        while inner is not None and locate._is_ours(inner.tb_frame.f_code.co_filename):
            inner = inner.tb_next
        entered = inner is not None or not isinstance(error, TypeError) or not _refuses_two(self.validator.app)
        self.exchange.failed = error
        self.exchange.phase = "ended"
        if isinstance(error, ConformanceError):
            return
        where = locate.of_traceback(error.__traceback__) or locate.of_app(self.validator.app)
        self.happened(AppRaised(error, "call", entered, where))
        self.finish(abandoned=False)

    # -- start_response and write ------------------------------------------------------------------

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Judge a start_response call, then make it."""
        exchange = self.exchange
        self._settle_quick_start()
        first, self.quick, self.facts = self.quick, False, None
        found = len(exchange.findings)
        handling = sys.exc_info()[1]
        event = StartResponseCalled(
            args, kwargs, len(exchange.starts) + 1, handling, exchange.body_size, locate.of_user()
        )
        try:
            self.happened(event)
        finally:
            exchange.starts = (*exchange.starts, event)
        if first and not event.gave_exc_info and not kwargs and len(exchange.findings) == found:
            self.validator.fast.remember_start(event)
            self.facts = self.validator.fast.start_is_clean(event.status, event.headers)
        try:
            write = self.real_start(*args, **kwargs)
        except BaseException as error:
            event.raised = error
            self.facts = None
            raise
        return self.start_returned(write)

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
                if self.thorough and len(exchange.head) < HEAD_LIMIT:
                    exchange.head += event.data[: HEAD_LIMIT - len(exchange.head)]
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
        exchange.length = _length_of(result)
        exchange.has_close = callable(getattr(result, "close", None))
        self._judge_return(result)
        arguments = file_wrapper_arguments(result)
        if arguments is not None:
            self.happened(FileWrapperCalled(arguments, self._return_line()))
            return self._watch_file(result)
        if isinstance(result, _BARE_STRINGS) or not _is_iterable(kind):
            exchange.observed = exchange.has_close = False  # it goes to the server as it is, and nothing more is seen
            self.finish(abandoned=False)
            return result
        return stand_in_class(kind)(self, result)

    def _judge_return(self, result: Any) -> None:
        exchange = self.exchange
        # The line costs a look at the byte code; generators, the commonest case here, need none.
        where = None if type(result).__name__ == "generator" and not self.thorough else self._return_line()
        self.happened(IterableReturned(result, exchange.write_calls > 0, where))

    def _return_line(self) -> Location | None:
        exchange = self.exchange
        if exchange.returned_at is None:
            exchange.returned_at = locate.of_return(self.validator.app)
        return exchange.returned_at

    def _watch_file(self, result: Any) -> Any:
        """Watch a file wrapper's result from inside; it goes to the server as it is."""
        exchange = self.exchange
        exchange.observed = False  # until the server iterates instead of sending the file itself
        try:
            result._wsgiconform_conversation = self
        except AttributeError:
            exchange.has_close = False  # as above
            self.finish(abandoned=False)
            return result
        close = getattr(result, "close", None)
        if callable(close):
            result.close = lambda: self.close_with(close)
        return result

    def iterate_file(self, steps: Iterator[Any]) -> Iterator[Any]:
        """Watch the server iterate over a file wrapper's result."""
        self.exchange.observed = True
        # A file wrapper is often its own iterator, and asking it for another would lead here again.
        return self.step_through(_by_next(steps))

    def iterate(self, result: Any) -> Iterator[Any]:
        """Start iterating over *result* for the server."""
        try:
            iterator = iter(result)
        except BaseException as error:
            self._raised(error, "iter", locate.of_iterator(None, result))
            raise
        return self.step_through(iterator, result)

    def step_through(self, iterator: Any, result: Any = None) -> Iterator[Any]:
        """Return a generator that hands the items of *iterator* on, watched."""
        steps = self._thorough_steps(iterator, result) if self.thorough else self._quick_steps(iterator, result)
        self.running = steps
        return steps

    def _quick_steps(self, iterator: Any, result: Any) -> Iterator[Any]:
        exchange = self.exchange
        # Counted in locals and noted whenever somebody may look: an attribute for each item would cost more
        # than all the rest.
        chunks = size = 0
        started = self.started
        if exchange.closed:
            self.happened(NextAfterClose(locate.of_caller()))
        try:
            for chunk in iterator:
                chunks += 1
                if type(chunk) is bytes and (started or self.started):
                    started = True
                    size += len(chunk)
                else:
                    exchange.chunks, exchange.yielded = chunks, size
                    self._yielded(chunk, iterator, result)
                    size = exchange.yielded
                yield chunk
                if exchange.closed:
                    self.happened(NextAfterClose(locate.of_caller()))
        except GeneratorExit:
            raise
        except BaseException as error:
            self._raised(error, "next", None)
            raise
        finally:
            exchange.chunks, exchange.yielded = chunks, size
        exchange.exhausted = True

    def _note_counts(self) -> None:
        """Take the counts over from the running quick steps."""
        frame = getattr(self.running, "gi_frame", None)
        if frame is not None and not self.thorough:
            noted = frame.f_locals
            self.exchange.chunks, self.exchange.yielded = noted.get("chunks", 0), noted.get("size", 0)

    def _thorough_steps(self, iterator: Any, result: Any) -> Iterator[Any]:
        exchange = self.exchange
        while True:
            if exchange.closed:
                self.happened(NextAfterClose(locate.of_caller()))
            exchange.phase = "next"
            try:
                chunk = next(iterator)
            except StopIteration:
                break
            except BaseException as error:
                self._raised(error, "next", None)
                raise
            finally:
                exchange.phase = "between"
            exchange.chunks += 1
            self._yielded(chunk, iterator, result)
            yield chunk
        exchange.exhausted = True

    def _yielded(self, chunk: Any, iterator: Any, result: Any) -> None:
        """Judge one item, and count it."""
        exchange = self.exchange
        started = self.started
        if not started and type(chunk) is bytes and not chunk:
            exchange.empty_first = True
        clean = type(chunk) is bytes and started
        where = None if clean else locate.of_iterator(iterator, result) or self._return_line()
        try:
            self.happened(ChunkYielded(chunk, exchange.chunks, started, where))
        finally:
            if type(chunk) is bytes:
                exchange.yielded += len(chunk)
                if self.thorough and len(exchange.head) < HEAD_LIMIT:
                    exchange.head += chunk[: HEAD_LIMIT - len(exchange.head)]
            else:
                exchange.measured = False

    def _raised(self, error: BaseException, phase: str, where: Location | None) -> None:
        """Note and judge an exception that left the app's iterable."""
        if self.exchange.failed is None:
            self.exchange.failed = error
        if isinstance(error, ConformanceError):
            return
        where = locate.of_traceback(error.__traceback__) or where
        self.happened(AppRaised(error, phase, True, where))

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
            self._raised(error, "close", None)
            raise
        finally:
            self.finish(abandoned=False)

    def finish(self, abandoned: bool) -> None:
        """End the conversation, once: judge the exchange as a whole.

        :param abandoned: no ``close()`` will come any more.
        """
        if self.finished:
            return
        self.finished = True
        exchange = self.exchange
        exchange.phase = "ended"
        self.take_observers_away()
        if self.running is not None and not self.thorough:
            self._note_counts()
        try:
            if self.thorough or abandoned or not self.validator.fast.end_is_clean(exchange, self.facts, self.is_head()):
                self._settle_quick_start()
                start = exchange.final_start
                where = start.location if start is not None else self._return_line()
                self.happened(ExchangeEnded(abandoned, where))
                self.validator.fast.once_told = not self.validator.judge.pending_once(ExchangeEnded)
        finally:
            if self.validator.on_end is not None:
                self.validator.on_end(exchange)

    def abandon(self) -> None:
        """End a conversation whose iterable was thrown away; nothing can be raised from here."""
        try:
            self.finish(abandoned=True)
        except ConformanceError as error:
            warn(error.finding)


def _by_next(iterator: Iterator[Any]) -> Iterator[Any]:
    """Iterate by ``next()`` alone."""
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        yield item


def _as_dict(environ: Any) -> dict[Any, Any]:
    """Return *environ*'s content as a builtin dict; an empty one when it can't be read as a mapping."""
    if isinstance(environ, dict):
        return dict(dict.items(environ))
    try:
        return {key: environ[key] for key in environ.keys()}  # noqa: SIM118 - it only claims to be a mapping
    except Exception:  # whatever a stranger's object raises: it isn't a mapping, and that is a finding
        return {}


def _is_iterable(kind: type) -> bool:
    return getattr(kind, "__iter__", None) is not None or getattr(kind, "__getitem__", None) is not None


def _length_of(result: Any) -> int | None:
    """Return ``len(result)``, ``None`` when it has none or its ``__len__`` raises."""
    if getattr(type(result), "__len__", None) is None:
        return None
    try:
        return len(result)
    except Exception:  # a broken __len__ is as good as none; a server that needs it will tell
        return None


def _refuses_two(app: Any) -> bool:
    """Tell whether *app*'s signature has no room for two positional arguments."""
    import inspect

    try:
        inspect.signature(app).bind(None, None)
    except TypeError:
        return True
    except ValueError:  # no signature to look at: a callable written in C
        return False
    return False
