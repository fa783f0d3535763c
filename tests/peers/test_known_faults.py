"""Faults that old releases are publicly known for: reported on the bad release, not on the mended one."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pytest_wsgiconform.rules.model import RuleResult, Verdict
from pytest_wsgiconform.rules.registry import matching
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.launchers import find_launcher
from pytest_wsgiconform.targets.server.target import ServerTarget

from .environments import python_with


class Fault(NamedTuple):
    """A fault in public. :ivar known: where it is told of."""

    package: str
    bad: str
    mended: str
    rule: str
    known: str


FAULTS = [
    Fault("waitress", "1.3.1", "1.4.2", "coding-not-plainly-chunked-refused", "CVE-2019-16786"),
    Fault("waitress", "1.3.1", "1.4.2", "differing-lengths-refused", "CVE-2019-16792"),
    Fault("waitress", "1.3.1", "1.4.2", "bare-cr-refused-or-blanked", "CVE-2019-16785"),
    Fault("waitress", "1.3.1", "1.4.2", "blank-before-colon-refused", "CVE-2019-16789"),
    Fault("waitress", "2.1.0", "2.1.1", "signed-length-refused", "CVE-2022-24761"),
    Fault("waitress", "2.1.0", "2.1.1", "length-of-digits-only", "CVE-2022-24761"),
    Fault("waitress", "2.1.0", "2.1.1", "chunk-size-of-hex-digits-only", "CVE-2022-24761"),
    Fault("gunicorn", "20.1.0", "22.0.0", "signed-length-refused", "its change log, 21.0.0"),
    Fault("gunicorn", "21.2.0", "22.0.0", "length-before-chunked-overridden", "CVE-2024-1135"),
    Fault("gunicorn", "21.2.0", "22.0.0", "folded-line-refused-or-joined", "its change log, 22.0.0"),
    Fault("gunicorn", "21.2.0", "22.0.0", "field-name-token-or-refused", "its change log, 22.0.0"),
    Fault("gunicorn", "21.2.0", "22.0.0", "underscore-name-not-merged", "its change log, 22.0.0"),
    Fault("gunicorn", "21.2.0", "22.0.0", "chunk-size-of-hex-digits-only", "its change log, 22.0.0"),
]


def judged(package: str, version: str, rule_id: str) -> RuleResult:
    """Return what *rule_id* says of a release."""
    python = python_with(f"{package}=={version}", "setuptools<81")
    run = ServerTarget(find_launcher(f"{package}@{python}"), Settings(), patience=1.0)
    try:
        assert f"{package} {version}" in run.summary_lines()[0]
        return run.judge(matching(rule_id)[0])
    finally:
        run.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=[f"{f.package}-{f.bad}-{f.rule}" for f in FAULTS])
def test_known_fault(fault: Fault) -> None:
    bad = judged(fault.package, fault.bad, fault.rule)
    assert bad.verdict is Verdict.BROKEN, f"{fault.known} is not seen on {fault.package} {fault.bad}: {bad}"
    mended = judged(fault.package, fault.mended, fault.rule)
    assert mended.verdict is Verdict.HELD, f"{fault.package} {fault.mended} is said to have it still: {mended}"
