"""The corpora as a whole: every module adds programs, and every program says what it is there for."""

from __future__ import annotations

import importlib
from collections import Counter

import pytest

from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.registry import catalogue
from tests import ROOT
from tests.corpora.collecting import Program, programs

CORPORA = ROOT / "tests" / "corpora"
FOLDERS = sorted(
    f"{kind}/{sort}"
    for kind in ("apps", "middleware", "servers")
    for sort in ("broken", "conforming", "hostile")
    if (CORPORA / kind / sort).is_dir()
)
#: A server that misbehaves as a process is a script, not a program of a corpus.
SCRIPTS = {"servers/hostile"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_adds_programs_to_its_own_corpus(folder: str) -> None:
    modules = {f"tests.corpora.{folder.replace('/', '.')}.{path.stem}" for path in (CORPORA / folder).glob("*.py")}
    assert {program.module for program in programs(folder)} == (set() if folder in SCRIPTS else modules)
    for module in modules:
        assert all(program.module == module for program in getattr(importlib.import_module(module), "corpus", ()))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_two_programs_have_the_same_name_for_the_same_purpose(folder: str) -> None:
    names = Counter((program.id, program.rules, program.clauses) for program in programs(folder))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_labels_are_rules_and_clauses_that_exist(folder: str) -> None:
    def wrong(program: Program) -> set[str]:
        named = {*program.rules, *program.apart, *program.allowed} - set(catalogue())
        return named | (set(program.clauses) - set(clauses()))

    assert {program.id: wrong(program) for program in programs(folder) if wrong(program)} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_broken_programs_name_what_they_break_and_others_nothing(folder: str) -> None:
    named = {program.id for program in programs(folder) if program.rules or program.clauses}
    assert named == ({program.id for program in programs(folder)} if folder.endswith("broken") else set())


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder.endswith("hostile")])
def test_hostile_programs_say_what_can_stop_them(folder: str) -> None:
    assert {program.kind for program in programs(folder)} <= {"python", "kills"}
