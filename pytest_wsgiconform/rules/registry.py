"""The catalogue: every rule there is, and how to choose among them.

A rule registers itself by being defined; :func:`catalogue` imports the files that define them.
"""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from .clauses import clauses
from .kinds import EventRule, EventT, Looks, RunRule, RunT
from .model import Blame, Level, Outcome, Rule
from .records.exchange import Event, Exchange

if TYPE_CHECKING:
    from .records.app import AppRun
    from .records.middleware import MiddlewareRun
    from .records.server import ServerRun

OtherT = TypeVar("OtherT", bound=Event)
ValueT = TypeVar("ValueT")

#: Names on a card, perhaps with a test of the value that surely keeps the rule.
Named: TypeAlias = "Mapping[str, Callable[[ValueT], object] | None] | Iterable[str]"

_LOOKS = {field.name for field in fields(Looks)}

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


@overload
def event_rule(
    *,
    on: type[EventT],
    id: str,
    level: Level,
    side: Blame,
    clauses: tuple[str, ...],
    hint: str,
    since: str,
    section: str = ...,
    explains: tuple[str, ...] = ...,
    once: bool = ...,
    headers: Named[str] | None = ...,
    together: Iterable[str] = ...,
    any_header: Callable[[str, str], object] | None = ...,
    statuses: Iterable[int] | None = ...,
    environ: Named[Any] | None = ...,
    any_variable: Callable[[Any], object] | None = ...,
    silent_when_clean: bool = ...,
    twin: str = ...,
    echoes_request: bool = ...,
    only_of_complete: bool = ...,
) -> Callable[[Callable[[EventT, Exchange], Outcome]], EventRule[EventT]]: ...


@overload
def event_rule(
    *,
    on: tuple[type[EventT], type[OtherT]],
    id: str,
    level: Level,
    side: Blame,
    clauses: tuple[str, ...],
    hint: str,
    since: str,
    section: str = ...,
    explains: tuple[str, ...] = ...,
    once: bool = ...,
    headers: Named[str] | None = ...,
    together: Iterable[str] = ...,
    any_header: Callable[[str, str], object] | None = ...,
    statuses: Iterable[int] | None = ...,
    environ: Named[Any] | None = ...,
    any_variable: Callable[[Any], object] | None = ...,
    silent_when_clean: bool = ...,
    twin: str = ...,
    echoes_request: bool = ...,
    only_of_complete: bool = ...,
) -> Callable[[Callable[[EventT | OtherT, Exchange], Outcome]], EventRule[EventT | OtherT]]: ...


def event_rule(*, on: type | tuple[type, ...], section: str = "", **card: Any) -> Callable[[Any], Any]:
    """Register the decorated ``check(event, exchange)`` as a rule on single events.

    :param on: the event type it judges, or two of them. :param section: ``""`` for the file's ``SECTION``.
    :param card: the other fields of :class:`~pytest_wsgiconform.rules.model.Rule` that the card fills in, and those of
        :class:`~pytest_wsgiconform.rules.kinds.Looks`, where names without a test may be given as a tuple.
    :raises ValueError: for a second rule of the same id, a clause that is not there, or a docstring that lacks the
        reason.
    """
    types = on if isinstance(on, tuple) else (on,)
    looks = _looks({name: card.pop(name) for name in _LOOKS & set(card)})
    return lambda check: _add(EventRule(check=check, on=types, looks=looks, **_said(check, section, card)))


def _looks(said: dict[str, Any]) -> Looks:
    """Return what a card says of what it looks at, with names as mappings, headers in lower case."""
    for kind in ("headers", "environ"):
        names = said.get(kind)
        if names is not None:
            tests = names.items() if isinstance(names, Mapping) else ((name, None) for name in names)
            said[kind] = {name.lower() if kind == "headers" else name: test for name, test in tests}
    if "together" in said:
        said["together"] = frozenset(name.lower() for name in said["together"])
    if said.get("statuses") is not None:
        said["statuses"] = frozenset(said["statuses"])
    return Looks(**said)


class RunRules(Generic[RunT]):
    """The decorator for rules over the runs of one kind of target.

    :param side: whom they bind.
    """

    def __init__(self, side: Blame) -> None:
        self._side = side

    def __call__(
        self,
        *,
        stimuli: tuple[str, ...],
        id: str,
        level: Level,
        clauses: tuple[str, ...],
        hint: str,
        since: str,
        section: str = "",
        explains: tuple[str, ...] = (),
    ) -> Callable[[Callable[[RunT], Outcome]], RunRule[RunT]]:
        """Register the decorated ``check(run)``; see :func:`event_rule`.

        :param stimuli: ids or globs of the stimuli whose runs it judges, ``("*",)`` for all.
        :raises ValueError: as for :func:`event_rule`, and when there are no *stimuli*.
        """
        if not stimuli:
            raise ValueError(f"rule {id}: name the stimuli whose runs it judges")
        card = {
            "id": id,
            "level": level,
            "clauses": clauses,
            "hint": hint,
            "since": since,
            "explains": explains,
            "side": self._side,
            "stimuli": stimuli,
        }
        return lambda check: _add(RunRule(check=check, **_said(check, section, card)))


app_rule: RunRules[AppRun] = RunRules(Blame.APP)
middleware_rule: RunRules[MiddlewareRun] = RunRules(Blame.MIDDLEWARE)
server_rule: RunRules[ServerRun] = RunRules(Blame.SERVER)

_AnyRule = TypeVar("_AnyRule", bound=Rule)


def _said(check: Callable[..., Outcome], section: str, card: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the card and the docstring of *check* say."""
    summary, _, why = (inspect.getdoc(check) or "").partition("\n\n")
    if not summary or not why:
        raise ValueError(f"rule {card['id']}: its docstring must say what must hold and, after an empty line, why")
    section = section or check.__globals__.get("SECTION", "")
    if not section:
        raise ValueError(f"rule {card['id']}: give section=, or SECTION once in its file")
    return {**card, "section": section, "summary": " ".join(summary.split()), "why": why}


def _add(new: _AnyRule) -> _AnyRule:
    if new.id in _rules:
        raise ValueError(f"rule {new.id} is defined twice")
    for name in new.clauses:
        if name not in clauses():
            near = difflib.get_close_matches(name, clauses(), n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(f"rule {new.id}: there is no clause {name!r} in clauses.json{hint}")
    _rules[new.id] = new
    return new


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


def event_rules() -> list[EventRule[Any]]:
    """Return the rules that judge single events of an exchange: what a validator applies."""
    _load((EVENT_WING,))
    return [rule for rule in _rules.values() if isinstance(rule, EventRule)]


def matching(pattern: str) -> list[Rule]:
    """Return the rules whose id matches the glob *pattern*.

    :raises UnknownRule: when none does; it names near ids.
    """
    rules = catalogue()
    found = [rule for name, rule in rules.items() if matches(name, (pattern,))]
    if not found:
        raise UnknownRule(pattern, difflib.get_close_matches(pattern, rules, n=3, cutoff=0.5))
    return found


def matches(rule_id: str, globs: Iterable[str]) -> bool:
    """Whether one of *globs* names the rule *rule_id*."""
    return any(fnmatch.fnmatchcase(rule_id, glob) for glob in globs)


def pick(rules: Iterable[Rule], select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Return those of *rules* that *select* names (all when empty) without those that *ignore* names.

    :param select: globs of rule ids. :param ignore: likewise.
    """
    return tuple(r for r in rules if (not select or matches(r.id, select)) and not matches(r.id, ignore))


def choose(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Rule]:
    """Return the rules of the catalogue that *select* names (all when empty) without those that *ignore* names.

    :param select: globs of rule ids. :param ignore: likewise.
    :raises UnknownRule: for a glob that matches nothing.
    """
    select, ignore = tuple(select), tuple(ignore)
    for glob in (*select, *ignore):
        matching(glob)
    return list(pick(catalogue().values(), select, ignore))
