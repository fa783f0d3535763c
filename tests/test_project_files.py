"""The files around the code say what is true: links lead somewhere, actions are pinned, versions agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GUIDES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def label(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=label)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(workflow: Path) -> None:
    """A tag can be moved by whoever owns the action; a commit can't."""
    used = re.findall(r"uses: *(.+)", workflow.read_text(encoding="utf-8"))
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)] == []


def test_the_interpreters_that_must_pass_are_those_that_the_package_claims() -> None:
    claimed = re.findall(r"Programming Language :: Python :: (3\.\d+)\"", text_of("pyproject.toml"))
    (tested,) = re.findall(r"python: \[(.+)\]", text_of(".github/workflows/ci.yml"))
    assert re.findall(r"3\.\d+", tested) == claimed
    (asked,) = re.findall(r"INTERPRETERS = \[(.+)\]", text_of("noxfile.py"))
    assert set(claimed) <= set(re.findall(r"3\.\d+", asked))


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", "docs/releasing.md", ".github/workflows/ci.yml"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    lines = re.findall(r"(?:^\$ |`|run: )make ([a-z -]+)", text_of(name), re.MULTILINE)
    named = {word for line in lines for word in line.split()}
    assert named
    assert named <= targets


@pytest.mark.parametrize("page", GUIDES, ids=label)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_pre_commit_hooks_are_those_of_make_lint() -> None:
    """Both say the same only as long as both run the same programs."""
    hooks = set(re.findall(r"entry: \.venv/bin/(\w+(?: check| format)?)", text_of(".pre-commit-config.yaml")))
    linted = set(re.findall(r"\$\(BIN\)/((?:ruff (?:check|format)|mypy))", text_of("Makefile")))
    assert hooks == linted


#: Rooms of the package that CONTRIBUTING names without the package's own name.
_PATH = re.compile(r"`((?:rules|stimuli|targets|plugin|testing|probe|tests|pytest_wsgiconform)/[\w/.]*)`")


def test_every_path_that_contributing_names_exists() -> None:
    # Of a file that is named by its topic only the folder is known.
    named = {
        name.partition("TOPIC")[0].rpartition("/")[0] if "TOPIC" in name else name
        for name in _PATH.findall(text_of("CONTRIBUTING.md"))
    }
    assert named
    roots = (ROOT, ROOT / "pytest_wsgiconform")
    assert [name for name in sorted(named) if not any((root / name).exists() for root in roots)] == []
