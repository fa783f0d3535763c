"""Behaviours that try server extensions which somebody registered: nobody can know what an unknown one does.

``WSGICONFORM_EXTENSIONS``, in environ or in the process's environment, holds ``headers=KEY`` and ``output=KEY``,
separated by commas. ``environ[KEY]`` is called as ``extension(environ)`` and gives a mapping of the request's headers
by name, or as ``extension(start_response, data)`` and sends *data*.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..behaviour import Stage, behaviour, describe

EXTENSIONS = "WSGICONFORM_EXTENSIONS"


def _registered(stage: Stage, kind: str) -> Any:
    text = str(stage.environ.get(EXTENSIONS) or os.environ.get(EXTENSIONS, ""))
    for entry in text.split(","):
        name, _, key = entry.partition("=")
        if name == kind:
            return stage.environ.get(key)
    return None


def _try(stage: Stage, how: str, extension: Any, *args: Any) -> Any:
    """Call the extension and report whether it refused."""
    try:
        result = extension(*args)
    except Exception as error:  # a refusal, of whatever type the server chose
        stage.talk.event("extension", how=how, raised=describe(error), value="")
        return None
    value = ""
    if hasattr(result, "items"):
        value = next((str(v) for k, v in result.items() if str(k).lower().replace("_", "-") == "x-stable"), "")
    stage.talk.event("extension", how=how, raised="", value=value)
    return result


def _wrapped(start_response: Any) -> Any:
    """Return what middleware would hand on in the place of the server's own object."""

    def start(*args: Any) -> Any:
        return start_response(*args)

    return start


@behaviour("extension-headers")
def _headers(stage: Stage) -> Iterable[bytes]:
    extension = _registered(stage, "headers")
    if extension is not None:
        _try(stage, "with-environ", extension, stage.environ)
        _try(stage, "without-environ", extension)
        _try(stage, "altered-environ", extension, {**stage.environ, "HTTP_X_STABLE": "altered"})
    return stage.answer(stage.line)


@behaviour("extension-output")
def _output(stage: Stage) -> Iterable[bytes]:
    extension = _registered(stage, "output")
    if extension is not None:
        stage.start("200 OK", stage.headers())
        _try(stage, "without-start", extension, b"unasked")
        _try(stage, "foreign-start", extension, _wrapped(stage.start_response), b"foreign")
        return [stage.line]
    return stage.answer(stage.line)
