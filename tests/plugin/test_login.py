"""Runs that log in: by a form, by HTTP Basic, by a key, by the project's own hook; and fixtures that share it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform.stimuli.app.repeat import THREADS

SHOP = '''
"""A shop behind a login with a token against cross-site requests; its sessions are kept by the server."""
import secrets

import flask

app = flask.Flask(__name__)
app.secret_key = "a key for tests"
app.sessions, app.logins, app.resets = set(), [], []


@app.route("/login", methods=["GET", "POST"])
def login():
    if flask.request.method == "POST":
        if flask.request.form["csrf_token"] != flask.session.get("csrf"):
            flask.abort(400, "CSRF")
        if flask.request.form["password"] == "lovelace-1815":
            sid = secrets.token_hex()
            app.sessions.add(sid)
            app.logins.append(sid)
            flask.session["sid"] = sid
            return flask.redirect("/account")
    token = flask.session["csrf"] = secrets.token_hex()
    return (
        f"<form method=post><input type=hidden name=csrf_token value={token}>"
        "<input name=user><input type=password name=password><button>Log in</button></form>"
    )


def refused():
    return flask.session.get("sid") not in app.sessions


@app.route("/a-logout")
def logout():
    app.sessions.discard(flask.session.pop("sid", None))
    return flask.redirect("/login")


@app.route("/account")
def account():
    if refused():
        return flask.redirect("/login")
    body = flask.Response("hello", headers={"Keep-Alive": "timeout=5"})
    return body


@app.route("/me.json")
def me():
    if refused():
        flask.abort(401)
    return {"name": "ada"}


@app.route("/")
def home():
    return "open to all"
'''

API = '''
"""An API behind a key, a token or HTTP Basic, whichever a path asks for, and one behind a JSON login."""
import base64
import json

TOKENS = set()
SEEN = []
WANTED = {"/basic": "Basic " + base64.b64encode(b"ada:lovelace-1815").decode(), "/bearer": "Bearer token-of-ada"}


def allowed(environ):
    path, given = environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION", "")
    if path == "/key":
        return environ.get("HTTP_X_API_KEY") == "key-of-ada"
    if path == "/json":
        return given.removeprefix("Bearer ") in TOKENS
    return given == WANTED.get(path)


def app(environ, start_response):
    SEEN.append((environ["PATH_INFO"], environ.get("HTTP_X_CHANGED")))
    if environ["PATH_INFO"] == "/token":
        sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)))
        token = "token-%d-of-%s" % (len(TOKENS), sent["name"])
        TOKENS.add(token)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"token": token}).encode()]
    if not allowed(environ):
        start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Basic")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"who are you?"]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Keep-Alive", "timeout=5")])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"]
'''

HOOK = """
import json

from webtest import TestApp


def pytest_wsgiconform_session(config, target, app):
    token = TestApp(app).post_json("/token", {"name": "ada"}).json["token"]
    return [("Authorization", "Bearer " + token)]
"""

FORM = ("--wsgi-app=shop:app", "--wsgi-login=/login", "--wsgi-login-field=user=ada")
PASSWORD = "--wsgi-login-field=password=${SHOP_PASSWORD}"
#: The fault behind each gate, and only there.
RULE = "--wsgi-select=header-no-persistence"

Report = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def apps(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(shop=SHOP, api=API)
    monkeypatch.setenv("SHOP_PASSWORD", "lovelace-1815")


@pytest.fixture
def found(pytester: pytest.Pytester) -> Callable[..., list[str]]:
    """Run pytest, and return the paths on which the fault was found."""

    def runner(*args: str, how: str = "in process") -> list[str]:
        report = pytester.path / "report.json"
        report.unlink(missing_ok=True)
        run = pytester.runpytest_inprocess if how == "in process" else pytester.runpytest_subprocess
        done = run("-p", "no:hypothesispytest", "-W", "default", f"--wsgi-report=json:{report}", RULE, *args)
        assert report.exists(), "\n".join([*done.outlines, *done.errlines])
        data = json.loads(report.read_text("utf-8"))
        return sorted({finding["request"]["path"] for finding in data["findings"]})

    return runner


def test_without_a_login_nothing_is_found_behind_it(found: Callable[..., list[str]]) -> None:
    assert found("--wsgi-app=shop:app") == []


def test_a_form_login_finds_what_is_behind_it(found: Callable[..., list[str]]) -> None:
    assert found(*FORM, PASSWORD) == ["/account"]


def test_a_session_that_a_route_ends_is_opened_again(
    pytester: pytest.Pytester, found: Callable[..., list[str]]
) -> None:
    pytester.makeconftest(
        "def pytest_sessionfinish(session):\n"
        "    import pathlib, shop\n"
        "    pathlib.Path('logins.txt').write_text(str(len(shop.app.logins)))\n"
    )
    paths = ["--wsgi-path=/a-logout", "--wsgi-path=/account"]
    assert found(*FORM, PASSWORD, *paths) == ["/account"]
    # Once at first, once because /a-logout leads to the login page, once for /account; and each of the threads that
    # ask at once has a session of its own, on either route.
    assert 3 <= int((pytester.path / "logins.txt").read_text()) <= 3 + 2 * THREADS


@pytest.mark.parametrize("more", [["--wsgi-isolate"], ["--wsgi-layers"], ["--wsgi-cov"]], ids=lambda more: more[0])
def test_a_form_login_works_with_other_options(more: list[str], found: Callable[..., list[str]]) -> None:
    assert found(*FORM, PASSWORD, "--wsgi-path=/account", *more) == ["/account"]


def test_a_form_login_works_in_test_workers(found: Callable[..., list[str]]) -> None:
    assert found(*FORM, PASSWORD, "--wsgi-path=/account", "-n2", how="apart") == ["/account"]


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("/basic", "--wsgi-auth=ada:${SHOP_PASSWORD}"),
        ("/bearer", "--wsgi-header=Authorization: Bearer token-of-ada"),
        ("/key", "--wsgi-header=X-Api-Key: key-of-ada"),
    ],
)
def test_credentials_of_header_fields(path: str, option: str, found: Callable[..., list[str]]) -> None:
    assert found("--wsgi-app=api:app", f"--wsgi-path={path}") == []
    assert found("--wsgi-app=api:app", f"--wsgi-path={path}", option) == [path]


@pytest.mark.parametrize("more", [[], ["--wsgi-isolate"]], ids=["here", "isolated"])
def test_a_json_login_through_the_hook(
    more: list[str], pytester: pytest.Pytester, found: Callable[..., list[str]]
) -> None:
    # In a child the app has tokens of its own, so that one is taken which any process knows.
    pytester.makeconftest(HOOK if not more else HOOK.replace('"Bearer " + token', '"Bearer token-of-ada"'))
    path = "/bearer" if more else "/json"
    assert found("--wsgi-app=api:app", f"--wsgi-path={path}", *more) == [path]


CHANGING = """
def pytest_wsgiconform_request(config, target, environ):
    assert target == "api:app"
    environ["HTTP_X_API_KEY"] = "key-of-ada"


def pytest_wsgiconform_reset(config, target, app):
    with open("resets.txt", "a") as file:
        file.write(app.__name__ + "\\n")
"""


@pytest.mark.parametrize("more", [[], ["--wsgi-isolate"]], ids=["here", "isolated"])
def test_each_request_is_changed_and_each_stimulus_begins_with_a_reset(
    more: list[str], pytester: pytest.Pytester, found: Callable[..., list[str]]
) -> None:
    pytester.makeconftest(CHANGING)
    assert found("--wsgi-app=api:app", "--wsgi-path=/key", *more) == ["/key"]
    resets = (pytester.path / "resets.txt").read_text().split()
    assert set(resets) == {"app"} and len(resets) > 20


FAULTY = {
    "session raises": (
        "session",
        "app",
        "raise RuntimeError('no token')",
        "raised RuntimeError: no token (*conftest.py:2)",
    ),
    "session returns text": ("session", "app", "return 'abc'", "(*conftest.py:1) returned an object of type str"),
    "session returns no pair": ("session", "app", "return ['abc']", "in place of a pair (name, value)"),
    "session returns a bad value": ("session", "app", "return [('X-A', 'b\\n')]", "a line break or another control"),
    "request raises": ("request", "environ", "raise KeyError('x')", "raised KeyError: 'x' (*conftest.py:2)"),
    "request returns": ("request", "environ", "return dict(environ)", "changes environ in place and returns nothing"),
    "reset raises": ("reset", "app", "raise OSError('gone')", "raised OSError: gone (*conftest.py:2)"),
}


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_hook_ends_the_run_with_its_line(name: str, isolated: bool, pytester: pytest.Pytester) -> None:
    hook, argument, body, wanted = FAULTY[name]
    pytester.makeconftest(f"def pytest_wsgiconform_{hook}({argument}):\n    {body}\n")
    more = ["--wsgi-isolate"] if isolated else []
    done = pytester.runpytest_inprocess("-p", "no:hypothesispytest", "--wsgi-app=api:app", RULE, *more)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    text = [*done.outlines, *done.errlines]
    pytest.LineMatcher(text).fnmatch_lines([f"*--wsgi-app=api:app: the hook pytest_wsgiconform_{hook}*{wanted}*"])
    assert not any("Traceback" in line for line in text)


def test_a_wrong_password_is_a_usage_error_without_it(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", *FORM, "--wsgi-login-field=password=not-the-password"
    )
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(
        ["*--wsgi-app=shop:app: POST /login answered 200 OK, and /login shows the same form again*"]
    )
    assert "not-the-password" not in "\n".join([*done.outlines, *done.errlines])


def test_collecting_logs_in_nowhere(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", *FORM, "--wsgi-login-field=password=x", "--co", "-q"
    )
    assert done.ret == pytest.ExitCode.OK


FIXTURES = """
def test_the_client_is_logged_in(wsgi_client, wsgi_session):
    assert [name for name, _ in wsgi_session] == ["Cookie"]
    wsgi_client.get("/me.json").mustcontain("ada")


def test_the_client_can_log_out(wsgi_client):
    wsgi_client.get("/a-logout")
    wsgi_client.get("/account", status=302)
"""


def test_fixtures_share_the_session(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_shop=FIXTURES)
    options = [option.replace("--wsgi-app", "wsgi_app") for option in FORM]
    pytester.makeini(
        "[pytest]\n"
        f"{options[0].replace('=', ' = ', 1)}\n"
        "wsgi_login = /login\n"
        "wsgi_login_field =\n    user=ada\n    password=${SHOP_PASSWORD}\n"
    )
    done = pytester.runpytest_inprocess("-p", "no:hypothesispytest", "-W", "default", "test_shop.py")
    done.assert_outcomes(passed=2)


def test_fixtures_have_the_pairs_of_the_hook(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(HOOK + "\nimport api, pytest\n\n@pytest.fixture\ndef wsgi_app():\n    return api.app\n")
    pytester.makepyfile(
        test_api="def test_it(wsgi_client, wsgi_session):\n"
        "    assert wsgi_session[0][0] == 'Authorization'\n"
        "    wsgi_client.get('/json').mustcontain('hello')\n"
    )
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", "-W", "default", "--wsgi-ignore=header-no-persistence"
    )
    done.assert_outcomes(passed=1)


def test_a_session_that_can_not_be_opened_fails_the_test_that_wants_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_shop="def test_it(wsgi_session): pass\n")
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", "-W", "default", "-o", "wsgi_app=shop:app", "--wsgi-login=/nowhere",
        "--wsgi-login-field=password=lovelace-1815", "test_shop.py",
    )  # fmt: skip
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*wsgi_session: the login does not work: GET /nowhere answered 404 NOT FOUND*"])


MIDDLEWARE = """
SEEN = []


def wrap(app):
    def wrapped(environ, start_response):
        SEEN.append((environ.get("HTTP_X_API_KEY"), environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_X_CHANGED")))
        return app(environ, start_response)
    return wrapped
"""


def test_credentials_go_through_a_middleware(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(layer=MIDDLEWARE)
    pytester.makeconftest(
        "import pathlib\n"
        "def pytest_wsgiconform_request(target, environ):\n    environ['HTTP_X_CHANGED'] = target\n"
        "def pytest_sessionfinish():\n"
        "    import layer\n    pathlib.Path('seen.txt').write_text(repr(sorted(set(layer.SEEN))))\n"
    )
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", "-W", "default", "--wsgi-middleware=layer:wrap", "--wsgi-auth=ada:lovelace-1815",
        "--wsgi-header=X-Api-Key: key-of-ada", "--wsgi-select=header-*",
    )  # fmt: skip
    assert done.ret == pytest.ExitCode.OK, done.stdout.str()
    seen = eval((pytester.path / "seen.txt").read_text())
    assert ("key-of-ada", "Basic YWRhOmxvdmVsYWNlLTE4MTU=", "layer:wrap") in seen
    # A stimulus that is about Authorization sends its own.
    assert all(key == "key-of-ada" and changed == "layer:wrap" for key, _, changed in seen)
