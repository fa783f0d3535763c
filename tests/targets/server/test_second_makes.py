"""Broken servers of a second make are found by their rules, and odd but conforming ones are blamed for nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pytest_wsgiconform.rules.model import Level, RuleResult, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Server
from tests.corpora.servers.broken import bodies as second_makes_missed
from tests.corpora.servers.broken import calls as second_makes_wsgi
from tests.corpora.servers.broken import lengths as second_makes_framing
from tests.corpora.servers.broken.refusals import MAKES, Make
from tests.corpora.servers.conforming.odd import FINE
from tests.targets.server.judging import messages

#: Imported for what they register.
REGISTERING = (second_makes_framing, second_makes_missed, second_makes_wsgi)

#: The rules that find second makes, and must not take what is only odd for a fault.
CHANGED = (
    "folded-line-refused-or-joined",
    "header-value-splits-nothing",
    "header-name-splits-nothing",
    "header-names-any-case",
    "response-chunks-valid",
    "input-readline-splits-on-lf",
    "input-readlines-lists-lines",
    "input-readlines-hint-optional",
    "input-iterates-over-lines",
    "input-ends-at-content-length",
    "input-readline-takes-size",
    "invented-length-is-right",
    "packets-make-no-difference",
    "underscore-framing-without-effect",
    "trailers-read-to-their-end",
    "no-framing-means-no-body",
    "valid-length-honoured",
    "wide-text-refused",
    "explicit-none-is-no-exc-info",
    "connection-header-obeyed",
    "any-callable-served",
    "chunk-faults-keep-requests-apart",
    "request-line-malformed-refused",
    "target-whitespace-not-repaired",
    "version-malformed-refused",
    "version-unsupported-not-served",
    "absolute-form-overrides-host",
    "asterisk-form-only-for-options",
    "fragment-not-passed-on",
    "host-missing-refused",
    "host-repeated-refused",
    "host-invalid-refused",
    "blank-before-colon-refused",
    "differing-lengths-refused",
    "signed-length-refused",
    "length-of-digits-only",
    "empty-length-refused",
    "coding-not-plainly-chunked-refused",
)


def judged(server: type[Server], rules: Iterable[str]) -> dict[str, RuleResult]:
    """Judge *rules* on *server*; what these servers do wrong does not depend on the patience of the client."""
    run = ServerTarget(InProcess(server.__name__, server), Settings(timeout=8.0), patience=0.4)
    try:
        return {rule: run.judge(catalogue()[rule]) for rule in rules}
    finally:
        run.close()


def errors(results: dict[str, RuleResult]) -> dict[str, list[str]]:
    """Return what rules of error level have found."""
    return {
        rule: messages(result)
        for rule, result in results.items()
        if catalogue()[rule].level is Level.ERROR and result.verdict is Verdict.BROKEN
    }


@pytest.mark.parametrize("make", MAKES, ids=lambda make: f"{make.server.__name__}-{make.rule}")
def test_second_make_is_found_and_nothing_else(make: Make) -> None:
    results = judged(make.server, (make.rule, *make.apart))
    found = results.pop(make.rule)
    assert found.verdict is Verdict.BROKEN, (found.verdict, found.reason, messages(found))
    assert all(finding.rule == make.rule for finding in found.findings)
    assert errors(results) == {}


@pytest.mark.parametrize(("server", "told"), FINE, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_odd_is_not_called_an_error(server: type[Server], told: tuple[str, ...]) -> None:
    results = judged(server, CHANGED)
    assert errors(results) == {}
    assert {rule for rule, result in results.items() if result.verdict is Verdict.BROKEN} <= set(told)


def test_every_changed_rule_has_a_second_make() -> None:
    assert set(CHANGED) <= {make.rule for make in MAKES}
