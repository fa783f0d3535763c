"""Broken middleware: the environ that it passes on, and how it calls the app."""

from __future__ import annotations

import base64
import collections
import contextlib
import functools
from typing import Any

from tests.corpora.collecting import Corpus
from tests.corpora.middleware.wrapping import App, around_environ

corpus = Corpus(__name__)
broken = corpus.program
environ_breaks = functools.partial(corpus.program, wrap=around_environ)

# -- the call --------------------------------------------------------------------------------------


@broken("environ-builtin-dict")
def environ_with_defaults(app: App) -> App:
    return lambda environ, start_response: app(collections.defaultdict(str, environ), start_response)


@environ_breaks("environ-builtin-dict")
def environ_is_a_chain(environ: dict[str, Any]) -> Any:
    return collections.ChainMap({"chained.key": 1}, environ)


@environ_breaks("environ-builtin-dict")
def environ_is_a_subclass(environ: dict[str, Any]) -> Any:
    return type("Environ", (dict,), {})(environ)


@broken("app-called-positionally")
def called_by_keyword(app: App) -> App:
    return lambda environ, start_response: app(environ, start_response=start_response)


# -- environ ---------------------------------------------------------------------------------------


@broken("environ-cgi-native-strings")
def user_as_bytes(app: App) -> App:
    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        given = environ.get("HTTP_AUTHORIZATION", "Basic YTpi").rpartition(" ")[2]
        with contextlib.suppress(ValueError):
            environ["REMOTE_USER"] = base64.b64decode(given).partition(b":")[0]
        return app(environ, start_response)

    return middleware


@broken("environ-path-info-leading-slash")
def prefix_cut_with_its_slash(app: App) -> App:
    """Leaves PATH_INFO without its slash, and SCRIPT_NAME with one too many."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        first, slash, rest = environ["PATH_INFO"][1:].partition("/")
        environ["SCRIPT_NAME"] += f"/{first}{slash}"
        environ["PATH_INFO"] = rest
        return app(environ, start_response)

    return middleware


@broken("environ-has-errors")
def clean_environ(app: App) -> App:
    """A firewall that lets through what it knows, and doesn't know wsgi.errors."""

    def middleware(environ: dict[str, Any], start_response: App) -> Any:
        return app({k: v for k, v in environ.items() if k != "wsgi.errors"}, start_response)

    return middleware


@environ_breaks("environ-cgi-native-strings")
def port_is_a_number(environ: dict[str, Any]) -> None:
    environ["SERVER_PORT"] = int(environ["SERVER_PORT"])


@environ_breaks("environ-cgi-native-strings")
def user_is_bytes(environ: dict[str, Any]) -> None:
    environ["REMOTE_USER"] = b"somebody"


@environ_breaks("environ-path-info-leading-slash")
def prefix_is_cut_with_its_slash(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/")


@environ_breaks("environ-script-name-not-lone-slash")
def mounted_at_a_slash(environ: dict[str, Any]) -> None:
    environ["SCRIPT_NAME"] = "/"


@environ_breaks("environ-text-latin1")
def path_is_decoded(environ: dict[str, Any]) -> None:
    environ["PATH_INFO"] = environ["PATH_INFO"] + "\N{EURO SIGN}"
