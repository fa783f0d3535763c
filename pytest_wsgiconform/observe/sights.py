"""What the rules in force look at, gathered from their cards: what the fast path is built from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..rules.events.environ_lookup import begins_with_slash, is_latin1_text, is_there
from ..rules.kinds import EventRule, Looks
from ..rules.records.exchange import (
    AppCalled,
    AppRaised,
    CallableInspected,
    FileWrapperCalled,
    NextAfterClose,
    StartResponseCalled,
    WriteCalled,
)

#: Variables that have tests of their own in ``FastPath.environ_is_clean``, and those tests.
_BUILT_IN = {"PATH_INFO": begins_with_slash, "wsgi.input": is_there, "wsgi.errors": is_there}

#: Events that are made and judged always, so that no rule on them can be overlooked.
_ALWAYS_JUDGED = frozenset({AppRaised, CallableInspected, FileWrapperCalled, NextAfterClose, WriteCalled})


@dataclass(frozen=True, slots=True)
class Sights:
    """What the rules in force look at, gathered from their cards.

    :ivar complete: whether every rule says what it looks at. Else nothing can be vouched for.
    :ivar headers: names of headers whose values are judged, in lower case, with tests that surely keep the rules, or
        ``None`` where only values that were judged before are known to.
    :ivar any_header: tests of name and value of any header.
    :ivar together: names of which at most one may be there, once, for the memory of single pairs to hold.
    :ivar statuses: codes that are judged together with something else.
    :ivar facts: text variables whose values are judged; only values that were judged before are known to be right.
    :ivar tested: variables whose values are judged, with tests that surely keep the rules.
    :ivar any_variable: tests of any text variable, but for that on native strings, which is always made.
    """

    complete: bool
    headers: Mapping[str, tuple[Callable[[str], object], ...] | None]
    any_header: tuple[Callable[[str, str], object], ...]
    together: frozenset[str]
    statuses: frozenset[int]
    facts: tuple[str, ...]
    tested: Mapping[str, tuple[Callable[[Any], object], ...]]
    any_variable: tuple[Callable[[Any], object], ...]


@functools.lru_cache(maxsize=64)
def sights_of(rules: tuple[EventRule[Any], ...]) -> Sights:
    """Gather what *rules* look at."""
    looks = [rule.looks for rule in rules]
    headers = _gathered(look.headers for look in looks)
    variables = _gathered(look.environ for look in looks)
    # The method first: the end of an exchange asks for it. What is not text (wsgi.version) is known by identity.
    facts = ["REQUEST_METHOD", *(name for name, tests in variables.items() if tests is None)]
    tested = {name: tests for name, tests in variables.items() if tests and tests != (_BUILT_IN.get(name),)}
    return Sights(
        complete=all(_says_enough(rule) for rule in rules),
        headers=headers,
        any_header=_each_once(look.any_header for look in looks),
        together=frozenset().union(*(look.together for look in looks)),
        statuses=frozenset().union(*(look.statuses or () for look in looks)),
        facts=tuple(name for name in dict.fromkeys(facts) if name != "wsgi.version"),
        tested=tested,
        any_variable=tuple(test for test in _each_once(look.any_variable for look in looks) if test != is_latin1_text),
    )


def _says_enough(rule: EventRule[Any]) -> bool:
    """Whether the card of *rule* says what it looks at, for each event that the fast path may leave out."""
    looks: Looks = rule.looks
    for event in rule.on:
        if event is AppCalled:
            said = looks.environ is not None
        elif event is StartResponseCalled:
            said = looks.headers is not None or looks.statuses is not None
        else:
            said = event in _ALWAYS_JUDGED or looks.silent_when_clean
        if not said:
            return False
    return True


def _gathered(
    cards: Iterable[Mapping[str, Callable[[Any], object] | None] | None],
) -> dict[str, tuple[Callable[[Any], object], ...] | None]:
    """Return all names on *cards* with all their tests; with ``None`` where one card has no test."""
    found: dict[str, tuple[Callable[[Any], object], ...] | None] = {}
    for card in cards:
        for name, test in (card or {}).items():
            known = found.get(name, ())
            found[name] = None if test is None or known is None else _each_once((*known, test))
    return found


def _each_once(tests: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(test for test in tests if test is not None))
