"""What the fixtures find during one test, and how the test is told.

Findings are collected while the test runs and weighed at the end of its call, so that an application or a framework
that swallows every exception can't hide them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from ..masking import Mask
from ..report.failure_text import failure_text
from ..rules.display import clean
from ..rules.model import ConformanceWarning, Finding, Level, Rule, merge
from ..rules.registry import UnknownRule, choose, matches, matching
from . import options
from .gate import Gate
from .masked import mask_of, masked_finding
from .suite import warn

_RECORDER = pytest.StashKey["Recorder"]()
_RULES = pytest.StashKey["tuple[Rule, ...]"]()


class Recorder:
    """Collects the findings of one test.

    :ivar findings: all of them, in order. :ivar rules: the rules that are judged.
    """

    def __init__(self, rules: tuple[Rule, ...], allowed: tuple[str, ...], gate: Gate, mask: Mask) -> None:
        """:param allowed: globs of rule ids that don't fail the test. :param gate: says what else fails.

        :param mask: takes secrets out of what is found.
        """
        self.rules, self._allowed, self._gate, self._mask = rules, allowed, gate, mask
        self.findings: list[Finding] = []
        self._weighed = 0
        self._reported = 0

    def add(self, finding: Finding) -> None:
        """Take notice of *finding*, unless the project ignores it; safe from any thread."""
        admitted = self._gate.admit(masked_finding(finding, self._mask))
        if admitted is not None:
            self.findings.append(admitted)

    def weigh(self) -> list[Finding]:
        """Return the findings since the last call that fail the test; issue those that warn as warnings.

        Each rule and place counts once, however many requests came upon it.
        """
        new = self._gate.mark(self.findings[self._weighed :])
        self.findings[self._weighed : self._weighed + len(new)] = new
        self._weighed += len(new)
        failing = []
        for finding in merge(new):
            if finding.baselined or matches(finding.rule, self._allowed):
                continue
            if self._gate.fails(finding):
                failing.append(finding)
                continue
            if finding.level is Level.ADVICE:
                continue
            try:
                warn(finding, None)
            except ConformanceWarning:  # the user turned it into an error (-W error)
                failing.append(finding)
        return failing

    def unreported(self) -> list[dict[str, Any]]:
        """Return the findings since the last call, as plain data."""
        new = self.findings[self._reported :]
        self._reported += len(new)
        return [finding.to_dict() for finding in new]


class RecorderHooks:
    """Hooks that tell a test about its findings; registered when the first test asks for a fixture of ours."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        result = yield
        recorder = item.stash.get(_RECORDER, None)
        if recorder is not None:
            _fail_for(recorder.weigh())
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        recorder = item.stash.get(_RECORDER, None)
        if recorder is None:
            return report
        if report.when == "call" and report.failed:
            # The test failed by itself before anyone looked at the findings: they may well be the cause.
            failing = recorder.weigh()
            if failing:
                report.sections.append(("WSGI findings", failure_text(failing)))
        if report.when != "setup":
            report.wsgi_findings = recorder.unreported()
        return report


def recorder_of(request: pytest.FixtureRequest) -> Recorder:
    """Return the recorder of the test that *request* serves, made on first use.

    :raises pytest.fail.Exception: when a ``wsgi_allow`` marker names a rule that doesn't exist.
    """
    item = request.node
    known: Recorder | None = item.stash.get(_RECORDER, None)
    if known is not None:
        return known
    config = request.config
    if not config.pluginmanager.has_plugin("wsgiconform-recorder"):
        config.pluginmanager.register(RecorderHooks(), "wsgiconform-recorder")
    allowed = tuple(str(glob) for mark in item.iter_markers("wsgi_allow") for glob in mark.args)
    for glob in allowed:
        try:
            matching(glob)
        except UnknownRule as error:
            pytest.fail(f"wsgi_allow: {clean(str(error))}", pytrace=False)
    recorder = Recorder(_rules(config), allowed, Gate.of(config), mask_of(config))
    item.stash[_RECORDER] = recorder
    # What is found only while fixtures are torn down (a live server that stops, say) fails the teardown.
    request.addfinalizer(lambda: _fail_for(recorder.weigh()))
    return recorder


def _rules(config: pytest.Config) -> tuple[Rule, ...]:
    if _RULES not in config.stash:
        try:
            config.stash[_RULES] = tuple(choose(options.globs(config, "select"), options.globs(config, "ignore")))
        except UnknownRule as error:
            pytest.fail(f"--wsgi-select, --wsgi-ignore: {clean(str(error))}", pytrace=False)
    return config.stash[_RULES]


def _fail_for(findings: list[Finding]) -> None:
    if findings:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in findings))
        pytest.fail(f"WSGI rules broken: {rules}\n{failure_text(findings)}", pytrace=False)
