"""Hooks of this plugin, for conftest files and other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..settings import Settings
    from ..targets.base import TargetRun
    from ..targets.server.launchers import Launcher


@pytest.hookspec(firstresult=True)
def pytest_wsgiconform_open_run(kind: str, name: str, settings: Settings) -> TargetRun | None:
    """Open the target *name* for judging, or return ``None`` to leave it to others.

    The first result counts; the plugin's own comes last. Called once per target before collection, in every
    test worker too. A run of one's own inherits from :class:`pytest_wsgiconform.targets.base.TargetRun`, which has what
    is optional; it returns all its rules, and is told after collection which of them are asked for.

    :param kind: ``"app"``, ``"middleware"`` or ``"server"``. :param name: the target as the user gave it.
    :param settings: what the run was asked to do.
    :raises pytest_wsgiconform.engine.TargetError: when it can't be loaded or started.
    """


def pytest_wsgiconform_launchers() -> Iterable[Launcher]:
    """Make more servers known by name to ``--wsgi-server``, or replace those that are.

    Called once, before the first server target is opened, in every test worker too.

    :returns: :class:`pytest_wsgiconform.targets.server.launchers.Launcher` objects.
    """
    return ()


def pytest_wsgiconform_finding(config: pytest.Config, finding: dict[str, Any]) -> None:
    """Take notice of a finding, one of the JSON report's ``findings``.

    Called where the reports come together (not in test workers), as soon as the finding's test has ended.
    """


def pytest_wsgiconform_session(
    config: pytest.Config, target: str, app: Any
) -> Iterable[tuple[str, str]] | Mapping[str, str] | None:
    """Open a session with an app, and return the header pairs that carry it, or ``None`` where there is none to open.

    Called before the first request to the app, for each thread in which requests are sent at once, and again when the
    session is lost. The values are masked in all output. Of several hooks, the pairs of all are sent.

    :param target: the app as the user gave it, ``""`` where a test brings its own. :param app: the WSGI application;
        under ``--wsgi-isolate`` it is loaded in this process, and asked nothing else.
    :returns: such as ``[("Authorization", "Bearer ...")]`` or ``[("Cookie", "sessionid=...")]``.
    """


def pytest_wsgiconform_request(config: pytest.Config, target: str, environ: dict[str, Any]) -> None:
    """Change *environ* in place before it is handed over to an app or a middleware; called for each request.

    Under ``--wsgi-isolate`` it has the variables that are strings, and only these can be changed.

    :param target: as the user gave it. :param environ: complete, with the fields of the session.
    """


def pytest_wsgiconform_reset(config: pytest.Config, target: str, app: Any) -> None:
    """Bring the app back to where it began: roll back, empty a cache or a throttle. Called before each stimulus.

    :param target: as the user gave it. :param app: the WSGI application; under ``--wsgi-isolate`` it is loaded in
        this process, and asked nothing else; for a middleware, what it makes around a plain app.
    """
