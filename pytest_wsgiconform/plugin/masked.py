"""Where secrets are taken out of what leaves a run: findings, test reports, warnings, and all that a terminal shows.

Each exit is masked once. Findings are masked as soon as they are judged, before any text is made of them, so that the
reports, the baseline and the reproductions have nothing to hide.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ..masking import Mask
from ..rules.model import Finding, RuleResult

if TYPE_CHECKING:
    from ..settings import Settings

_MASK = pytest.StashKey[Mask]()

#: Objects of pytest that hold what is shown of an exception.
_SHOWN = "_pytest._code"

#: Their attributes that name files.
_FILES = frozenset({"path", "fspath"})


def mask_of(config: pytest.Config) -> Mask:
    """Return the mask of this run, made on first use; it learns what the options hide when they are read."""
    if _MASK not in config.stash:
        config.stash[_MASK] = Mask()
    return config.stash[_MASK]


def learn(config: pytest.Config, settings: Settings) -> Mask:
    """Let the mask of this run know what *settings* hide, and return it."""
    mask = mask_of(config)
    names = [name for name, _ in (*settings.headers, *settings.login_fields, *settings.values)]
    mask.add(settings.secrets, names)
    for name, value in settings.variables:
        mask.name(value, name)
    if mask:
        watch(config)
    return mask


def watch(config: pytest.Config) -> None:
    """Mask test reports, warnings and the terminal from now on."""
    if not config.pluginmanager.has_plugin("wsgiconform-masking"):
        config.pluginmanager.register(Masking(config), "wsgiconform-masking")


class Masking:
    """The hooks that mask. :param config: of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._mask = mask_of(config)
        self._mask_terminal(config)

    def _mask_terminal(self, config: pytest.Config) -> None:
        """Let nothing through to the terminal as it is, whoever writes it."""
        if not config.pluginmanager.has_plugin("terminalreporter"):
            return  # -p no:terminal
        writer: Any = config.get_terminal_writer()
        write = writer.write

        def masked(text: str, *arguments: Any, **options: Any) -> None:
            write(self._mask.text(text), *arguments, **options)

        writer.write = masked

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self._mask.keep([item.nodeid, *item.nodeid.split("::"), item.name, str(item.path)])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report = yield
        report.sections = [(title, self._mask.text(text)) for title, text in report.sections]
        report.longrepr = self._shown(report.longrepr)
        report.user_properties = [(name, self._mask.data(value)) for name, value in report.user_properties]
        for name in ("wsgi_facts", "wsgi_places"):
            if hasattr(report, name):
                setattr(report, name, self._mask.data(getattr(report, name)))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._mask.keep([report.nodeid, *report.nodeid.split("::")])  # of a worker, which collected it

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        report.longrepr = self._shown(report.longrepr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        text = str(warning_message.message)
        shown = self._mask.text(text)
        if shown != text:
            warning_message.message = UserWarning(shown)

    def _shown(self, value: Any) -> Any:
        """Return what is shown of a failure without secrets."""
        if isinstance(value, str):
            return self._mask.text(value)
        if isinstance(value, tuple) and len(value) == 3:  # of a test that was skipped: file, line, reason
            return (*value[:2], self._mask.data(value[2]))
        if type(value).__module__.startswith(_SHOWN):
            self._mask_object(value, set())
            return value
        if value is None:
            return None
        text = str(value)
        shown = self._mask.text(text)
        return value if shown == text else shown

    def _mask_object(self, shown: Any, seen: set[int]) -> None:
        """Mask the texts in *shown*, an object of pytest's own, in place."""
        if id(shown) in seen:
            return
        seen.add(id(shown))
        for name, value in list(vars(shown).items()):
            if name not in _FILES:
                object.__setattr__(shown, name, self._within(value, seen))

    def _within(self, value: Any, seen: set[int]) -> Any:
        if isinstance(value, str):
            return self._mask.text(value)
        if type(value) in (list, tuple):
            return type(value)(self._within(item, seen) for item in value)
        if type(value).__module__.startswith(_SHOWN) and hasattr(value, "__dict__"):
            self._mask_object(value, seen)
        return value


def masked_result(result: RuleResult, mask: Mask) -> RuleResult:
    """Return *result* without secrets."""
    if not mask:
        return result
    findings = tuple(masked_finding(finding, mask) for finding in result.findings)
    return replace(result, findings=findings, reason=mask.text(result.reason))


def masked_finding(finding: Finding, mask: Mask) -> Finding:
    """Return *finding* without secrets: rule, target and place stay as they are.

    In its request, values from the environment are called by their variables, so that it can be repeated.
    """
    if not mask:
        return finding
    if finding.location is not None:
        mask.keep([finding.location.file])
    return replace(
        finding,
        message=mask.text(finding.message),
        request=None if finding.request is None else mask.request(finding.request),
        evidence=mask.data(finding.evidence),
    )
