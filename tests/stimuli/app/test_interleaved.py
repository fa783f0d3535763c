"""Two responses at once: an item of each in turn, each in a thread of its own, and an end even when one is stuck."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pytest_wsgiconform.rules.records.app import AppRun
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.model import play
from pytest_wsgiconform.stimuli.app.order import app_stimuli

TEXT = [("Content-Type", "text/plain")]

#: Seconds that a stuck response waits, which nothing can cut short: several times the limit that it is given.
STUCK = 5


def interleaved(app: Any, limit: float = 30) -> AppRun:
    return play(next(stimulus for stimulus in app_stimuli() if stimulus.id == "interleaved"), app, [], "/", limit)


def test_items_come_in_turn_and_each_response_keeps_its_thread() -> None:
    steps: list[tuple[str, str, int]] = []

    class Body:
        def __init__(self, client: str) -> None:
            self.client, self.number = client, 0

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            self.number += 1
            steps.append((self.client, str(self.number), threading.get_ident()))
            if self.number == 4:
                raise StopIteration
            return b"x"

        def close(self) -> None:
            steps.append((self.client, "close", threading.get_ident()))

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return Body(environ["QUERY_STRING"][-1])

    run = interleaved(app)
    together = steps[-10:]
    assert [(client, step) for client, step, _ in together] == [
        *((client, step) for step in "123" for client in "12"),
        *((client, step) for client in "12" for step in ("4", "close")),
    ]
    threads = {client: {thread for who, _, thread in together if who == client} for client in "12"}
    assert [len(found) for found in threads.values()] == [1, 1]
    assert threads["1"] != threads["2"]
    assert threading.get_ident() not in threads["1"] | threads["2"]
    assert all(record.exhausted and record.closed for record in run.exchanges)
    assert catalogue()["requests-kept-apart"].check(run) == ()


@pytest.mark.parametrize("where", ["call", "next"])
def test_a_response_that_waits_for_ever_beside_another_is_a_finding(where: str) -> None:
    active: list[int] = []
    never = threading.Event()

    def body(alone: bool) -> Any:
        try:
            yield b"x"
            if where == "next" and not alone:
                never.wait(STUCK)
            yield b"y"
        finally:
            active.pop()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        alone = not active
        active.append(1)
        if where == "call" and not alone:
            never.wait(STUCK)
        start_response("200 OK", TEXT)
        return body(alone)

    try:
        run = interleaved(app, limit=1)
        assert [record.timed_out for record in run.labelled("together 2")] == [True]
        assert not any(record.timed_out for record in run.labelled("together 1"))
        assert catalogue()["answers-in-time"].check(run)
        outcome = catalogue()["requests-kept-apart"].check(run)
        assert outcome
        assert "did not end in time" in outcome[0].message
    finally:
        never.set()
