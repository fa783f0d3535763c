"""What a rule makes of a run against a server."""

from __future__ import annotations

from typing import Any

from pytest_wsgiconform.rules.records.server import ServerRun
from pytest_wsgiconform.rules.registry import catalogue


def verdict(rule: str, run: ServerRun) -> Any:
    return catalogue()[rule].check(run)
