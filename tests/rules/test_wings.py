"""Every file of a wing is listed in it: a rule or a stimulus in a file that nobody imports would be silent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_wsgiconform.rules import registry
from pytest_wsgiconform.stimuli.server import model

PACKAGE = Path(registry.__file__).parents[1]
WINGS = [
    *(("rules." + wing, r"^@(?:event|app|middleware|server)_rule\(") for wing in registry.WINGS),
    *(("stimuli.server." + wing, r"^stimulus\(|^    stimulus\(") for wing in model.WINGS),
]


def defining(folder: Path, pattern: str) -> set[str]:
    """Return the topics of the files in *folder* that define what *pattern* begins."""
    return {
        path.stem for path in folder.glob("*.py") if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize(("wing", "pattern"), WINGS, ids=[wing for wing, _ in WINGS])
def test_every_file_that_defines_something_is_listed(wing: str, pattern: str) -> None:
    folder = PACKAGE.joinpath(*wing.split("."))
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    listed = set(re.findall(r'^ *"(\w+)",|\("(\w+)",\)', text, re.MULTILINE))
    names = {name for pair in listed for name in pair if name}
    found = defining(folder, pattern)
    assert found - names == set(), f"add these files to MODULES in {folder / '__init__.py'}, or nothing imports them"
    assert names - found == set(), f"these files define nothing: take them out of MODULES in {folder / '__init__.py'}"
    assert found
