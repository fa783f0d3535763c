"""The catalogue: every rule there is, and how to choose among them.

A rule registers itself by being defined; :func:`catalogue` imports the files that define them.
"""

from __future__ import annotations

import fnmatch
import importlib
import inspect
from collections.abc import Callable, Iterable

from .model import Blame, Check, Level, Rule

#: The files of the catalogue with rules on single events, in the order of the PEP. They are all that a validator
#: needs, and they load fast.
EVENT_RULE_MODULES: tuple[str, ...] = (
    "call",
    "environ_required",
    "environ_path",
    "environ_values",
    "environ_text",
    "input_stream",
    "error_stream",
    "start_response",
    "status",
    "headers",
    "exc_info",
    "body",
    "close",
    "write",
    "file_wrapper",
    "http_response",
    "http_headers",
    "http_body",
)

#: All files of the catalogue. Each is imported once, on first need.
RULE_MODULES: tuple[str, ...] = (
    *EVENT_RULE_MODULES,
    "process",
    "app_repeat",
    "app_environ",
    "app_streams",
    "app_errors",
    "app_http",
    "app_url",
    "middleware",
    "middleware_blocks",
    "middleware_start",
    "middleware_start_order",
    "middleware_write",
    "middleware_body",
    "middleware_text",
    "middleware_iterables",
    "middleware_close",
    "middleware_repeat",
    "middleware_files",
    "middleware_streams",
    "server_call",
    "server_threads",
    "server_environ",
    "server_environ_fields",
    "server_input",
    "server_input_lines",
    "server_errors",
    "server_start",
    "server_second_start",
    "server_refusals",
    "server_body",
    "server_close",
    "server_length",
    "server_headers",
    "server_files",
    "server_file_contents",
    "server_http",
    "server_extensions",
    "wire_request_line",
    "wire_target",
    "wire_path",
    "wire_fields",
    "wire_host",
    "wire_values",
    "wire_length",
    "wire_smuggling",
    "wire_chunked",
    "wire_chunk_faults",
    "wire_bodies",
    "wire_response",
    "wire_bodiless",
    "wire_splitting",
    "wire_failure",
    "wire_connection",
    "wire_continue",
    "server_process",
)

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


def _load(modules: Iterable[str]) -> None:
    """Import *modules*, and keep the rules in the order of :data:`RULE_MODULES` whichever was imported first."""
    for name in modules:
        importlib.import_module(f"{__package__}.{name}")
    if len(_rules) != len(_ordered):
        place = {f"{__package__}.{name}": number for number, name in enumerate(RULE_MODULES)}
        ordered = sorted(_rules.items(), key=lambda item: place.get(item[1].check.__module__, len(place)))
        _rules.clear()
        _rules.update(ordered)
        _ordered[:] = _rules


def catalogue() -> dict[str, Rule]:
    """Return all rules by id, in the order of the catalogue's files. Do not change the dict."""
    _load(RULE_MODULES)
    return _rules


def event_rules() -> list[Rule]:
    """Return the rules that judge single events of an exchange: what a validator applies."""
    _load(EVENT_RULE_MODULES)
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
