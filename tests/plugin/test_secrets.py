"""No output of a run shows a secret, in any of the forms in which it may be spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.secret_forms import FORMS

#: Values with all that is escaped anywhere; one of them is too short to be masked everywhere.
PASSWORD = "p&ss w/ord+<\"1%'é"
KEY = "key=of&ada/1815"
TOKEN = "hook-token-of-ada-lovelace"
SESSION = "session-of-ada-0123456789"
CSRF = "csrf-of-the-form-42"
ARGUMENT = "argument of a route/1"

LEAKY = '''
"""An app that says all that it knows, in each place and each form that there is."""
import os
import sys
import warnings
from urllib.parse import parse_qs, unquote

import forms

LOGIN = (
    "<form method=post><input type=hidden name=csrf_token value=@CSRF@><input name=user>"
    "<input type=password name=password></form>"
)
TEXT = [("Content-Type", "text/html; charset=utf-8")]


def known(environ):
    """All that came with the request, in all forms."""
    fields = [environ.get(name, "") for name in ("HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_HOOK")]
    texts = [os.environ["SHOP_PASSWORD"], os.environ["SHOP_ARGUMENT"], *fields, "@CSRF@"]
    return " | ".join(spelled for text in texts for spelled in forms.spelled(text))


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/login":
        if environ["REQUEST_METHOD"] == "POST":
            form = parse_qs(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode())
            if form.get("password") == [os.environ["SHOP_PASSWORD"]] and form.get("csrf_token") == ["@CSRF@"]:
                print("logged in with", form)
                start_response("302 Found", [("Location", "/"), ("Set-Cookie", "sid=@SESSION@; Path=/")])
                return []
        start_response("200 OK", TEXT)
        return [LOGIN.encode()]
    if "@SESSION@" not in environ.get("HTTP_COOKIE", ""):
        start_response("302 Found", [("Location", "/login")])
        return []
    if path in ("/", "/raises"):
        print(known(environ))
        print(known(environ), file=sys.stderr)
        environ["wsgi.errors"].write(known(environ))
        warnings.warn("leaks " + known(environ))
    if path == "/raises":
        raise RuntimeError("no database for " + known(environ))
    if path == "/headers":
        # Each value breaks a rule, whose finding shows it.
        spelled = known(environ).encode("latin-1", "replace").decode("latin-1").split(" | ")
        headers = [("X-%d" % number, "\\x01" + value) for number, value in enumerate(spelled)]
        start_response("200 " + known(environ) + "\\x01", [*TEXT, *headers, ("Set-Cookie", "sid=@SESSION@; Path")])
        return [known(environ)]
    start_response(b"200 " + known(environ).encode(), [("X", known(environ))])
    return [known(environ)]
'''

CONFTEST = """
def pytest_wsgiconform_session(config, target, app):
    return {"X-Hook": "@TOKEN@"}
"""

TESTS = """
import os
import warnings

import forms
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st


def test_that_fails(wsgi_client, wsgi_session):
    shown = {name: forms.spelled(value) for name, value in wsgi_session}
    print(shown)
    warnings.warn(str(shown))
    password = os.environ["SHOP_PASSWORD"]
    response = wsgi_client.get("/", expect_errors=True)
    assert shown == password


def test_that_breaks_a_rule(wsgi_client):
    wsgi_client.get("/headers", expect_errors=True)


def test_that_raises(wsgi_client):
    try:
        wsgi_client.get("/raises")
    finally:
        raise ValueError(os.environ["SHOP_PASSWORD"])


@settings(database=None, max_examples=5, suppress_health_check=list(HealthCheck))
@given(number=st.integers())
def test_with_an_example(wsgi_session, number):
    secret = [*wsgi_session, os.environ["SHOP_PASSWORD"]]
    assert secret == number, secret


def test_that_skips(wsgi_session):
    pytest.skip("because of " + str(wsgi_session))


@pytest.fixture
def broken(wsgi_session):
    raise LookupError(wsgi_session)


def test_with_a_broken_fixture(broken):
    pass
"""


def filled(text: str) -> str:
    for name, value in (("CSRF", CSRF), ("SESSION", SESSION), ("TOKEN", TOKEN)):
        text = text.replace(f"@{name}@", value)
    return text


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(__file__).parents[1].joinpath("secret_forms.py").read_text("utf-8")
    spelled = "\n\ndef spelled(text):\n    return [str(form(text)) for form in FORMS.values()]\n"
    pytester.makepyfile(leaky=filled(LEAKY), conftest=filled(CONFTEST), test_leaks=TESTS, forms=source + spelled)
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHOP_KEY", KEY)
    monkeypatch.setenv("SHOP_ARGUMENT", ARGUMENT)
    pytester.makeini("[pytest]\nwsgi_app = leaky:app\n")


#: What the project itself consists of; everything else in its folder was written by the run.
SOURCES = {"leaky.py", "conftest.py", "test_leaks.py", "forms.py", "tox.ini"}

OPTIONS = (
    "--wsgi-login=/login",
    "--wsgi-login-field=user=ada",
    "--wsgi-login-field=password=${SHOP_PASSWORD}",
    "--wsgi-header=X-Api-Key: ${SHOP_KEY}",
    "--wsgi-auth=ada:${SHOP_PASSWORD}",
    "--wsgi-value=name=${SHOP_ARGUMENT}",
    "--wsgi-path=/raises",
    "--wsgi-path=/headers",
)
REPORTS = (
    *(f"--wsgi-report={kind}:out/report.{kind}" for kind in ("json", "html", "sarif", "markdown")),
    "--junitxml=out/junit.xml",
    "-o=junit_logging=all",
    "--wsgi-repro=out/repro",
    "--wsgi-baseline=out/baseline.toml",
    "--wsgi-write-baseline",
)


def leaks(texts: dict[str, str]) -> Iterator[str]:
    """Say where which secret shows, and how it is spelled there."""
    for secret in (PASSWORD, KEY, TOKEN, SESSION, CSRF, ARGUMENT):
        for form, spell in FORMS.items():
            spelled = spell(secret).strip("\"'")
            for where, text in texts.items():
                place = text.find(spelled)
                if place >= 0:
                    yield f"{where}: {secret!r} as {form}: ...{text[max(0, place - 60) : place + 60]!r}..."


def outputs(pytester: pytest.Pytester, done: pytest.RunResult) -> dict[str, str]:
    """Return all that the run wrote, by where."""
    found = {"stdout": done.stdout.str(), "stderr": done.stderr.str()}
    for path in pytester.path.rglob("*"):
        own = path.name in SOURCES or ".hypothesis" in path.parts  # where constants of the sources are kept
        if path.is_file() and not own and path.suffix != ".pyc":
            found[str(path.relative_to(pytester.path))] = path.read_bytes().decode("utf-8", "replace")
    # A report may be escaped once more by its own format.
    return found


@pytest.mark.parametrize(
    "more",
    [
        pytest.param([], id="plain"),
        # The other ways take half a minute each.
        pytest.param(["-n2"], id="workers", marks=pytest.mark.slow),
        pytest.param(["--wsgi-isolate", "-p", "no:randomly"], id="isolated", marks=pytest.mark.slow),
        pytest.param(["--wsgi-layers", "--wsgi-cov"], id="layers", marks=pytest.mark.slow),
    ],
)
def test_no_output_shows_a_secret(more: list[str], pytester: pytest.Pytester) -> None:
    pytester.mkdir("out")
    suite = ["test_leaks.py", "--wsgi-app=leaky:app", "-v", "-ra", "-l", "--tb=long", "-p", "no:cov"]
    choice = ["--wsgi-select=header-*,status-*,exc*,close*,no-*,cookie*,body-*"]
    done = pytester.runpytest_subprocess(*suite, *choice, *OPTIONS, *REPORTS, *more)
    texts = outputs(pytester, done)
    assert {"out/report.json", "out/report.html", "out/report.sarif", "out/report.markdown"} < set(texts)
    assert {"out/junit.xml", "out/baseline.toml"} < set(texts)
    assert any(re.fullmatch(r"out/repro/header-.*\.py", name) for name in texts)
    assert "***" in texts["stdout"] and "***" in texts["out/report.json"] and "***" in texts["out/junit.xml"]
    assert "test_that_fails" in texts["stdout"] and "header-value-no-control" in texts["stdout"]
    assert "Failing test case" in texts["stdout"] or "Falsifying example" in texts["stdout"]
    assert list(leaks(texts)) == []


def test_a_usage_error_shows_no_secret(pytester: pytest.Pytester) -> None:
    options = [option for option in OPTIONS if "password" not in option]
    wrong = "--wsgi-login-field=password=wrong-password-of-ada"
    done = pytester.runpytest_subprocess("--wsgi-app=leaky:app", *options, wrong)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*shows the same form again*"])
    texts = outputs(pytester, done)
    assert list(leaks(texts)) == [] and "wrong-password-of-ada" not in texts["stderr"]


def test_a_short_secret_is_named_in_the_summary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "k1815")
    done = pytester.runpytest_subprocess("--wsgi-app=leaky:app", "--wsgi-select=header-value-*", *OPTIONS)
    done.stdout.fnmatch_lines(["*1 secret has fewer than 6 characters: masked only in headers*"])
