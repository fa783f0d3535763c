"""The recipes of ``docs/ci.md``, copied out of the page and run: green over known faults, red over a new one.

What only a hosted runner can do (``uses:`` steps, publishing artifacts) is not run here; that the files which those
steps publish are there is looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

from .environments import python_with

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

SHOP = '''"""A shop with a known fault."""


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
'''
NEW_FAULT = SHOP.replace('"200 OK"', '"200"')

PYPROJECT = """[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "shop"
version = "1"

[tool.setuptools]
py-modules = ["shop"]
"""

pytestmark = pytest.mark.slow


def recipe(heading: str) -> str:
    """Return the first block of code below *heading*."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"^```\w+\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of the programs that read recipes."""
    return Path(python_with("tox>=4", "nox>=2024.4", "pre-commit>=4", "setuptools>=77")).parent


@pytest.fixture(scope="module")
def environment(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which this package can be installed by name, as if it had been released."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "pytest_wsgiconform", source / "pytest_wsgiconform")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    wheels = tmp_path_factory.mktemp("wheels")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_", "VIRTUAL_ENV"))}
    clean |= {"PIP_FIND_LINKS": str(wheels), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = run([str(tools / "python"), "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), "."], source, clean)
    assert done.returncode == 0, done.stderr
    return clean


@pytest.fixture(scope="module")
def installed(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a job: a Python of its own comes first on the path, with the app's requirements in it."""
    home = tmp_path_factory.mktemp("job") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=300)
    return {**environment, "PATH": f"{home / 'bin'}{os.pathsep}{environment['PATH']}"}


@pytest.fixture
def shop(tmp_path: Path, installed: dict[str, str]) -> Path:
    """A project whose one fault is in its baseline."""
    project = tmp_path / "shop"
    project.mkdir()
    (project / "shop.py").write_text(SHOP)
    (project / "pyproject.toml").write_text(PYPROJECT)
    done = run(["python", "-m", "pip", "install", "-q", ".", "pytest-wsgiconform[html]"], project, installed)
    assert done.returncode == 0, done.stderr
    known = [
        "python",
        "-m",
        "pytest",
        "--wsgi-app=shop:app",
        "--wsgi-baseline=wsgi-known.toml",
        "--wsgi-write-baseline",
    ]
    done = run(known, project, installed)
    assert done.returncode == 0, done.stdout
    assert "header-no-persistence" in (project / "wsgi-known.toml").read_text()
    return project


def read_yaml(text: str, tools: Path) -> Any:
    script = "import json, sys, yaml; print(json.dumps(yaml.load(sys.stdin, yaml.BaseLoader)))"
    command = [str(tools / "python"), "-c", script]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def green_then_red(
    shop: Path, judge: Callable[[], subprocess.CompletedProcess[str]]
) -> subprocess.CompletedProcess[str]:
    """See that the recipe's job passes with the known fault, and fails for a new one, which it names; return this."""
    done = judge()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "known" in done.stdout
    (shop / "shop.py").write_text(NEW_FAULT)
    done = judge()
    assert done.returncode != 0
    assert "status-has-reason" in done.stdout
    return done


def steps(commands: list[str], shop: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run(["bash", "-e", "-c", "\n".join(commands)], shop, environment)


def test_github_actions(shop: Path, tools: Path, installed: dict[str, str], tmp_path: Path) -> None:
    job = read_yaml(recipe("GitHub Actions"), tools)["jobs"]["wsgi"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    summary = tmp_path / "summary.md"
    environment = {**installed, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true", "CI": "true"}
    environment["GITHUB_WORKSPACE"] = str(shop)
    red = green_then_red(shop, lambda: steps(commands, shop, environment))
    assert "status-has-reason" in summary.read_text()
    published = [step["with"] for step in job["steps"] if "with" in step and step.get("if") == "always()"]
    assert (shop / published[0]["sarif_file"]).exists()
    assert all((shop / name).exists() for name in published[1]["path"].split())
    # The annotation plug-in points at the app's own line.
    assert re.search(r"^::error [^\n]*file=shop\.py,[^\n]*line=5\b", red.stderr, re.MULTILINE), red.stderr


def test_gitlab(shop: Path, tools: Path, installed: dict[str, str]) -> None:
    job = read_yaml(recipe("GitLab CI"), tools)["wsgi"]
    green_then_red(shop, lambda: steps(job["script"], shop, {**installed, "CI": "true"}))
    assert all((shop / path).exists() for path in [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]])


def test_tox(shop: Path, tools: Path, environment: dict[str, str]) -> None:
    (shop / "tox.ini").write_text(recipe("tox"))
    green_then_red(shop, lambda: run([str(tools / "tox"), "run", "-e", "wsgi"], shop, environment))


def test_nox(shop: Path, tools: Path, environment: dict[str, str]) -> None:
    (shop / "noxfile.py").write_text(recipe("nox"))
    green_then_red(shop, lambda: run([str(tools / "nox"), "-s", "wsgi"], shop, environment))
    assert (shop / "wsgi.html").exists()


def test_pre_commit(shop: Path, tools: Path, installed: dict[str, str]) -> None:
    (shop / ".pre-commit-config.yaml").write_text(recipe("pre-commit"))
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    environment = {**installed, **git}
    for command in (["git", "init", "-q"], ["git", "add", "."]):
        assert run(command, shop, environment).returncode == 0
    judge = [str(tools / "pre-commit"), "run", "wsgi", "--all-files", "--hook-stage", "pre-push", "--verbose"]
    green_then_red(shop, lambda: run(judge, shop, environment))


def test_the_options_can_stand_in_pyproject(shop: Path, installed: dict[str, str]) -> None:
    options = PAGE.split("put them into `pyproject.toml`", 1)[1]
    block = re.search(r"^```toml\n(.*?)^```$", options, re.MULTILINE | re.DOTALL)
    assert block is not None
    (shop / "pyproject.toml").write_text(PYPROJECT + "\n" + block[1])
    green_then_red(shop, lambda: run(["python", "-m", "pytest"], shop, installed))
