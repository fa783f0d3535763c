"""What README, docs and changelog call a rule is one: ids get around, and an example with a wrong one fails."""

from __future__ import annotations

import re
from fnmatch import filter as matching
from pathlib import Path

import pytest

from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.registry import catalogue

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]

#: Words of several parts that stand in backticks and are neither rules nor clauses.
OTHER_NAMES = {
    *("aiohttp-wsgi", "pytest-github-actions-annotate-failures", "pytest-xdist"),  # packages
    *("not-exercised", "not-applicable"),  # verdicts
    *("app-called", "routes-reached"),  # items that say what was reached
    *("server-wsgi", "server-wire"),  # kinds of rules
    *("pre-commit", "false-finding", "missed-fault", "server-wanted"),  # what CONTRIBUTING speaks of
}
#: Stands for a rule of the reader's.
PLACEHOLDERS = {"rule-id"}

_OPTION = re.compile(r"--wsgi-(?:rules|select|ignore)=(?P<ids>'[^']+'|\"[^\"]+\"|[\w*?,-]+)")
_INI_LIST = re.compile(r"^wsgi_(?:levels|ignore|select) *= *\[\n(?P<lines>.*?)^\]", re.MULTILINE | re.DOTALL)
_INI_LINE = re.compile(r"^wsgi_(?:levels|ignore|select) *= *(?P<line>[^\[\n].*)$", re.MULTILINE)
_MARKER = re.compile(r"wsgi_allow\((?P<ids>[^)]*)\)")
_NODE = re.compile(r"wsgi-[a-z]+\[[^\]]+\]::[\w-]+::(?P<id>[\w*-]+)")
_KEBAB = re.compile(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`")


def references(text: str) -> list[str]:
    """Return the ids and globs that the examples in *text* give to options, ini keys, markers and node ids."""
    found: list[str] = []
    for match in _OPTION.finditer(text):
        found += match["ids"].strip("'\"").split(",")
    lines = [line for block in _INI_LIST.finditer(text) for line in block["lines"].splitlines()]
    lines += [match["line"] for match in _INI_LINE.finditer(text)]
    for line in lines:
        # 'RULES = LEVEL', 'RULES -- REASON' or 'RULES @ PATH -- REASON'
        rules = re.split(r" = | -- | @ ", line.strip(" \",'"))[0]
        found += rules.replace(",", " ").split()
    for match in _MARKER.finditer(text):
        found += re.findall(r"[\"']([^\"']+)[\"']", match["ids"])
    found += [match["id"] for match in _NODE.finditer(text)]
    return [name for name in found if name != name.upper() or "*" in name]


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_rule_in_an_example_exists(page: Path) -> None:
    wanted = set(references(page.read_text(encoding="utf-8"))) - PLACEHOLDERS
    assert [name for name in sorted(wanted) if not matching(catalogue(), name)] == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_id_in_running_text_is_a_rule_or_a_clause(page: Path) -> None:
    names = set(_KEBAB.findall(page.read_text(encoding="utf-8"))) - OTHER_NAMES - PLACEHOLDERS
    assert [name for name in sorted(names) if name not in catalogue() and name not in clauses()] == []


def test_examples_of_every_kind_are_found_in_the_docs() -> None:
    """Else the search above looks past them."""
    everything = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for pattern in (_OPTION, _INI_LIST, _INI_LINE, _MARKER, _NODE):
        assert pattern.search(everything), pattern.pattern


EXAMPLES = {
    "pytest --wsgi-select='status-*,header-*' --wsgi-ignore=close-called": "status-* header-* close-called",
    "pytest --wsgi-rules=ID": "",
    'wsgi_levels = [\n    "body-app-buffers = advice",\n    "status-* = warning",\n]\n': "body-app-buffers status-*",
    'wsgi_ignore = [\n    "close-called @ shop/* -- why",\n    "* @ /old/* -- frozen",\n]\n': "close-called *",
    "[pytest]\nwsgi_ignore = input-only-listed-methods\n": "input-only-listed-methods",
    '@pytest.mark.wsgi_allow("rule-id", "close-called")': "rule-id close-called",
    "pytest 'wsgi-app[a:b]::body::body-native-bytes'": "body-native-bytes",
}


@pytest.mark.parametrize(("example", "rules"), EXAMPLES.items())
def test_references_are_read_as_the_plugin_reads_them(example: str, rules: str) -> None:
    assert references(example) == rules.split()
