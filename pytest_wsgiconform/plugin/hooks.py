"""The pytest hooks of pytest-wsgiconform that every run calls, used or not: so little is done here.

A run that names a target or a report gets :class:`pytest_wsgiconform.plugin.session.WsgiSession` beside this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import fixtures, options

if TYPE_CHECKING:
    from ..settings import Settings
    from ..targets.base import TargetRun

_MARKERS = (
    "wsgi: a rule of PEP 3333, judged by pytest-wsgiconform.",
    "wsgi_allow(*rule_ids): findings of these rules (ids or globs) do not fail this test.",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.register(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from . import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if config.getoption("help", False):
        return None
    pattern = options.value(config, "rules")
    if not pattern and options.value(config, "plan"):
        from .plan_option import print_plan

        return print_plan(config)
    if not pattern:
        return None
    from ..report.catalogue_text import print_catalogue
    from ..rules.registry import UnknownRule

    try:
        return print_catalogue(pattern)
    except UnknownRule as error:
        raise pytest.UsageError(f"--wsgi-rules={pattern}: {error}") from None


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(fixtures, "wsgiconform-fixtures")
    if config.getoption("help", False) or config.getoption("markers", False) or not options.active(config):
        return
    from .masked import mask_of
    from .session import WsgiSession

    try:
        session = WsgiSession(config)
    except pytest.UsageError as error:
        raise pytest.UsageError(mask_of(config).text(str(error))) from None
    config.pluginmanager.register(session, "wsgiconform-session")


@pytest.hookimpl(trylast=True)
def pytest_wsgiconform_open_run(kind: str, name: str, settings: Settings) -> TargetRun:
    from ..engine import open_run

    return open_run(kind, name, settings)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "wsgi_contract_rule" in metafunc.fixturenames:
        from .contract import parametrize

        parametrize(metafunc)


def pytest_itemcollected(item: pytest.Item) -> None:
    names = getattr(item, "fixturenames", None)
    if isinstance(names, list) and "wsgi_validated" not in names and item.config.getini("wsgi_validate"):
        names.append("wsgi_validated")
