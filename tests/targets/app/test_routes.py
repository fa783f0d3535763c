"""Where to knock: routes of Flask and Werkzeug apps, of what is wrapped, and of what only looks like a framework.

The other frameworks' are tested where those are installed, in ``tests/peers/test_framework_routes.py``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import flask
import pytest
from werkzeug.routing import Map, Rule

from pytest_wsgiconform.engine import judge_all
from pytest_wsgiconform.rules.registry import choose
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.app.routes import Route, discover
from pytest_wsgiconform.targets.app.target import AppTarget


class MapApp:
    """The usual form of a Werkzeug app: a class with a ``url_map``."""

    def __init__(self, *rules: Rule) -> None:
        self.url_map = Map(list(rules))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/", "/"),
        ("/two words/é", "/two%20words/%C3%A9"),
        ("/<name>", "/x"),
        ("/<string:name>/<path:rest>", "/x/x/y"),
        ("/<string(length=3):code>", "/xxx"),
        ("/<string(minlength=2, maxlength=5):code>", "/xx"),
        ("/<int:number>", "/1"),
        ("/<int(min=5):number>", "/5"),
        ("/<float:number>", "/1.5"),
        ("/<float(min=2.0):number>", "/2.5"),
        ("/<any(about, 'help'):page>", "/about"),
        ("/<uuid:id>", "/00000000-0000-4000-8000-000000000001"),
    ],
)
def test_arguments_are_filled_so_that_the_route_matches(template: str, path: str) -> None:
    app = MapApp(Rule(template, endpoint="page"))
    assert discover(app) == ([Route(path)], [])
    adapter = app.url_map.bind("localhost")
    assert adapter.match(unquote(path))[0] == "page"


def test_rules_that_nobody_can_knock_at_are_left_out() -> None:
    app = MapApp(
        Rule("/built", endpoint="built", build_only=True),
        Rule("/socket", endpoint="socket", websocket=True),
        Rule("/page", endpoint="page"),
        Rule("/page", endpoint="same"),
    )
    assert discover(app) == ([Route("/page")], [])


@pytest.mark.parametrize(
    ("methods", "method"),
    [(None, "GET"), (["POST"], "POST"), (["DELETE", "PUT"], "PUT"), (["BREW"], "BREW"), (["HEAD", "GET"], "GET")],
)
def test_the_method_is_one_that_the_route_takes(methods: list[str] | None, method: str) -> None:
    assert discover(MapApp(Rule("/x", endpoint="x", methods=methods)))[0] == [Route("/x", method)]


def hello() -> flask.Flask:
    app = flask.Flask(__name__, static_folder=None)
    app.add_url_rule("/", "page", lambda: "page")
    app.add_url_rule("/item/<int:number>", "item", lambda number: f"item {number}")
    app.add_url_rule("/form", "form", lambda: "form", methods=["POST"])
    return app


class Middleware:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


def test_middleware_is_looked_through() -> None:
    expected = ([Route("/item/1"), Route("/form", "POST"), Route("/")], [])
    app = hello()
    for wrapped in (app, app.wsgi_app, Middleware(Middleware(app.wsgi_app))):
        found, notes = discover(wrapped)
        assert (sorted(found, key=str), notes) == (sorted(expected[0], key=str), [])


def test_a_ring_of_wrappers_has_an_end() -> None:
    one, two = Middleware(None), Middleware(None)
    one.app, two.app = two, one
    assert discover(one) == ([], [])


def test_an_app_without_routes_has_none() -> None:
    assert discover(lambda environ, start_response: []) == ([], [])
    assert discover(MapApp()) == ([], [])


def test_a_framework_that_cannot_be_read_is_told_of_and_not_raised() -> None:
    class Odd(MapApp):
        def __init__(self) -> None:
            class Raising:
                def iter_rules(self) -> Any:
                    raise RuntimeError("not \x1b[31mtoday")

            self.url_map = Raising()  # type: ignore[assignment]

    found, notes = discover(Odd())
    assert found == []
    assert notes == ["the routes could not be read: RuntimeError: not \\x1b[31mtoday"]


def test_the_summary_tells_how_many_routes_were_exercised() -> None:
    target = AppTarget("", hello(), Settings())
    try:
        judge_all(target, choose(("status-has-reason",)))
        assert {run.path for _, run in target.playing().runs} == {"/", "/item/1", "/form"}
        assert target.summary_lines()[0].endswith("exchanges on 3 routes (3 told by the framework)")
    finally:
        target.close()
