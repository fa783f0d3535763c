"""The recipes of docs/howto-login.md for frameworks that are installed for these tests alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.login_recipes import reached, recipes
from tests.docs.test_login_recipes import PEERS

from .test_frameworks import python

__all__ = ["python"]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("title", PEERS)
def test_a_recipe_reaches_what_is_behind_the_login(title: str, python: str, tmp_path: Path) -> None:
    assert reached(recipes()[title], tmp_path, python, login=True)


@pytest.mark.parametrize("title", PEERS)
def test_without_the_login_it_is_not_reached(title: str, python: str, tmp_path: Path) -> None:
    assert not reached(recipes()[title], tmp_path, python, login=False)
