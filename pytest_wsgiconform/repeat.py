"""Repeats one finding by itself: what the scripts of ``--wsgi-repro`` call.

Needs the standard library only, and imports its neighbours by relative names, because the scripts carry a copy of
this package under another name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .engine import TargetError, open_run
from .masking import Mask
from .rules.clauses import clauses
from .rules.display import clean, plain
from .rules.model import Finding, Rule
from .rules.registry import catalogue
from .settings import Settings
from .targets.hooks import Hooks

#: Exit codes: the rule held (or was not put to the test), it was broken, the target can't be loaded.
HELD, BROKEN, UNUSABLE = 0, 1, 2


def repeat(
    kind: str,
    target: str,
    rule: str,
    paths: Iterable[str],
    timeout: float,
    say: Callable[[str], None] = print,
    *,
    settings: Mapping[str, Any] | None = None,
    variables: Iterable[str] = (),
) -> int:
    """Drive the target as the run did, judge the one rule, and say what came of it.

    :param kind: ``"app"`` or ``"middleware"``. :param target: as the user gave it; it must be importable.
    :param rule: the id of the rule. :param paths: request targets to send. :param timeout: seconds per exchange.
    :param say: called with each line of the answer.
    :param settings: further fields of ``Settings``, on what requests carry. :param variables: environment variables
        whose values are secret; ``${NAME}`` of one stands for it in *settings* and *paths*.
    :returns: :data:`BROKEN` when the fault shows, :data:`HELD` when not, :data:`UNUSABLE` when the target can't be
        loaded.
    """
    secrets = {name: os.environ.get(name) for name in variables}
    missing = [name for name, value in secrets.items() if value is None]
    if missing:
        say(f"set {', '.join(missing)} in the environment: the request is not the same without")
        return UNUSABLE
    known = {name: value for name, value in secrets.items() if value is not None}
    mask = Mask(known.values())
    asked = _settings(paths, timeout, dict(settings or {}), known)

    def tell(line: str) -> None:
        say(mask.text(line))

    try:
        run = open_run(kind, target, asked)
    except TargetError as error:
        tell(f"{target} can't be loaded: {error}")
        return UNUSABLE
    try:
        run.open_session(Hooks())
        run.plan([catalogue()[rule]])
        result = run.judge(catalogue()[rule])
    except TargetError as error:
        tell(f"{target}: {error}")
        return UNUSABLE
    finally:
        mask.add(**run.secrets())
        run.close()
    if not result.findings:
        tell(f"{rule}: {result.verdict}{f' ({result.reason})' if result.reason else ''}")
        return HELD
    for finding in result.findings:
        for line in _lines(finding, catalogue()[rule]):
            tell(line)
    return BROKEN


def _settings(paths: Iterable[str], timeout: float, more: dict[str, Any], secrets: Mapping[str, str]) -> Settings:
    """Return what the run was asked to do, with the secrets in place of their names."""
    quoted = {name: quote(value, safe="") for name, value in secrets.items()}
    return Settings(
        paths=tuple(_expanded(path, quoted) for path in paths),
        timeout=timeout,
        secrets=tuple(secrets.values()),
        **_expanded(more, secrets),
    )


def _expanded(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return *value*, plain data, with the secrets in place of their names, and tuples for lists."""
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda found: secrets.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {key: _expanded(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_expanded(item, secrets) for item in value)
    return value


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
