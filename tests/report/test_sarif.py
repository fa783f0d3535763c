"""SARIF 2.1.0: valid by the official schema, with places that open and names that stay."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_wsgiconform.report import sarif
from pytest_wsgiconform.report.document import Document
from pytest_wsgiconform.report.transcript import example
from pytest_wsgiconform.rules.display import plain
from pytest_wsgiconform.rules.model import Location
from pytest_wsgiconform.rules.registry import catalogue
from tests.report.documents import SCRIPT, document, finding

ERROR, OTHER = "status-native-string", "header-no-persistence"
SCHEMA = Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json"


@cache
def validator() -> jsonschema.Draft4Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def written(made: Document, folder: Path) -> dict[str, Any]:
    path = folder / "report.sarif"
    sarif.write(made, path)
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    validator().validate(log)
    return log["runs"][0]  # type: ignore[no-any-return]


EVERYTHING = [
    finding(ERROR, 12, message=f"a header {SCRIPT}", count=3),
    finding(ERROR, 40, baselined=True),
    finding(OTHER, None, request=None, stimulus="", target=""),
    *[finding(rule.id, 99) for rule in catalogue().values()],
    finding(ERROR, location=Location("/usr/lib/odd name/caf\udce9.py", 0)),
]


def test_the_log_of_every_rule_is_valid(tmp_path: Path) -> None:
    run = written(document(EVERYTHING), tmp_path)
    assert len(run["results"]) == len(EVERYTHING)


def test_the_log_of_a_clean_run_is_valid_and_says_so(tmp_path: Path) -> None:
    run = written(document(), tmp_path)
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0}]


@pytest.mark.parametrize(("status", "complete"), [(2, False), (1, False), (3, True), (4, True)])
def test_a_run_without_an_end_was_not_successful(status: int, complete: bool, tmp_path: Path) -> None:
    run = written(document(exit=status, complete=complete), tmp_path)
    assert run["invocations"] == [{"executionSuccessful": False, "exitCode": status}]


def test_the_schema_is_a_judge_that_can_say_no(tmp_path: Path) -> None:
    log = sarif.log(document(EVERYTHING))
    log["runs"][0]["results"][0]["level"] = "advice"
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(log)


def test_rules_carry_help_and_level_and_results_point_at_them(tmp_path: Path) -> None:
    made = document(EVERYTHING)
    run = written(made, tmp_path)
    table = run["tool"]["driver"]["rules"]
    levels = {"error": "error", "warning": "warning", "advice": "note"}
    for row in table:
        rule = catalogue()[row["id"]]
        assert row["defaultConfiguration"]["level"] == levels[rule.level]
        assert plain(rule.hint) in row["help"]["text"]
        assert example(rule, "good").text in row["help"]["markdown"]
    for result, found in zip(run["results"], made.findings, strict=True):
        assert table[result["ruleIndex"]]["id"] == result["ruleId"] == found.rule
        assert result["level"] == levels[found.level]


def test_a_place_in_the_project_opens_from_its_root(tmp_path: Path) -> None:
    run = written(document([finding(ERROR, 12)]), tmp_path)
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "shop/views.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 12},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "Views.index", "kind": "function"}]
    assert "SRCROOT" in run["originalUriBaseIds"]


def test_a_place_elsewhere_is_a_whole_url(tmp_path: Path) -> None:
    run = written(document(EVERYTHING[-1:]), tmp_path)
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "file:///usr/lib/odd%20name/caf%E9.py"}
    assert place["physicalLocation"]["region"] == {"startLine": 1}


def test_a_finding_without_a_line_is_placed_at_its_target(tmp_path: Path) -> None:
    run = written(document([finding(ERROR, None, target="gunicorn"), finding(ERROR, None, target="")]), tmp_path)
    names = [result["locations"][0]["logicalLocations"][0]["name"] for result in run["results"]]
    assert names == ["gunicorn", "app"]


def test_fingerprints_are_unique_and_survive_moving_lines(tmp_path: Path) -> None:
    def names(*lines: int) -> list[str]:
        run = written(document([finding(ERROR, line) for line in lines]), tmp_path)
        return [result["partialFingerprints"]["wsgiconform/v1"] for result in run["results"]]

    assert len(set(names(10, 20, 30))) == 3
    assert names(10, 20) == names(110, 220)
    everything = written(document(EVERYTHING), tmp_path)["results"]
    assert len({result["partialFingerprints"]["wsgiconform/v1"] for result in everything}) == len(EVERYTHING)


def test_known_findings_are_suppressed_and_others_are_not(tmp_path: Path) -> None:
    run = written(document([finding(ERROR, 12), finding(ERROR, 40, baselined=True)]), tmp_path)
    assert ["suppressions" in result for result in run["results"]] == [False, True]


def test_the_request_and_who_is_to_blame_are_told(tmp_path: Path) -> None:
    request = {"method": "POST", "path": "/form", "query": ""}
    (result,) = written(document([finding(ERROR, 12, request=request, count=7)]), tmp_path)["results"]
    assert result["webRequest"] == {"method": "POST", "target": "/form"}
    assert result["occurrenceCount"] == 7
    assert result["properties"]["blame"] == "app"
    assert result["message"]["text"] == f"{ERROR} was broken [shop:app] (blame: app)"


def test_a_rule_that_is_no_longer_in_the_catalogue_keeps_its_row(tmp_path: Path) -> None:
    run = written(document(loose=(replace(finding(ERROR, 12), rule="gone"),)), tmp_path)
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]] == {"id": "gone"}
