"""The in-process server: calls an app as PEP 3333 says, under the eyes of the validator.

It is the most patient of servers: it enforces what a server must (a second ``start_response`` without
``exc_info`` is fatal, ``exc_info`` after the first byte is raised again), and leaves every other fault to the
validator, so that one exchange can show several.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from time import monotonic, sleep  # by name: an app may replace those of the module
from typing import Any

from ..rules.display import clean, shorten, show, type_name
from ..rules.records.app import BODY_LIMIT, ErrorRecord, ExchangeRecord
from .body import Body
from .conversation import Conversation
from .limits import Interrupted, TimeLimitExceeded, time_limit
from .location import of_traceback
from .sources import traceback_of
from .validator import Validator

# By name: an app may replace what the module holds.
_getpid, _exit_now = os.getpid, os._exit

#: Most characters of wsgi.errors that a record keeps.
_LOG_LIMIT = 10000

#: Most characters of header fields that a record keeps.
_HEADERS_LIMIT = 65536


class DoubleStart(RuntimeError):
    """start_response was called a second time without exc_info."""


class Play:
    """One exchange with the app behind *validator*, played step by step.

    :param validator: the watched app. :param environ: handed over as it is.
    :param label: see :class:`ExchangeRecord`.
    :param limit: seconds for the whole of it. :param patience: seconds for taking items, after which the gateway
        closes; ``None`` for half of *limit*.
    :param take: items to take before closing; ``None`` for all, 0 to close without iterating.
    :param start_wrapper: gets the gateway's ``start_response`` and returns the one to hand over.
    :param write_error: what ``write()`` raises after it took the first data, as when the client has gone.
    :param pause: seconds to wait before each of the first ten steps, as a slow client does.
    """

    def __init__(
        self,
        validator: Validator,
        environ: dict[str, Any],
        *,
        label: str,
        limit: float,
        take: int | None = None,
        start_wrapper: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
        write_error: BaseException | None = None,
        pause: float = 0.0,
        patience: float | None = None,
    ) -> None:
        self.conversation: Conversation = validator.begin()
        self.environ, self.take = environ, take
        self.write_error, self.pause = write_error, pause
        self._reraised: BaseException | None = None
        self._errors = environ.get("wsgi.errors")  # the app will find an observer in its place
        self.limit = limit
        self._began = monotonic()
        self._deadline = self._began + (limit / 2 if patience is None else patience)
        self.start_response = start_wrapper(self._start_response) if start_wrapper else self._start_response
        self.record = ExchangeRecord(label)
        self.record.environ = {k: v for k, v in environ.items() if type(k) is str and type(v) is str}
        self.record.method = environ.get("REQUEST_METHOD", "")
        self.record.path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        self.record.query = environ.get("QUERY_STRING", "")
        self._hash = hashlib.sha256()
        self._result: Any = None
        self._items: Iterator[Any] | None = None
        self._interrupted = Interrupted()
        self.over = False

    # -- the server's side of the interface --------------------------------------------------------

    def _start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], None]:
        record = self.record
        try:
            if record.starts and not exc_info:
                if sys.exc_info()[1] is not None or (type(status) is str and status[:1] in ("4", "5")):
                    record.facts.setdefault("restarted", []).append(False)
                raise DoubleStart("start_response was called twice without exc_info")
            if exc_info and record.size:
                self._raise_again(exc_info)
            if record.starts:
                record.facts.setdefault("restarted", []).append(bool(exc_info))
        finally:
            exc_info = None  # a kept traceback would keep every frame of the app
        record.starts += 1
        record.status = status if type(status) is str else None
        if type(status) in (bytes, int):  # a fault, but what it says can be read
            record.facts["code"] = _code(status)
        record.headers = _pairs(headers)
        return self._write

    def _raise_again(self, exc_info: Any) -> None:
        facts = self.record.facts
        facts.setdefault("restarted", []).append(True)
        facts["reraised"], facts["trapped"] = True, True  # until it is seen to leave the app
        facts["size_at_reraise"] = self.record.size
        self._reraised = exc_info[1]
        raise exc_info[1].with_traceback(exc_info[2])

    def _write(self, data: Any, /) -> None:
        if self.write_error is not None and self.record.size:
            raise self.write_error
        self._take(data)

    def _take(self, data: Any, /) -> None:
        if type(data) is not bytes:
            return
        record = self.record
        record.size += len(data)
        self._hash.update(data)
        if len(record.body) < BODY_LIMIT:
            record.body += data[: BODY_LIMIT - len(record.body)]

    # -- playing -----------------------------------------------------------------------------------

    def run(self) -> ExchangeRecord:
        """Play the whole exchange: call, iterate, close. Never raises for what the app does."""
        self._guarded(self._run)
        return self.finish()

    def _run(self) -> None:
        if self._call():
            while self._step():
                pass

    @property
    def iterable(self) -> Any:
        """What the app itself returned, ``None`` before that and after the end."""
        return self._result._result if isinstance(self._result, Body) else self._result

    def call(self) -> bool:
        """Call the app; tell whether there is something to iterate over."""
        return bool(self._guarded(self._call))

    def step(self) -> bool:
        """Take one item; tell whether there may be more."""
        return bool(self._guarded(self._step))

    def _call(self) -> bool:
        try:
            self._result = self.conversation.call((self.environ, self.start_response), {})
        except BaseException as error:
            self._failed(error, "call")
            return False
        return not self.conversation.finished  # it is finished when there is nothing to iterate over

    def _step(self) -> bool:
        record = self.record
        if self.over or (self.take is not None and record.chunks >= self.take):
            record.stopped_early = not self.over
            return False
        phase = "next"
        if self.pause and record.chunks < 10:
            sleep(self.pause)
        try:
            if self._items is None:
                phase = "iter"
                self._items = iter(self._result)
                phase = "next"
            item = next(self._items)
        except StopIteration:
            record.exhausted = self.over = True
            return False
        except BaseException as error:
            self._failed(error, phase)
            return False
        record.chunks += 1
        self._take(item)
        if monotonic() > self._deadline:
            record.stopped_early = record.facts["endless"] = True
            return False
        return True

    def finish(self) -> ExchangeRecord:
        """Close what there is to close, and return the record."""
        self._guarded(self._close)
        self._items = None
        exchange = self.conversation.exchange
        record = self.record
        record.seconds = monotonic() - self._began
        record.digest = self._hash.hexdigest()
        if record.facts.get("reraised"):
            record.facts["after_reraise"] = record.size - record.facts.pop("size_at_reraise", record.size)
        self._reraised = None
        start = exchange.starts[-1] if exchange.starts and record.facts.get("reraised") else exchange.final_start
        if start is not None:
            record.start_location = start.location
        getvalue = getattr(self._errors, "getvalue", None)
        if callable(getvalue) and not getattr(self._errors, "closed", False):
            log = getvalue()
            record.log = shorten(log, _LOG_LIMIT) if type(log) is str else ""
        return record

    def _close(self) -> None:
        result, self._result = self._result, None
        close = getattr(result, "close", None)
        try:
            if callable(close) and not self.conversation.finished:
                self.record.closed = True
                close()
        except BaseException as error:
            self._failed(error, "close")
        self.conversation.finish(abandoned=False)

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """Run *action* under the time limit, whatever the app's code does."""
        own = _getpid()
        try:
            with time_limit(self.limit) as self._interrupted:
                result = action()
            if _getpid() != own:  # the app has forked, and this is the copy: the harness is not to go on twice
                _exit_now(0)
            return result
        except TimeLimitExceeded:
            # The alarm rang between two of the app's calls, or inside our own code.
            self.record.timed_out = self.over = True
        if self._interrupted.by_user:
            raise KeyboardInterrupt
        return None

    def _failed(self, error: BaseException, phase: str) -> None:
        """Note an exception of the app; let the user's own Ctrl-C through."""
        self.over = True
        if self._reraised is not None and _leads_to(error, self._reraised):
            self.record.facts["trapped"] = False
        if isinstance(error, KeyboardInterrupt) and self._interrupted.by_user:
            raise error
        if isinstance(error, TimeLimitExceeded):
            self.record.timed_out = True
            return
        if self.record.error is None:
            self.record.error = ErrorRecord(
                type_name(error),
                show_error(error),
                phase,
                of_traceback(error.__traceback__),
                isinstance(error, Exception),
                _tail(error),
            )


def _code(status: bytes | int) -> int | None:
    """Return the status code that the wrong kind of object gives."""
    head = str(status)[:4] if type(status) is int else bytes(status)[:3].decode("latin-1")
    return int(head) if len(head) == 3 and head.isascii() and head.isdigit() else None


def _leads_to(error: BaseException, cause: BaseException) -> bool:
    """Tell whether *error* is *cause*, or was raised because of it."""
    seen: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending and len(seen) < 100:
        current = pending.pop()
        if current is cause:
            return True
        if current is None or any(current is known for known in seen):
            continue
        seen.append(current)
        pending += [current.__cause__, current.__context__]
    return False


def show_error(error: BaseException) -> str:
    """Return the text of *error*, safe to print, even if its ``__str__`` raises."""
    try:
        return shorten(clean(str(error)), 500)
    except Exception:  # a stranger's __str__ may raise anything
        return show(error)


def _tail(error: BaseException) -> str:
    try:
        lines = list(traceback_of(error, limit=-6).format())
    except Exception:  # formatting calls the exception's own methods
        return ""
    return "\n".join(clean(line) for line in "".join(lines).splitlines()[-20:])


def _pairs(headers: Any) -> list[tuple[str, str]]:
    """Return the well-formed pairs of *headers*, as many as a record can hold."""
    if not isinstance(headers, (list, tuple)):
        return []
    pairs, size = [], 0
    for item in headers:
        if isinstance(item, tuple) and len(item) == 2 and type(item[0]) is str and type(item[1]) is str:
            size += len(item[0]) + len(item[1]) + 2
            if size > _HEADERS_LIMIT:
                break
            pairs.append((item[0], item[1]))
    return pairs
