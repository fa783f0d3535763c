"""Telling a factory of applications from an application, by nothing but its signature and its name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

#: Names of functions that make something.
_MAKES = re.compile(r"(?:create|make|build|get|new|init|setup)_|(?:\w+_)?factory$", re.IGNORECASE)

#: Names of a first argument that is no environ.
_CONFIGURES = re.compile(r"(?:\w+_)?(?:conf(?:ig)?(?:uration)?|settings)(?:_\w+)?", re.IGNORECASE)

#: How an application calls its first argument, by custom.
_ENVIRON = re.compile(r"_*e(?:nv(?:iron(?:ment)?)?)?_*|_+", re.IGNORECASE)


def factory_call(app: Any) -> str | None:
    """Return the call that makes an application of *app*, ``"()"`` or ``"({})"``; ``None`` when it may well be one.

    A factory is what can't take two positional arguments and needs none; what can't take two and needs one that is a
    configuration, as Pyramid's ``main(global_config, **settings)``; and a function with a maker's name that could take
    two, but needs none, and does not call the first an environ.
    """
    try:
        signature = inspect.signature(app)
        parameters = list(signature.parameters.values())
        is_function, name = inspect.isfunction(app), getattr(app, "__name__", "")
    except Exception:  # no signature, or a stranger's that raises: then it can't be told
        return None
    positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
    if _binds(signature, ()):
        if not _binds(signature, (None, None)):
            return "()"
        return "()" if is_function and _makes(str(name), positional) else None
    takes_one = _binds(signature, (None,)) and not _binds(signature, (None, None))
    return "({})" if takes_one and is_function and _CONFIGURES.fullmatch(positional[0].name) else None


def _makes(name: str, positional: Sequence[inspect.Parameter]) -> bool:
    """Tell whether a function that can do without arguments is named like one that makes an application."""
    return bool(positional and _MAKES.match(name) and not _ENVIRON.fullmatch(positional[0].name))


def _binds(signature: inspect.Signature, args: tuple[Any, ...]) -> bool:
    try:
        signature.bind(*args)
    except TypeError:
        return False
    return True
