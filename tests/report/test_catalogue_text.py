"""What --wsgi-rules prints: text without marks, the stimuli of a rule, and where to find its parts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import pytest_wsgiconform
from pytest_wsgiconform.report import sarif
from pytest_wsgiconform.report.catalogue_text import STIMULI_SHOWN, explained, listed
from pytest_wsgiconform.report.html_view import page
from pytest_wsgiconform.report.html_wire import unescape
from pytest_wsgiconform.rules.model import Blame, Rule
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.stimuli.described import Described, described
from pytest_wsgiconform.stimuli.middleware.stimuli import middleware_stimuli
from pytest_wsgiconform.stimuli.server.model import Setting, server_stimuli
from tests.report.documents import document

RULES = list(catalogue().values())
PACKAGE = Path(pytest_wsgiconform.__file__).parent
PLACE = re.compile(r"\((?P<file>[\w/]+\.py):(?P<line>\d+)\)$")
SETTING = Setting("127.0.0.1:8000")


@cache
def of_servers() -> dict[str, Described]:
    """Return all stimuli that rules on servers name, by id."""
    rules = [rule for rule in RULES if rule.side is Blame.SERVER]
    return {one.id: one for rule in rules for one in described(rule)}


def source_line(place: str) -> str:
    """Return the line of the package that ``file:line`` names."""
    file, _, line = place.partition(":")
    return (PACKAGE / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def stimuli_part(rule: Rule) -> list[str]:
    lines = explained(rule, 100)
    begin = next((n for n, line in enumerate(lines) if line.startswith("Stimuli:")), len(lines))
    return lines[begin:]


def test_the_catalogue_has_no_marks() -> None:
    text = "\n".join(listed(RULES, 100))
    assert "`" not in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_in_full_has_no_marks(rule: Rule) -> None:
    lines = explained(rule, 100)
    assert "``" not in "\n".join(lines)
    above_the_examples = lines[: lines.index("Breaks it:")]
    assert "`" not in "\n".join(above_the_examples)


def test_reports_have_no_marks_either() -> None:
    made = document()
    shown = [rule for section in page(made).sections for rule in section.rules]
    driver = sarif.log(made)["runs"][0]["tool"]["driver"]
    assert len(shown) == len(driver["rules"]) == len(RULES)
    for rule in shown:
        assert "`" not in "".join([rule.summary, rule.hint, *rule.why])
    for row in driver["rules"]:
        assert "`" not in row["shortDescription"]["text"] + row["fullDescription"]["text"] + row["help"]["text"]
        assert "``" not in row["help"]["markdown"].replace("```", "")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_place_of_a_card_is_the_line_of_its_decorator(rule: Rule) -> None:
    (line,) = (line for line in explained(rule, 100) if line.startswith("Defined in "))
    assert re.match(r"@\w+_rule\($", source_line(line.removeprefix("Defined in ")))


@pytest.mark.parametrize("rule", [r for r in RULES if r.side is Blame.SERVER and r.stimuli], ids=lambda r: r.id)
def test_the_stimuli_of_a_server_rule_are_shown_with_their_bytes(rule: Rule) -> None:
    found, lines = described(rule), stimuli_part(rule)
    if rule.stimuli == ("*",):
        assert lines == ["Stimuli: all that there are for the server"]
        return
    heads = [n for n, line in enumerate(lines) if re.match(r"    \S+  \(", line)]
    assert [lines[n].split()[0] for n in heads] == [one.id for one in found[:STIMULI_SHOWN]]
    assert ("    and" in lines[-1]) == (len(found) > STIMULI_SHOWN)
    if len(found) > STIMULI_SHOWN:
        assert lines[-1] == f"    and {len(found) - STIMULI_SHOWN} more"
    for stimulus, begin, end in zip(found, heads, [*heads[1:], len(lines)], strict=False):
        first = server_stimuli()[stimulus.id].scripts(SETTING)[0].steps[0]
        data = getattr(first, "data", b"")
        shown = b"".join(unescape(line[10:]) for line in lines[begin:end] if line.startswith("        > "))
        left_out = sum(int(count) for count in re.findall(r"\* (\d+) more bytes", "\n".join(lines[begin:end])))
        assert len(shown) + left_out == len(data)
        assert data.startswith(shown[:100])


@pytest.mark.parametrize("stimulus", server_stimuli().values(), ids=lambda stimulus: stimulus.id)
def test_a_stimulus_and_its_behaviours_are_found_where_it_says(stimulus: Any) -> None:
    one = of_servers()[stimulus.id]
    topic, _, variant = stimulus.id.partition(":")
    line = source_line(one.place)
    assert topic in line or variant in line
    sent = b"".join(getattr(step, "data", b"") for script in one.scripts for step in script.steps)
    for name, place in one.behaviours:
        assert f"/probe/{name}/".encode() in sent
        assert "behaviour(" in source_line(place) or "def " in source_line(place)


@pytest.mark.parametrize("rule", [r for r in RULES if r.side is not Blame.SERVER and r.stimuli], ids=lambda r: r.id)
def test_the_stimuli_of_apps_and_middleware_have_their_sentences(rule: Rule) -> None:
    lines = stimuli_part(rule)
    if rule.stimuli == ("*",):
        assert lines == [f"Stimuli: all that there are for the {rule.side}"]
        return
    known = {s.id: s.summary for s in (app_stimuli() if rule.side is Blame.APP else middleware_stimuli())}
    for name in rule.stimuli:
        (line,) = (line for line in lines if line.startswith(f"    {name}: {known[name]}  ("))
        found = PLACE.search(line)
        assert found is not None
        assert source_line(f"{found['file']}:{found['line']}").startswith("def ")


def test_a_rule_on_single_events_has_no_stimuli() -> None:
    events = [rule for rule in RULES if rule.on]
    assert events
    assert all(stimuli_part(rule) == [] for rule in events)
