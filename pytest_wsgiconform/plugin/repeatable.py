"""How a run asked its targets, in words that a reproduction may hold: every secret by the name of a variable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from ..report.repro import Asked
from ..settings import Settings
from . import options
from .masked import mask_of

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class _Namer:
    """Gives secrets that were typed a variable. :ivar variables: name and meaning of each variable in use."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._mask = mask_of(config)
        self._from_environment = [name for name, _ in settings.variables]
        self.variables: dict[str, str] = {}

    def text(self, text: str, meaning: str) -> str:
        """Return *text*, part of an option, with a variable for what is secret in it."""
        used = [name for name in _VARIABLE.findall(text) if name in self._from_environment]
        if used:
            self.variables.update((name, f"as when the run was made, part of {meaning}") for name in used)
            return text
        if text in self._mask.secrets or self._mask.text(text) != text:
            return self.variable(meaning)
        return text

    def variable(self, meaning: str) -> str:
        """Return a new variable that stands for *meaning*."""
        name = "WSGI_" + re.sub(r"\W+", "_", meaning).upper().strip("_")
        self.variables[name] = meaning
        return f"${{{name}}}"


def asked(config: pytest.Config, settings: Settings, session_fields: Iterable[str] = ()) -> Asked:
    """Return what the reproductions of this run need.

    :param session_fields: names of the header fields that carry the session.
    """
    namer = _Namer(config, settings)
    found: dict[str, Any] = {"headers": _headers(config, namer)}
    user, colon, password = str(options.value(config, "auth") or "").partition(":")
    if colon:
        found["auth"] = f"{user}:{namer.text(password, 'auth password')}"
        namer.text(user, "auth user")
    found["login"] = namer.text(str(options.value(config, "login") or ""), "login path")
    fields = (text.partition("=") for text in options.value(config, "login-field"))
    found["login_fields"] = [(name, namer.text(value, f"login {name}")) for name, _, value in fields]
    for name in ("scheme", "host", "mount"):
        found[name] = namer.text(str(options.value(config, name) or ""), name)
    if config.hook.pytest_wsgiconform_session.get_hookimpls():
        typed = {name.lower() for name, _ in settings.headers} | ({"authorization"} if settings.auth else set())
        forms = {name.lower() for name, _ in settings.login_fields} | ({"cookie"} if settings.login else set())
        for name in dict.fromkeys(session_fields):
            if name not in typed | forms:
                found["headers"].append((name, namer.variable(f"session {name}")))
    for text in options.value(config, "value"):
        namer.text(text, "value")
    return Asked({name: value for name, value in found.items() if value}, namer.variables)


def _headers(config: pytest.Config, namer: _Namer) -> list[tuple[str, str]]:
    pairs = (text.partition(":") for text in options.value(config, "header"))
    return [(name.strip(), namer.text(value.strip(), f"header {name.strip()}")) for name, _, value in pairs]
