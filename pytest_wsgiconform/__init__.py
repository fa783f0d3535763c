"""pytest-wsgiconform: does a WSGI application, middleware or server keep PEP 3333?

The public names are imported on first use, so that importing the package (as the pytest plugin does in every run) costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .engine import AppReport, check_app
    from .observe.validator import Validator, validator
    from .rules.model import (
        Blame,
        ConformanceError,
        ConformanceWarning,
        Finding,
        Level,
        Location,
        Rule,
        RuleResult,
        Verdict,
    )

_HOMES = {
    "AppReport": "engine",
    "check_app": "engine",
    "Validator": "observe.validator",
    "validator": "observe.validator",
    **dict.fromkeys(
        (
            "Blame",
            "ConformanceError",
            "ConformanceWarning",
            "Finding",
            "Level",
            "Location",
            "Rule",
            "RuleResult",
            "Verdict",
        ),
        "rules.model",
    ),
}

__all__ = [
    "AppReport",
    "Blame",
    "ConformanceError",
    "ConformanceWarning",
    "Finding",
    "Level",
    "Location",
    "Rule",
    "RuleResult",
    "Validator",
    "Verdict",
    "__version__",
    "check_app",
    "validator",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
