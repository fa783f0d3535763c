"""A test database for an app of Django's, where pytest-django is active: that plugin blocks the project's own.

Loaded only then. The database lives from the first to the last of our items in a row, so that pytest-django can make
its own for the project's tests before or after.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ..rules.display import clean
from ..targets.app.routes import unwrapped
from .opened import OpenTarget
from .suite import WsgiRule


def needed(targets: Iterable[OpenTarget]) -> list[OpenTarget]:
    """Return those of *targets* that are apps of Django's in this process."""
    handlers = sys.modules.get("django.core.handlers.wsgi")
    if handlers is None:
        return []
    apps = [(opened, getattr(opened.run, "app", None)) for opened in targets]
    return [
        opened
        for opened, app in apps
        if any(isinstance(candidate, handlers.WSGIHandler) for candidate in unwrapped(app))
    ]


class DjangoDatabase:
    """Makes a test database before the first item of *targets*, and destroys it after the last."""

    def __init__(self, config: pytest.Config, targets: list[OpenTarget]) -> None:
        self._config, self._targets = config, targets
        self._open: contextlib.ExitStack | None = None
        self._theirs = False

    def pytest_report_header(self) -> str:
        names = ", ".join(opened.target.name for opened in self._targets)
        return clean(f"wsgi: {names} gets a test database of its own, because pytest-django blocks the project's")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Notice that pytest-django has made its own database, which is there until the session ends."""
        result = yield
        if fixturedef.argname == "django_db_setup":
            self._theirs = True
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self._open is None and isinstance(item, WsgiRule) and item.open_target in self._targets:
            stack = contextlib.ExitStack()
            try:
                _open(self._config, stack, make=not self._theirs)
            except Exception as error:  # of the database, of a migration: the project's own
                with contextlib.suppress(Exception):
                    stack.close()
                pytest.exit(
                    clean(
                        f"wsgi: the test database that pytest-django asks for could not be made: "
                        f"{type(error).__name__}: {error}"
                    ),
                    returncode=pytest.ExitCode.USAGE_ERROR,
                )
            self._open = stack

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        if not isinstance(nextitem, WsgiRule):
            self._close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._close()

    def _close(self) -> None:
        stack, self._open = self._open, None
        if stack is not None:
            stack.close()


def _open(config: pytest.Config, stack: contextlib.ExitStack, *, make: bool) -> None:
    """Let the app at a test database until *stack* is closed. *make*: there is none yet."""
    from pytest_django.plugin import blocking_manager_key

    stack.enter_context(config.stash[blocking_manager_key].unblock())
    if not make:
        return
    from django.test.runner import DiscoverRunner

    keep = bool(config.getoption("reuse_db", False)) and not config.getoption("create_db", False)
    runner = DiscoverRunner(verbosity=0, interactive=False, keepdb=keep)
    with contextlib.suppress(RuntimeError):  # pytest-django's own fixture has set it up already
        runner.setup_test_environment()
        stack.callback(runner.teardown_test_environment)
    stack.enter_context(_names_of_worker(config))
    if config.getoption("nomigrations", False):
        stack.enter_context(_no_migrations())
    made = runner.setup_databases()
    stack.callback(runner.teardown_databases, made)


@contextlib.contextmanager
def _names_of_worker(config: pytest.Config) -> Iterator[None]:
    """Let each worker of a distributed run have a database of its own name; one in memory has none."""
    from django.db import connections

    worker = getattr(config, "workerinput", {}).get("workerid", "")
    changed: list[tuple[dict[str, Any], Any]] = []
    for connection in connections.all() if worker else ():
        test = connection.settings_dict["TEST"]
        in_memory = connection.vendor == "sqlite" and not test.get("NAME")
        if not in_memory and test.get("NAME") != ":memory:":
            changed.append((test, test.get("NAME")))
            test["NAME"] = f"{test.get('NAME') or 'test_' + str(connection.settings_dict['NAME'])}_wsgi_{worker}"
    try:
        yield
    finally:
        for test, name in changed:
            test["NAME"] = name


@contextlib.contextmanager
def _no_migrations() -> Iterator[None]:
    """Make tables from the models, as ``--no-migrations`` of pytest-django asks."""
    from django.apps import apps
    from django.test.utils import override_settings

    with override_settings(MIGRATION_MODULES={app.label: None for app in apps.get_app_configs()}):
        yield
