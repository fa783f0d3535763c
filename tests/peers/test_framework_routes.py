"""The routes of six frameworks' apps are found, filled so that each is reached, and counted in the summary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_frameworks import python, run_python

__all__ = ["python"]

FRAMEWORKS = ("flask", "werkzeug", "django", "falcon", "bottle", "pyramid")

SCRIPT = """
import sys

import routing_apps
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.targets.app.routes import discover

name = sys.argv[1]
app = getattr(routing_apps, name)()
routes, notes = discover(app)
assert notes == [], notes
answers = []
for route in routes:
    started = []
    body = b"".join(app(build_environ(route.path, route.method), lambda *given: started.append(given)))
    assert started[0][0] == "200 OK", (route, started)
    answers.append(body.decode())
assert sorted(answers) == sorted(routing_apps.EXPECTED[name]), (routes, answers)
print("found", len(routes))
"""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_each_route_is_found_and_reached(name: str, python: str, tmp_path: Path) -> None:
    done = run_python(python, "-c", SCRIPT, name, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    number = int(done.stdout.split()[-1])
    arguments = ["-m", "pytest", "-p", "pytest_wsgiconform.plugin", "-p", "no:cacheprovider"]
    judged = run_python(
        python, *arguments, f"--wsgi-app=routing_apps:{name}()", "--wsgi-select=status-has-reason", folder=tmp_path
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    line = re.search(r"^(\d+) exchanges on (\d+) routes \((\d+) told by the framework\)$", judged.stdout, re.MULTILINE)
    assert line is not None, judged.stdout
    assert int(line[3]) == number
    # The root is knocked at in any case.
    assert int(line[2]) == number
    assert int(line[1]) > 50 * number
