"""Environ as plain data for the side channel."""

from __future__ import annotations

from typing import Any

#: Longest text of one variable that is reported.
LIMIT = 70000


def type_name(value: Any) -> str:
    """Return the name of *value*'s type, with its module unless it is a builtin."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def snapshot(environ: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values, types) as :class:`~pytest_wsgiconform.rules.records.server.Call` keeps them."""
    if not isinstance(environ, dict):
        return {}, {"": type_name(environ)}
    values: dict[str, Any] = {}
    types: dict[str, str] = {}
    for key, value in list(environ.items()):
        name = key if type(key) is str else f"<{type_name(key)}> {key!r}"
        values[name] = _plain(value)
        if type(value) is not str:
            types[name] = type_name(value)
    return values, types


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value[:LIMIT]
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if (kind is tuple or kind is list) and all(type(item) in (str, int, bool) for item in value):
        return list(value)
    return f"<{type_name(value)}>"
