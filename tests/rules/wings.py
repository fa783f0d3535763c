"""The rules of one wing of the catalogue."""

from __future__ import annotations

from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.registry import catalogue, modules_of


def rules_of(wing: str) -> list[Rule]:
    """Return the rules that the files of *wing* define, as ``"server.wire"``."""
    modules = set(modules_of(wing))
    return [rule for rule in catalogue().values() if rule.check.__module__ in modules]
