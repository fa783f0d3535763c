"""Factories without their parentheses are asked back; nothing that may be an application is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from pytest_wsgiconform.targets.factory import factory_call


def function(name: str, signature: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(f"def {name}({signature}): pass", names)
    made: Callable[..., Any] = names[name]
    return made


MAKERS = ("create_app", "make_app", "get_wsgi_application", "build_site", "new_app", "app_factory")
NAMES = ("app", "application", "handle", "main", "wsgi")
NEEDS_NONE = ("", "config=None", "test_config=None, /", "*, debug=False", "**settings", "config=None, **settings")
TAKES_TWO_TOO = ("config=None, testing=False", "name='x', debug=False, **more", "settings=None, *args")
ENVIRONS = ("environ=None, start_response=None", "env=None, sr=None", "e={}, s=None", "_=None, __=None")
APPS = (
    "environ, start_response",
    "e, s, /",
    "environ, start_response=None",
    "*args",
    "*args, **kwargs",
    "a, b, *c, d=1",
)


@pytest.mark.parametrize(("name", "signature"), [*product(MAKERS + NAMES, NEEDS_NONE)])
def test_what_cannot_take_two_arguments_and_needs_none(name: str, signature: str) -> None:
    assert factory_call(function(name, signature)) == "()"


@pytest.mark.parametrize(("name", "signature"), [*product(MAKERS, TAKES_TWO_TOO)])
def test_what_could_take_two_and_is_named_like_a_maker(name: str, signature: str) -> None:
    assert factory_call(function(name, signature)) == "()"


@pytest.mark.parametrize(
    ("name", "signature"),
    [*product(NAMES, TAKES_TWO_TOO), *product(MAKERS + NAMES, ENVIRONS + APPS), *product(MAKERS + NAMES, ["environ"])],
)
def test_what_may_be_an_application(name: str, signature: str) -> None:
    assert factory_call(function(name, signature)) is None


@pytest.mark.parametrize("signature", ["global_config, **settings", "config", "settings, *, x=1", "app_conf, /"])
def test_what_needs_a_configuration(signature: str) -> None:
    assert factory_call(function("main", signature)) == "({})"


class Site:
    """An object that is an application."""

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


class Loose(Site):
    def __init__(self, config: Any = None, debug: bool = False) -> None: ...


class PerRequest:
    def __init__(self, environ: Any, start_response: Any) -> None: ...


class PerRequestWithDefaults:
    def __init__(self, environ: Any = None, start_response: Any = None) -> None: ...


def test_classes_objects_partials_and_methods() -> None:
    assert factory_call(Site) == "()"
    assert factory_call(Site()) is None
    assert factory_call(Site().__call__) is None
    assert factory_call(PerRequest) is None
    assert factory_call(PerRequestWithDefaults) is None
    assert factory_call(Loose) is None, "two arguments can be passed, and what that gives is looked at"
    assert factory_call(functools.partial(function("create_app", "config"), "production")) == "()"
    assert factory_call(functools.partial(function("app", "site, environ, start_response"), Site())) is None
    assert factory_call(functools.partial(function("make_app", "config, debug=False"), config=1)) == "()"
    assert factory_call(print) is None


def test_a_decorated_application_is_seen_through_its_decorator() -> None:
    def decorated(inner: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(inner)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return inner(*args, **kwargs)

        return wrapper

    assert factory_call(decorated(function("create_app", "config=None"))) == "()"
    assert factory_call(decorated(function("get_page", "environ, start_response"))) is None
