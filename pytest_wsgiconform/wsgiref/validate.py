"""A validator between server and application that raises at the first fault.

The face that ``wsgiref.validate`` documents, over the validator of this package: one set of rules, two ways to
hear of it. ``pytest_wsgiconform.validator`` tells all faults, with level and blame; this one raises
:exc:`AssertionError` at the first, where it was made. Both change nothing for the two sides.

Where existing tests match on a message of the standard library, the message here is the same text; elsewhere it is
the rule's own, with its id.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..observe.body import Body
from ..observe.judge import Judge, make_finding
from ..observe.validator import Validator
from ..rules.display import show
from ..rules.exchange import AppCalled, ChunkYielded, Event, Exchange, ExchangeEnded, StartResponseCalled
from ..rules.model import Fault, Level, Rule
from ..rules.registry import event_rules
from .types import WSGIApplication

__all__ = ["WSGIWarning", "validator"]


class WSGIWarning(Warning):
    """Issued for what is questionable but may not actually be prohibited."""


#: Advice of the catalogue that this face has always raised for: an app that needs ``read()`` without a size
#: works only with servers that offer it.
_RAISED_ADVICE = frozenset({"input-read-with-size"})


class _FirstFault(Judge):
    """Raises the first error of an event, and warns of what is questionable."""

    def judge(self, event: Event, exchange: Exchange) -> None:
        # Where an iterable is found thrown away, in a collection, nothing can be raised.
        nowhere = isinstance(event, ExchangeEnded) and event.abandoned
        for rule in self.rules_for(type(event)):
            for fault in rule.check(event, exchange) or ():
                if (rule.level is Level.ERROR and not nowhere) or rule.id in _RAISED_ADVICE:
                    message = _message(rule, fault, event)
                    raise AssertionError(message) if message else AssertionError
                if rule.level is not Level.ADVICE:
                    _warn(rule, fault, event, exchange)


def _warn(rule: Rule, fault: Fault, event: Event, exchange: Exchange) -> None:
    finding = make_finding(rule, fault, event.location, exchange)
    text, place = f"{finding.message} [{rule.id}]", finding.location
    if place is None:
        warnings.warn(text, WSGIWarning, stacklevel=2)
    else:
        warnings.warn_explicit(text, WSGIWarning, place.file, place.line)


def _message(rule: Rule, fault: Fault, event: Event) -> str:
    known = _KNOWN.get(rule.id)
    text = known(event) if known is not None else None
    return text if text is not None else f"{fault.message} [{rule.id}]"


def _headers_type(event: Any) -> str:
    return f"Headers ({show(event.headers, 1000)}) must be of type list: {type(event.headers)!r}"


def _entry_type(event: StartResponseCalled) -> str | None:
    for item in event.headers:
        if type(item) is not tuple:
            return f"Individual headers ({show(item)}) must be of type tuple: {type(item)!r}"
    return None


def _text_type(title: str, index: int) -> Callable[[Any], str | None]:
    def message(event: StartResponseCalled) -> str | None:
        for item in event.headers:
            if type(item) is tuple and len(item) == 2 and type(item[index]) is not str:
                return f"{title} must be of type str (got {show(item[index])})"
        return None

    return message


def _status_type(event: StartResponseCalled) -> str:
    return f"Status must be of type str (got {show(event.status)})"


def _item_type(event: ChunkYielded) -> str:
    return f"Iterator yielded non-bytestring ({show(event.data)})"


def _environ_type(event: AppCalled) -> str:
    return f"Environment is not of the right type: {type(event.environ)!r} (environment: {show(event.environ)})"


def _missing(key: str) -> Callable[[Any], str]:
    return lambda event: f"Environment missing required key: {key!r}"


def _fixed(text: str) -> Callable[[Any], str]:
    return lambda event: text


#: Messages that are matched on, by the rule that now stands behind them.
_KNOWN: dict[str, Callable[[Any], str | None]] = {
    "app-called-positionally": lambda event: (
        "No keyword arguments allowed" if event.kwargs else "Two arguments required"
    ),
    "environ-builtin-dict": _environ_type,
    "environ-has-request-method": _missing("REQUEST_METHOD"),
    "environ-has-server-name": _missing("SERVER_NAME"),
    "environ-has-server-port": _missing("SERVER_PORT"),
    "environ-has-wsgi-version": _missing("wsgi.version"),
    "environ-has-input": _missing("wsgi.input"),
    "environ-has-errors": _missing("wsgi.errors"),
    "environ-has-multithread": _missing("wsgi.multithread"),
    "environ-has-multiprocess": _missing("wsgi.multiprocess"),
    "environ-has-run-once": _missing("wsgi.run_once"),
    "start-response-two-or-three-arguments": lambda event: f"Invalid number of arguments: {show(event.args)}",
    "start-response-arguments-positional": _fixed("No keyword arguments allowed"),
    "start-response-before-body": _fixed(
        "The application returns and we started iterating over its body, but start_response has not yet been called"
    ),
    "status-native-string": _status_type,
    "headers-builtin-list": _headers_type,
    "header-entries-are-pairs": _entry_type,
    "header-name-native-string": _text_type("Header name", 0),
    "header-value-native-string": _text_type("Header value", 1),
    "body-native-bytes": _item_type,
    "close-comes-last": _fixed("Iterator read after closed"),
    "input-read-with-size": _fixed(""),  # existing tests expect the exception to say nothing here
    "input-not-closed": _fixed("input.close() must not be called"),
    "errors-not-closed": _fixed("errors.close() must not be called"),
}


def validator(application: WSGIApplication) -> WSGIApplication:
    """Wrap *application* and return a new WSGI application that checks both sides of every call.

    :param application: a WSGI application.
    :returns: an application that forwards all requests to it. Any nonconformance that is found raises
        :exc:`AssertionError` at the place where it was made; how servers handle that is up to them. Questionable
        behaviour is told through :mod:`warnings`, as :class:`WSGIWarning`.

    Both raise and warn also under ``python -O``. An iterable that is thrown away without ``close()`` can only be
    noticed when it is collected, and is then told as a warning.
    """
    rules = event_rules()
    watched = Validator(application, rules=rules)
    watched.judge = _FirstFault(rules, None)

    def checked(*args: Any, **kwargs: Any) -> Any:
        # The way of calling is part of what is checked, so nothing may be refused before it is.
        body = watched(*args, **kwargs)
        if isinstance(body, Body):
            # Existing tests expect this face to hide len(), and the Content-Length that servers make of it.
            body.__class__ = Body
        return body

    return checked
