"""The corpus of broken apps: each is found by the rule that it names, or by a rule of the clauses that it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import Any

import pytest

from pytest_wsgiconform import Blame, Finding, Level, check_app
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.app.model import play
from pytest_wsgiconform.stimuli.app.order import app_stimuli
from pytest_wsgiconform.targets.verdicts import finding_of_run
from tests.corpora.collecting import Program, by_rule, programs
from tests.targets.app.served import found_by_validator

#: Apps with the rule that has to find each.
BY_RULE = by_rule("apps/broken")
#: Apps with one fault, at a marked line, against a clause.
BY_CLAUSE = [program for program in programs("apps/broken") if program.clauses]

ORDINARY = ("get", "post", "head", "file-wrapper")
RULES = [rule for rule in catalogue().values() if rule.side is Blame.APP]
#: The stimuli of these need no more than this; the hanging apps would use up the whole limit each time.
LIMITS = {"answers-in-time": 0.4}


#: Faults that no ordinary request of a client shows: the suite has to provoke them.
PROVOKED = {
    *("answers_by_the_connection_field", "answers_once_only", "compares_a_flag_with_true", "decodes_the_path_as_utf8"),
    *("goes_on_when_closed", "head_says_another_length", "hides_what_start_response_raises"),
    *("keeps_the_request_in_a_shared_place", "LeftEarly", "makes_a_number_of_an_empty_length"),
    *("needs_a_content_type", "needs_a_first_letter", "needs_a_query_string", "needs_a_remote_address"),
    *("needs_a_script_name", "needs_a_user_agent", "needs_the_file_wrapper", "not_modified_without_its_etag"),
    *("one_iterator_for_all", "one_list_for_all_requests", "rebuilds_from_the_server_name", "rebuilds_in_utf8"),
    *("rebuilds_without_quoting", "refuses_head", "returns_a_page_after_a_refused_error_start"),
    *("unquotes_the_query", "zips_for_everybody", "zips_without_vary"),
}

#: Clauses that ``clauses.json`` calls no more than advice.
ADVISED = {"body-app-not-raw-file", "input-app-read-size", "exc-app-traps-own"}

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def must_be_shown(rule: Rule) -> bool:
    return rule.level is Level.ERROR or rule.since != "0.1"


def found_by(rule_id: str, app: Any) -> list[Finding]:
    """Play what *rule_id* looks at, and return its findings."""
    rule = catalogue()[rule_id]
    names = ORDINARY if rule.on else ("get", "post") if rule.stimuli == ("*",) else rule.stimuli
    found: list[Finding] = []
    for stimulus in app_stimuli():
        if stimulus.id in names:
            run = play(stimulus, app, [rule] if rule.on else [], "/page", LIMITS.get(rule_id, 20.0))
            found += [finding for finding in run.findings if finding.rule == rule_id]
            if rule.stimuli:
                found += [finding_of_run(rule, fault, run) for fault in rule.check(run) or ()]
    return found


@pytest.mark.parametrize(("rule_id", "broken"), BY_RULE, ids=[f"{rule}-{broken.name}" for rule, broken in BY_RULE])
def test_a_broken_app_is_caught_by_its_rule(rule_id: str, broken: Program) -> None:
    found = found_by(rule_id, broken.make())
    assert found, f"{rule_id} says nothing of {broken.id}, which is in the corpus to break it"
    assert {finding.blame for finding in found} == {Blame.APP}


def test_each_exchange_rule_has_two_broken_apps() -> None:
    counted = Counter(rule for rule, _ in BY_RULE)
    once = ("portable-across-servers", "traps-own-errors", "validators-honoured", "body-read-in-pieces")
    few = {r.id: counted[r.id] for r in RULES if r.stimuli and r.section != "process" and counted[r.id] < 2}
    assert {name: count for name, count in few.items() if name not in (*once, "url-without-default-port")} == {}, (
        "write broken apps for these rules, two for each that fail in different ways, in tests/corpora/apps/broken/, "
        "as @corpus.program(RULE)"
    )
    assert all(counted[name] for name in once)


def test_each_event_rule_has_a_broken_app() -> None:
    """Those of error level, and all that came after the first release."""
    shown = {rule for rule, _ in BY_RULE}
    broken = {clause for program in BY_CLAUSE for clause in program.clauses}
    wanted = [rule for rule in RULES if rule.on and must_be_shown(rule) and not broken & set(rule.clauses)]
    assert [rule.id for rule in wanted if rule.id not in shown] == [], (
        "write a broken app for these rules in tests/corpora/apps/broken/, as @corpus.program(RULE) or "
        "corpus.answering(RULE, NAME, STATUS, HEADERS, *BLOCKS)"
    )


def judge(broken: Program, found: list[Finding], lines: Container[int]) -> None:
    """Assert that *found* tells the fault of *broken*, at one of *lines*, and no other."""
    level = Level.WARNING
    if any(clauses()[clause].level in ("must", "must-not", "implied") for clause in broken.clauses):
        level = Level.ERROR
    if set(broken.clauses) <= ADVISED:
        level = Level.ADVICE
    serious = [finding for finding in found if finding.level is not Level.ADVICE or finding.level is level]
    told = [finding for finding in serious if set(finding.clauses) & set(broken.clauses)]
    assert level in {finding.level for finding in told}, [str(finding) for finding in found]
    for finding in told:
        assert finding.blame is Blame.APP
        assert finding.location is not None
        assert finding.location.file == broken.file
        assert finding.location.line in lines, str(finding)
    assert [str(f) for f in found if f not in told and f.level is not Level.ADVICE] == []


@pytest.mark.parametrize("broken", BY_CLAUSE, ids=[entry.name for entry in BY_CLAUSE])
def test_the_validator_reports_the_fault(broken: Program) -> None:
    found = found_by_validator(broken.make())
    if broken.name in PROVOKED:
        assert [str(finding) for finding in found if finding.level is not Level.ADVICE] == []
    else:
        # Which of several returns was taken is seen in the suite's thorough mode only.
        judge(broken, found, broken.lines)


@pytest.mark.slow
@pytest.mark.parametrize("broken", BY_CLAUSE, ids=[entry.name for entry in BY_CLAUSE])
def test_the_suite_reports_the_fault(broken: Program) -> None:
    judge(broken, list(check_app(broken.make(), ["/page"], timeout=60).findings), broken.marked_lines)


@pytest.mark.slow
def test_both_modes_of_the_validator_find_the_same() -> None:
    for broken in BY_CLAUSE:
        quick, thorough = ({found.rule for found in found_by_validator(broken.make(), mode)} for mode in (False, True))
        assert quick == thorough, broken.id


def test_names_and_marks_are_what_they_claim() -> None:
    assert all(broken.marked_lines for broken in BY_CLAUSE)
    assert {name for broken in BY_CLAUSE for name in broken.clauses} <= set(clauses())
    assert {broken.name for broken in BY_CLAUSE} >= PROVOKED
    assert all(broken.rules or broken.clauses for broken in programs("apps/broken"))
