"""The public strategies: what they make is conforming, and shrinks to something plain."""

from __future__ import annotations

from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from pytest_wsgiconform import Blame, Finding, Level
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.gateway import Play
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.strategies import (
    ConformingApp,
    Request,
    conforming_apps,
    environs,
    headers,
    methods,
    paths,
    queries,
    raw_requests,
    requests,
)

quickly = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
plainly = settings(max_examples=2000, database=None, phases=[Phase.generate, Phase.shrink], derandomize=True)


def findings_of(app: Any, environ: dict[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    Play(Validator(app, found.append, thorough=True), environ, label="x", limit=60).run()
    return [finding for finding in found if finding.level is not Level.ADVICE]


@quickly
@given(environs())
def test_environs_keep_every_rule_that_binds_a_server(environ: dict[str, Any]) -> None:
    found = findings_of(ConformingApp(), environ)
    assert [str(finding) for finding in found if finding.blame is Blame.SERVER] == []


@quickly
@given(conforming_apps(), environs())
def test_conforming_apps_conform(app: ConformingApp, environ: dict[str, Any]) -> None:
    assert [str(finding) for finding in findings_of(app, environ)] == []


@quickly
@given(raw_requests())
def test_raw_requests_are_what_a_strict_reader_takes(raw: bytes) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(raw)
    assert isinstance(connection.next_event(), h11.Request)
    event = connection.next_event()
    while isinstance(event, h11.Data):
        event = connection.next_event()
    assert isinstance(event, h11.EndOfMessage)
    assert connection.trailing_data[0] == b""


@quickly
@given(requests())
def test_a_request_s_python_makes_its_environ(request: Request) -> None:
    made = eval(request.python(), {"wsgi_environ": build_environ})
    ours = request.environ()
    assert {k: v for k, v in made.items() if type(v) is str} == {k: v for k, v in ours.items() if type(v) is str}
    assert made["wsgi.input"].read() == request.body


@pytest.mark.parametrize(
    ("strategy", "plainest"),
    [
        (requests(), Request()),
        (requests("/p", "GET"), Request("GET", "/p")),
        (methods(), "GET"),
        (paths(), "/"),
        (queries(), ""),
        (headers(), ()),
    ],
)
def test_everything_shrinks_to_the_plainest(strategy: st.SearchStrategy[Any], plainest: Any) -> None:
    assert find(strategy, lambda value: True, settings=plainly) == plainest


def test_a_single_cause_is_all_that_is_left_after_shrinking() -> None:
    found = find(requests("/p"), lambda request: "page=-1" in request.target, settings=plainly)
    assert found == Request("GET", "/p?page=-1")
    app = find(conforming_apps(), lambda app: app.style == "write" and len(app.chunks) > 1, settings=plainly)
    assert app == ConformingApp(chunks=(b"", b""), style="write")


def test_all_styles_of_an_app_say_the_same() -> None:
    bodies = set()
    for style in ("list", "tuple", "generator", "late generator", "iterator", "closing", "write", "restarted"):
        app = ConformingApp(chunks=(b"a", b"b"), style=style)
        record = Play(Validator(app, lambda finding: None), build_environ(), label="x", limit=60).run()
        bodies.add((record.status, tuple(record.headers), record.body))
    assert len(bodies) == 1
