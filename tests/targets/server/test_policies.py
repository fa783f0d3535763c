"""Declared policies: what a server chose where the standard leaves a choice."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_wsgiconform.rules.model import Blame
from pytest_wsgiconform.rules.records.server import Call, Connection, Response, Sent, ServerRun
from pytest_wsgiconform.rules.registry import choose
from pytest_wsgiconform.stimuli.server.model import chosen, server_stimuli
from pytest_wsgiconform.targets.server.policies import POLICIES, policy_lines
from pytest_wsgiconform.targets.server.target import PASSIVE, WHATEVER_WAS_PLAYED


def told(stimulus: str, run: ServerRun) -> str:
    """Return what is said of *run*, without the name of the policy."""
    [line] = policy_lines({stimulus: run}) or [": "]
    return line.partition(": ")[2]


def answered(*responses: Response, ended: str = "eof", calls: Any = (), sent: Any = ()) -> ServerRun:
    connection = Connection(responses=list(responses), ended=ended, sent=list(sent))
    return ServerRun(connections=[connection], calls=list(calls))


def played() -> set[str]:
    """Return the stimuli that some rule names, beside the one that looks at whatever has been played."""
    named = {item.id for item in chosen(PASSIVE)}
    for rule in choose((), ()):
        if rule.side is Blame.SERVER and rule.stimuli and rule.stimuli != WHATEVER_WAS_PLAYED:
            named |= {item.id for item in chosen(rule.stimuli)}
    return named


def test_every_policy_has_a_stimulus_that_is_played() -> None:
    assert {stimulus for _, stimulus, _ in POLICIES} <= played()


def test_every_stimulus_is_played() -> None:
    assert set(server_stimuli()) - played() == set()


def test_nothing_is_told_before_anything_was_played() -> None:
    assert policy_lines({}) == []


@pytest.mark.parametrize(
    ("framing", "text"), [("chunked", "chunked"), ("close", "by closing"), ("length", "by a length it worked out")]
)
def test_how_a_response_is_delimited(framing: str, text: str) -> None:
    assert told("body:delimited-11", answered(Response(framing=framing))) == text


@pytest.mark.parametrize("stimulus", ["body:delimited-11", "bodiless:data-204", "exc:partial-text"])
def test_no_response_at_all(stimulus: str) -> None:
    expected = "closes without an answer" if stimulus == "exc:partial-text" else ""
    assert told(stimulus, answered()) == expected


def test_body_of_a_204() -> None:
    assert told("bodiless:data-204", answered(Response(204, framing="none"))) == "sends none"
    assert told("bodiless:data-204", answered(Response(500))) == "answers 500"


def test_chunked_body() -> None:
    decoded = Call("first", {"wsgi.input_terminated": True}, b"body")
    assert told("input:chunked", answered(calls=[decoded])) == "decoded, no CONTENT_LENGTH, wsgi.input_terminated True"
    counted = Call("first", {"CONTENT_LENGTH": "4"}, b"body")
    assert told("input:chunked", answered(calls=[counted])) == (
        "decoded, CONTENT_LENGTH '4', wsgi.input_terminated None"
    )
    assert told("input:chunked", answered(calls=[Call("first")])) == "not given to the app, no CONTENT_LENGTH"


def test_refused_chunked_body() -> None:
    assert told("input:chunked", answered(Response(411))) == "answers 411"
    assert told("input:chunked", answered()) == "closes without an answer"
    assert told("input:chunked", answered(ended="open")) == ""


def test_when_the_body_is_read() -> None:
    sent = [Sent(b"x", at=float(at)) for at in range(5)]
    assert told("input:fills", answered(calls=[Call("first", at=3.5)], sent=sent)) == "before the app is called"
    assert told("input:fills", answered(calls=[Call("first", at=0.5)], sent=sent)) == "on demand"
    assert told("input:fills", answered(sent=sent)) == ""


def test_app_that_raises_later() -> None:
    assert told("exc:partial-text", answered(Response(complete=False))) == "the response is cut short"
    assert told("exc:partial-text", answered(Response(framing="close"))) == "the response is cut short"
    assert told("exc:partial-text", answered(Response())) == "it is completed"


def test_topics_of_requests_and_of_apps_do_not_meet() -> None:
    """A glob such as ``close:*`` must not catch a stimulus that was made for another purpose."""
    topics: dict[str, set[bool]] = {}
    for name, item in server_stimuli().items():
        topics.setdefault(name.partition(":")[0], set()).add(".server.wsgi." in item.build.__module__)
    assert [topic for topic, kinds in topics.items() if len(kinds) > 1] == []
