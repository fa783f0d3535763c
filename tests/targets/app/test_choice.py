"""Which routes are asked, under which host and scheme, and what is said of those that are not."""

from __future__ import annotations

import collections
from typing import Any

import flask
import pytest
from werkzeug.routing import Map, Rule

from pytest_wsgiconform.rules.records.app import ExchangeRecord
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.app.asking import Bodies
from pytest_wsgiconform.targets.app.choice import Choice
from pytest_wsgiconform.targets.app.crawl import links_in
from pytest_wsgiconform.targets.app.player import LocalPlayer
from pytest_wsgiconform.targets.app.playing import Playing
from pytest_wsgiconform.targets.app.routes import Route, discover
from pytest_wsgiconform.targets.app.sending import announcement
from pytest_wsgiconform.targets.app.surroundings import same_under_https, settled
from pytest_wsgiconform.targets.app.target import AppTarget

FRONT = Route("/", named=("GET", "HEAD", "OPTIONS"))
LIST = Route("/items", named=("GET", "HEAD", "OPTIONS"))
CREATE = Route("/items", "POST", named=("OPTIONS", "POST"))
CHANGE = Route("/item/1", "PUT", named=("OPTIONS", "PUT"))
DROP = Route("/item/1", "DELETE", named=("DELETE", "OPTIONS"))
ADMIN = Route("/admin/", named=("GET",), admin=True)
ALL = [FRONT, LIST, CREATE, CHANGE, DROP, ADMIN]
OWN = ("POST", "/items?a=1", (("X-Key", "abc"),), "{}", "shop.example", "https")


def shown(choice: Choice) -> list[str]:
    return [f"{route.method} {route.path}" for route in choice.routes]


def test_discovered_routes_are_asked_without_the_admin_area() -> None:
    choice = Choice(Settings(), ALL)
    assert shown(choice) == ["GET /", "GET /items", "POST /items", "PUT /item/1", "DELETE /item/1"]
    assert choice.notes() == ["1 route was not asked: 1 of the framework's admin area (--wsgi-path names one)"]


def test_a_path_that_is_typed_is_asked_as_the_routing_table_says() -> None:
    choice = Choice(Settings(paths=("/admin/", "/item/1", "/other")), ALL)
    assert shown(choice) == ["GET /admin/", "DELETE /item/1", "GET /other"]
    assert choice.notes() == []


def test_one_route_gets_all_bodies_and_the_others_a_handful() -> None:
    bodies = {f"{r.method} {r.path}": Bodies(r.bodies).name for r in Choice(Settings(), ALL).routes}
    assert bodies == {
        "GET /": "ONE",
        "GET /items": "ONE",
        "POST /items": "ALL",
        "PUT /item/1": "HANDFUL",
        "DELETE /item/1": "ONE",
    }
    assert [r.bodies for r in Choice(Settings(), [FRONT, LIST]).routes] == [Bodies.ALL, Bodies.ONE]
    unknown = Choice(Settings(), [Route("/a"), Route("/b")]).routes
    assert [(r.path, r.bodies) for r in unknown] == [("/", Bodies.ALL), ("/a", Bodies.HANDFUL), ("/b", Bodies.HANDFUL)]
    typed = Choice(Settings(paths=("/a", "/b")), []).routes
    assert [r.bodies for r in typed] == [Bodies.ALL, Bodies.ALL]


def test_routes_are_left_out_by_path_and_each_reason_is_counted() -> None:
    settings = Settings(exclude_path=(("/item/*", "deletes things"), ("/", "is dull")))
    choice = Choice(settings, ALL)
    assert shown(choice) == ["GET /items", "POST /items"]
    (note,) = choice.notes()
    reasons = (
        "1 by wsgi_exclude_path (is dull), 2 by wsgi_exclude_path (deletes things), 1 of the framework's admin area"
    )
    assert note == f"4 routes were not asked: {reasons} (--wsgi-path names one)"
    assert choice.allowed_link(Route("/item/9?x=1")) is None
    assert choice.allowed_link(Route("/admin/?next=/")) is None
    assert choice.allowed_link(Route("/new")) == Route("/new")


@pytest.mark.parametrize(
    ("methods", "asked"),
    [
        (("GET", "HEAD", "OPTIONS"), ["GET /", "GET /items"]),
        (("HEAD",), ["HEAD /", "HEAD /items"]),
        (("POST",), ["POST /items"]),
        (("DELETE", "PUT"), ["PUT /item/1", "DELETE /item/1"]),
        (("OPTIONS",), []),
    ],
)
def test_routes_without_a_method_that_may_be_sent_are_left_out(methods: tuple[str, ...], asked: list[str]) -> None:
    choice = Choice(Settings(methods=methods), ALL)
    assert shown(choice) == asked
    assert f"{len(ALL) - 1 - len(asked)} with no method that --wsgi-methods lets through" in choice.notes()[0]


def test_a_route_without_named_methods_is_asked_by_one_that_may_be_sent() -> None:
    assert shown(Choice(Settings(methods=("POST", "PUT")), [])) == ["POST /"]


def test_a_request_of_the_user_s_own_replaces_the_route_that_was_found() -> None:
    choice = Choice(Settings(own_requests=(OWN,)), ALL)
    assert shown(choice) == ["POST /items?a=1", "GET /", "GET /items", "PUT /item/1", "DELETE /item/1"]
    asking = choice.routes[0].asking(Settings(mount="/shop"))
    assert (asking.own, asking.body, asking.host, asking.scheme, asking.mount) == (
        True,
        b"{}",
        "shop.example",
        "https",
        "/shop",
    )
    assert shown(Choice(Settings(own_requests=(OWN,)), [])) == ["POST /items?a=1"]
    assert Choice(Settings(own_requests=(OWN,), host="typed"), []).routes[0].host == "typed"
    assert (
        Choice(Settings(own_requests=(OWN,), scheme="http"), []).routes[0].asking(Settings(scheme="http")).scheme
        == "http"
    )


def test_a_route_survives_the_way_to_a_child_process() -> None:
    for route in (*ALL, *Choice(Settings(own_requests=(OWN,)), ALL).routes):
        again = Route.from_dict(route.to_dict())
        assert again == route
        assert again.asking(Settings()) == route.asking(Settings())


def test_the_announcement_counts_routes_by_method() -> None:
    assert announcement(Choice(Settings(), ALL).routes, Settings()) == (
        "sends requests that may change data: POST to 4, PUT to 1, DELETE to 1 of 5 routes "
        "(--wsgi-methods=GET,HEAD,OPTIONS sends none)"
    )
    safe = Settings(methods=("GET", "HEAD", "OPTIONS"))
    assert announcement(Choice(safe, ALL).routes, safe) == (
        "sends to 2 routes only GET, HEAD, OPTIONS, none that may change data"
    )


# Where the user did not say: values, host and scheme


def values_app() -> flask.Flask:
    app = flask.Flask("values", static_folder=None)
    app.add_url_rule("/<kind>/<int:number>", "one", lambda kind, number: "one")
    app.add_url_rule("/plain", "plain", lambda: "plain")
    return app


def test_values_make_a_route_of_each_combination() -> None:
    app = values_app()
    assert [route.path for route in discover(app)[0]] == ["/x/1", "/plain"]
    given = [("number", "7"), ("kind", "big one"), ("kind", "b"), ("other", "3")]
    routes, notes = discover(app, given)
    assert [route.path for route in routes] == ["/big%20one/7", "/b/7", "/plain"]
    assert notes == ["--wsgi-value=other=...: no route has an argument of this name"]


def test_combinations_of_values_are_bounded() -> None:
    given = [(name, str(number)) for name in ("kind", "number") for number in range(10)]
    routes, notes = discover(values_app(), given)
    assert len(routes) == 21
    assert notes == ["/<kind>/<int:number>: only the first 20 combinations of --wsgi-value"]


@pytest.mark.parametrize(
    ("config", "host"),
    [
        ({"SERVER_NAME": "shop.example:5000"}, "shop.example:5000"),
        ({"TRUSTED_HOSTS": [".shop.example", "other"]}, "shop.example"),
        ({"TRUSTED_HOSTS": ["*", "other"]}, ""),
        ({"TRUSTED_HOSTS": ["not a host", 3, "[::1]"]}, "[::1]"),
        ({"SERVER_NAME": None}, ""),
    ],
)
def test_the_host_is_the_first_usable_one_of_the_framework_s_settings(config: dict[str, Any], host: str) -> None:
    app = values_app()
    app.config.update(config)
    assert settled(app, Settings()).host == host
    assert settled(app, Settings(host="typed")).host == "typed"

    class Wrapper:
        def __init__(self) -> None:
            self.app = app

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.app(environ, start_response)

    assert settled(Wrapper(), Settings()).host == host


@pytest.mark.parametrize(
    ("location", "same"),
    [
        ("https://localhost/caf%C3%A9?a=b", True),
        ("https://localhost:443/caf%C3%A9?a=b", True),
        ("HTTPS://LOCALHOST/caf%C3%A9?a=b", True),
        ("http://localhost/caf%C3%A9?a=b", False),
        ("https://other/caf%C3%A9?a=b", False),
        ("https://localhost/login?a=b", False),
        ("https://localhost/caf%C3%A9", False),
        ("https://[x/", False),
        ("/caf%C3%A9?a=b", False),
    ],
)
def test_a_redirect_to_the_same_url_under_https(location: str, same: bool) -> None:
    record = ExchangeRecord(
        "get", path="/caf\xc3\xa9", query="a=b", status="301 Moved", headers=[("Location", location)]
    )
    record.environ = {"HTTP_HOST": "localhost:8000", "wsgi.url_scheme": "http"}
    assert same_under_https(record) is same
    record.environ["wsgi.url_scheme"] = "https"
    assert not same_under_https(record)


def forcing_app(environ: dict[str, Any], start_response: Any) -> Any:
    """Redirects all of http, and has one fault behind that."""
    if environ["wsgi.url_scheme"] != "https":
        url = f"https://{environ.get('HTTP_HOST', 'localhost')}{environ['SCRIPT_NAME']}{environ['PATH_INFO']}"
        start_response("301 Moved Permanently", [("Location", url)])
        return []
    start_response("200", [("Content-Type", "text/plain")])
    return [b"hello"]


@pytest.mark.parametrize(("scheme", "reached"), [("", True), ("https", True), ("http", False)])
def test_an_app_that_redirects_all_http_is_judged_under_https(scheme: str, reached: bool) -> None:
    run = AppTarget("forcing", forcing_app, Settings(scheme=scheme, paths=("/", "/more")))
    rule = catalogue()["status-has-reason"]
    run.plan([rule])
    count = sum(finding.count for finding in run.judge(rule).findings)
    # Under http only the stimulus that is about https shows what is behind the redirect.
    assert (count > 300) is reached
    assert count
    said = "asked under https, to which GET / redirects" in run.summary_lines()
    assert said is (not scheme)


def test_links_are_followed_under_the_app_s_own_host_and_mount() -> None:
    page = b'<a href="/shop/a"></a><a href="https://shop.example/shop/b"></a><a href="/c"></a><a href="http://x/"></a>'
    record = ExchangeRecord("get", path="/shop/", headers=[("Content-Type", "text/html")], body=page)
    record.environ = {"HTTP_HOST": "shop.example", "wsgi.url_scheme": "https"}
    assert [route.path for route in links_in(record, "/shop")] == ["/a", "/b"]


# What is left out is not exercised, and the plan is what is sent


def test_what_a_method_leaves_out_is_not_exercised_and_says_so() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    run = AppTarget("app", app, Settings(methods=("GET", "HEAD")))
    rule = catalogue()["readlines-hint-optional"]
    run.plan([rule])
    result = run.judge(rule)
    assert result.verdict.value == "not-exercised"
    assert result.reason.endswith("; --wsgi-methods leaves out POST")


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(paths=("/a", "/b/")),
        Settings(methods=("GET", "HEAD", "OPTIONS")),
        Settings(own_requests=(OWN,)),
    ],
)
def test_the_plan_s_numbers_are_what_is_sent(settings: Settings) -> None:
    seen: collections.Counter[str] = collections.Counter()

    class PlainApp:
        url_map = Map(
            [
                Rule("/", endpoint="index", methods=["GET"]),
                Rule("/items", endpoint="create", methods=["POST"]),
                Rule("/items", endpoint="list", methods=["GET"]),
                Rule("/item/<int:number>", endpoint="drop", methods=["DELETE"]),
                Rule("/item/<int:number>", endpoint="change", methods=["PUT"]),
            ]
        )

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            seen[environ["REQUEST_METHOD"]] += 1
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"plain"]

    app = PlainApp()
    run = AppTarget("app", app, settings)
    *rows, total, _ = [line for line in run.plan_lines() if "not asked" not in line]
    assert not seen
    playing = Playing(LocalPlayer("", app, settings), settings)
    playing.play(run._stimuli())
    told = dict(part.rsplit(" ", 1) for part in total.partition("requests: ")[2].split(", "))
    usual = {method: count for method, count in seen.items() if method in told}
    others = sum(seen.values()) - sum(usual.values())
    assert {**usual, **({"others": others} if others else {})} == {method: int(n) for method, n in told.items()}
    assert len(rows) == len(playing.routes)
