"""Apps served with ordinary requests below a validator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_wsgiconform import Finding
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.wsgiref.util import FileWrapper


def requests() -> list[dict[str, Any]]:
    """Return environs of ordinary requests, as many as show what differs by method, mount and time."""
    wrapper = {"wsgi.file_wrapper": FileWrapper}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        build_environ("/page", headers={"If-None-Match": '"abc"'}),
        build_environ("/page", "HEAD"),
        build_environ("/page", "POST", body=b"name=value", headers=kind),
        build_environ("/page", query="q=%0d%0aX:1&n=2", extra=wrapper, headers={"Range": "bytes=0-1"}),
        build_environ("/page%0A!", script_name="/mounted", extra=wrapper),
    ]


def serve(app: Any, environ: dict[str, Any]) -> None:
    """Do what a server does: call, iterate, close."""
    sent: list[bytes] = []

    def start_response(status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None and any(sent):
            raise exc_info[1]
        return sent.append

    result = None
    try:
        result = app(environ, start_response)
        sent.extend(result)
    except Exception:  # an app that fails is the corpus's business; the server would log it
        pass
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except Exception:
                sent.append(b"")


def found_by_validator(app: Any, thorough: bool = False) -> list[Finding]:
    found: list[Finding] = []
    watched = Validator(app, found.append, thorough=thorough)
    for environ in requests():
        serve(watched, environ)
    return found
