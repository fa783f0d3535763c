"""A validator between server and application that raises at the first fault.

The face that ``wsgiref.validate`` documents, over the validator of this package: one set of rules, two ways to
hear of it. ``pytest_wsgiconform.validator`` tells all faults, with level and blame; this one raises
:exc:`AssertionError` at the first, where it was made. Both change nothing for the two sides.

Where existing tests match on a message of the standard library, the message here has the same words; elsewhere it is
the rule's own. With few exceptions the rule's id stands behind it.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..observe.body import Body
from ..observe.judge import Judge, make_finding
from ..observe.validator import Validator
from ..rules.model import Fault, Level, Rule
from ..rules.records.exchange import Event, Exchange, ExchangeEnded
from ..rules.registry import event_rules
from ._validate_messages import known_message
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
    text = known_message(rule.id, fault, event)
    return text if text is not None else f"{fault.message} [{rule.id}]"


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
    watched = Validator(application, rules=rules, judge=_FirstFault(rules, None))

    def checked(*args: Any, **kwargs: Any) -> Any:
        # The way of calling is part of what is checked, so nothing may be refused before it is.
        body = watched(*args, **kwargs)
        if isinstance(body, Body):
            # Existing tests expect this face to hide len(), and the Content-Length that servers make of it.
            body.__class__ = Body
        return body

    return checked
