"""Which routes count as reached: by their ordinary request, its redirects followed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pytest_wsgiconform import check_app
from pytest_wsgiconform.rules.model import Verdict
from pytest_wsgiconform.rules.records.reach import LOGIN_PAGE, RouteReach, TargetReach
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.app.target import AppTarget

FORM = b"<form method=post><input name=user><input type=password name=pw></form>"


def site(pages: dict[str, Any], otherwise: Any = ("404 Not Found", b"no such page")) -> Callable[..., Iterable[bytes]]:
    """Return an app that answers each path of *pages* as said: (status, body, header, ...), or by what it calls."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        page = pages.get(environ.get("PATH_INFO") or "/", otherwise)
        if callable(page):
            made: Iterable[bytes] = page(environ, start_response)
            return made
        status, body, *headers = page
        kind = "text/html" if b"<" in body else "text/plain"
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *headers])
        return [body] if environ["REQUEST_METHOD"] != "HEAD" else []

    return app


def reach_of(app: Any, *paths: str, **settings: Any) -> TargetReach:
    """Play the ordinary requests of *paths*, and no more."""
    target = AppTarget("", app, Settings(paths=paths or ("/",), timeout=2.0, **settings))
    target.plan([])
    try:
        return target.reach()
    finally:
        target.close()


def only(reach: TargetReach) -> RouteReach:
    (route,) = reach.routes
    return route


def to(location: str, status: str = "302 Found") -> tuple[Any, ...]:
    return status, b"", ("Location", location)


def with_cookie(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if "seen=1" in environ.get("HTTP_COOKIE", ""):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"welcome back"]
    start_response("302 Found", [("Location", "/"), ("Set-Cookie", "seen=1; Path=/")])
    return []


def ends_early(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "10")])
    return [b"half"]


def raises(_environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise RuntimeError("no database")


def raises_midway(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"half"
    raise RuntimeError("no disk")


def raises_in_close(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    class Body(list[bytes]):
        def close(self) -> None:
            raise RuntimeError("too late")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Body([b"whole"])


def never_starts(_environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
    return [b"data"]


def endless(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    while True:
        yield b"tick"


@pytest.mark.parametrize(
    "page",
    [
        ("200 OK", b"hello"),
        ("204 No Content", b""),
        ("299 Odd", b""),
        ("304 Not Modified", b""),
        raises_in_close,
        endless,
        with_cookie,
    ],
    ids=lambda page: page.__name__ if callable(page) else page[0],
)
def test_a_whole_answer_is_reached(page: Any) -> None:
    reach = reach_of(site({"/": page}))
    assert (reach.judged, reach.reason, reach.count()) == (True, "", "1 of 1 route reached")
    assert only(reach).reached
    assert only(reach).why == ""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/page", "page", "http://localhost/page", "//localhost/page", "/hop"])
def test_a_redirect_inside_the_app_is_followed(status: int, location: str) -> None:
    app = site({"/": to(location, f"{status} Redirect"), "/hop": to("/page"), "/page": ("200 OK", b"page")})
    route = only(reach_of(app))
    assert (route.reached, route.status) == (True, status)


@pytest.mark.parametrize(
    ("page", "why", "status"),
    [
        (("404 Not Found", b"no"), "answered 404", 404),
        (("401 Unauthorized", b"no"), "answered 401", 401),
        (("403 Forbidden", b"no"), "answered 403", 403),
        (("407 Proxy Authentication Required", b"no"), "answered 407", 407),
        (("500 Internal Server Error", b"no"), "answered 500", 500),
        (("302 Found", b""), "answered 302", 302),
        (raises, "raised RuntimeError: no database", None),
        (raises_midway, "answered 200, and its body raised RuntimeError: no disk", 200),
        (ends_early, "answered 200, and its body ended after 4 of 10 bytes", 200),
        (never_starts, "was answered without a call of start_response", None),
        (to("https://elsewhere.example/"), "redirected to another site, https://elsewhere.example/", 302),
        (to("/"), "redirected in a circle, to / again", 302),
        (to("/gone"), "redirected to /gone, which answered 404", 302),
        (to("/broken"), "redirected to /broken, which raised RuntimeError: no database", 302),
        (to("/login"), "redirected to /login, which asks for a login", 302),
        (to("/door"), "redirected to /door, which asks for a login", 302),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value)[:40],
)
def test_what_is_not_reached_says_why(page: Any, why: str, status: int | None) -> None:
    pages = {"/": page, "/broken": raises, "/login": ("200 OK", b"who are you?"), "/door": ("200 OK", FORM)}
    reach = reach_of(site(pages))
    assert (only(reach).reached, only(reach).why, only(reach).status) == (False, why, status)
    assert not reach.judged
    assert reach.reason.startswith(f"GET / {why}")


def test_the_line_is_that_of_the_users_code() -> None:
    place = only(reach_of(site({"/": raises}))).location
    assert place is not None
    assert (place.file, place.line) == (__file__, raises.__code__.co_firstlineno + 1)
    answered = only(reach_of(site({"/": ("503 Service Unavailable", b"")}))).location
    assert answered is not None
    assert answered.file == __file__


@pytest.mark.parametrize(
    ("segment", "is_login"),
    [(name, True) for name in ("login", "signin", "sign-in", "auth", "log_in", "LOGIN", "login.html", "sso")]
    + [(name, False) for name in ("page", "blog", "authors", "loginfo", "design-inn")],
)
def test_a_login_page_has_such_a_segment(segment: str, is_login: bool) -> None:
    target = f"/my/{segment}/?next=%2F"
    app = site({"/": to(target), f"/my/{segment}/": ("200 OK", b"who are you?")})
    assert only(reach_of(app)).reached is not is_login


def test_a_login_page_to_which_another_route_leads_counts_for_nothing() -> None:
    app = site({"/": ("200 OK", b"front"), "/account": to("/door?next=/account"), "/door": ("200 OK", FORM)})
    reach = reach_of(app, "/", "/account", "/door")
    assert [(r.path, r.reached, r.why) for r in reach.routes] == [
        ("/", True, ""),
        ("/account", False, "redirected to /door, which asks for a login"),
        ("/door", False, LOGIN_PAGE),
    ]
    assert reach.count() == "1 of 2 routes reached; /account asks for a login"


def test_a_page_with_a_password_field_to_which_none_leads_is_a_page() -> None:
    app = site({"/": ("200 OK", b"<h1>News</h1>" + FORM), "/door": ("200 OK", FORM)})
    assert reach_of(app, "/", "/door").count() == "2 of 2 routes reached"


@pytest.mark.parametrize("path", ["/", "/anything"])
def test_a_site_whose_every_path_is_the_same_login_page_is_not_reached(path: str) -> None:
    def door(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        token = hex(hash(environ["PATH_INFO"]) & 0xFFFFFFFFFFFFFFFF).encode()
        hidden = b"<input type=hidden name=t value=%s><input type=hidden name=next value=%s>"
        body = FORM + hidden % (token, environ["PATH_INFO"].encode("latin-1"))
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [body]

    reach = reach_of(site({}, door), path)
    assert not reach.judged
    assert "the same page as a path that cannot exist" in reach.reason


@pytest.mark.parametrize("takes", ["POST", "PUT", "PATCH"])
def test_a_route_without_get_is_asked_by_the_method_that_it_names(takes: str) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        right = environ["REQUEST_METHOD"] == takes
        start_response("200 OK" if right else "405 Method Not Allowed", [("Allow", takes), ("Content-Length", "0")])
        return []

    route = only(reach_of(app))
    assert (route.method, route.reached) == (takes, True)
    assert not reach_of(app, methods=("GET", "HEAD")).judged


@pytest.mark.parametrize(
    ("needed", "enough"), [((1.0, False), True), ((2.0, False), True), ((3.0, False), False), ((0.5, True), True)]
)
def test_the_project_may_ask_for_more(needed: tuple[float, bool], enough: bool) -> None:
    app = site({"/a": ("200 OK", b"a"), "/b": ("200 OK", b"b")})
    reach = reach_of(app, "/a", "/b", "/c", "/d", min_reached=needed)
    assert (reach.judged, reach.enough, reach.passes) == (True, enough, enough)
    assert ("wsgi_min_reached asks for 3" in reach.reason) is not enough


def test_excused_routes_leave_the_count_and_all_excused_is_not_judged() -> None:
    app = site({"/a": ("200 OK", b"a")})
    some = reach_of(app, "/a", "/b", unreached=(("/b*", "needs a printer"),))
    assert (some.judged, some.count()) == (True, "1 of 1 route reached")
    every = reach_of(app, "/a", "/b", unreached=(("*", "whatever"),))
    assert (every.judged, every.reason) == (False, "wsgi_unreached excuses every route")


def test_a_typed_path_that_is_not_reached_fails_a_strict_run() -> None:
    app = site({"/a": ("200 OK", b"a")})
    assert reach_of(app, "/a", "/b").passes
    strict = reach_of(app, "/a", "/b", strict=True)
    assert (strict.judged, strict.passes) == (True, False)
    assert "--wsgi-path=/b was not reached" in strict.reason


def test_it_crosses_processes() -> None:
    reach = reach_of(site({"/a": ("200 OK", b"a"), "/b": raises}), "/a", "/b", "/c")
    assert TargetReach.from_dict(reach.to_dict()) == reach


def test_of_an_app_that_is_not_judged_nothing_is_held_and_what_is_broken_is_found() -> None:
    def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Count", 3)])
        raise RuntimeError("no database")

    report = check_app(app)
    assert not report.judged
    assert report.reason.startswith("GET / answered 200, and its body raised RuntimeError") or "raised" in report.reason
    assert {r.verdict for r in report.verdicts} == {Verdict.BROKEN, Verdict.NOT_EXERCISED}
    assert "header-value-native-string" in {finding.rule for finding in report.findings}


def test_check_app_says_what_was_reached() -> None:
    report = check_app(site({"/a": ("200 OK", b"a")}), ["/a", "/b"], select=["status-*"])
    assert (report.judged, report.reason, report.reached, len(report.routes)) == (True, "", 1, 2)
    assert Verdict.HELD in {result.verdict for result in report.verdicts}
