"""Installed and not used, the plugin does nothing: no import, no output, no item."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, sys
before = set(sys.modules)
import pytest
status = pytest.main([*sys.argv[1:], "-q", "-p", "no:cacheprovider", "test_own.py"])
print(json.dumps([int(status), sorted(set(sys.modules) - before)]))
"""

HEAVY = {"hypothesis", "webtest", "webob", "coverage", "h11", "jinja2", "http.client", "http.server", "socketserver",
    "waitress", "xml.dom", "tomllib", "wsgiref", "bs4"}  # fmt: skip


def modules_of_a_run(folder: Path, *args: str) -> set[str]:
    """Run one empty test in an interpreter of its own, without other plugins; return what it imported."""
    (folder / "test_own.py").write_text("def test_it():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *args],
        cwd=folder,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    status, modules = json.loads(done.stdout.splitlines()[-1])
    assert status == 0, done.stdout
    return set(modules)


def test_a_run_without_options_imports_nothing_heavy(tmp_path: Path) -> None:
    without = modules_of_a_run(tmp_path)
    added = modules_of_a_run(tmp_path, "-p", "pytest_wsgiconform.plugin") - without
    assert {name for name in added if name.startswith("pytest_wsgiconform")} == {
        "pytest_wsgiconform",
        "pytest_wsgiconform._version",
        "pytest_wsgiconform.naming",
        "pytest_wsgiconform.plugin",
        "pytest_wsgiconform.plugin.hooks",
        "pytest_wsgiconform.plugin.options",
        "pytest_wsgiconform.plugin.fixtures",
        "pytest_wsgiconform.plugin.hookspecs",
    }
    assert not HEAVY & {name.split(".")[0] for name in added} and not HEAVY & added
    others = {name for name in added if not name.startswith("pytest_wsgiconform")}
    assert others == set(), "the standard library costs too"


def test_a_run_of_the_suite_imports_no_client_and_no_generator_of_tests(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "def app(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'x']\n"
    )
    modules = modules_of_a_run(tmp_path, "-p", "pytest_wsgiconform.plugin", "--wsgi-app=app:app")
    assert "pytest_wsgiconform.plugin.session" in modules
    assert not {"hypothesis", "webtest", "coverage", "h11", "jinja2"} & modules


def test_a_run_without_options_says_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("-p", "no:hypothesispytest", "-v")
    assert result.parseoutcomes() == {"passed": 1}
    text = [line for line in result.outlines if not line.startswith(("plugins:", "rootdir:"))]
    assert "wsgi" not in "\n".join(text).lower()


def test_no_fixture_is_automatic(run: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(request):\n    assert not [name for name in request.fixturenames if name.startswith('wsgi')]"
    )
    assert run().parseoutcomes() == {"passed": 1}
