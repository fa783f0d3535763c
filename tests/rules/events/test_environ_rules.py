"""The files of environ rules as a whole: what they cover, and that one fault is one finding."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.rules.model import HELD, Blame, Level
from pytest_wsgiconform.rules.records.exchange import MISSING, AppCalled
from tests.rules.events.environ_judging import ABSENT, RULES, changed, findings, judge


def test_every_passive_clause_on_environ_is_covered() -> None:
    wanted = {
        c.id
        for c in clauses().values()
        if c.observe == "passive" and c.level != "may" and (c.id.startswith("env-") or c.id == "text-server-latin1")
    }
    assert wanted - {"env-builtin-dict"} <= {c for rule in RULES.values() for c in rule.clauses}


def test_clauses_of_the_rules_exist() -> None:
    assert {c for rule in RULES.values() for c in rule.clauses} <= set(clauses())


def test_the_duty_is_the_servers_and_falls_due_at_the_call() -> None:
    assert {(rule.side, rule.on, rule.section) for rule in RULES.values()} == {(Blame.SERVER, (AppCalled,), "environ")}


def test_a_should_is_no_error_and_a_must_no_less() -> None:
    table = clauses()
    for rule in RULES.values():
        firm = {table[c].level for c in rule.clauses} & {"must", "must-not"}
        assert (rule.level is Level.ERROR) or not firm, rule.id
        if {table[c].level for c in rule.clauses} == {"should"}:
            assert rule.level is not Level.ERROR, rule.id


def test_a_complete_environ_breaks_nothing_even_as_advice() -> None:
    assert findings(build_environ(), *Level) == {}


@pytest.mark.parametrize("rule_id", RULES)
def test_the_bad_example_breaks_its_rule_alone_and_the_good_one_none(rule_id: str) -> None:
    rule = RULES[rule_id]
    assert rule.bad_example is not None and rule.good_example is not None
    bad, good = build_environ(), build_environ()
    rule.bad_example(bad)
    rule.good_example(good)
    assert set(findings(bad, *Level)) == {rule_id}
    assert findings(good, *Level) == {}


@pytest.mark.parametrize(
    ("changes", "rule_id"),
    [
        ({"REQUEST_METHOD": None}, "environ-no-none-for-missing"),
        ({"REQUEST_METHOD": b""}, "environ-cgi-native-strings"),
        ({"SERVER_NAME": None}, "environ-no-none-for-missing"),
        ({"SERVER_PORT": None}, "environ-no-none-for-missing"),
        ({"SERVER_PORT": 80}, "environ-cgi-native-strings"),
        ({"SERVER_PORT": "\u0668\u0660"}, "environ-text-latin1"),
        ({"SERVER_PROTOCOL": ""}, "environ-has-server-protocol"),
        ({"SERVER_PROTOCOL": ("HTTP", 1, 1)}, "environ-cgi-native-strings"),
        ({"SCRIPT_NAME": b"shop"}, "environ-cgi-native-strings"),
        ({"SCRIPT_NAME": "\u0448op"}, "environ-text-latin1"),
        ({"PATH_INFO": b"index"}, "environ-cgi-native-strings"),
        ({"PATH_INFO": None, "SCRIPT_NAME": ""}, "environ-no-none-for-missing"),
        ({"CONTENT_LENGTH": None}, "environ-no-none-for-missing"),
        ({"CONTENT_LENGTH": 5}, "environ-cgi-native-strings"),
        ({"CONTENT_LENGTH": "\u0665"}, "environ-text-latin1"),
        ({"wsgi.version": None}, "environ-wsgi-version-is-1-0"),
        ({"wsgi.url_scheme": None}, "environ-url-scheme-valid"),
        ({"wsgi.url_scheme": ""}, "environ-url-scheme-valid"),
        ({"wsgi.url_scheme": "http\u0455"}, "environ-text-latin1"),
        ({"wsgi.input": None}, "environ-has-input"),
        ({"wsgi.errors": None}, "environ-has-errors"),
        ({"wsgi.Foo": "x"}, "environ-server-variable-prefix"),
        ({"wsgi.f\u20aco": 1}, "environ-text-latin1"),
        ({"my.f\u20aco": 1}, "environ-text-latin1"),
        ({"HTTP_X_\u20acURO": "x"}, "environ-text-latin1"),
        ({"headers_raw": ()}, "environ-server-variable-prefix"),
        ({"REMOTE_USER": None}, "environ-no-none-for-missing"),
        ({"AUTH_TYPE": b""}, "environ-cgi-native-strings"),
        ({b"HTTP_HOST": "x"}, "environ-server-variable-chars"),
        ({"SERVER_NAME": ABSENT}, "environ-has-server-name"),
    ],
    ids=repr,
)
def test_one_fault_is_one_finding(changes: dict[object, object], rule_id: str) -> None:
    found = findings(changed(changes), *Level)
    assert list(found) == [rule_id]
    assert len(found[rule_id]) == 1


@pytest.mark.parametrize("given", [MISSING, None, 5, object(), "environ"])
def test_no_rule_speaks_of_an_environ_that_cannot_be_read(given: object) -> None:
    assert {name: judge(name, given, {}) for name in RULES} == dict.fromkeys(RULES)


def test_an_empty_dict_lacks_all_that_is_required() -> None:
    assert {name for name in RULES if name.startswith("environ-has-")} < set(findings({}))


def test_a_mapping_of_another_kind_is_judged_by_its_variables() -> None:
    class Other(dict):  # type: ignore[type-arg]
        pass

    variables = build_environ()
    del variables["SERVER_PORT"]
    assert judge("environ-has-server-port", Other(variables), variables)
    assert judge("environ-has-server-name", Other(variables), variables) == HELD
