"""The recipes of docs/howto-login.md: their files and their commands, as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests import ROOT

_FILE = re.compile(r"`([\w.]+)`:\n\n```python\n(.*?)```", re.DOTALL)
_COMMANDS = re.compile(r"```console\n(.*?)```", re.DOTALL)

#: The comment that marks the line which only a session reaches.
GATED = "# behind the login"


@dataclass
class Recipe:
    """One recipe. :param files: name and text of each. :param commands: as they are typed."""

    title: str
    files: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    @property
    def app(self) -> str:
        """The file with the app."""
        return next(name for name in self.files if name != "conftest.py")


def recipes() -> dict[str, Recipe]:
    """Return the recipes that have commands, by title."""
    text = ROOT.joinpath("docs", "howto-login.md").read_text("utf-8")
    found = {}
    for part in text.split("\n## ")[1:]:
        title = part.partition("\n")[0]
        commands = [line[2:] for block in _COMMANDS.findall(part) for line in block.splitlines() if line[:2] == "$ "]
        if commands:
            found[title] = Recipe(title, dict(_FILE.findall(part)), commands)
    return found


def reached(recipe: Recipe, folder: Path, python: str, *, login: bool) -> bool:
    """Run *recipe* in *folder*, and tell whether the line behind the login ran.

    :param login: false to leave out all that logs in.
    """
    for name, text in recipe.files.items():
        if login or name != "conftest.py":
            folder.joinpath(name).write_text(text, "utf-8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command: list[str] = []
    for line in recipe.commands:
        words = shlex.split(line)
        if words[0] == "export":
            environ.update([words[1].split("=", 1)])  # type: ignore[list-item]
        else:
            command = words
    assert command[0] == "pytest"
    options = [word for word in command[1:] if login or not re.match("--wsgi-(login|header|auth)", word)]
    report = folder / "report.json"
    options += ["-p", "pytest_wsgiconform.plugin", "-p", "no:cacheprovider", "--wsgi-select=status-*,header-*"]
    options += ["--wsgi-cov", f"--wsgi-report=json:{report}"]
    done = subprocess.run(
        [python, "-m", "pytest", *options],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,  # what is found in the app does not matter
    )
    assert report.exists(), done.stdout + done.stderr
    lines = recipe.files[recipe.app].splitlines()
    wanted = next(number for number, line in enumerate(lines, 1) if GATED in line)
    measured = json.loads(report.read_text("utf-8"))["coverage"]["files"]
    return any(wanted in of["covered"] for of in measured if of["file"] == recipe.app)
