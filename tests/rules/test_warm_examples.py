"""Every event rule is found by an ordinary validator that has seen clean traffic: the fast path overlooks none."""

from __future__ import annotations

import gc
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_wsgiconform import Finding
from pytest_wsgiconform.observe.gateway import Play
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules import registry
from pytest_wsgiconform.rules.kinds import EventRule, Looks
from pytest_wsgiconform.rules.model import HELD, Blame, Level, Outcome, fault
from pytest_wsgiconform.rules.records.exchange import AppCalled, ChunkYielded, Exchange, StartResponseCalled
from pytest_wsgiconform.rules.registry import event_rule, event_rules

from .test_examples import hello, request_environ

#: What an ordinary validator can't see: the first bytes of a body are kept in thorough mode only.
THOROUGH_ONLY = {"body-not-transfer-coded"}

RULES = [rule for rule in event_rules() if rule.id not in THOROUGH_ONLY]


class Warm:
    """A validator that has seen clean traffic of several kinds.

    :ivar found: what it has found since.
    """

    def __init__(self, rules: list[EventRule[Any]] | None = None) -> None:
        self.found: list[Finding] = []
        self.validator = Validator(hello, self.found.append, rules=rules)
        for app in (page, length, hello):
            for _ in range(2):
                self.play(app)
        assert self.found == []

    def play(self, app: Callable[..., Any], environ: dict[str, Any] | None = None) -> list[Finding]:
        Play(self.validator.around(app), environ or request_environ(), label="warm", limit=10).run()
        return self.found


def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Page", "1"), ("Set-Cookie", "a=b; Path=/")])
    return [b"hello"]


def length(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "5"), ("ETag", '"a"')])
    return [b"hello"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_bad_example_is_found_by_a_warm_validator(rule: EventRule[Any]) -> None:
    example = rule.bad_example
    assert example is not None
    warm = Warm()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # examples leave files to the server
        parameters = tuple(inspect.signature(example).parameters)
        if parameters == ("app", "environ"):
            example(warm.validator, request_environ())
        elif parameters == ("environ",) and rule.side is Blame.SERVER:
            environ = request_environ(rule)
            example(environ)
            warm.play(hello, environ)
        else:
            warm.play(example, request_environ(rule))
        gc.collect()
    assert rule.id in {finding.rule for finding in warm.found}, (
        f"{rule.id} is silent once clean traffic has passed: its card has to say what it looks at "
        "(headers=, together=, statuses=, environ=), see CONTRIBUTING.md"
    )


@pytest.mark.parametrize("rule", event_rules(), ids=lambda rule: rule.id)
def test_every_card_says_what_its_rule_looks_at(rule: EventRule[Any]) -> None:
    assert Validator(hello, rules=[rule]).setup.fast.complete, (
        f"the card of {rule.id} does not say what it looks at, so that every exchange takes the slow path: "
        "give headers= or statuses= (start_response), environ= (the app's call), silent_when_clean= (else)"
    )


# Rules that nobody has written yet


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A catalogue of the test's own; what a test registers is forgotten afterwards."""
    event_rules()
    rules: dict[str, Any] = {}
    monkeypatch.setattr(registry, "_rules", rules)
    yield rules


CARD: dict[str, Any] = {"section": "http", "level": Level.ERROR, "clauses": (), "hint": "No.", "since": "0.2"}


def _about_colour(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """The header X-Colour is not red.

    For the sake of a test.
    """
    values = [value for name, value in event.pairs() if name.lower() == "x-colour"]
    if not values:
        return None
    return fault("it is red") if "red" in values else HELD


def _about_two(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """X-Colour and X-Taste do not come together.

    For the sake of a test.
    """
    names = {name.lower() for name, _ in event.pairs()}
    return fault("both are there") if names >= {"x-colour", "x-taste"} else HELD


def _about_status(event: StartResponseCalled, exchange: Exchange) -> Outcome:
    """A 403 says who.

    For the sake of a test.
    """
    if event.code() != 403:
        return None
    return HELD if any(name == "X-Who" for name, _ in event.pairs()) else fault("a 403 without X-Who")


def _about_query(event: AppCalled, exchange: Exchange) -> Outcome:
    """QUERY_STRING is not "red".

    For the sake of a test.
    """
    return fault("it is red") if event.variables.get("QUERY_STRING") == "red" else HELD


def _about_items(event: ChunkYielded, exchange: Exchange) -> Outcome:
    """No item is "red".

    For the sake of a test.
    """
    return fault("it is red") if event.data == b"red" else HELD


def _answer(status: str, headers: list[tuple[str, str]], body: bytes = b"hello") -> Callable[..., Any]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response(status, [("Content-Type", "text/plain"), *headers])
        return [body]

    return app


TYPED = ("X-Type", "a")


@pytest.mark.parametrize("declared", [{"headers": ("X-Colour",)}, {"headers": {"x-colour": str.islower}}, {}])
def test_a_new_rule_on_a_header_is_heard(own: dict[str, Any], declared: dict[str, Any]) -> None:
    """On a header that no rule looked at before: declared, or not declared at all."""
    if declared == {"headers": {"x-colour": str.islower}}:
        declared = {"headers": {"x-colour": lambda value: value == "blue"}}
    rules = [*RULES, event_rule(id="own", side=Blame.APP, on=StartResponseCalled, **CARD, **declared)(_about_colour)]
    warm = Warm(rules)
    for _ in range(2):
        assert not warm.play(_answer("200 OK", [("X-Colour", "blue")]))
    assert [f.rule for f in warm.play(_answer("200 OK", [("X-Colour", "red")]))] == ["own"]


@pytest.mark.parametrize("declared", [{"headers": (), "together": ("X-Colour", "X-Taste")}, {}])
def test_a_new_rule_on_two_headers_is_heard(own: dict[str, Any], declared: dict[str, Any]) -> None:
    rules = [*RULES, event_rule(id="own", side=Blame.APP, on=StartResponseCalled, **CARD, **declared)(_about_two)]
    warm = Warm(rules)
    for _ in range(2):
        assert not warm.play(_answer("200 OK", [("X-Colour", "red")]))
        assert not warm.play(_answer("200 OK", [("X-Taste", "sweet")]))
    both = _answer("200 OK", [("X-Colour", "red"), ("X-Taste", "sweet")])
    assert [f.rule for f in warm.play(both)] == ["own"]


@pytest.mark.parametrize("declared", [{"statuses": (403,)}, {}])
def test_a_new_rule_on_a_status_is_heard(own: dict[str, Any], declared: dict[str, Any]) -> None:
    rules = [*RULES, event_rule(id="own", side=Blame.APP, on=StartResponseCalled, **CARD, **declared)(_about_status)]
    warm = Warm(rules)
    for _ in range(2):
        assert not warm.play(_answer("403 Forbidden", [("X-Who", "you")]))
    assert [f.rule for f in warm.play(_answer("403 Forbidden", []))] == ["own"]


@pytest.mark.parametrize("declared", [{"environ": ("QUERY_STRING",)}, {"environ": {"QUERY_STRING": "".__eq__}}, {}])
def test_a_new_rule_on_a_variable_is_heard(own: dict[str, Any], declared: dict[str, Any]) -> None:
    rules = [*RULES, event_rule(id="own", side=Blame.SERVER, on=AppCalled, **CARD, **declared)(_about_query)]
    warm = Warm(rules)
    environ = {**request_environ(), "QUERY_STRING": "red"}
    assert [f.rule for f in warm.play(page, environ)] == ["own"]


def test_a_new_rule_on_items_is_heard(own: dict[str, Any]) -> None:
    """Nothing is declared: so the fast path stands aside."""
    new = event_rule(id="own", side=Blame.APP, on=ChunkYielded, **CARD)(_about_items)
    assert new.looks == Looks()
    warm = Warm([*RULES, new])
    assert [f.rule for f in warm.play(_answer("200 OK", [], b"red"))] == ["own"]
