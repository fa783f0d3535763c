"""Putting an environ before the rules on environ, for the tests of those rules."""

from __future__ import annotations

from typing import Any

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.rules.events import environ_path, environ_required, environ_text, environ_values
from pytest_wsgiconform.rules.model import Fault, Level, Outcome, Rule
from pytest_wsgiconform.rules.records.exchange import AppCalled, Exchange

#: Every rule of the files under test, in their order.
RULES: dict[str, Rule] = {
    found.id: found
    for module in (environ_required, environ_path, environ_values, environ_text)
    for found in vars(module).values()
    if isinstance(found, Rule)
}


#: Stands for "take this variable out" in :func:`changed`.
class _Absent:
    """A value that stands for no value; its repr is the same in every process, as xdist needs of test ids."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


def changed(changes: dict[Any, Any], **arguments: Any) -> dict[Any, Any]:
    """Return a complete environ with *changes* made to it."""
    environ: dict[Any, Any] = build_environ(**arguments)
    for name, value in changes.items():
        if value is ABSENT:
            environ.pop(name, None)
        else:
            environ[name] = value
    return environ


def judge(rule_id: str, environ: Any, variables: dict[Any, Any] | None = None) -> Outcome:
    """Return what the rule says of an app that was called with *environ*."""
    if variables is None:
        variables = environ
    return RULES[rule_id].check(AppCalled((environ, None), {}, environ, variables), Exchange())


def findings(environ: dict[Any, Any], *levels: Level) -> dict[str, tuple[Fault, ...]]:
    """Return the faults by rule, of the rules of these levels, or of error and warning level."""
    wanted = levels or (Level.ERROR, Level.WARNING)
    outcomes = {name: judge(name, environ) for name, rule in RULES.items() if rule.level in wanted}
    return {name: faults for name, faults in outcomes.items() if faults}


def variables_of(faults: Outcome) -> list[str]:
    """Return the variables that the faults name in their evidence."""
    return [found.variable for found in faults or ()]
