"""An app of Django's under pytest-django, which blocks the project's database outside of its own tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .test_pytest_company import run

pytestmark = pytest.mark.slow

SETTINGS = """
from pathlib import Path

SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "shop"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(Path(__file__).parent / "project.sqlite3"),
        "TEST": {"NAME": str(Path(__file__).parent / "test.sqlite3")},
    }
}
LOGIN_URL = "/login"
"""

URLS = """
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path
from shop.models import Item


def items(request):
    return HttpResponse(f"{Item.objects.count()} items")


@login_required
def account(request):
    return HttpResponse(f"hello {request.user.username}")


urlpatterns = [path("", items), path("account", account)]
"""

WSGI = """
import os
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project_settings")
application = get_wsgi_application()
"""

MODELS = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=20)
"""

MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Item", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=20))]
        ),
    ]
"""

TESTS = """
import pytest
from shop.models import Item


@pytest.mark.django_db
def test_their_database_is_empty_and_theirs(client):
    assert client.get("/").content == b"0 items"
    Item.objects.create(name="a thing")
    assert client.get("/").content == b"1 items"


def test_it_stays_blocked_elsewhere():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        Item.objects.count()
"""

LOGIN = """
def pytest_wsgiconform_session(config, target, app):
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get_or_create(username="someone")[0])
    return [("Cookie", f"sessionid={client.cookies['sessionid'].value}")]
"""


def project(folder: Path, migration: str = MIGRATION) -> None:
    (folder / "shop" / "migrations").mkdir(parents=True)
    for name in ("shop/__init__.py", "shop/migrations/__init__.py"):
        (folder / name).touch()
    (folder / "shop" / "models.py").write_text(MODELS)
    (folder / "shop" / "migrations" / "0001_initial.py").write_text(migration)
    (folder / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = project_settings\n")


def judged(folder: Path, *options: str, **files: str) -> tuple[dict[str, int], str, dict[str, Any]]:
    outcomes, output = run(
        folder,
        "--wsgi-app=wsgi:application",
        "--wsgi-select=status-*",
        "--wsgi-report=json:report.json",
        *options,
        project_settings=SETTINGS,
        urls=URLS,
        wsgi=WSGI,
        **files,
    )
    report = folder / "report.json"
    return outcomes, output, json.loads(report.read_text()) if report.exists() else {}


def reached(report: dict[str, Any]) -> dict[str, bool]:
    return {route["path"]: route["reached"] for route in report["routes"]}


@pytest.mark.parametrize(
    "options",
    [
        (),
        (".",),
        (".", "-p", "no:randomly"),
        (".", "-n", "2"),
        (".", "--reuse-db"),
        (".", "--no-migrations"),
    ],
    ids=" ".join,
)
def test_the_app_has_a_test_database_beside_the_tests_of_the_project(tmp_path: Path, options: tuple[str, ...]) -> None:
    project(tmp_path)
    outcomes, output, report = judged(tmp_path, *options, test_own=TESTS)
    assert "failed" not in outcomes and "error" not in outcomes, output[-3000:]
    assert reached(report)["/"] is True, output[-3000:]
    assert not (tmp_path / "project.sqlite3").exists(), "the project's own database is not touched"
    left = [file.name for file in tmp_path.glob("test*.sqlite3*")]
    assert bool(left) is ("--reuse-db" in options)
    if not options:
        assert "wsgi: wsgi:application gets a test database of its own, because pytest-django blocks" in output


def test_a_session_can_be_opened_in_it(tmp_path: Path) -> None:
    project(tmp_path)
    outcomes, output, report = judged(tmp_path, conftest=LOGIN)
    assert "failed" not in outcomes, output[-3000:]
    assert reached(report) == {"/": True, "/account": True}


def test_a_database_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    project(tmp_path, MIGRATION.replace("models.AutoField(primary_key=True)", "1 / 0"))
    _, output, report = judged(tmp_path)
    assert (report["complete"], report["exit"]) == (False, pytest.ExitCode.USAGE_ERROR)
    assert "a test database could not be made: ZeroDivisionError: division by zero" in output
    assert "run with -p no:django to play on the project's database" in output
