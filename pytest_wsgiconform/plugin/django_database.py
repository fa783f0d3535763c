"""A test database for an app of Django's, where pytest-django is active: that plugin blocks the project's own.

Loaded only then. The database lives from the first to the last of our items in a row, so that pytest-django can make
its own for the project's tests before or after.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ..rules.display import clean
from ..targets.app.routes import unwrapped
from ..targets.base import TargetError
from .opened import OpenTarget
from .reach_item import WsgiReach
from .suite import WsgiRule

#: The items that play something on a target.
_OURS = (WsgiReach, WsgiRule)


def of_django(opened: OpenTarget) -> bool:
    """Tell whether *opened* is an app of Django's in this process."""
    handlers = sys.modules.get("django.core.handlers.wsgi")
    if handlers is None:
        return False
    return any(isinstance(candidate, handlers.WSGIHandler) for candidate in unwrapped(getattr(opened.run, "app", None)))


class DjangoDatabase:
    """Makes a test database before the first item of its targets, and destroys it after the last."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._targets: list[OpenTarget] = []
        self._made: contextlib.ExitStack | None = None
        self._access: contextlib.ExitStack | None = None
        self._theirs = False

    @classmethod
    def serve(cls, config: pytest.Config, opened: OpenTarget) -> DjangoDatabase:
        """Serve *opened* as well, with the one that serves *config*."""
        name = "wsgiconform-django-database"
        plugin: DjangoDatabase | None = config.pluginmanager.get_plugin(name)
        if plugin is None:
            plugin = cls(config)
            config.pluginmanager.register(plugin, name)
        plugin._targets.append(opened)
        return plugin

    @contextlib.contextmanager
    def access(self) -> Iterator[None]:
        """Let the app at the database in the block. :raises DatabaseNotMade: when there can be none."""
        if self._made is None and not self._theirs:
            self._made = _made(self._config)
        with _blocker(self._config).unblock():
            yield

    def pytest_report_header(self) -> str:
        names = ", ".join(opened.target.name for opened in self._targets)
        return clean(f"wsgi: {names} gets a test database of its own, because pytest-django blocks the project's")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Make room for pytest-django's own test database, which is there until the session ends."""
        if fixturedef.argname == "django_db_setup":
            self._close()
            self._theirs = True
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self._access is None and isinstance(item, _OURS) and item.open_target in self._targets:
            access = contextlib.ExitStack()
            try:
                access.enter_context(self.access())
            except DatabaseNotMade as error:
                pytest.exit(f"{item.open_target.target.option}: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
            self._access = access

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        if isinstance(item, _OURS) and not isinstance(nextitem, _OURS):
            self._close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._close()

    def pytest_unconfigure(self) -> None:
        self._close()

    def _close(self) -> None:
        for stack in (self._access, self._made):
            if stack is not None:
                stack.close()
        self._access = self._made = None


class DatabaseNotMade(TargetError):
    """The test database could not be made; ``str()`` says why and what to do."""


def _blocker(config: pytest.Config) -> Any:
    from pytest_django.plugin import blocking_manager_key

    return config.stash[blocking_manager_key]


def _made(config: pytest.Config) -> contextlib.ExitStack:
    """Make a test database, and return what destroys it when it is closed."""
    from django.test.runner import DiscoverRunner

    blocker = _blocker(config)
    keep = bool(config.getoption("reuse_db", False)) and not config.getoption("create_db", False)
    runner = DiscoverRunner(verbosity=0, interactive=False, keepdb=keep)
    stack, printed = contextlib.ExitStack(), io.StringIO()
    try:
        with contextlib.suppress(RuntimeError):  # pytest-django's own fixture has set it up already
            runner.setup_test_environment()
            stack.callback(runner.teardown_test_environment)
        stack.enter_context(_names_of_worker(config))
        if config.getoption("nomigrations", False):
            stack.enter_context(_no_migrations())
        with blocker.unblock(), contextlib.redirect_stderr(printed):
            made = runner.setup_databases()
    except (Exception, SystemExit) as error:  # of the database, or of a migration of the project's
        stack.close()
        said = f" ({printed.getvalue().strip()[-300:]})" if isinstance(error, SystemExit) else ""
        raise DatabaseNotMade(
            clean(
                "pytest-django blocks the project's database, and a test database could not be made: "
                f"{type(error).__name__}: {error}{said}; grant what Django's own tests need, or run with -p no:django "
                "to play on the project's database"
            )
        ) from None

    def destroy() -> None:
        with blocker.unblock():
            runner.teardown_databases(made)

    stack.callback(destroy)
    return stack


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
