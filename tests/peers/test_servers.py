"""Whole runs against real servers: they end with a verdict, in order, with nothing left running."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import Level, RuleResult, Verdict
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.launchers import find_launcher
from pytest_wsgiconform.targets.server.target import ServerTarget

from .environments import python_with

#: Known names and what has to be installed for them.
OTHERS = {
    "gunicorn:gthread": ("gunicorn",),
    "gunicorn:gevent": ("gunicorn", "gevent", "packaging"),
    "gunicorn:tornado": ("gunicorn", "tornado"),
    "cheroot": ("cheroot",),
    "gevent": ("gevent",),
    "werkzeug": ("Werkzeug",),
    "twisted": ("Twisted",),
    "tornado": ("tornado",),
    "granian": ("granian",),
    "hypercorn": ("hypercorn",),
    "paste": ("Paste", "setuptools<81"),
    "django": ("Django",),
    "uwsgi": ("uwsgi",),
}


def whole_run(name: str) -> tuple[dict[str, RuleResult], dict[str, Level], list[str]]:
    """Judge every rule of the server *name*."""
    run = ServerTarget(find_launcher(name), Settings())
    try:
        results = {rule.id: run.judge(rule) for rule in run.rules()}
        return results, {rule.id: rule.level for rule in run.rules()}, run.summary_lines()
    finally:
        run.close()


def has_a_verdict(name: str) -> dict[str, RuleResult]:
    """Check that a whole run came to its end, and return its results."""
    results, _, lines = whole_run(name)
    assert results["server-answers"].verdict is Verdict.HELD, results["server-answers"]
    applicable = [r for r in results.values() if r.verdict is not Verdict.NOT_APPLICABLE]
    judged = [r for r in applicable if r.verdict in (Verdict.HELD, Verdict.BROKEN)]
    assert len(judged) >= 0.8 * len(applicable), [n for n, r in results.items() if r.verdict is Verdict.NOT_EXERCISED]
    assert any("stimuli on" in line for line in lines)
    for result in results.values():
        for finding in result.findings:
            assert finding.evidence["sent"] or finding.rule in ("any-callable-served", "single-thread-mode-is-single")
            assert "repro" in finding.evidence
    return results


def test_ours_keeps_every_rule() -> None:
    results, levels, _ = whole_run("pytest_wsgiconform")
    broken = {
        name: [f"{f.stimulus}: {f.message}" for f in result.findings]
        for name, result in results.items()
        if result.verdict in (Verdict.BROKEN, Verdict.INCONCLUSIVE) and levels[name] is not Level.ADVICE
    }
    assert broken == {}
    assert sum(r.verdict is Verdict.HELD for r in results.values()) >= 0.9 * len(results)


def test_waitress() -> None:
    results = has_a_verdict("waitress")
    assert results["server-survives"].verdict is Verdict.HELD
    # Checked by hand: it names itself waitress.invalid, a name that no resolver may know (RFC 6761).
    assert results["server-address-names-listener"].verdict is Verdict.BROKEN
    for held in ("close-called-after-disconnect", "blocks-sent-before-next", "path-info-is-rest-of-path"):
        assert results[held].verdict is Verdict.HELD, results[held]


def test_gunicorn() -> None:
    results = has_a_verdict(f"gunicorn@{python_with('gunicorn')}")
    # Checked by hand: it sends its headers with an empty block, before there is any data.
    assert results["headers-wait-for-data"].verdict is Verdict.BROKEN
    for held in ("close-called-after-disconnect", "blocks-sent-before-next", "path-info-is-rest-of-path"):
        assert results[held].verdict is Verdict.HELD, results[held]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_other_servers(name: str) -> None:
    has_a_verdict(f"{name}@{python_with(*OTHERS[name])}")
