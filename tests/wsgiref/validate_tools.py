"""Exchanges for the tests of wsgiref.validate."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

from tests.wsgiref.handler_tools import OURS

TEXT = [("Content-Type", "text/plain")]


App = Callable[..., Any]


def environ_with(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A complete environ with these changes; ``None`` takes a key out."""
    environ: dict[str, Any] = {
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(b"one\ntwo\nthree\n"),
        "CONTENT_LENGTH": "14",
    }
    OURS.util.setup_testing_defaults(environ)
    for key, value in (changes or {}).items():
        if value is None:
            del environ[key]
        else:
            environ[key] = value
    return environ


def started(status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    """A conforming server's start_response."""
    return lambda data: None


def serve(package: Any, app: App, environ: Any = None, start: App = started) -> list[bytes]:
    """Run ``app`` under the validator as a conforming server does; warnings are those of the test."""
    body = package.validate.validator(app)(environ_with() if environ is None else environ, start)
    try:
        return list(body)
    finally:
        body.close()


def raised(package: Any, app: App, environ: Any = None, start: App = started) -> BaseException | None:
    """What the validator raises about this app, or this environ."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            serve(package, app, environ, start)
        except Exception as error:
            return error
    return None
