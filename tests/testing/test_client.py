"""The test client does what webtest.TestApp does, for less."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # WebOb imports cgi
    import webtest

    from pytest_wsgiconform.testing.client import Client

App = Callable[..., Any]


def echo(environ: dict[str, Any], start_response: App) -> list[bytes]:
    """Tell of the request what the clients make of it, and give the response that the query asks for."""
    told = {
        name: environ.get(name)
        for name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_HOST", "HTTP_COOKIE", "X")
    }
    told["body"] = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if "cookie" in environ["QUERY_STRING"]:
        headers.append(("Set-Cookie", "session=abc; Path=/"))
    start_response("404 Not Found" if "missing" in environ["QUERY_STRING"] else "200 OK", headers)
    if "log" in environ["QUERY_STRING"]:
        environ["wsgi.errors"].write("something is wrong\n")
    return [repr(told).encode()]


def both(app: App = echo, **options: Any) -> tuple[Client, webtest.TestApp]:
    client = Client(app, **options)
    return client, webtest.TestApp(app, extra_environ=client.extra_environ, lint=False)


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/plain/path.html",
        "/caf%C3%A9",
        "/a?x=1&y=2",
        "/a#fragment",
        "//double",
        "/a b",
        "http://other.example/a",
        "/?",
    ],
)
def test_a_get_sends_what_webtest_sends(url: str) -> None:
    ours, theirs = (client.get(url).text for client in both())
    assert ours == theirs


def test_every_method_and_option_sends_what_webtest_sends() -> None:
    for use in (
        lambda client: client.get("/a", params={"x": "1"}),
        lambda client: client.get("/a", headers={"Host": "elsewhere.example"}),
        lambda client: client.get("/a", extra_environ={"X": "yes"}),
        lambda client: client.get("/a", xhr=True),
        lambda client: client.post("/a", {"field": "value"}),
        lambda client: client.put_json("/a", {"field": "value"}),
        lambda client: client.get("/mount/a", extra_environ={"SCRIPT_NAME": "/mount"}),
    ):
        ours, theirs = (use(client) for client in both())
        assert (ours.status, ours.headerlist, ours.text) == (theirs.status, theirs.headerlist, theirs.text)


def test_cookies_come_back_and_are_forgotten() -> None:
    client, _ = both()
    assert "session" not in client.get("/").text
    client.get("/?cookie")
    assert client.cookies == {"session": "abc"}
    assert "'HTTP_COOKIE': 'session=abc'" in client.get("/").text
    client.reset()
    assert "session" not in client.get("/").text


def test_unexpected_status_and_log_are_errors_unless_expected() -> None:
    client, _ = both()
    with pytest.raises(webtest.AppError, match="404"):
        client.get("/?missing")
    assert client.get("/?missing", status=404).status_int == 404
    assert client.get("/?missing", expect_errors=True).status_int == 404
    with pytest.raises(webtest.AppError, match="something is wrong"):
        client.get("/?log")
    assert client.get("/?log", expect_errors=True).errors == "something is wrong\n"


def test_the_frameworks_own_variables_become_attributes_but_replace_none() -> None:
    def app(environ: dict[str, Any], start_response: App) -> list[bytes]:
        environ["paste.testing_variables"].update({environ["PATH_INFO"][1:]: "a value"})
        return echo(environ, start_response)

    assert Client(app).get("/template").template == "a value"
    with pytest.raises(ValueError, match="status_int"):
        Client(app).get("/status_int")


def test_every_request_has_an_environ_of_its_own() -> None:
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: App) -> list[bytes]:
        seen.append(dict(environ))
        environ["X"] = "left behind"
        return echo(environ, start_response)

    client = Client(app)
    client.get("/")
    client.get("/")
    assert "X" not in seen[1]
    assert seen[0]["wsgi.input"] is not seen[1]["wsgi.input"]
    assert seen[0]["wsgi.errors"] is not seen[1]["wsgi.errors"]


def test_what_a_server_sets_and_webtest_does_not_is_there() -> None:
    def app(environ: dict[str, Any], start_response: App) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['REMOTE_ADDR']} {environ['GATEWAY_INTERFACE']}".encode()]

    assert Client(app).get("/").text == "127.0.0.1 CGI/1.1"
    assert Client(app, {"REMOTE_ADDR": "192.0.2.1"}).get("/").text == "192.0.2.1 CGI/1.1"


def test_lint_can_be_asked_for() -> None:
    def app(environ: dict[str, Any], start_response: App) -> list[bytes]:
        start_response("200", [("Content-Type", "text/plain")])
        return [b"hello"]

    assert Client(app).get("/", status="*").body == b"hello"
    with pytest.raises(AssertionError):
        Client(app, lint=True).get("/", status="*")


def test_a_request_class_of_ones_own_is_used() -> None:
    class Request(webtest.TestRequest):
        pass

    class Own(Client):
        RequestClass = Request

    assert type(Own(echo).get("/").request) is Request
