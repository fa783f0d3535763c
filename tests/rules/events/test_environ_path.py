"""Rules on SCRIPT_NAME and PATH_INFO."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import HELD, Level
from tests.rules.events.environ_judging import ABSENT, changed, findings, judge

LEADING = {"SCRIPT_NAME": "environ-script-name-leading-slash", "PATH_INFO": "environ-path-info-leading-slash"}


@pytest.mark.parametrize("name", LEADING)
@pytest.mark.parametrize("value", ["x", "\\x", " /x", "http://h.example/x", ".", "\xe9/x", "*", "%2Fx", "\n/x"])
def test_a_path_without_its_slash_is_found(name: str, value: str) -> None:
    found = findings(changed({name: value}))
    assert list(found) == [LEADING[name]]
    assert found[LEADING[name]][0].variable == name


@pytest.mark.parametrize("name", LEADING)
@pytest.mark.parametrize("value", ["/x", "//", "/x//y", "/\xe9", "/*", "/ a", "/x;y=1", "/\x00", "/" + "a" * 100_000])
def test_a_path_with_its_slash_holds(name: str, value: str) -> None:
    environ = changed({name: value})
    assert judge(LEADING[name], environ) == HELD
    assert findings(environ) == {}


@pytest.mark.parametrize("name", LEADING)
@pytest.mark.parametrize("value", ["", ABSENT])
def test_nothing_to_say_of_an_empty_path(name: str, value: object) -> None:
    assert judge(LEADING[name], changed({"SCRIPT_NAME": "", "PATH_INFO": ""} | {name: value})) is None


@pytest.mark.parametrize("path_info", ["/", "", ABSENT, "/x"])
def test_a_lone_slash_is_one_finding(path_info: object) -> None:
    environ = changed({"SCRIPT_NAME": "/", "PATH_INFO": path_info})
    assert list(findings(environ, *Level)) == ["environ-script-name-not-lone-slash"]


@pytest.mark.parametrize("value", ["", "//", "/m", "/ "])
def test_another_script_name_is_no_lone_slash(value: str) -> None:
    assert judge("environ-script-name-not-lone-slash", changed({"SCRIPT_NAME": value})) == HELD


def test_an_absent_script_name_decides_nothing() -> None:
    assert judge("environ-script-name-not-lone-slash", changed({"SCRIPT_NAME": ABSENT})) is None


@pytest.mark.parametrize("value", ["/m/", "/m/n/", "//"])
def test_a_trailing_slash_is_advice(value: str) -> None:
    environ = changed({"SCRIPT_NAME": value})
    assert list(findings(environ, Level.ADVICE)) == ["environ-script-name-no-trailing-slash"]
    assert findings(environ) == {}


def test_the_advice_names_the_better_value() -> None:
    (found,) = judge("environ-script-name-no-trailing-slash", changed({"SCRIPT_NAME": "/m/"})) or ()
    assert found.expected == "'/m'"


@pytest.mark.parametrize("value", ["", "/", ABSENT])
def test_the_advice_has_nothing_to_say_at_the_root(value: object) -> None:
    assert judge("environ-script-name-no-trailing-slash", changed({"SCRIPT_NAME": value})) is None


@pytest.mark.parametrize("script_name", ["", ABSENT])
@pytest.mark.parametrize("path_info", ["", ABSENT])
@pytest.mark.parametrize("method", ["GET", "PROPFIND", "options", "HEAD"])
def test_a_request_without_any_path_is_found(script_name: object, path_info: object, method: str) -> None:
    environ = changed({"SCRIPT_NAME": script_name, "PATH_INFO": path_info, "REQUEST_METHOD": method})
    assert list(findings(environ)) == ["environ-path-present"]


@pytest.mark.parametrize(
    "changes",
    [
        {"SCRIPT_NAME": "/m", "PATH_INFO": ""},
        {"SCRIPT_NAME": "/m", "PATH_INFO": ABSENT},
        {"SCRIPT_NAME": ABSENT, "PATH_INFO": "/"},
        {"SCRIPT_NAME": "", "PATH_INFO": "*", "REQUEST_METHOD": "OPTIONS"},
    ],
)
def test_half_a_path_is_enough(changes: dict[str, object]) -> None:
    environ = changed(changes)
    assert judge("environ-path-present", environ) == HELD
    assert findings(environ) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"PATH_INFO": "", "REQUEST_METHOD": "OPTIONS"},
        {"PATH_INFO": ABSENT, "REQUEST_METHOD": "OPTIONS"},
        {"PATH_INFO": "", "REQUEST_METHOD": "CONNECT"},
        {"PATH_INFO": "h.example:443", "REQUEST_METHOD": "CONNECT"},
        {"PATH_INFO": "*", "REQUEST_METHOD": "OPTIONS"},
    ],
)
def test_requests_that_have_no_path(changes: dict[str, object]) -> None:
    assert findings(changed(changes), *Level) == {}


@pytest.mark.parametrize(
    ("method", "value"), [("GET", "*"), ("OPTIONS", "**"), ("OPTIONS", "x"), ("options", "*"), ("TRACE", "*")]
)
def test_the_asterisk_is_for_options_alone(method: str, value: str) -> None:
    found = findings(changed({"PATH_INFO": value, "REQUEST_METHOD": method}))
    assert list(found) == ["environ-path-info-leading-slash"]
