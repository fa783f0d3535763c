"""Calling the hooks by which a project opens sessions, changes requests and resets its app; their faults are told."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from ..observe.gateway import show_error
from ..rules.display import clean, type_name
from ..targets.base import HookError, TargetError
from ..targets.hooks import Hooks, Pairs, header_pairs
from . import options
from .masked import mask_of, watch
from .opened import OpenTarget
from .printed import captured


class TargetHooks(Hooks):
    """The hooks of *config* for one target. :param target: its name, as the user gave it."""

    def __init__(self, config: pytest.Config, target: str) -> None:
        self._config, self._target = config, target
        if _places(config, "session"):
            self.session = self._session
        if _places(config, "request"):
            self.request = self._request
        if _places(config, "reset"):
            self.reset = self._reset

    def _session(self, app: Any) -> Pairs:
        results = self._call("session", app=app)
        try:
            return tuple(pair for result in results for pair in header_pairs(result))
        except ValueError as error:
            raise HookError(
                f"the hook pytest_wsgiconform_session ({', '.join(_places(self._config, 'session'))}) returned {error}"
            ) from None

    def _request(self, environ: dict[str, Any]) -> None:
        self._nothing("request", self._call("request", environ=environ))

    def _reset(self, app: Any) -> None:
        self._nothing("reset", self._call("reset", app=app))

    def _nothing(self, name: str, results: list[Any]) -> None:
        """Refuse what a hook returns that has nothing to return: it may be a changed copy, which goes nowhere."""
        if results:
            where = ", ".join(_places(self._config, name))
            changes = "changes environ in place and returns" if name == "request" else "returns"
            raise HookError(
                f"the hook pytest_wsgiconform_{name} ({where}) returned an object of type {type_name(results[0])}; "
                f"it {changes} nothing"
            )

    def _call(self, name: str, **arguments: Any) -> list[Any]:
        caller = getattr(self._config.hook, f"pytest_wsgiconform_{name}")
        try:
            results: list[Any] = caller(config=self._config, target=self._target, **arguments)
        except Exception as error:  # a project's own code may raise anything
            where = _line(error.__traceback__, _files(self._config, name)) or ", ".join(_places(self._config, name))
            raise HookError(
                f"the hook pytest_wsgiconform_{name} raised {type(error).__name__}: {show_error(error)} "
                f"({clean(where)})"
            ) from None
        return results


def open_session(config: pytest.Config, opened: OpenTarget) -> None:
    """Log in to the target *opened*, unless nothing is going to be sent.

    :raises pytest.UsageError: when that does not work; the target is closed then.
    """
    if config.getoption("collectonly", False) or options.value(config, "plan"):
        return
    try:
        with captured(config), _database(config, opened):
            opened.run.open_session(TargetHooks(config, opened.target.name))
    except TargetError as error:
        opened.run.close()
        opened.learn_secrets()
        raise pytest.UsageError(f"{opened.target.option}: {error}") from None
    opened.learn_secrets()
    if mask_of(config):
        watch(config)


def _database(config: pytest.Config, opened: OpenTarget) -> contextlib.AbstractContextManager[None]:
    """Let an app of Django's have a test database, where pytest-django blocks the project's; see there."""
    if not config.pluginmanager.has_plugin("django"):
        return contextlib.nullcontext()
    from .django_database import DjangoDatabase, of_django

    if not of_django(opened):
        return contextlib.nullcontext()
    database = DjangoDatabase.serve(config, opened)
    logs_in = options.value(config, "login") or config.hook.pytest_wsgiconform_session.get_hookimpls()
    return database.access() if logs_in else contextlib.nullcontext()


def _line(traceback: TracebackType | None, files: set[str]) -> str:
    """Return the innermost line of *traceback* in one of *files*, ``""`` when there is none."""
    found = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file in files:
            found = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


def _files(config: pytest.Config, name: str) -> set[str]:
    """Return the files of the implementations of the hook *name*."""
    return {place.rpartition(":")[0] for place in _places(config, name)}


def _places(config: pytest.Config, name: str) -> list[str]:
    """Return where the implementations of the hook *name* stand, none when there is none."""
    caller = getattr(config.hook, f"pytest_wsgiconform_{name}")
    return [_place(implementation.function) for implementation in caller.get_hookimpls()]


def _place(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else clean(repr(function))
