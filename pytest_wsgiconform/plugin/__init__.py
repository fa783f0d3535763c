"""The pytest plugin: everything that imports pytest. Its hooks stand in ``hooks``; pytest finds them here."""

from __future__ import annotations

from .hooks import (
    pytest_addhooks,
    pytest_addoption,
    pytest_cmdline_main,
    pytest_configure,
    pytest_generate_tests,
    pytest_itemcollected,
    pytest_wsgiconform_open_run,
)

__all__ = [
    "pytest_addhooks",
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_itemcollected",
    "pytest_wsgiconform_open_run",
]
