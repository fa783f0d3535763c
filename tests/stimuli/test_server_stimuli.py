"""The stimuli for servers: what they order and want, and in which order they can be played."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from graphlib import CycleError
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
    ServerStimulus,
    Setting,
    first_stimulus,
    server_stimuli,
    stimulus,
)
from pytest_wsgiconform.targets.server import playing
from pytest_wsgiconform.targets.server.playing import plan

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


# -- the order


@pytest.mark.parametrize("id", STIMULI)
def test_a_plan_has_everything_after_what_it_builds_on(id: str) -> None:
    order = [item.id for item in plan(id)]
    assert order[0] == first_stimulus().id
    assert order[-1] == id
    assert len(order) == len(set(order))
    for place, name in enumerate(order):
        assert set(STIMULI[name].builds_on) <= set(order[:place])


def test_the_policy_shows_each_of_its_answers() -> None:
    for known in STIMULI.values():
        assert STIMULI[known.policy_from].wanted.labels, known.id


def _made(**needs: str) -> Callable[[], dict[str, ServerStimulus]]:
    first = first_stimulus()
    made = {name: ServerStimulus(name, lambda _: b"", needs=needed) for name, needed in needs.items()}
    return lambda: {first.id: first, **made}


def test_a_plan_follows_what_is_needed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "server_stimuli", _made(a="b", b="c", c=""))
    assert [item.id for item in plan.__wrapped__("a")] == [first_stimulus().id, "c", "b", "a"]


def test_stimuli_that_need_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "server_stimuli", _made(a="b", b="a"))
    with pytest.raises(CycleError):
        plan.__wrapped__("a")


def test_scripts_are_the_same_each_time() -> None:
    setting = Setting("127.0.0.1:80", "abcdefgh")
    scripts: list[Any] = [repr(known.scripts(setting)) for known in STIMULI.values()]
    assert scripts == [repr(known.scripts(setting)) for known in STIMULI.values()]
