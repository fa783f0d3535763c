"""Serving an app below a validator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_wsgiconform import Finding
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator


def start_response(status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    return lambda data: None


def serve(app: Callable[..., Any], environ: dict[str, Any] | None = None) -> list[Any]:
    body = app(build_environ() if environ is None else environ, start_response)
    items = list(body)
    body.close()
    return items


def findings_of(app: Callable[..., Any], environ: dict[str, Any] | None = None, **options: Any) -> list[Finding]:
    found: list[Finding] = []
    serve(Validator(app, found.append, **options), environ)
    return found
