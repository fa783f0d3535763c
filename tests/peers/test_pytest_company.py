"""The plugin beside others: xdist, randomly, forked, unittest, async tests, pytest-django and pytest-flask at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import pytest_wsgiconform

from .environments import python_with

REQUIREMENTS = (
    "pytest==8.4.2",
    "webtest==3.0.7",
    "hypothesis",
    "coverage",
    "pytest-xdist==3.8.0",
    "pytest-randomly==4.0.1",
    "pytest-forked==1.6.0",
    "pytest-asyncio==1.2.0",
    "pytest-django==4.11.1",
    "pytest-flask==1.3.0",
    "flask==3.1.3",
    "django==5.2.19",
    "falcon==4.2.0",
    "httpx==0.28.1",
)

APPS = """
def good(environ, start_response):
    body = environ["PATH_INFO"].encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

def bad(environ, start_response):
    start_response("200", [("Content-Type", "text/plain")])
    return [b"hello"]
"""

pytestmark = pytest.mark.slow


def run(folder: Path, *options: str, **files: str) -> tuple[dict[str, int], str]:
    """Write *files* (names without ``.py``), run pytest, and return how many tests came out how, and the output."""
    python = python_with(*REQUIREMENTS)
    (folder / "path").mkdir()
    (folder / "path" / "pytest_wsgiconform").symlink_to(Path(pytest_wsgiconform.__file__).parent)
    (folder / "apps.py").write_text(APPS)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "DJANGO_"))},
        "PYTHONPATH": os.pathsep.join([str(folder / "path"), str(folder)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "300",  # the summary is cut off at the width of the terminal
    }
    command = [python, "-m", "pytest", "-p", "pytest_wsgiconform.plugin", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    output = done.stdout + done.stderr
    assert "INTERNALERROR" not in output, output[-4000:]
    summary = done.stdout.splitlines()[-1] if done.stdout else ""
    return {what: int(count) for count, what in re.findall(r"(\d+) (passed|failed|error|errors)", summary)}, output


def ini(folder: Path, text: str) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\n{text}\n")


def test_the_suite_says_the_same_on_one_process_on_several_and_in_any_order(tmp_path: Path) -> None:
    verdicts = {}
    ways = {"alone": ("-p", "no:randomly"), "xdist": ("-n", "2"), "random": ("-p", "randomly", "-p", "no:xdist")}
    for name, options in ways.items():
        folder = tmp_path / name
        folder.mkdir()
        outcomes, output = run(folder, "--wsgi-app=apps:bad", "--wsgi-report=json:r.json", *options)
        assert outcomes["failed"] >= 1, output[-3000:]
        report = json.loads((folder / "r.json").read_text())
        verdicts[name] = sorted((rule["rule"], rule["verdict"]) for rule in report["rules"])
    assert ("status-has-reason", "broken") in verdicts["alone"]
    assert verdicts["alone"] == verdicts["xdist"] == verdicts["random"]


def test_fixtures_under_xdist_in_random_order_and_forked(tmp_path: Path) -> None:
    tests = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_good(wsgi_client, number):
    assert wsgi_client.get(f"/{number}").text == f"/{number}"

@pytest.mark.parametrize("number", range(2))
def test_bad(wsgi_validator, wsgi_environ, number):
    import apps
    body = wsgi_validator(apps.bad)(wsgi_environ(), lambda status, headers, exc_info=None: print)
    list(body)
    body.close()
"""
    for name, options in {"xdist": ("-n", "2"), "forked": ("--forked",), "random": ("-p", "randomly")}.items():
        folder = tmp_path / name
        folder.mkdir()
        outcomes, output = run(folder, "--wsgi-app=apps:good", ".", "-m", "not wsgi", *options, test_it=tests)
        assert outcomes == {"passed": 6, "failed": 2}, output[-3000:]
        assert output.count("WSGI rules broken: status-has-reason") >= 2


def test_unittest_style_tests(tmp_path: Path) -> None:
    tests = """
import unittest
import pytest
import apps

@pytest.mark.usefixtures("wsgi_validated")
class TestStyle(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def take(self, wsgi_client, wsgi_validator):
        self.client, self.validator = wsgi_client, wsgi_validator

    def test_good(self):
        self.assertEqual(self.client.get("/x").text, "/x")

    def test_bad(self):
        from werkzeug.test import Client
        Client(apps.bad).get("/")
"""
    outcomes, output = run(tmp_path, "--wsgi-app=apps:good", ".", "-m", "not wsgi", test_style=tests)
    assert outcomes == {"passed": 1, "failed": 1}, output[-3000:]
    assert "status-has-reason" in output


def test_async_tests(tmp_path: Path) -> None:
    tests = """
import asyncio
import pytest
import apps

@pytest.mark.asyncio
async def test_good(wsgi_client):
    await asyncio.sleep(0)
    assert (await asyncio.to_thread(wsgi_client.get, "/x")).text == "/x"

@pytest.mark.asyncio
async def test_bad(wsgi_validator, wsgi_environ):
    await asyncio.sleep(0)
    body = wsgi_validator(apps.bad)(wsgi_environ(), lambda status, headers, exc_info=None: print)
    list(body)
    body.close()
"""
    outcomes, output = run(tmp_path, "--wsgi-app=apps:good", ".", "-m", "not wsgi", test_async=tests)
    assert outcomes == {"passed": 1, "failed": 1}, output[-3000:]
    assert "WSGI rules broken: status-has-reason" in output


def test_pytest_django_and_pytest_flask_side_by_side(tmp_path: Path) -> None:
    ini(tmp_path, "wsgi_validate = true\nDJANGO_SETTINGS_MODULE = settings")
    settings = """
SECRET_KEY = "for tests only"
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["*"]
DATABASES = {}
"""
    urls = """
from django.http import HttpResponse
from django.urls import path

def good(request):
    return HttpResponse("hello", content_type="text/plain")

def bad(request):
    response = HttpResponse("hello", content_type="text/plain")
    response["Connection"] = "close"
    return response

urlpatterns = [path("good", good), path("bad", bad)]
"""
    conftest = """
import flask
import pytest

@pytest.fixture
def app():
    made = flask.Flask("made")
    made.add_url_rule("/good", view_func=lambda: "hello", endpoint="good")
    made.add_url_rule("/bad", view_func=lambda: ("hello", {"Connection": "close"}), endpoint="bad")
    return made
"""
    tests = """
import pytest

def test_django_good(settings):
    from django.test import Client
    assert Client().get("/good").content == b"hello"

def test_django_bad():
    from django.test import Client
    Client().get("/bad")

def test_django_rf(rf):
    assert rf.get("/good").path == "/good"

def test_flask_good(app):
    assert app.test_client().get("/good").text == "hello"

def test_flask_bad(app):
    app.test_client().get("/bad")
"""
    outcomes, output = run(tmp_path, settings=settings, urls=urls, conftest=conftest, test_both=tests)
    assert outcomes == {"passed": 3, "failed": 2}, output[-4000:]
    for name in ("test_django_bad", "test_flask_bad"):
        assert re.search(rf"FAILED test_both\.py::{name} - .*WSGI rules broken: header-no-persistence", output), name


def test_falcon_and_httpx_clients(tmp_path: Path) -> None:
    ini(tmp_path, "wsgi_validate = true")
    tests = """
import falcon
import falcon.testing
import httpx
import apps

def made(header):
    class Page:
        def on_get(self, request, response):
            response.text = "hello"
            response.content_type = "text/plain"
            if header:
                response.set_header(*header)
    app = falcon.App()
    app.add_route("/", Page())
    return app

def test_falcon_good():
    assert falcon.testing.TestClient(made(None)).simulate_get("/").text == "hello"

def test_falcon_bad():
    falcon.testing.TestClient(made(("Upgrade", "h2c"))).simulate_get("/")

def test_httpx_good():
    assert httpx.Client(transport=httpx.WSGITransport(app=apps.good)).get("http://x/a").text == "/a"

def test_httpx_bad():
    httpx.Client(transport=httpx.WSGITransport(app=apps.bad)).get("http://x/a")
"""
    outcomes, output = run(tmp_path, test_clients=tests)
    assert outcomes == {"passed": 2, "failed": 2}, output[-4000:]
