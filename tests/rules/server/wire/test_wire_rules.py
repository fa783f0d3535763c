"""The wire rules as a whole: their examples, and runs in which nothing, or nothing sensible, happened."""

from __future__ import annotations

import copy
import json

import pytest

from pytest_wsgiconform.rules.model import Level, Rule
from pytest_wsgiconform.rules.records.server import (
    ENDS,
    Call,
    Connection,
    Received,
    Response,
    ServerRun,
    one_connection,
)
from pytest_wsgiconform.stimuli.server.model import chosen, server_stimuli
from tests.rules.server.wire.runs import RULES, verdict
from tests.rules.wings import rules_of

WIRE = rules_of("server.wire")


def applies(rule: Rule, stimulus: str) -> bool:
    return any(item.id == stimulus for item in chosen(rule.stimuli))


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_examples(rule: Rule) -> None:
    assert rule.bad_example is not None and rule.good_example is not None
    bad, good = rule.bad_example(), rule.good_example()
    assert applies(rule, bad.stimulus) and applies(rule, good.stimulus), "the example runs a stimulus of the rule"
    assert verdict(rule, bad) == "broken"
    assert verdict(rule, good) == "held"
    for other in WIRE:
        if applies(other, bad.stimulus) and other is not rule and other.level is Level.ERROR:
            assert verdict(other, bad) != "broken" or set(other.clauses) & set(rule.clauses) or rule.id in SAME, (
                other.id
            )
        if applies(other, good.stimulus) and other.level is not Level.ADVICE:
            assert verdict(other, good) != "broken", other.id


#: Rules whose bad example shows a fault of which another rule tells as well, under another clause.
SAME = {"chunk-line-ends-only-at-crlf", "line-breaks-and-nul-not-in-environ", "bare-lf-splits-no-message"}


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_a_run_survives_its_journey_as_json(rule: Rule) -> None:
    for example in (rule.bad_example, rule.good_example):
        assert example is not None
        run = example()
        run.connection.received.append(Received(b"\x00\xff"))
        again = ServerRun.from_dict(json.loads(json.dumps(run.to_dict())))
        assert again == run
        assert verdict(rule, again) == verdict(rule, run)


def degenerate() -> list[ServerRun]:
    """Runs in which nearly nothing happened, or nothing sensible."""
    odd = Response(0, [("", ""), ("Content-Length", "x")], b"\xff", "close", False, "", "", [("status-line", "?")])
    runs = [ServerRun(), ServerRun(probed=False), one_connection(b"")]
    runs += [one_connection(b"x", ended=end) for end in ENDS]
    runs += [one_connection(b"x", copy.deepcopy(odd), ended=end, calls=[Call()]) for end in ENDS]
    runs.append(one_connection(b"x", *[copy.deepcopy(odd)] * 3, calls=[Call("first", {"PATH_INFO": None, "": 1})]))
    runs.append(
        ServerRun(connections=[Connection(stray=b"\0" * 10), Connection(ended="refused")], calls=[Call("next")])
    )
    return runs


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_never_raises(rule: Rule) -> None:
    for stimulus in chosen(rule.stimuli):
        for run in degenerate():
            run.stimulus = stimulus.id
            run.wanted, run.launch = stimulus.wanted, stimulus.launch
            assert verdict(rule, run) in ("vacuous", "broken", "held")


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_nothing_happened_is_no_pass(rule: Rule) -> None:
    for stimulus in chosen(rule.stimuli):
        run = ServerRun(stimulus=stimulus.id, wanted=stimulus.wanted, launch=stimulus.launch)
        assert verdict(rule, run) == "vacuous"


def test_every_wire_stimulus_is_judged() -> None:
    judged = {
        item.id
        for rule in RULES.values()
        if rule.stimuli and rule.side.value == "server"
        for item in chosen(rule.stimuli)
    }
    assert set(server_stimuli()) - judged == set()
