"""Inner pytest runs, and the apps that they judge."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.rules.registry import catalogue

# pytester forgets what an inner run imports; what is loaded before stays, and the inner runs stay fast.
catalogue()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name in (
        "testing.client",
        "testing.inprocess",
        "plugin.recording",
        "report.json_report",
        "plugin.session",
        "targets.app.target",
    ):
        importlib.import_module(f"pytest_wsgiconform.{name}")

APPS = '''
def good(environ, start_response):
    """Keeps every rule that ordinary traffic can test."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"].read(length)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


def warned(environ, start_response):
    start_response("799 Odd", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []


def bad(environ, start_response):
    start_response(b"200 OK", [("Content-Type", "text/plain")])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"]


def worse(environ, start_response):
    start_response("200", [("Connection", "close")])
    return ["hello"]


def make_app(name="good", loud=False):
    if loud:
        raise RuntimeError("the factory does not like it loud")
    return globals()[name]


class Site:
    app = staticmethod(good)


site = Site()
setting = {"debug": True}


async def asgi(scope, receive, send):
    pass
'''

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A folder with the module ``apps`` and nothing else; the current one."""
    pytester.makepyfile(apps=APPS)
    return pytester.path


@pytest.fixture
def run(pytester: pytest.Pytester, project: Path) -> Run:
    """Run pytest in the project, in this process, without the slow plugins of others."""

    def runner(*args: str) -> pytest.RunResult:
        # The filters of the outer run ("error") hold in here too, until others are set.
        return pytester.runpytest_inprocess("-p", "no:hypothesispytest", "-W", "default", *args)

    return runner


@pytest.fixture
def report(run: Run, project: Path) -> Callable[..., dict[str, Any]]:
    """Run pytest with a JSON report, and return that."""

    def runner(*args: str) -> dict[str, Any]:
        run("--wsgi-report=json:report.json", *args)
        data: dict[str, Any] = json.loads((project / "report.json").read_text("utf-8"))
        return data

    return runner


FAKE = '''
"""A target whose rules end in every way there is."""
import pathlib

from pytest_wsgiconform.engine import TargetError
from pytest_wsgiconform.rules.model import (
    Blame, Finding, Level, Location, Rule, RuleResult, Verdict
)

HERE = str(pathlib.Path(__file__).with_name("apps.py"))


def a_rule(name, section, level):
    return Rule(id=name, section=section, level=level, side=Blame.APP, clauses=("status-str",), on=object, stimuli=(),
        once=False, check=None, summary="It holds.", why="So.", hint="Mend " + name + ".", since="0.1")


RULES = [
    a_rule("fails", "one", Level.ERROR),
    a_rule("warns", "one", Level.WARNING),
    a_rule("advises", "two", Level.ADVICE),
    a_rule("holds", "one", Level.ERROR),
    a_rule("idles", "two", Level.ERROR),
    a_rule("has-no-place", "two", Level.ERROR),
    a_rule("doubts", "two", Level.ERROR),
]
VERDICTS = {
    "holds": Verdict.HELD, "idles": Verdict.NOT_EXERCISED, "has-no-place": Verdict.NOT_APPLICABLE,
    "doubts": Verdict.INCONCLUSIVE,
}


class FakeRun:
    closed = 0

    def __init__(self, kind, name):
        self.kind, self.name = kind, name

    def rules(self):
        return RULES

    def judge(self, rule):
        verdict = VERDICTS.get(rule.id, Verdict.BROKEN)
        findings = tuple(
            Finding(rule=rule.id, level=rule.level, blame=Blame.APP, clauses=rule.clauses, target=self.name,
                message="bell \\x07 and " + rule.id, stimulus="get",
                request={"method": "GET", "path": "/", "query": ""},
                location=Location(HERE, line, "good"), evidence={"got": "this"}, count=3)
            for line in (5, 6)
        ) if verdict is Verdict.BROKEN else ()
        reason = "" if verdict in (Verdict.BROKEN, Verdict.HELD) else "because of \\x1b[31m" + rule.id
        return RuleResult(rule.id, self.name, verdict, 3, findings, reason)

    def summary_lines(self):
        return ["2 paths \\x07 exercised"]

    def close(self):
        FakeRun.closed += 1


def pytest_wsgiconform_open_run(kind, name, settings):
    if name == "broken":
        raise TargetError("it does not start:\\n    its own words")
    return FakeRun(kind, name)
'''


@pytest.fixture
def fake(pytester: pytest.Pytester) -> str:
    """Let every target be one whose rules end in every way there is; return the conftest file that does it."""
    pytester.makeconftest(FAKE)
    return FAKE
