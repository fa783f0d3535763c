"""The record of one conversation between a server and an app, and the events it is made of.

The validator (``observe``) fills an :class:`Exchange` while it happens; rules judge its events as they
pass and the whole at its end. This stands in ``rules``, not in ``observe``, because rules may not
import from the rooms to their left; ``docs/architecture.md`` has the state table.

Facts that are almost always the same are class attributes, so that making an exchange costs one
allocation and the clean path stays cheap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..model import Blame, Finding, Location


class Event:
    """Something that happened at the WSGI boundary.

    :ivar location: the line that did it, when somebody's code can be named; worked out on demand,
        because looking up lines is the expensive part.
    """

    __slots__ = ("location",)
    location: Location | None

    def __init__(self, location: Location | None = None) -> None:
        self.location = location


class AppCalled(Event):
    """The server side called the application.

    :ivar args: positional arguments. :ivar kwargs: keyword arguments.
    :ivar environ: the first positional argument, or ``environ=``, as it was given: any object.
    :ivar variables: ``environ`` as a builtin dict to look things up in (the object itself when it is
        one; a copy when it is another mapping; empty when it can't be read).
    """

    __slots__ = ("args", "environ", "kwargs", "variables")

    def __init__(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        environ: Any,
        variables: dict[Any, Any],
        location: Location | None = None,
    ) -> None:
        self.args, self.kwargs, self.environ, self.variables = args, kwargs, environ, variables
        self.location = location


class AppRaised(Event):
    """An exception left the app: its call, its iterable's ``__iter__``, a step, or ``close()``.

    :ivar error: the exception. :ivar phase: ``"call"``, ``"iter"``, ``"next"`` or ``"close"``.
    :ivar inside: false when the call itself was refused (no frame of the app was entered).
    """

    __slots__ = ("error", "inside", "phase")

    def __init__(self, error: BaseException, phase: str, inside: bool, location: Location | None = None) -> None:
        self.error, self.phase, self.inside, self.location = error, phase, inside, location


class StartResponseCalled(Event):
    """The app side called ``start_response``.

    Judged before the server's own ``start_response`` runs, so a server that raises hides nothing.

    :ivar args: positional arguments. :ivar kwargs: keyword arguments.
    :ivar status: the status as given, or :data:`MISSING`.
    :ivar headers: the header list as it was then (a copy of a list, else the object itself), or :data:`MISSING`.
    :ivar exc_info: the third argument, or ``None``.
    :ivar gave_exc_info: whether a third argument was passed, ``None`` included.
    :ivar number: 1 for the first call of this exchange.
    :ivar handling: ``sys.exc_info()[1]`` of the caller at the time: the exception being handled.
    :ivar body_sent: bytes of non-empty body that had been handed over before.
    :ivar raised: what the server's start_response raised, or ``None``; known after the call.
    """

    __slots__ = (
        "args",
        "body_sent",
        "exc_info",
        "gave_exc_info",
        "handling",
        "headers",
        "kwargs",
        "number",
        "raised",
        "status",
    )

    def __init__(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        number: int,
        handling: BaseException | None = None,
        body_sent: int = 0,
        location: Location | None = None,
    ) -> None:
        self.args, self.kwargs, self.number = args, kwargs, number
        given = len(args)
        self.status = args[0] if given > 0 else kwargs.get("status", MISSING)
        headers = args[1] if given > 1 else kwargs.get("headers", MISSING)
        # A server may change the list in place later; what counts is what the app gave.
        self.headers = list(headers) if type(headers) is list else headers
        self.gave_exc_info = given > 2 or "exc_info" in kwargs
        self.exc_info = args[2] if given > 2 else kwargs.get("exc_info")
        self.handling, self.body_sent, self.location = handling, body_sent, location
        self.raised: BaseException | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """Return the well-formed headers: those that are tuples of two exact ``str``."""
        if type(self.headers) is not list:
            return []
        return [
            item
            for item in self.headers
            if type(item) is tuple and len(item) == 2 and type(item[0]) is str and type(item[1]) is str
        ]

    def code(self) -> int | None:
        """Return the status code, or ``None`` when the status doesn't begin with three digits."""
        status = self.status
        if type(status) is not str or not (status[:3].isascii() and status[:3].isdigit()):
            return None
        return int(status[:3]) if len(status) >= 3 and not status[3:4].isdigit() else None


class StartResponseReturned(Event):
    """``start_response`` returned to the app. :ivar value: what it returned."""

    __slots__ = ("value",)

    def __init__(self, value: Any, location: Location | None = None) -> None:
        self.value, self.location = value, location


class WriteCalled(Event):
    """The app side called the ``write`` callable.

    :ivar args, kwargs: its arguments. :ivar data: the first one, or :data:`MISSING`.
    :ivar phase: where the app was: ``"call"`` (inside its call), ``"next"`` (inside a step of its
        iterable) or ``"after"`` (neither: it kept the callable).
    """

    __slots__ = ("args", "data", "kwargs", "phase")

    def __init__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], phase: str, location: Location | None = None
    ) -> None:
        self.args, self.kwargs, self.phase, self.location = args, kwargs, phase, location
        self.data = args[0] if args else kwargs.get("data", MISSING)


class CallableInspected(Event):
    """The app side read an attribute of ``start_response`` or ``write`` instead of calling it.

    :ivar callable_name: ``"start_response"`` or ``"write"``. :ivar attribute: the attribute's name.
    """

    __slots__ = ("attribute", "callable_name")

    def __init__(self, callable_name: str, attribute: str, location: Location | None = None) -> None:
        self.callable_name, self.attribute, self.location = callable_name, attribute, location


class IterableReturned(Event):
    """The app's call returned.

    :ivar result: the object. :ivar used_write: whether ``write`` had been called by then.
    """

    __slots__ = ("result", "used_write")

    def __init__(self, result: Any, used_write: bool, location: Location | None = None) -> None:
        self.result, self.used_write, self.location = result, used_write, location


class ChunkYielded(Event):
    """The app's iterable gave an item. :ivar data: the item. :ivar number: 1 for the first.

    :ivar started: whether ``start_response`` had been called by then.
    """

    __slots__ = ("data", "number", "started")

    def __init__(self, data: Any, number: int, started: bool, location: Location | None = None) -> None:
        self.data, self.number, self.started, self.location = data, number, started, location


class NextAfterClose(Event):
    """The server side asked for another item after it had called ``close()``."""

    __slots__ = ()


class CloseCalled(Event):
    """The server side called ``close()`` on the returned object.

    :ivar number: 1 for the first call. :ivar stepping: whether a step of the iterable was running.
    """

    __slots__ = ("number", "stepping")

    def __init__(self, number: int, stepping: bool, location: Location | None = None) -> None:
        self.number, self.stepping, self.location = number, stepping, location


class InputUsed(Event):
    """The app side called a method of ``wsgi.input``, or the server's stream answered.

    :ivar method: ``"read"``, ``"readline"``, ``"readlines"``, ``"iter"`` (one item of iteration), ``"close"``,
        or the name of any other attribute that was looked up.
    :ivar listed: whether the PEP lists the method.
    :ivar sized: for ``read``, whether a size was passed. :ivar size: that size, else ``None``.
    :ivar value: what the stream returned, or :data:`MISSING` for an attribute that was only looked up.
    :ivar consumed: bytes read in this exchange before this call.
    """

    __slots__ = ("consumed", "listed", "method", "size", "sized", "value")

    def __init__(
        self,
        method: str,
        listed: bool,
        sized: bool,
        size: Any,
        value: Any,
        consumed: int,
        location: Location | None = None,
    ) -> None:
        self.method, self.listed, self.sized, self.size = method, listed, sized, size
        self.value, self.consumed, self.location = value, consumed, location


class ErrorsUsed(Event):
    """The app side used ``wsgi.errors``.

    :ivar method: ``"write"``, ``"writelines"``, ``"flush"``, ``"close"`` or another attribute's name.
    :ivar listed: whether the PEP lists it. :ivar texts: what was written, item by item (any objects).
    """

    __slots__ = ("listed", "method", "texts")

    def __init__(
        self, method: str, listed: bool, texts: tuple[Any, ...] = (), location: Location | None = None
    ) -> None:
        self.method, self.listed, self.texts, self.location = method, listed, texts, location


class FileWrapperCalled(Event):
    """The app side called ``wsgi.file_wrapper``. :ivar args: its positional arguments."""

    __slots__ = ("args",)

    def __init__(self, args: tuple[Any, ...], location: Location | None = None) -> None:
        self.args, self.location = args, location


class ExchangeEnded(Event):
    """The conversation is over: closed, or known to get no further. Whole-exchange rules judge here.

    :ivar abandoned: true when no ``close()`` came although the end is certain (the driver says so, or
        the iterable was garbage-collected).
    """

    __slots__ = ("abandoned",)

    def __init__(self, abandoned: bool, location: Location | None = None) -> None:
        self.abandoned, self.location = abandoned, location


class _Missing:
    """The type of :data:`MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<not given>"


#: Stands for an argument that was not passed (``None`` may be passed).
MISSING: Any = _Missing()


class Exchange:
    """One conversation, as far as it has gone.

    :ivar above: who calls (``Blame.SERVER``, or ``Blame.MIDDLEWARE`` below a middleware).
    :ivar below: who is called (``Blame.APP``, or ``Blame.MIDDLEWARE``).
    :ivar method, path: REQUEST_METHOD, and SCRIPT_NAME + PATH_INFO, at the call (safe text).
    :ivar declared_length: CONTENT_LENGTH as a number, ``None`` when absent, empty or no number.
    :ivar starts: the ``start_response`` calls, in order.
    :ivar returned: whether the app's call returned. :ivar result_type: type of what it returned.
    :ivar has_close: whether the returned object has a callable ``close``.
    :ivar length: ``len()`` of the returned object at that time, ``None`` without one.
    :ivar returned_at: the line of the ``return``, the best that is known.
    :ivar observed: whether the steps of the iterable could be watched (an opaque file wrapper's can't).
    :ivar phase: ``"call"``, ``"between"``, ``"next"``, ``"close"`` or ``"ended"``.
    :ivar chunks: items yielded. :ivar empty_first: an empty item came before ``start_response``.
    :ivar yielded, written: bytes of body through the iterable and through ``write``.
    :ivar measured: whether every item and every argument of ``write`` was exactly ``bytes``, so that
        ``yielded`` and ``written`` count all of the body.
    :ivar write_calls: how often ``write`` was called.
    :ivar exhausted: the iterable said it has no more. :ivar closed: number of ``close()`` calls.
    :ivar failed: the exception that left the app, if one did.
    :ivar input_used, errors_used: whether the app touched the streams.
    :ivar consumed: bytes read from ``wsgi.input``.
    :ivar head: the first :data:`HEAD_LIMIT` bytes of the body (kept only when thorough).
    :ivar findings: what was found, in order.
    :ivar exercised: per rule id, how often it was put to the test (complete only when thorough).
    :ivar trace: what happened, one line an event, safe to print (kept only when thorough; bounded).
    """

    above: Blame = Blame.SERVER
    below: Blame = Blame.APP
    method: str = ""
    path: str = ""
    query: str = ""
    declared_length: int | None = None
    environ: dict[Any, Any]
    starts: tuple[StartResponseCalled, ...] = ()
    returned: bool = False
    result_type: type | None = None
    has_close: bool = False
    length: int | None = None
    called_at: Location | None = None
    returned_at: Location | None = None
    observed: bool = True
    phase: str = "call"
    chunks: int = 0
    empty_first: bool = False
    yielded: int = 0
    written: int = 0
    measured: bool = True
    write_calls: int = 0
    exhausted: bool = False
    closed: int = 0
    failed: BaseException | None = None
    input_used: bool = False
    errors_used: bool = False
    consumed: int = 0
    head: bytes = b""
    findings: Sequence[Finding] = ()
    exercised: Mapping[str, int] = MappingProxyType({})
    trace: tuple[str, ...] | list[str] = ()

    @property
    def body_size(self) -> int:
        """Bytes of body handed over so far, written and yielded."""
        return self.written + self.yielded

    @property
    def final_start(self) -> StartResponseCalled | None:
        """The last ``start_response`` call that the server accepted, or ``None``."""
        for start in reversed(self.starts):
            if start.raised is None:
                return start
        return None

    def header(self, name: str) -> list[str]:
        """Return the values that the final start_response call gave *name* (any case), in order."""
        start = self.final_start
        wanted = name.lower()
        return [] if start is None else [v for n, v in start.pairs() if n.lower() == wanted]

    @property
    def complete(self) -> bool:
        """Whether the whole response was seen: started, iterated to the end, nothing raised."""
        return bool(self.starts) and self.exhausted and self.observed and self.failed is None

    def request(self) -> dict[str, Any]:
        """Return the request as plain data for a finding."""
        return {"method": self.method, "path": self.path, "query": self.query}


#: How many bytes of a body an exchange keeps.
HEAD_LIMIT = 65536
