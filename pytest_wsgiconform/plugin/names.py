"""Whether what a run names exists: rules, items of targets, and what a report needs."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Any

import pytest

from ..naming import NodeId
from ..report.reached import SECTION, item_name
from ..rules.model import Rule
from ..rules.registry import UnknownRule, matching
from . import options


def check_glob(option: str, glob: str) -> None:
    """Raise a usage error when *glob*, a value of *option*, matches no rule of the catalogue."""
    try:
        matching(glob)
    except UnknownRule as error:
        raise pytest.UsageError(f"{option}: {error}; --wsgi-rules lists them all") from None


def check_node_id(node_id: NodeId, rules: Iterable[Rule]) -> None:
    """Raise a usage error when *node_id* names no item of a target that is judged by *rules*."""
    where = node_id.target.nodeid
    item = item_name(node_id.target.kind)
    sections = {rule.section for rule in rules} | {SECTION}
    if node_id.section is not None and node_id.section not in sections:
        hint = options.did_you_mean(node_id.section, sections)
        raise pytest.UsageError(f"not found: {where}::{node_id.section}: there is no such section{hint}")
    names = {rule.id for rule in rules if rule.section == node_id.section} | (
        {item} if node_id.section == SECTION else set()
    )
    if node_id.rule is not None and node_id.rule not in names:
        hint = options.did_you_mean(node_id.rule, names)
        raise pytest.UsageError(f"not found: {where}::{node_id.section}::{node_id.rule}: there is no such rule{hint}")


def check_installed(reports: list[tuple[str, Any]]) -> None:
    """Raise a usage error when what one of *reports* needs is not installed."""
    for kind, _ in reports:
        if kind == "html" and importlib.util.find_spec("jinja2") is None:
            raise pytest.UsageError("--wsgi-report=html: needs jinja2: pip install 'pytest-wsgiconform[html]'")
