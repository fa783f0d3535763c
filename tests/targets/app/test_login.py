"""Logging in by forms: what works, and what of a login that doesn't is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.targets.app.login import Login, LoginFailed
from pytest_wsgiconform.targets.app.visit import Site, Visitor

Reply = tuple[str, list[tuple[str, str]], str]
FORM = "<form method=post><input name=user><input type=password name=password><button>go</button></form>"
SET = ("Set-Cookie", "sid=opened; Path=/")
FIELDS = [("user", "ada"), ("password", "lovelace")]


def page(body: str, *headers: tuple[str, str], status: str = "200 OK") -> Reply:
    return status, [("Content-Type", "text/html; charset=utf-8"), *headers], body


def to(where: str, *headers: tuple[str, str], status: str = "302 Found") -> Reply:
    return status, [("Location", where), *headers], ""


class Replies:
    """An app: a reply for ``"GET /path"``, or a function that makes it of the form that was sent.

    :ivar seen: the requests so far: method and path, the form, the cookies.
    """

    def __init__(self, **replies: Any) -> None:
        self.replies = {"GET /login": page(FORM), "POST /login": to("/", SET), "GET /": page("hello"), **replies}
        self.seen: list[tuple[str, dict[str, list[str]], str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = f"{environ['REQUEST_METHOD']} {environ['SCRIPT_NAME']}{environ['PATH_INFO']}"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        form = parse_qs(body or environ["QUERY_STRING"], keep_blank_values=True)
        self.seen.append((asked, form, environ.get("HTTP_COOKIE", "")))
        reply = self.replies.get(asked, page("nothing", status="404 Not Found"))
        status, headers, text = reply(form) if callable(reply) else reply
        start_response(status, headers)
        return [text.encode()]


def log_in(app: Any, path: str = "/login", fields: list[tuple[str, str]] = FIELDS, **site: str) -> Visitor:
    def make(path: str, method: str, **options: Any) -> dict[str, Any]:
        options.setdefault("scheme", site.get("scheme", "http"))
        return build_environ(path, method, script_name=site.get("mount", ""), **options)

    visitor = Visitor(app, make, Site(**site), 1.0)
    Login(visitor, path, fields).run()
    return visitor


def test_the_form_is_filled_in_and_its_cookies_are_kept() -> None:
    app = Replies(**{"GET /login": page(FORM, ("Set-Cookie", "pre=1"))})
    assert log_in(app).jar.header("/", "http") == "pre=1; sid=opened"
    assert app.seen[1] == ("POST /login", {"user": ["ada"], "password": ["lovelace"]}, "pre=1")
    assert app.seen[2][0] == "GET /"


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("", "POST /login"),
        ("session", "POST /session"),
        ("/in/", "POST /in/"),
        ("http://localhost/in", "POST /in"),
        ("?next=%2F", "POST /login"),
        ("//localhost/in#top", "POST /in"),
    ],
)
def test_where_the_form_is_sent(action: str, asked: str) -> None:
    app = Replies(**{"GET /login": page(FORM.replace("<form", f'<form action="{action}"')), asked: to("/", SET)})
    log_in(app)
    assert app.seen[1][0] == asked


def test_a_form_by_get_is_sent_as_a_query() -> None:
    app = Replies(**{"GET /login": page(FORM.replace("method=post", "action=/in")), "GET /in": to("/", SET)})
    log_in(app)
    assert app.seen[1][:2] == ("GET /in", {"user": ["ada"], "password": ["lovelace"]})


def test_under_a_mount_everything_stays_below_it() -> None:
    replies = {"GET /app/login": page(FORM), "POST /app/login": to("/app/", SET), "GET /app/": page("hello")}
    app = Replies(**replies)
    log_in(app, mount="/app")
    assert [seen[0] for seen in app.seen] == ["GET /app/login", "POST /app/login", "GET /app/"]


def test_the_form_with_the_fields_is_chosen_among_several() -> None:
    search = "<form action=/search><input name=q><input name=user></form>"
    app = Replies(**{"GET /login": page(search + FORM)})
    log_in(app)
    assert app.seen[1][0] == "POST /login"


def test_several_steps() -> None:
    app = Replies(
        **{
            "GET /login": page("<form method=post action=/name><input name=user></form>"),
            "POST /name": page("<form method=post action=/word><input type=password name=password></form>"),
            "POST /word": to("/code", ("Set-Cookie", "half=1")),
            "GET /code": page("<form method=post><input name=otp><input type=hidden name=t value=tok></form>"),
            "POST /code": to("/", SET),
        }
    )
    visitor = log_in(app, fields=[*FIELDS, ("otp", "123456")])
    assert app.seen[4] == ("POST /code", {"otp": ["123456"], "t": ["tok"]}, "half=1")
    assert "sid=opened" in visitor.jar.header("/", "http")


def test_the_page_to_which_a_login_leads_need_not_be_there() -> None:
    app = Replies(**{"POST /login": to("/accounts/profile/", SET)})
    assert log_in(app).jar.header("/", "http") == "sid=opened"


def test_what_is_secret_on_the_way_is_known() -> None:
    form = "<meta name=csrf-token content=META><form method=post><input type=hidden name=csrf_token value=FIELD>"
    visitor = Visitor(Replies(**{"GET /login": page(form + FORM)}), build_environ, Site(), 1.0)
    login = Login(visitor, "/login", FIELDS)
    login.run()
    assert {"META", "FIELD", "lovelace"} <= set(login.secrets) and "ada" not in login.secrets


def raises(form: Any) -> Reply:
    raise RuntimeError("no database")


def hangs(form: Any) -> Reply:
    time.sleep(5)
    return page("late")


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "no page": ({"GET /login": page("", status="404 Not Found")}, "GET /login answered 404 Not Found"),
    "a failing page": ({"GET /login": raises}, "GET /login raised RuntimeError: no database"),
    "a page that hangs": ({"GET /login": hangs}, "GET /login hung"),
    "no form": ({"GET /login": page("hello")}, "no form: GET /login answered 200 OK; a login that is no HTML form is"),
    "no HTML": (
        {"GET /login": ("200 OK", [("Content-Type", "application/json")], FORM)},
        "no form: GET /login answered 200 OK",
    ),
    "no such field": (
        {"GET /login": page("<form><input name=email></form>")},
        "no form holds the field user, password: GET /login answered 200 OK; its fields are email",
    ),
    "several forms": (
        {"GET /login": page(FORM.replace("<form", "<form action=/a") + FORM.replace("<form", "<form action=/b"))},
        "2 forms hold the field user, password: GET /login answered 200 OK has one for /a and one for /b",
    ),
    "a field too many": (
        {"GET /login": page("<form method=post><input name=user></form>")},
        "no form asks for the field password, which is left: GET / answered 200 OK",
    ),
    "a wrong password": (
        {"POST /login": page(FORM)},
        "POST /login answered 200 OK, and /login shows the same form again, as it does for a wrong value of user",
    ),
    "a wrong password, redirected": (
        {"POST /login": to("/login?error=1")},
        "POST /login answered 302 Found, and /login?error=1 shows the same form again",
    ),
    "refused": ({"POST /login": page("", status="403 CSRF failed")}, "POST /login answered 403 CSRF failed"),
    "no cookie": ({"POST /login": to("/")}, "POST /login answered 302 Found and set no cookie"),
    "cookies for https": (
        {"POST /login": to("/", ("Set-Cookie", "sid=1; Secure"))},
        "set cookies for https alone: add --wsgi-scheme=https",
    ),
    "redirected away": (
        {"GET /login": to("https://sso.example.com/in?x=1")},
        "the login redirects away: GET /login answered 302 Found, to https://sso.example.com/in?x=1",
    ),
    "submitted away": (
        {"GET /login": page(FORM.replace("<form", "<form action=https://sso.example.com/in"))},
        "the form of /login is sent to https://sso.example.com/in",
    ),
    "in a circle": ({"GET /login": to("/login")}, "redirects in a circle"),
    "no URL": ({"GET /login": to("http://[")}, "to no URL"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_login_that_does_not_work_shows_what_came_back(name: str) -> None:
    replies, wanted = FAILURES[name]
    with pytest.raises(LoginFailed) as caught:
        log_in(Replies(**replies))
    text = str(caught.value)
    assert wanted in text and "(--wsgi-login=/login)" in text
    assert "\n" not in text and "lovelace" not in text


def test_an_endless_row_of_forms_ends() -> None:
    app = Replies(
        **{f"POST /{n}": page(f"<form method=post action=/{n + 1}><input name=f{n}></form>") for n in range(30)}
    )
    app.replies["GET /login"] = page("<form method=post action=/0><input name=user></form>")
    fields = [("user", "a"), *((f"f{number}", "1") for number in range(30))]
    with pytest.raises(LoginFailed, match="after 10 forms"):
        log_in(app, fields=fields)
