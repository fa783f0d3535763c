"""The recipes of docs/howto-login.md do what they say, as they stand there; those of other frameworks are peers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs.login_recipes import reached, recipes

#: What the tests of this project have installed; the others are in tests/peers.
HERE = ("A login form", "A key, a token, a password", "A login that is no form: the hook")
PEERS = ("Django, without its login page", "Pyramid")


def test_each_recipe_is_run_somewhere() -> None:
    assert sorted(recipes()) == sorted([*HERE, *PEERS])


@pytest.mark.parametrize("title", HERE)
def test_a_recipe_reaches_what_is_behind_the_login(title: str, tmp_path: Path) -> None:
    recipe = recipes()[title]
    assert reached(recipe, tmp_path, sys.executable, login=True)


@pytest.mark.parametrize("title", HERE)
def test_without_the_login_it_is_not_reached(title: str, tmp_path: Path) -> None:
    recipe = recipes()[title]
    assert not reached(recipe, tmp_path, sys.executable, login=False)
