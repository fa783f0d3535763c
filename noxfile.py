"""Run the tests on every interpreter that is found: ``nox``, or ``nox -s tests-3.12``."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = "venv"

INTERPRETERS = ["3.10", "3.11", "3.12", "3.13", "3.14"]


@nox.session(python=INTERPRETERS)
def tests(session: nox.Session) -> None:
    """The fast tests."""
    session.install(".[html,https]", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "test"))
    session.run("python", "-m", "pytest", "-m", "not slow", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """The linters and the type checker."""
    groups = nox.project.load_toml("pyproject.toml")
    session.install("-e", ".[html,https]", *nox.project.dependency_groups(groups, "lint", "test"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
