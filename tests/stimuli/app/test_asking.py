"""How a route is asked: nothing changes where nothing is asked, and a stimulus's own words go before what is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.stimuli.app.asking import SAFE, WITH_BODY, Asking, Bodies, split_host
from pytest_wsgiconform.stimuli.app.model import Stage, play
from pytest_wsgiconform.stimuli.app.order import app_stimuli, played_on
from pytest_wsgiconform.strategies import headers, methods, paths, queries

OWN = Asking(
    method="PUT",
    named=("PUT",),
    headers=(("Content-Type", "application/json"), ("X-Key", "abc"), ("Cookie", "a=1; b=2"), ("Accept", "text/plain")),
    body=b'{"a": 1}',
    own=True,
)


def plain(environ: dict[str, Any]) -> dict[str, Any]:
    """Return what can be compared of *environ*."""
    made = {name: value for name, value in environ.items() if name not in ("wsgi.input", "wsgi.errors")}
    return {**made, "body": environ["wsgi.input"].read()}


def collected(asking: Asking, **options: Any) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Play all stimuli on an app that answers well, and return its environs and their methods."""
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x", b"y"]

    wanted = played_on([stimulus.id for stimulus in app_stimuli()], asking)
    for stimulus in app_stimuli():
        if stimulus.id in wanted:
            play(stimulus, app, [], "/page", 30, asking)
    return seen, Counter(environ["REQUEST_METHOD"] for environ in seen)


@given(paths(), methods(), queries(), headers(), st.binary(max_size=20))
def test_nothing_asked_changes_nothing(
    path: str, method: str, query: str, fields: tuple[tuple[str, str], ...], body: bytes
) -> None:
    options: dict[str, Any] = {"query": query, "headers": fields, "body": body}
    assert plain(Asking().environ(path, method, **options)) == plain(build_environ(path, method, **options))


@pytest.mark.parametrize(
    ("asking", "options", "wanted"),
    [
        (Asking(scheme="https"), {}, {"wsgi.url_scheme": "https", "SERVER_PORT": "443", "HTTP_HOST": "localhost"}),
        (Asking(scheme="https"), {"scheme": "http"}, {"wsgi.url_scheme": "http"}),
        (Asking(host="shop.example"), {}, {"SERVER_NAME": "shop.example", "HTTP_HOST": "shop.example"}),
        (Asking(host="shop.example:81"), {}, {"SERVER_PORT": "81", "HTTP_HOST": "shop.example:81"}),
        (Asking(host="[::1]:81"), {}, {"SERVER_NAME": "::1", "HTTP_HOST": "[::1]:81"}),
        (Asking(host="shop.example"), {"server": ("other", "80")}, {"HTTP_HOST": "other"}),
        (Asking(mount="/shop"), {}, {"SCRIPT_NAME": "/shop", "PATH_INFO": "/page"}),
        (Asking(mount="/shop"), {"script_name": "/other"}, {"SCRIPT_NAME": "/other"}),
        (OWN, {}, {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "8", "HTTP_X_KEY": "abc"}),
        (OWN, {"headers": {"X-Key": "mine"}}, {"HTTP_X_KEY": "mine"}),
        (OWN, {"usual": {"Accept": "*/*", "X-New": "1"}}, {"HTTP_ACCEPT": "text/plain", "HTTP_X_NEW": "1"}),
        (OWN, {"headers": {"Accept": "*/*"}}, {"HTTP_ACCEPT": "*/*"}),
        (OWN, {"headers": {"Cookie": "c=3"}}, {"HTTP_COOKIE": "c=3"}),
        (OWN, {"without": ("cookie",)}, {"HTTP_COOKIE": None}),
        (OWN, {"without": ("host",)}, {"HTTP_HOST": None}),
        (OWN, {"body": b"other"}, {"CONTENT_LENGTH": "5", "CONTENT_TYPE": None, "HTTP_X_KEY": "abc"}),
    ],
)
def test_what_is_asked_holds_unless_the_stimulus_says_otherwise(
    asking: Asking, options: dict[str, Any], wanted: dict[str, str | None]
) -> None:
    environ = asking.environ("/page", asking.method, **options)
    assert {name: environ.get(name) for name in wanted} == wanted


def test_fields_of_the_body_go_with_the_own_method_alone() -> None:
    environ = OWN.environ("/page", "GET")
    assert "CONTENT_TYPE" not in environ
    assert environ["wsgi.input"].read() == b""
    assert environ["HTTP_X_KEY"] == "abc"


def test_a_session_goes_before_the_request_s_own_fields_and_is_asked_for_each_time() -> None:
    sessions = iter(["b=new", "b=newer"])
    asking = Asking(
        headers=(("Cookie", "a=1; b=old"), ("Authorization", "Basic old")),
        credentials=lambda: [("Cookie", next(sessions)), ("Authorization", "Bearer new")],
    )
    environ = asking.environ("/", "GET", headers={"Cookie": "c=3"})
    assert environ["HTTP_COOKIE"] == "b=new; c=3"
    assert environ["HTTP_AUTHORIZATION"] == "Bearer new"
    environ = asking.environ("/", "GET", without=("authorization",))
    assert environ["HTTP_COOKIE"] == "b=newer; a=1"
    assert "HTTP_AUTHORIZATION" not in environ


def test_a_stimulus_about_authorization_keeps_its_own() -> None:
    asking = Asking(credentials=lambda: [("Authorization", "Bearer new")])
    assert asking.environ("/", "GET", headers={"Authorization": "Basic x"})["HTTP_AUTHORIZATION"] == "Basic x"


def test_the_request_hook_sees_the_complete_environ_last() -> None:
    asking = Asking(headers=(("X-Key", "abc"),), changed=lambda environ: environ.update(HTTP_X_KEY="changed"))
    assert asking.environ("/", "GET")["HTTP_X_KEY"] == "changed"


@pytest.mark.parametrize(
    ("asking", "method"),
    [
        (Asking(), "POST"),
        (Asking(method="PATCH"), "PATCH"),
        (Asking(method="GET", named=("GET", "PUT")), "PUT"),
        (Asking(method="GET", named=("GET", "HEAD")), "POST"),
        (Asking(method="DELETE", named=("DELETE",)), "POST"),
        (Asking(allowed=("PUT", "GET")), "PUT"),
    ],
)
def test_bodies_go_by_a_method_that_the_route_takes(asking: Asking, method: str) -> None:
    assert asking.sends_body_by == method


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("bodies", Bodies)
def test_methods_that_may_change_something_are_sent_a_handful_of_times(method: str, bodies: Bodies) -> None:
    _, counted = collected(Asking(method=method, bodies=bodies))
    unsafe = {name: count for name, count in counted.items() if name in (*WITH_BODY, "DELETE")}
    most = {Bodies.ONE: 2, Bodies.HANDFUL: 10, Bodies.ALL: 20}[bodies]
    assert 1 <= sum(unsafe.values()) <= most
    assert unsafe.get("DELETE", 0) == (method == "DELETE")


def test_a_request_of_the_user_s_own_is_what_stimuli_start_from() -> None:
    seen, counted = collected(OWN)
    own = [environ for environ in seen if environ["REQUEST_METHOD"] == "PUT"]
    assert counted["PUT"] <= 90
    assert counted["POST"] == 0
    typed = [environ for environ in own if environ.get("CONTENT_TYPE") == "application/json"]
    assert len(typed) > len(own) / 2
    assert all(environ["HTTP_X_KEY"] == "abc" for environ in own)


@pytest.mark.parametrize("allowed", [("GET", "HEAD", "OPTIONS"), ("POST",), ("HEAD",)])
def test_no_other_method_is_sent_than_those_that_may_be(allowed: tuple[str, ...]) -> None:
    _, counted = collected(Asking(method=allowed[0], allowed=allowed))
    assert set(counted) <= set(allowed)
    assert counted[allowed[0]]


def test_what_was_not_sent_is_noted_and_no_exchange() -> None:
    stage = Stage(lambda _environ, _start: [], [], "/", 10, "x", Asking(allowed=("GET",)))
    record = stage.play("post", stage.with_body())
    stage.compare(("one", stage.with_body), ("two", stage.environ))
    assert not record.starts
    assert [record.label for record in stage.run.exchanges] == ["two"]
    assert stage.run.facts["left_out"] == ["POST"]


@given(st.sampled_from([*SAFE, *WITH_BODY, "DELETE", "BREW"]), st.booleans())
def test_only_a_request_of_the_user_s_own_is_repeated_by_a_method_that_may_change_something(
    method: str, own: bool
) -> None:
    asking = Asking(method=method, own=own)
    assert asking.usual in SAFE
    assert asking.chosen == (method if own or method in SAFE else "GET")


@pytest.mark.parametrize(
    ("host", "parts"),
    [("a", ("a", None)), ("a:1", ("a", "1")), ("[::1]", ("::1", None)), ("[::1]:8", ("::1", "8"))],
)
def test_host_and_port(host: str, parts: tuple[str, str | None]) -> None:
    assert split_host(host) == parts
