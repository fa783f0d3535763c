"""Stimuli, rules and behaviours of the probe fit together: none names another that is not there, and none is idle."""

from __future__ import annotations

import difflib
import re
from fnmatch import fnmatchcase

import pytest

import pytest_wsgiconform.probe.app  # noqa: F401 - imports every file of behaviours
from pytest_wsgiconform.observe.wire import Send
from pytest_wsgiconform.probe.behaviour import BEHAVIOURS
from pytest_wsgiconform.rules.model import Blame, Rule
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.stimuli.server.model import ServerStimulus, Setting, server_stimuli

STIMULI = {
    Blame.APP: [stimulus.id for stimulus in app_stimuli()],
    Blame.MIDDLEWARE: [stimulus.id for stimulus in middleware_stimuli()],
    Blame.SERVER: list(server_stimuli()),
}
RULES = [rule for rule in catalogue().values() if rule.stimuli]

#: What is judged by the rules over all stimuli and by event rules alone: the app's ordinary and odd traffic.
FOR_ALL_RULES = {
    *("post", "options", "mounted", "https", "ipv6", "http-1-0", "odd-methods", "exotic-environ", "input-terminated"),
    *("odd-paths", "odd-tails", "odd-queries", "line-ends", "slow-client"),
    *("list", "closing"),  # of middleware
}

_BEHAVIOUR = re.compile(rb"/probe/([a-z0-9-]+)/")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_stimuli_of_a_rule_are_there(rule: Rule) -> None:
    known = STIMULI[rule.side]
    for pattern in rule.stimuli:
        near = difflib.get_close_matches(pattern, known, n=3, cutoff=0.5)
        assert any(fnmatchcase(name, pattern) for name in known), (
            f"{rule.id} judges the stimulus {pattern!r}, which is not there, so it never says anything; "
            f"near ones: {near}. Add it to stimuli/{rule.side}/"
        )


@pytest.mark.parametrize(("side", "stimulus"), [(side, name) for side, names in STIMULI.items() for name in names])
def test_a_stimulus_is_judged_by_a_rule_of_its_own(side: Blame, stimulus: str) -> None:
    patterns = [pattern for rule in RULES if rule.side is side for pattern in rule.stimuli if pattern != "*"]
    judged = any(fnmatchcase(stimulus, pattern) for pattern in patterns)
    assert judged != (side is not Blame.SERVER and stimulus in FOR_ALL_RULES), (
        f"no rule names the stimulus {stimulus}: add it to stimuli=(...) of the card that judges it. If it is there "
        "for the rules that judge everything, add it to FOR_ALL_RULES here; what a rule names does not belong there"
    )


@pytest.mark.parametrize("stimulus", server_stimuli().values(), ids=lambda stimulus: stimulus.id)
def test_the_behaviours_that_a_stimulus_asks_for_are_there(stimulus: ServerStimulus) -> None:
    """The probe takes an unknown one for ``echo``, and then nobody notices."""
    steps = [step for script in stimulus.scripts(Setting("127.0.0.1:8000")) for step in script.steps]
    asked = {name.decode() for step in steps if isinstance(step, Send) for name in _BEHAVIOUR.findall(step.data)}
    assert asked <= set(BEHAVIOURS), (
        f"{stimulus.id} asks for a behaviour that is not in probe/: write it there, with @behaviour(NAME), "
        "in a file that is listed in FILES of probe/app.py"
    )
