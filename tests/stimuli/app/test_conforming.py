"""The harness's own side of every stimulus keeps the rules, so that what goes wrong is the app's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pytest_wsgiconform import Blame, Level
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.model import OutOfTime, Stage, Stimulus, play
from pytest_wsgiconform.stimuli.app.order import app_stimuli

EVENT_RULES = [rule for rule in catalogue().values() if rule.on]


def reading_app(environ: dict[str, Any], start_response: Any) -> Any:
    """Uses all that it is given, so that the server's side has something to do wrong."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (data := environ["wsgi.input"].read(min(left, 5000))):
        left -= len(data)
    environ["wsgi.errors"].write("read\n")
    environ["wsgi.errors"].flush()
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["REQUEST_METHOD"] == "POST":
        write(b"written ")
    return [b"hello ", b"world"]


def ids(stimulus: Stimulus) -> str:
    return stimulus.id


@pytest.mark.parametrize("stimulus", app_stimuli(), ids=ids)
def test_no_rule_blames_the_harness(stimulus: Stimulus) -> None:
    run = play(stimulus, reading_app, EVENT_RULES, "/page", 30)
    blamed = [f for f in run.findings if f.blame is not Blame.APP and f.level is Level.ERROR]
    assert [str(finding) for finding in blamed] == []
    assert run.exchanges


@pytest.mark.parametrize("stimulus", app_stimuli(), ids=ids)
def test_every_exchange_is_finished(stimulus: Stimulus) -> None:
    closed: list[int] = []

    class Body:
        def __init__(self) -> None:
            closed.append(0)
            self.number = len(closed) - 1

        def __iter__(self) -> Any:
            return iter([b"a", b"b"])

        def close(self) -> None:
            closed[self.number] += 1

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Body()

    run = play(stimulus, app, EVENT_RULES, "/page", 30)
    assert closed == [1] * len(closed)
    assert len(closed) == len(run.exchanges)
    labels = [record.label for record in run.exchanges]
    assert all(labels)


def test_ids_are_unique_and_every_rule_names_known_ones() -> None:
    names = [stimulus.id for stimulus in app_stimuli()]
    assert len(set(names)) == len(names)
    for rule in catalogue().values():
        if rule.side is Blame.APP and rule.stimuli != ("*",):
            assert set(rule.stimuli) <= set(names), rule.id


def test_a_slow_app_is_asked_less_and_not_taken_for_one_that_hangs() -> None:
    def slow(environ: dict[str, Any], start_response: Any) -> Any:
        time.sleep(0.2)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    stimulus = next(stimulus for stimulus in app_stimuli() if stimulus.id == "odd-paths")
    run = play(stimulus, slow, EVENT_RULES, "/page", 0.5)
    assert 1 <= len(run.exchanges) < 10
    assert not any(record.timed_out for record in run.exchanges)


def test_nothing_begins_when_time_is_up() -> None:
    stage = Stage(reading_app, [], "/", 0.0, "x")
    with pytest.raises(OutOfTime):
        stage.play("late")
    assert stage.run.exchanges == []
