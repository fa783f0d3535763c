"""The catalogue: every rule there is, and how to choose among them.

A rule registers itself by being defined; :func:`catalogue` imports the files that define them.
"""

from __future__ import annotations

import fnmatch
import importlib
import inspect
from collections.abc import Callable, Iterable

from .model import Blame, Check, Level, Rule

#: The wings of the catalogue, in the order of reports. Each lists its own files in ``MODULES``. The first holds the
#: rules on single events: they are all that a validator needs, and they load fast.
EVENT_WING = "events"
WINGS: tuple[str, ...] = (EVENT_WING, "app", "middleware", "server.wsgi", "server.wire", "server")

_rules: dict[str, Rule] = {}
_ordered: list[str] = []  # the rules that were there when they were last put into order


class UnknownRule(LookupError):
    """A pattern matches no rule. :ivar pattern: it. :ivar near: ids that look like it."""

    def __init__(self, pattern: str, near: list[str]) -> None:
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"no rule matches {pattern!r}{hint}")
        self.pattern, self.near = pattern, near


def rule(
    *,
    id: str,
    section: str,
    level: Level,
    side: Blame,
    clauses: tuple[str, ...],
    hint: str,
    on: type | tuple[type, ...] = (),
    stimuli: tuple[str, ...] = (),
    once: bool = False,
    since: str = "0.1",
) -> Callable[[Check], Rule]:
    """Register the decorated check as a rule; see :class:`~pytest_wsgiconform.rules.model.Rule`.

    :raises ValueError: for a second rule of the same id, a check without a docstring, or a rule that
        judges both events and stimuli, or neither.
    """
    if bool(on) == bool(stimuli):
        raise ValueError(f"rule {id}: give either the event type it judges, or its stimuli")

    def register(check: Check) -> Rule:
        if id in _rules:
            raise ValueError(f"rule {id} is defined twice")
        summary, _, why = (inspect.getdoc(check) or "").partition("\n\n")
        if not summary or not why:
            raise ValueError(f"rule {id}: its docstring must say what must hold and, after a blank line, why")
        new = Rule(
            id=id,
            section=section,
            level=level,
            side=side,
            clauses=clauses,
            on=on if isinstance(on, tuple) else (on,),
            stimuli=stimuli,
            once=once,
            check=check,
            summary=" ".join(summary.split()),
            why=why,
            hint=hint,
            since=since,
        )
        _rules[id] = new
        return new

    return register


def modules_of(wing: str) -> list[str]:
    """Return the full names of the files with the rules of *wing*, in the catalogue's order."""
    package = f"{__package__}.{wing}"
    return [f"{package}.{name}" for name in importlib.import_module(package).MODULES]


def _load(wings: Iterable[str]) -> None:
    """Import the rules of *wings*, and keep all in the order of :data:`WINGS` whichever was imported first."""
    for wing in wings:
        for name in modules_of(wing):
            importlib.import_module(name)
    if len(_rules) != len(_ordered):
        names = [name for wing in WINGS for name in modules_of(wing)]
        place = {name: number for number, name in enumerate(names)}
        ordered = sorted(_rules.items(), key=lambda item: place.get(item[1].check.__module__, len(place)))
        _rules.clear()
        _rules.update(ordered)
        _ordered[:] = _rules


def catalogue() -> dict[str, Rule]:
    """Return all rules by id, in the order of the catalogue's files. Do not change the dict."""
    _load(WINGS)
    return _rules


def event_rules() -> list[Rule]:
    """Return the rules that judge single events of an exchange: what a validator applies."""
    _load((EVENT_WING,))
    return [rule for rule in _rules.values() if rule.on]


def matching(pattern: str) -> list[Rule]:
    """Return the rules whose id matches the glob *pattern*.

    :raises UnknownRule: when none does; it names near ids.
    """
    rules = catalogue()
    found = [rules[name] for name in fnmatch.filter(rules, pattern)]
    if not found:
        import difflib

        raise UnknownRule(pattern, difflib.get_close_matches(pattern, rules, n=3, cutoff=0.5))
    return found


def choose(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Rule]:
    """Return the rules that *select* names (all when empty) without those that *ignore* names.

    :param select: globs of rule ids. :param ignore: likewise.
    :raises UnknownRule: for a glob that matches nothing.
    """
    selected = {id(r) for glob in select for r in matching(glob)}
    ignored = {id(r) for glob in ignore for r in matching(glob)}
    return [r for r in catalogue().values() if (not selected or id(r) in selected) and id(r) not in ignored]
