"""The report's document: same content whatever order the records come in, and honest totals."""

from __future__ import annotations

import json
import random
from dataclasses import astuple
from typing import Any

from pytest_wsgiconform.naming import Target
from pytest_wsgiconform.report.document import Record, build, clause_totals, record
from pytest_wsgiconform.report.json_report import plain
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.model import Blame, Finding, Level, Location, Rule, RuleResult, Verdict


def a_rule(name: str, *clause_ids: str, level: Level = Level.ERROR) -> Rule:
    return Rule(
        id=name,
        section="start-response",
        level=level,
        side=Blame.APP,
        clauses=clause_ids,
        check=lambda event, exchange: None,
        summary=f"{name} holds.",
        why="Because.",
        hint="Mend it.",
        since="0.1",
    )


def a_finding(name: str, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "rule": name,
        "level": Level.ERROR,
        "blame": Blame.APP,
        "clauses": (),
        "message": f"{name} was broken",
        "target": "m:a",
        "location": Location("/p/m.py", 3, "a"),
    }
    return Finding(**{**values, **changes})


def a_record(name: str, verdict: Verdict, *clause_ids: str, target: str = "m:a", order: int = 0) -> Record:
    findings = (a_finding(name, target=target),) if verdict is Verdict.BROKEN else ()
    result = RuleResult(rule=name, target=target, verdict=verdict, exercised=1, findings=findings)
    return record(result, a_rule(name, *clause_ids), "app", order)


def test_the_contracts_keys_are_there_and_the_whole_is_json() -> None:
    document = plain(
        build([a_record("r-one", Verdict.BROKEN, "start-native-str")], [Target("app", "m:a")], exit_status=1)
    )
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == "pytest-wsgiconform/1"
    assert set(document["tool"]) == {"version", "python", "platform"}
    (target,) = document["targets"]
    assert set(target) == {"kind", "name", "judged", "reason", "version", "routes"}
    assert (target["kind"], target["name"], target["judged"]) == ("app", "m:a", False)
    assert document["exit"] == 1
    (finding,) = document["findings"]
    assert set(finding) == {
        "rule", "level", "blame", "clauses", "target", "message", "stimulus", "request", "location", "evidence",
        "count", "baselined", "view", "sent_by", "known",
    }  # fmt: skip
    assert finding["location"] == {"file": "/p/m.py", "line": 3, "function": "a"}
    (judged,) = document["rules"]
    assert (judged["rule"], judged["target"], judged["verdict"], judged["exercised"]) == ("r-one", "m:a", "broken", 1)


def test_a_record_travels_as_plain_data_and_arrives_as_it_was() -> None:
    one = a_finding("r", request={"method": "GET"}, evidence={"sent": "x", "got": "3"}, variable="HTTP_X", count=2)
    result = RuleResult("r", "m:a", Verdict.INCONCLUSIVE, 3, (one,), "seen once")
    sent = record(result, a_rule("r", "start-native-str"), "middleware", 7, Level.ADVICE)
    assert (sent.target, sent.level) == (Target("middleware", "m:a"), Level.ADVICE)
    assert Record.from_dict(json.loads(json.dumps(sent.to_dict()))) == sent


def test_files_below_the_root_are_named_from_there() -> None:
    below, elsewhere = Location("/p/m.py", 3, "a"), Location("/q/m.py", 3, "a")
    found = tuple(a_finding("r", location=place) for place in (below, elsewhere, None))
    records = [record(RuleResult("r", "m:a", Verdict.BROKEN, 1, found), a_rule("r"), "app", 0)]
    made = build(records, [Target("app", "m:a")], exit_status=1, loose=[a_finding("r", target="")], root="/p")
    files = [finding.location and finding.location.file for finding in made.findings]
    assert files == ["m.py", "/q/m.py", None, "m.py"]
    assert records[0].findings == found


def test_order_of_arrival_does_not_matter() -> None:
    records = [
        a_record(f"r-{n}", Verdict.BROKEN if n % 2 else Verdict.HELD, target=target, order=n)
        for target in ("m:a", "m:b")
        for n in range(6)
    ]
    loose = [a_finding("x", target="", location=None, message=f"m{n}") for n in range(4)]
    targets = [Target("app", "m:b"), Target("app", "m:a"), Target("app", "m:b")]
    expected = build(records, targets, exit_status=0, loose=loose)
    shuffled, shuffled_loose = records[:], loose[:]
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        random.Random(seed).shuffle(shuffled_loose)
        assert build(shuffled, targets, exit_status=0, loose=shuffled_loose) == expected
    assert [target.name for target in expected.targets] == ["m:b", "m:a"]
    assert [one.target.name for one in expected.records] == ["m:b"] * 6 + ["m:a"] * 6
    assert [finding.rule for finding in expected.findings] == ["r-1", "r-3", "r-5"] * 2 + ["x"] * 4


def test_clause_totals_add_up_and_broken_wins_over_held() -> None:
    app_only = [c.id for c in clauses().values() if c.binds == ("app",) and c.decidable]
    first, second, third = app_only[:3]
    totals = clause_totals(
        [
            a_record("r-1", Verdict.HELD, first, second),
            a_record("r-2", Verdict.BROKEN, second),
            a_record("r-3", Verdict.NOT_EXERCISED, third),
        ],
        ["app"],
    )
    assert (totals.held, totals.broken) == (1, 1)
    binding = [c for c in clauses().values() if "app" in c.binds and c.level != "may"]
    assert totals.total == len(binding) > 40
    assert totals.unobservable == sum(c.observe == "unobservable" for c in binding)
    assert totals.total == totals.held + totals.broken + totals.not_exercised + totals.unobservable


def test_a_clause_that_was_judged_counts_although_it_binds_another_kind() -> None:
    server_only = next(c.id for c in clauses().values() if c.binds == ("server",) and c.decidable)
    without = clause_totals([], ["app"]).total
    assert clause_totals([a_record("r", Verdict.HELD, server_only)], ["app"]).total == without + 1


def test_without_a_target_nothing_is_counted() -> None:
    assert set(astuple(clause_totals([], []))) == {0}
