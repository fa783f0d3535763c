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
        self._values = dict(settings.variables)
        self._from_environment = list(self._values)
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

    def within(self, text: str, meaning: str) -> str:
        """Return *text*, part of a request file with its variables replaced, with a variable for each secret in it."""
        for name, value in self._values.items():
            if value in text:
                text = text.replace(value, f"${{{name}}}")
                self.variables[name] = f"as when the run was made, part of {meaning}"
        for number, secret in enumerate(sorted(self._mask.secrets, key=len, reverse=True), start=1):
            if secret in text and secret not in self._values.values():
                text = text.replace(secret, self.variable(f"{meaning} {number}"))
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
    found["own_requests"] = [_own_request(request, namer) for request in settings.own_requests]
    for text in options.value(config, "value"):
        namer.text(text, "value")
    return Asked({name: value for name, value in found.items() if value}, namer.variables)


def _own_request(request: tuple[Any, ...], namer: _Namer) -> tuple[Any, ...]:
    method, target, headers, body, host, scheme = request
    fields = [(name, namer.within(value, f"request {name}")) for name, value in headers]
    return (method, namer.within(target, "request path"), fields, namer.within(body, "request body"), host, scheme)


def _headers(config: pytest.Config, namer: _Namer) -> list[tuple[str, str]]:
    pairs = (text.partition(":") for text in options.value(config, "header"))
    return [(name.strip(), namer.text(value.strip(), f"header {name.strip()}")) for name, _, value in pairs]
