"""The two kinds of rule: on single events as they pass, and over the finished runs of stimuli."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .model import Outcome, Rule
from .records.exchange import Event, Exchange

EventT = TypeVar("EventT", bound=Event)
RunT = TypeVar("RunT")


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What an event rule looks at, as its card declares it: the validator's fast path is built from nothing else.

    The fast path remembers what the rules have been silent about: each header by itself, each status by itself, which
    variables an environ has. A card says where that is not enough. What it leaves as ``None`` is not declared, and then
    the fast path vouches for nothing that the rule might look at.

    :ivar headers: for a rule on ``start_response``: the headers, in lower case, whose values it judges, each by
        itself; with a test of the value that surely keeps the rule, or ``None`` when only values that were judged
        before are known to. A rule on calls of ``start_response`` that looks at no header says ``()``.
    :ivar together: headers that it judges together with another header, or with a second one of the same name.
    :ivar any_header: a test of name and value of any header that surely keeps the rule.
    :ivar statuses: codes that it judges together with headers or with the body.
    :ivar environ: for a rule on the app's call: the variables whose values it judges, likewise with a test. Which
        variables there are need not be said.
    :ivar any_variable: a test of the value of any text variable that surely keeps the rule.
    :ivar silent_when_clean: for rules on other events: it says nothing of an exchange that is clean in the eyes of
        ``FastPath.end_is_clean``: one ordinary start, a body of bytes as long as stated, closed as it should be.
    """

    headers: Mapping[str, Callable[[str], object] | None] | None = None
    together: frozenset[str] = frozenset()
    any_header: Callable[[str, str], object] | None = None
    statuses: frozenset[int] | None = None
    environ: Mapping[str, Callable[[Any], object] | None] | None = None
    any_variable: Callable[[Any], object] | None = None
    silent_when_clean: bool = False


@dataclass(eq=False, kw_only=True)
class EventRule(Rule, Generic[EventT]):
    """Judges one event as it passes, inside the validator: ordinary traffic is judged too.

    :ivar check: ``check(event, exchange)``; the exchange is as it was when the event happened.
    :ivar looks: what it looks at.
    :ivar twin: id of the rule that the same value breaks when it is handed on in the other way (yielded, written), so
        that a middleware which only passes it on has not broken that one; ``""`` for none.
    :ivar echoes_request: text of a malformed request that an app hands on breaks it; then the client is to blame.
    :ivar only_of_complete: it is about a response that came to its end; where one broke off, other rules speak.
    """

    check: Callable[[EventT, Exchange], Outcome]
    looks: Looks = field(default_factory=Looks)
    twin: str = ""
    echoes_request: bool = False
    only_of_complete: bool = False


@dataclass(eq=False, kw_only=True)
class RunRule(Rule, Generic[RunT]):
    """Judges the finished run of a stimulus.

    :ivar check: ``check(run)``, with one of the records in :mod:`pytest_wsgiconform.rules.records`.
    """

    check: Callable[[RunT], Outcome]
