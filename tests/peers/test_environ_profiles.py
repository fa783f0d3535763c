"""The profiles behind ``build_environ(like=...)`` are what the servers give today, measured again."""

from __future__ import annotations

import shutil
import sys

import pytest

from pytest_wsgiconform.environ import build_environ, profile

from .measure_environs import REQUESTS, SERVERS, ask, launched, profile_of


def comparable(found: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in found.items() if key not in ("server", "python", "measured")}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SERVERS))
def test_profile_is_what_the_server_gives(name: str) -> None:
    if name == "mod_wsgi" and shutil.which("apache2") is None:
        pytest.skip("Apache is not installed: nothing was measured")
    _, running = launched(name)
    try:
        answers = [ask(running.address, request) for request in REQUESTS]
    finally:
        running.stop()
    found = profile_of(answers)
    known = comparable(profile(name))
    if name in ("mod_wsgi", "wsgiref"):  # theirs are the versions of this machine
        for measured in (found, known):
            measured["set"] = {**measured["set"], "SERVER_SOFTWARE": sys.platform}  # type: ignore[dict-item]
    assert found == known
    for request, (values, types, _) in zip(REQUESTS, answers, strict=True):
        made = build_environ(like=name, **{key: value for key, value in request.items() if key != "from"})
        for variable, value in made.items():
            if variable in values and variable not in types and not variable.startswith(("SERVER_", "REMOTE_", "mod_")):
                assert values[variable] == value, variable
