"""Under which host and scheme an app expects to be asked, where the user has not said."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ...rules.records.app import ExchangeRecord
from ...settings import Settings
from ...stimuli.app.asking import split_host
from .routes import unwrapped

_NAME = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*\.?)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

#: Statuses that send the client elsewhere (RFC 9110 section 15.4).
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def settled(app: Callable[..., Any], settings: Settings) -> Settings:
    """Return *settings* with the Host that the settings of the app's framework name, unless the user gave one."""
    if settings.host:
        return settings
    try:
        name = next((name for candidate in unwrapped(app) for name in _names(candidate)), "")
    except Exception:  # the framework's settings may be an object of the project's own: then localhost has to do
        return settings
    return replace(settings, host=name)


def _names(app: Any) -> Iterator[str]:
    """Give the hosts that *app*'s framework answers to, as far as one can be asked for."""
    if type(app).__module__.startswith("django.") and "django.conf" in sys.modules:
        yield from _usable(importlib.import_module("django.conf").settings.ALLOWED_HOSTS)
    config = getattr(app, "config", None)
    if isinstance(config, Mapping) and hasattr(app, "url_map"):
        yield from _usable([config.get("SERVER_NAME")])
        yield from _usable(config.get("TRUSTED_HOSTS") or ())


def _usable(names: Iterable[Any]) -> Iterator[str]:
    """Give those of *names* that a request can carry; none where any host will do."""
    listed = [name for name in names if isinstance(name, str)]
    if "*" in listed:
        return
    for name in listed:
        # A leading dot stands for the domain and all below it.
        text = name.removeprefix(".")
        if _NAME.fullmatch(text):
            yield text


def same_under_https(record: ExchangeRecord) -> bool:
    """Tell whether an answer redirects its request, made under http, to the same URL under https."""
    locations = record.header("Location")
    if record.code not in REDIRECTS or len(locations) != 1 or record.environ.get("wsgi.url_scheme") != "http":
        return False
    try:
        url = urlsplit(locations[0])
    except ValueError:
        return False
    host = split_host(record.environ.get("HTTP_HOST", "").lower())[0]
    path = unquote_to_bytes(url.path or "/").decode("latin-1")
    return (
        url.scheme.lower() == "https"
        and (url.hostname or "") == host
        and path == (record.path or "/")
        and url.query == record.query
    )
