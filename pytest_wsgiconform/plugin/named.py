"""What the command line names, checked before anything runs: sections, globs of rules, what a report needs."""

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
    """Make sure that *glob* matches a rule. :raises pytest.UsageError: when not; it names *option*."""
    try:
        matching(glob)
    except UnknownRule as error:
        raise pytest.UsageError(f"{option}: {error}; --wsgi-rules lists them all") from None


def check_node_id(node_id: NodeId, rules: Iterable[Rule]) -> None:
    """Make sure that there is what *node_id* names. :raises pytest.UsageError: when not."""
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
    """Make sure that *reports* can be written. :raises pytest.UsageError: when something has to be installed."""
    for kind, _ in reports:
        if kind == "html" and importlib.util.find_spec("jinja2") is None:
            raise pytest.UsageError("--wsgi-report=html: needs jinja2: pip install 'pytest-wsgiconform[html]'")
