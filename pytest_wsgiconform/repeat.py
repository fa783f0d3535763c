"""Repeats one finding by itself: what the scripts of ``--wsgi-repro`` call.

Needs the standard library only, and imports its neighbours by relative names, because the scripts carry a copy of
this package under another name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from .engine import TargetError, open_run
from .rules.clauses import clauses
from .rules.display import clean, plain
from .rules.model import Finding, Rule
from .rules.registry import catalogue
from .settings import Settings

#: Exit codes: the rule held (or was not put to the test), it was broken, the target can't be loaded.
HELD, BROKEN, UNUSABLE = 0, 1, 2


def repeat(
    kind: str,
    target: str,
    rule: str,
    paths: Iterable[str],
    timeout: float,
    say: Callable[[str], None] = print,
) -> int:
    """Drive the target as the run did, judge the one rule, and say what came of it.

    :param kind: ``"app"`` or ``"middleware"``. :param target: as the user gave it; it must be importable.
    :param rule: the id of the rule. :param paths: request targets to send. :param timeout: seconds per exchange.
    :param say: called with each line of the answer.
    :returns: :data:`BROKEN` when the fault shows, :data:`HELD` when not, :data:`UNUSABLE` when the target can't be
        loaded.
    """
    settings = Settings(paths=tuple(paths), timeout=timeout)
    try:
        run = open_run(kind, target, settings)
    except TargetError as error:
        say(f"{target} can't be loaded: {error}")
        return UNUSABLE
    try:
        run.plan([catalogue()[rule]])
        result = run.judge(catalogue()[rule])
    finally:
        run.close()
    if not result.findings:
        say(f"{rule}: {result.verdict}{f' ({result.reason})' if result.reason else ''}")
        return HELD
    for finding in result.findings:
        for line in _lines(finding, catalogue()[rule]):
            say(line)
    return BROKEN


def _lines(finding: Finding, rule: Rule) -> Iterable[str]:
    yield clean(f"{finding.rule}: {finding.message}")
    if finding.location is not None:
        yield clean(f"  at {finding.location.file}:{finding.location.line} {finding.location.function}".rstrip())
    if finding.request:
        yield clean(f"  seen in {finding.request.get('method', '')} {finding.request.get('path', '')}")
    for name in rule.clauses:
        clause = clauses().get(name)
        if clause is not None:
            yield f"  broken clause {name}: {clause.says} ({clause.url})"
    yield f"  to do: {plain(rule.hint)}"


def main(*, import_from: Iterable[str], **arguments: object) -> int:
    """Repeat with the folders *import_from* importable, as the run had them; see :func:`repeat`."""
    sys.path[:0] = [folder for folder in import_from if folder not in sys.path]
    return repeat(**arguments)  # type: ignore[arg-type]  # the scripts that call this are written beside it
