"""The stimuli for servers: what they order, and what they want."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from pytest_wsgiconform.rules.records.stimulus_facts import (
    Launch,
    Mode,
    Noted,
    Wanted,
    facts_from_dict,
    facts_to_dict,
)
from pytest_wsgiconform.stimuli.server.model import (
    Setting,
    server_stimuli,
    stimulus,
)

STIMULI = server_stimuli()


@pytest.mark.parametrize("unknown", ["decoded", "mode", "char"])
def test_a_fact_that_is_none_of_ours_is_refused(unknown: str) -> None:
    with pytest.raises(TypeError, match=unknown):
        stimulus("made-up:one", lambda s: b"", **{unknown: "x"})  # type: ignore[arg-type]
    assert "made-up:one" not in server_stimuli()


def test_every_fact_is_given_by_some_stimulus() -> None:
    """One that none gives is one that nobody needs."""
    for kind, part in ((Wanted, "wanted"), (Launch, "launch")):
        given = {
            item.name
            for known in STIMULI.values()
            for item in fields(kind)
            if getattr(getattr(known, part), item.name) != item.default
        }
        assert {item.name for item in fields(kind)} - given == set()


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_is_asked_for(mode: Mode) -> None:
    assert mode in {known.launch.mode for known in STIMULI.values()}


def test_facts_survive_their_journey_as_json() -> None:
    for known in STIMULI.values():
        wanted, launch = (json.loads(json.dumps(facts_to_dict(facts))) for facts in (known.wanted, known.launch))
        assert facts_from_dict(Wanted, wanted) == known.wanted
        assert facts_from_dict(Launch, launch) == known.launch
    noted = Noted(hasty=True, ended="was killed", pipelines=False)
    assert facts_from_dict(Noted, json.loads(json.dumps(facts_to_dict(noted)))) == noted


def test_a_fact_that_is_not_given_is_left_out() -> None:
    assert facts_to_dict(Wanted(decoded=b"")) == {"decoded": ""}
    assert facts_to_dict(Wanted()) == {}


def test_the_policy_shows_each_of_its_answers() -> None:
    for known in STIMULI.values():
        assert STIMULI[known.policy_from].wanted.labels, known.id


def test_scripts_are_the_same_each_time() -> None:
    setting = Setting("127.0.0.1:80", "abcdefgh")
    scripts: list[Any] = [repr(known.scripts(setting)) for known in STIMULI.values()]
    assert scripts == [repr(known.scripts(setting)) for known in STIMULI.values()]
