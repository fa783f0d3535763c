"""Apps of nine real frameworks under all stimuli and 200 property-based requests a route.

Each finding of error level in their code was looked at by hand (``docs/findings.md``); a new one fails here until it
has been.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .environments import python_with

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
APPS = HERE / "frameworks"

REQUIREMENTS = (
    "flask==3.1.3",
    "werkzeug==3.1.9",
    "django==5.2.19",
    "bottle==0.13.4",
    "falcon==4.4.0",
    "pyramid==2.1",
    "webob==1.8.11",
    "cherrypy==18.10.0",
    "wsgidav==4.4.0",
    "pytest>=8",
    "hypothesis",
    "coverage",
    "webtest",
)

#: What was found at error level and is theirs, as ``docs/findings.md`` says. The releases are pinned, so that something
#: that is no longer found is a fault of ours.
KNOWN: dict[str, set[str]] = {
    "flask": {
        "challenge-with-401",
        "hop-by-hop-fields-not-relied-on",
        "input-only-listed-methods",
        "url-path-quoted",
    },
    "django": {"no-content-length-with-204", "not-modified-keeps-fields"},
    "bottle": {"etag-quoted", "url-path-quoted"},
    "falcon": {"header-value-latin1", "header-value-no-crlf", "url-path-quoted"},
    "pyramid": {"challenge-with-401"},
    "werkzeug": {
        "hop-by-hop-fields-not-relied-on",
        "input-only-listed-methods",
        "not-modified-keeps-fields",
        "url-path-quoted",
    },
    "webob": {"allow-with-405", "challenge-with-401"},
    "cherrypy": set(),
    "wsgidav": {
        "allow-with-405",
        "content-length-matches-body",
        "input-only-listed-methods",
        "not-modified-keeps-fields",
    },
}

#: What is found at warning level, is theirs, and was provoked: no validator sees it in ordinary traffic.
WARNED: dict[str, set[str]] = {
    "flask": {"path-info-may-be-absent"},
    "django": {"content-coding-acceptable", "not-modified-minimal-metadata"},
    "bottle": {"path-info-may-be-absent"},
    "falcon": {"head-status-as-get", "path-info-may-be-absent"},
    "werkzeug": {"path-info-may-be-absent"},
    "webob": {"head-fields-as-get", "path-info-may-be-absent"},
    "wsgidav": {"head-fields-as-get", "path-info-may-be-absent", "script-name-may-be-absent"},
}

#: Routes that each framework tells of by itself, some of them.
ROUTES = {
    "flask": {"/", "/stream", "/folder/", "/item/1", "/static/x/y"},
    "django": {"/", "/stream", "/folder/", "/item/1"},
    "bottle": {"/", "/stream", "/item/1", "/static/x/y"},
    "falcon": {"/", "/stream", "/item/1"},
    "pyramid": {"/", "/stream", "/item/1", "/static/x"},
    "werkzeug": {"/", "/stream", "/folder/", "/item/1"},
}
NAMES = ("flask", "django", "bottle", "falcon", "pyramid", "werkzeug", "webob", "cherrypy", "wsgidav")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python() -> str:
    return python_with(*REQUIREMENTS)


def run_python(python: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(APPS), str(ROOT)]),
        "CI": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=1800,
        check=False,
    )


def paths_of(python: str, name: str, folder: Path) -> list[str]:
    """Return the routes that are discovered, and those that the app's module adds."""
    script = (
        f"import json, {name}_app as m\n"
        "from pytest_wsgiconform.targets.app.routes import discover\n"
        "routes, notes = discover(m.app)\n"
        "assert not notes, notes\n"
        "print(json.dumps([[r.path for r in routes], list(getattr(m, 'PATHS', []))]))\n"
    )
    done = run_python(python, "-c", script, folder=folder)
    assert done.returncode == 0, done.stderr
    discovered, added = json.loads(done.stdout.splitlines()[-1])
    assert set(discovered) >= ROUTES.get(name, set())
    return list(dict.fromkeys(["/", *discovered, *added]))


@pytest.mark.parametrize("name", NAMES)
def test_framework_is_judged_and_every_error_is_known(name: str, python: str, tmp_path: Path) -> None:
    paths = paths_of(python, name, tmp_path)
    arguments = ["-m", "pytest", "-p", "pytest_wsgiconform.plugin", "-p", "no:cacheprovider", "-q"]
    arguments += [f"--wsgi-app={name}_app:app", "--wsgi-fuzz=200", "--wsgi-report=json:report.json"]
    done = run_python(python, *arguments, *(f"--wsgi-path={path}" for path in paths), folder=tmp_path)
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    assert "INTERNALERROR" not in done.stdout
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    found = {
        level: {finding["rule"] for finding in report["findings"] if finding["level"] == level}
        for level in ("error", "warning")
    }
    assert found["error"] == KNOWN[name]
    assert found["warning"] >= WARNED.get(name, set())
    held = sum(rule["verdict"] == "held" for rule in report["rules"])
    assert held >= 60
