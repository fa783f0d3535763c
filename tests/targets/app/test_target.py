"""An app target: verdicts that mean something, routes, crawling, budgets, fuzzing, coverage, isolation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform import Verdict, check_app
from pytest_wsgiconform.engine import TargetError, judge_all, open_run
from pytest_wsgiconform.rules.records.app import ExchangeRecord
from pytest_wsgiconform.rules.registry import catalogue, choose
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.targets.app.crawl import links_in
from pytest_wsgiconform.targets.app.isolate import Child, ChildDied
from pytest_wsgiconform.targets.app.pace import HANGS
from pytest_wsgiconform.targets.app.routes import Route
from pytest_wsgiconform.targets.app.target import AppTarget

TEXT = [("Content-Type", "text/plain")]


def verdicts(app: Any, **options: Any) -> dict[str, Verdict]:
    return {result.rule: result.verdict for result in check_app(app, **options).verdicts}


def rich(environ: dict[str, Any], start_response: Any) -> Any:
    """An app that has something to say to most rules."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (data := environ["wsgi.input"].read(left)):
        left -= len(data)
    fields = [*TEXT, ("ETag", '"v1"'), ("Vary", "Accept"), ("Content-Length", "5")]
    if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
        start_response("304 Not Modified", fields[1:3])
        return []
    start_response("200 OK", fields)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


def null(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("404 Not Found", [])
    return []


def raising(environ: dict[str, Any], start_response: Any) -> Any:
    raise ValueError("always")


def empty(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("204 No Content", [])
    return []


@pytest.mark.parametrize(("app", "least"), [(null, 60), (raising, 85), (empty, 60)])
def test_an_app_that_says_nothing_is_mostly_not_exercised(app: Any, least: int) -> None:
    found = list(verdicts(app).values())
    assert found.count(Verdict.NOT_EXERCISED) >= least
    assert found.count(Verdict.HELD) < len(found) // 2 + 5


def test_an_app_that_says_something_exercises_more() -> None:
    say_nothing = list(verdicts(null).values()).count(Verdict.NOT_EXERCISED)
    say_much = list(verdicts(rich).values()).count(Verdict.NOT_EXERCISED)
    assert say_much < say_nothing - 10


def test_the_summary_says_that_nothing_but_errors_came() -> None:
    target = AppTarget("", null, Settings(paths=("/a", "/b")))
    judge_all(target)
    assert target.summary_lines()[0].endswith("exchanges on 2 routes")
    assert target.summary_lines()[1] == "2 of them never gave a response with a status below 400"
    target.close()
    target.close()


def site(environ: dict[str, Any], start_response: Any) -> Any:
    """Five pages in a row, each linking to the next, elsewhere, and to a form."""
    path = environ.get("PATH_INFO", "")
    number = int(path[1:]) if path[1:].isdigit() else 0
    page = f"""<a href='/{number + 1}'>next</a> <a href="http://elsewhere.example/">away</a> <a href='mailto:x'>mail</a>
               <a href='http://[bad'>bad</a> <form method=post action='/form?x=1'></form><img src=/pic>"""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [page.encode()]


def test_links_are_followed_as_far_as_asked() -> None:
    target = AppTarget("", site, Settings(paths=("/0",), crawl=4))
    judge_all(target, choose(("status-*",)))
    assert [route.path for route in target.playing().routes] == ["/0", "/1", "/form?x=1", "/pic", "/2"]
    assert "4 found by following links" in target.summary_lines()[0]


def test_links_of_an_answer() -> None:
    record = ExchangeRecord(
        "get", path="/dir/\xc3\xa9 x", headers=[("Location", "other?a=b"), ("Content-Type", "text/plain")]
    )
    record.body = b"<a href=/no>no html</a>"
    assert links_in(record) == [Route("/dir/other?a=b")]
    html = ExchangeRecord("get", path="/p", headers=[("Content-Type", "text/html")], body=b"<form method=POST></form>")
    assert links_in(html) == [Route("/p", "POST")]


def test_a_link_with_text_that_no_url_can_hold_is_followed_as_far_as_it_can() -> None:
    record = ExchangeRecord("get", path="/dir/page", headers=[("Location", "/caf\xe9/\ud800?q=\udfff")])
    assert links_in(record) == [Route("/caf%C3%A9/%3F?q=?")]


def test_a_route_that_hangs_twice_is_not_played_further() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        while True:
            pass

    target = AppTarget("", app, Settings(timeout=0.1))
    judge_all(target)
    assert len(target.playing().runs) == HANGS
    assert f"/ hangs; {HANGS} of {len(app_stimuli())} stimuli played" in target.summary_lines()


def test_an_endless_response_is_cut_and_costs_little() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        while True:
            yield b"x" * 1000

    target = AppTarget("", app, Settings(timeout=1))
    findings, _ = judge_all(target, choose(("status-*", "answers-in-time")))
    assert findings == []
    assert len(target.playing().runs) > 40


# -- fuzzing ----------------------------------------------------------------------------------------


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for hypothesis's example database."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fuzzing_shows_the_smallest_request(in_folder: Path) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if "page=-1" in environ.get("QUERY_STRING", ""):
            start_response("200", TEXT)
            return [b"x"]
        if environ.get("HTTP_RANGE"):
            raise KeyError("range")
        start_response("200 OK", TEXT)
        return [b"x"]

    target = AppTarget("", app, Settings(paths=("/p",), fuzz=400))
    findings = {finding.rule: finding for finding in judge_all(target)[0] if finding.stimulus == "fuzz"}
    assert findings["status-has-reason"].evidence["python"] == "wsgi_environ('/p?page=-1', 'GET')"
    assert findings["status-has-reason"].evidence["raw"] == repr(b"GET /p?page=-1 HTTP/1.1\r\nHost: localhost\r\n\r\n")


def test_fuzzing_passes_over_what_ordinary_requests_show(in_folder: Path) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200", TEXT)
        return [b"x"]

    target = AppTarget("", app, Settings(fuzz=50))
    run = next(run for _, run in target.playing().runs if run.stimulus == "fuzz")
    assert run.findings == []
    assert run.facts["examples"] >= 50


# -- by name: isolation, coverage, routes --------------------------------------------------------------

MODULE = """
import os, sys, time

def app(environ, start_response):
    if environ.get("HTTP_RANGE"):
        return ranged(start_response)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x"]

def ranged(start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"y"]

def never():
    return 1

def dies(environ, start_response):
    if environ["REQUEST_METHOD"] == "OPTIONS":
        print("last words", flush=True)
        os._exit(9)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x"]

def forges(environ, start_response):
    for number in range(3, 30):
        try:
            os.write(number, b"x" * 100 + b"\\n")
        except OSError:
            pass
    return []
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = f"project_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / f"{name}.py"


def isolated(project: Path, attribute: str, **options: Any) -> Any:
    return open_run("app", f"{project.stem}:{attribute}", Settings(isolate=True, cwd=str(project.parent), **options))


def test_isolated_run_gives_the_same_verdicts(project: Path) -> None:
    inside = open_run("app", f"{project.stem}:app", Settings())
    outside = isolated(project, "app")
    try:
        assert [r.to_dict() for r in judge_all(inside)[1]] == [r.to_dict() for r in judge_all(outside)[1]]
    finally:
        inside.close()
        outside.close()


def test_death_is_told_with_stimulus_way_and_last_words(project: Path) -> None:
    run = isolated(project, "dies")
    try:
        result = run.judge(catalogue()["process-survives"])
    finally:
        run.close()
    assert result.verdict is Verdict.BROKEN
    first = result.findings[0]
    assert first.stimulus == "options"
    assert "exited with code 9" in first.message
    assert "last words" in first.evidence["printed"]
    assert result.exercised > 10, "the rest went on"


def test_what_is_forged_is_not_believed(project: Path) -> None:
    run = isolated(project, "forges")
    try:
        result = run.judge(catalogue()["process-survives"])
    finally:
        run.close()
    assert result.verdict is Verdict.BROKEN
    assert "wrote to the harness's own pipe" in result.findings[0].message


def test_what_cannot_be_loaded_in_the_child_is_told_as_in_this_process(project: Path) -> None:
    with pytest.raises(TargetError) as inside:
        open_run("app", f"{project.stem}:missing", Settings())
    with pytest.raises(TargetError) as outside:
        isolated(project, "missing")
    assert str(inside.value) == str(outside.value)


def test_death_while_loading_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dies_early.py").write_text("import os\nprint('too early', flush=True)\nos._exit(4)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TargetError, match=r"(?s)exited with code 4 while it loaded it.*too early"):
        open_run("app", "dies_early:app", Settings(isolate=True))


def test_a_closed_child_takes_no_requests() -> None:
    child = Child()
    child.close()
    with pytest.raises((ChildDied, OSError)):
        child.ask({}, 1)


WATCHED = """
import os, sys
from pytest_wsgiconform.engine import judge_all, open_run
from pytest_wsgiconform.settings import Settings

name, isolate = sys.argv[1], sys.argv[2] == "isolated"
run = open_run("app", name + ":app", Settings(cov=True, isolate=isolate, cwd=os.getcwd()))
judge_all(run)
run.close()
print("\\n".join(run.summary_lines()))
"""


def told_by_coverage(project: Path, *command: str) -> str:
    """Return the summary's line about the project's file; a measurement of these tests themselves stays out of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment["PYTHONPATH"] = os.pathsep.join([str(project.parent), *sys.path])
    (project.parent / "watched.py").write_text(WATCHED)
    done = subprocess.run(
        [sys.executable, *command], cwd=project.parent, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(line for line in done.stdout.splitlines() if project.name in line)


@pytest.mark.parametrize("where", ["here", "isolated"])
def test_coverage_tells_what_was_watched(project: Path, where: str) -> None:
    line = told_by_coverage(project, "watched.py", project.stem, where)
    assert "were watched" in line
    missing = line.partition("not reached: ")[2]
    assert "15" in missing, "the body of never()"
    assert "11" not in missing, "the body of ranged() was reached"
    assert "10" not in missing, "the line of def ran when nobody watched"


def test_coverage_says_when_another_measurement_leaves_the_app_out(project: Path) -> None:
    options = ("-m", "coverage", "run", "--data-file=own", "--include=watched.py")
    line = told_by_coverage(project, *options, "watched.py", project.stem, "here")
    assert line.endswith(": not measured, because the coverage measurement that is going on leaves it out")


def test_coverage_beside_another_measurement_leaves_it_alone(project: Path) -> None:
    script = (
        "import coverage, sys\n"
        f"outer = coverage.Coverage(data_file=None, include=[{str(project)!r}])\n"
        "outer.start()\n"
        "from pytest_wsgiconform.engine import judge_all, open_run\n"
        "from pytest_wsgiconform.settings import Settings\n"
        f"run = open_run('app', '{project.stem}:app', Settings(cov=True))\n"
        "judge_all(run); run.close()\n"
        f"import {project.stem} as m\n"
        "m.never()\n"
        "outer.stop()\n"
        f"lines = set(outer.get_data().lines({str(project)!r}))\n"
        "assert {5, 8, 11, 15} <= lines, lines\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project.parent), *sys.path])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_a_finding_shows_the_plainest_request_that_brings_it_out() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the same for HEAD"]

    (finding,) = check_app(app).findings
    assert finding.rule == "head-without-body"
    assert finding.request == {"method": "HEAD", "path": "/", "query": ""}
