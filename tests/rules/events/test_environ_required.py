"""Rules on the variables that every environ holds."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pytest_wsgiconform.rules.events.environ_lookup import lookup
from pytest_wsgiconform.rules.model import HELD, Level
from pytest_wsgiconform.rules.records.exchange import MISSING
from tests.rules.events.environ_judging import ABSENT, changed, findings, judge

REQUIRED = {
    "REQUEST_METHOD": "environ-has-request-method",
    "SERVER_NAME": "environ-has-server-name",
    "SERVER_PORT": "environ-has-server-port",
    "SERVER_PROTOCOL": "environ-has-server-protocol",
    "wsgi.version": "environ-has-wsgi-version",
    "wsgi.url_scheme": "environ-has-url-scheme",
    "wsgi.input": "environ-has-input",
    "wsgi.errors": "environ-has-errors",
    "wsgi.multithread": "environ-has-multithread",
    "wsgi.multiprocess": "environ-has-multiprocess",
    "wsgi.run_once": "environ-has-run-once",
}


@pytest.mark.parametrize(("name", "rule_id"), REQUIRED.items())
def test_absence_is_one_finding_that_names_the_variable(name: str, rule_id: str) -> None:
    found = findings(changed({name: ABSENT}))
    assert list(found) == [rule_id]
    (fault,) = found[rule_id]
    assert name in fault.message
    assert fault.variable == name
    assert fault.expected


@pytest.mark.parametrize(("name", "rule_id"), REQUIRED.items())
def test_a_name_in_other_capitals_is_no_stand_in(name: str, rule_id: str) -> None:
    other = name.swapcase()
    found = findings(changed({name: ABSENT, other: "1"}), Level.ERROR)
    assert list(found) == [rule_id]


@pytest.mark.parametrize(("name", "rule_id"), REQUIRED.items())
def test_a_name_in_bytes_is_no_stand_in(name: str, rule_id: str) -> None:
    assert list(findings(changed({name: ABSENT, name.encode(): "1"}), Level.ERROR)) == [rule_id]


@pytest.mark.parametrize("rule_id", REQUIRED.values())
def test_presence_holds_on_a_complete_environ(rule_id: str) -> None:
    assert judge(rule_id, changed({})) == HELD


@pytest.mark.parametrize("flag", ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"])
@pytest.mark.parametrize("value", [0, 1, "", "yes", None, [], object()])
def test_the_flags_count_by_truth_so_any_object_will_do(flag: str, value: object) -> None:
    assert findings(changed({flag: value})) == {}


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "QUERY_STRING"])
def test_what_may_be_empty_may_be_absent(name: str) -> None:
    assert findings(changed({name: ABSENT})) == {}


@pytest.mark.parametrize("stream", [io.BytesIO(), io.StringIO(), object()], ids=type)
def test_any_object_counts_as_a_stream_here(stream: Any) -> None:
    assert judge("environ-has-input", changed({"wsgi.input": stream})) == HELD
    assert judge("environ-has-errors", changed({"wsgi.errors": stream})) == HELD


class _Trap:
    """A key that hides another one: same hash, and it can't be compared."""

    def __init__(self, hides: str) -> None:
        self.hides = hides

    def __hash__(self) -> int:
        return hash(self.hides)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparing")


def test_lookup_gets_past_a_key_that_cannot_be_compared() -> None:
    variables: dict[Any, Any] = {_Trap("SERVER_NAME"): 1}
    assert lookup(variables, "SERVER_NAME") is MISSING
    plain: dict[Any, Any] = {"SERVER_NAME": "here"}
    plain[_Trap("SERVER_PORT")] = 1
    assert lookup(plain, "SERVER_NAME") == "here"
    assert judge("environ-has-server-port", plain)
