"""What the options on requests to an app say: credentials, forms, hosts, routes to leave out; all of it checked.

``${NAME}`` in any of these values is taken from the environment, so that no secret stands in a file or a history.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from . import options
from .masked import mask_of

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOST = re.compile(r"(?:[A-Za-z0-9._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

#: Fields that belong to the connection or to the body: what carries the request sets them (RFC 9110 section 7.6.1).
OWN_FIELDS = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)

#: Fields whose values nobody else may see.
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})

#: Form fields and arguments whose values nobody else may see.
SECRET_NAME = re.compile(r"pass|pwd|secret|token|pin$|otp|api_?key", re.IGNORECASE)

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class _Values:
    """Reads values of options, and keeps what in them is secret."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.secrets: list[str] = []
        self.variables: dict[str, str] = {}

    def one(self, name: str) -> str:
        """Return the value of an option that has one."""
        return self.expanded(str(options.value(self.config, name) or ""), name)

    def many(self, name: str) -> list[str]:
        """Return the values of an option that may be repeated."""
        return [self.expanded(text, name) for text in options.value(self.config, name)]

    def expanded(self, text: str, name: str) -> str:
        """Return *text*, a value of option *name*, with ``${NAME}`` replaced; what came in is secret."""

        def replaced(match: re.Match[str]) -> str:
            found = os.environ.get(match[1])
            if found is None:
                raise pytest.UsageError(f"--wsgi-{name}: the environment variable {match[1]} is not set")
            self.hide(found)
            if found:
                self.variables[match[1]] = found
            return found

        return _VARIABLE.sub(replaced, text)

    def hide(self, value: str) -> None:
        """Let nobody see *value*, in the message of another option neither."""
        self.secrets.append(value)
        mask_of(self.config).add([value])

    def hide_credential(self, name: str, value: str) -> None:
        """Hide the *value* of the field *name*, and what in it is the credential."""
        self.hide(value)
        _, _, rest = value.partition(" ")
        if name.lower().endswith("authorization") and rest:
            self.hide(rest.strip())
        if name.lower() == "cookie":
            for part in value.split(";"):
                self.hide(part.partition("=")[2].strip().strip('"'))


def request_settings(config: pytest.Config) -> dict[str, Any]:
    """Return the fields of :class:`~pytest_wsgiconform.settings.Settings` on requests to an app, by name.

    :raises pytest.UsageError: for a value that can't be used; the sentence does not show what may be secret.
    """
    values = _Values(config)
    found: dict[str, Any] = {
        "headers": tuple(_header(text, values) for text in values.many("header")),
        "auth": _auth(values),
        "login": _path(values.one("login"), "login"),
        "login_fields": tuple(_pair(text, "login-field", values) for text in values.many("login-field")),
        "requests": tuple(str(options.file_path(config, "request", text)) for text in values.many("request")),
        "scheme": _scheme(values.one("scheme")),
        "host": _host(values.one("host")),
        "mount": _mount(values.one("mount")),
        "values": tuple(_pair(text, "value", values) for text in values.many("value")),
        "methods": _methods(values.one("methods")),
        "exclude_path": excuses(config, "wsgi_exclude_path"),
        "unreached": excuses(config, "wsgi_unreached"),
        "min_reached": min_reached(config),
    }
    if found["login_fields"] and not found["login"]:
        raise pytest.UsageError("--wsgi-login-field: say with --wsgi-login=PATH where the login form is")
    if found["login"] and not found["login_fields"]:
        raise pytest.UsageError("--wsgi-login: say with --wsgi-login-field=NAME=VALUE what to fill in")
    if found["auth"] and any(name.lower() == "authorization" for name, _ in found["headers"]):
        raise pytest.UsageError("--wsgi-auth, --wsgi-header: both set the field Authorization; give one of them")
    found["own_requests"], found["request_notes"] = _own_requests(found["requests"], found["host"], values)
    found["secrets"] = tuple(dict.fromkeys(value for value in values.secrets if value))
    found["variables"] = tuple(values.variables.items())
    return found


def _own_requests(files: Iterable[str], host: str, values: _Values) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Read the requests in *files*, and keep what in them is secret."""
    from ..targets.app.own_request import RequestFileError
    from ..targets.app.request_files import read_requests

    requests: list[Any] = []
    notes: list[str] = []
    for file in files:
        try:
            found, more = read_requests(Path(file), lambda text: values.expanded(text, "request"), host)
        except RequestFileError as error:
            raise pytest.UsageError(f"--wsgi-request={file}: {error}") from None
        for request in found:
            for name, value in request.headers:
                if name.lower() in CREDENTIALS:
                    values.hide_credential(name, value)
            for value in request.secrets(SECRET_NAME):
                values.hide(value)
        requests += map(astuple, found)
        notes += more
    return tuple(dict.fromkeys(requests)), tuple(notes)


def _header(text: str, values: _Values) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not colon:
        raise pytest.UsageError("--wsgi-header: a colon is missing after the name: write 'NAME: VALUE'")
    shown = f"--wsgi-header={name[:40]!r}"
    if not _TOKEN.fullmatch(name):
        raise pytest.UsageError(f"{shown}: that is not the name of a header field")
    if name.lower() in OWN_FIELDS:
        raise pytest.UsageError(
            f"{shown}: this field belongs to the connection or the body, and is set for each request"
        )
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise pytest.UsageError(f"{shown}: the value holds a line break or another control character")
    if not _is_latin1(value):
        raise pytest.UsageError(f"{shown}: the value goes beyond ISO-8859-1, so that no server could hand it over")
    if name.lower() in CREDENTIALS or SECRET_NAME.search(name):
        values.hide_credential(name, value)
    return name, value


def _is_latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _auth(values: _Values) -> str:
    text = values.one("auth")
    if not text:
        return ""
    user, colon, password = text.partition(":")
    if not colon or not user:
        raise pytest.UsageError("--wsgi-auth: write USER:PASSWORD")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise pytest.UsageError("--wsgi-auth: a control character can't be sent (RFC 7617, section 2)")
    if password:
        values.hide(password)
        values.hide(text)  # as a whole, it is what base64 is made of
    encoded = base64.b64encode(text.encode("utf-8")).decode("ascii")
    values.hide(encoded)
    values.hide(f"Basic {encoded}")
    return text


def _pair(text: str, name: str, values: _Values) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        # What is there may be the value alone, and that a secret.
        raise pytest.UsageError(f"--wsgi-{name}: write NAME=VALUE")
    if SECRET_NAME.search(key) and name != "value":
        values.hide(value)
    return key, value


def _path(text: str, name: str) -> str:
    if text and not text.startswith("/"):
        raise pytest.UsageError(f"--wsgi-{name}={text}: a path begins with a slash; did you mean /{text}?")
    return text


def _scheme(text: str) -> str:
    if text and text not in ("http", "https"):
        raise pytest.UsageError(f"--wsgi-scheme={text}: http or https")
    return text


def _host(text: str) -> str:
    if text and not _HOST.fullmatch(text):
        raise pytest.UsageError(f"--wsgi-host={text}: write a host name, with :PORT where it is not the usual one")
    return text


def _mount(text: str) -> str:
    _path(text, "mount")
    if text.endswith("/"):
        better = text.rstrip("/")
        raise pytest.UsageError(
            f"--wsgi-mount={text}: SCRIPT_NAME does not end in a slash"
            + (f"; did you mean {better}?" if better else "")
        )
    return text


def _methods(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise pytest.UsageError(
                f"--wsgi-methods={text}: {name!r} is not a method{options.did_you_mean(name, _METHODS)}"
            )
    return names


def excuses(config: pytest.Config, key: str) -> tuple[tuple[str, str], ...]:
    """Return glob and reason of each line of the ini key *key*.

    :raises pytest.UsageError: for a line without a reason.
    """
    found = []
    for line in config.getini(key):
        glob, dashes, reason = line.partition(" -- ")
        if not glob.strip() or not dashes or not reason.strip():
            raise pytest.UsageError(f"{key}: {line!r}: write GLOB -- reason")
        found.append((glob.strip(), reason.strip()))
    return tuple(found)


def min_reached(config: pytest.Config) -> tuple[float, bool]:
    """Return how much must be reached, and whether that is a share: ``80%`` is ``(0.8, True)``, none is ``(1, False)``.

    :raises pytest.UsageError: for what is neither a number nor a percentage.
    """
    text = str(config.getini("wsgi_min_reached") or "").strip()
    if not text:
        return 1.0, False
    number, share = text.removesuffix("%").strip(), text.endswith("%")
    try:
        found = float(number)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf") or (share and found > 100):
        raise pytest.UsageError(f"wsgi_min_reached = {text}: write a number of routes, or a share such as 80%")
    return (found / 100, True) if share else (found, False)


def mask_free(texts: Iterable[str]) -> list[str]:
    """Return those of *texts* that are too short to be masked everywhere (fewer than six characters)."""
    return [text for text in texts if len(text) < 6]
