"""The record of a call is in step with the call, however little was noted; and so is its stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from pytest_wsgiconform import Finding
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe import wire
from pytest_wsgiconform.observe.conversation import Conversation
from pytest_wsgiconform.observe.quick import ListBody
from pytest_wsgiconform.observe.stage import Stage
from pytest_wsgiconform.observe.validator import Validator

HEADERS = [("Content-Type", "text/plain")]


def ignore(_finding: object) -> None:
    """Take a finding."""


def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    return lambda data: None


def begin(app: Callable[..., Any], thorough: bool = False) -> Conversation:
    """Return a conversation of a validator that knows the environ and the start_response call already."""
    watched = Validator(app, ignore, thorough=thorough)
    for _ in range(2):
        body = watched(build_environ("/"), start_response)
        list(body)
        body.close()
    return watched.begin()


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("items", [[], [b"one"], [b"one", b"", b"three"]])
def test_whoever_looks_while_items_are_taken_sees_all_of_them(items: list[bytes], thorough: bool) -> None:
    seen = []
    watched: list[Conversation] = []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        start("200 OK", HEADERS)
        yield from items
        environ["wsgi.errors"].writelines(["a line"])  # is an event in either mode
        for exchange in (conversation.exchange for conversation in watched):
            seen.append((exchange.chunks, exchange.yielded, len(exchange.starts), exchange.method))

    watched.append(begin(app, thorough))
    body = watched[0].call((build_environ("/"), start_response), {})
    assert list(body) == items
    body.close()
    assert seen == [(len(items), sum(map(len, items)), 1, "GET")]


@pytest.mark.parametrize("take", [0, 1, 2])
def test_the_items_of_a_body_that_is_left_early_are_counted(take: int) -> None:
    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        start("200 OK", HEADERS)
        yield from [b"one", b"two", b"three"]

    conversation = begin(app)
    body = conversation.call((build_environ("/"), start_response), {})
    steps = iter(body)
    for _ in range(take):
        next(steps)
    body.close()
    exchange = conversation.exchange
    assert (exchange.chunks, exchange.yielded, exchange.exhausted) == (take, 3 * take, False)


def stages(app: Callable[..., Any], thorough: bool = False) -> list[Stage]:
    """Return the stage before the call, after it, and after ``close()``."""
    conversation = begin(app, thorough)
    found = [conversation.stage]
    body = conversation.call((build_environ("/"), start_response), {})
    found.append(conversation.stage)
    list(body)
    body.close()
    return [*found, conversation.stage]


def once(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("200 OK", HEADERS)
    return [b"one"]


def twice(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("200 OK", HEADERS)
    start("200 OK", HEADERS)
    return [b"one"]


def doubtful(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("200", HEADERS)
    return [b"one"]


def late(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
    start("200 OK", HEADERS)
    yield b"one"


@pytest.mark.parametrize(
    ("app", "after_call"),
    [(once, Stage.STARTED), (twice, Stage.JUDGED), (doubtful, Stage.JUDGED), (late, Stage.FRESH)],
)
def test_stages(app: Callable[..., Any], after_call: Stage) -> None:
    assert stages(app) == [Stage.FRESH, after_call, Stage.FINISHED]


@pytest.mark.parametrize("app", [once, twice, doubtful, late])
def test_the_rules_judge_a_thorough_conversation_from_the_beginning(app: Callable[..., Any]) -> None:
    assert stages(app, thorough=True) == [Stage.JUDGED, Stage.JUDGED, Stage.FINISHED]


def test_a_clean_list_is_vouched_for_while_it_is_iterated() -> None:
    watched = Validator(once, ignore)
    for _ in range(2):
        body = watched(build_environ("/"), start_response)
        steps = iter(body)
    assert type(body) is ListBody
    assert body._conversation.stage is Stage.VOUCHED
    assert list(steps) == [b"one"]
    body.close()
    assert body._conversation.stage is Stage.FINISHED


def test_the_client_knows_what_to_do_for_every_step() -> None:
    assert set(wire._ACTIONS) == set(get_args(wire.Step))


def test_a_generator_that_replaces_its_response_after_data_is_judged_alike_in_both_modes() -> None:
    """The bytes before the second start belong to the response that it replaces, not to the Content-Length it gives."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"half"
        try:
            raise ValueError("no more")
        except ValueError:
            headers = [("Content-Type", "text/plain"), ("Content-Length", "5")]
            start_response("500 Internal Server Error", headers, sys.exc_info())
        yield b"sorry"

    found: dict[bool, list[str]] = {}
    for thorough in (False, True):
        findings: list[Finding] = []
        watched = Validator(app, findings.append, thorough=thorough)
        body = watched(build_environ(), lambda status, headers, exc_info=None: lambda data: None)
        list(body)
        body.close()
        found[thorough] = [finding.rule for finding in findings]
    assert found[False] == found[True]
    assert "content-length-matches-body" not in found[False]
