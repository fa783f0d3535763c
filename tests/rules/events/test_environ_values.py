"""Rules on the values of single variables."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from pytest_wsgiconform.rules.model import HELD, Level
from tests.rules.events.environ_judging import ABSENT, changed, findings, judge

NEVER_EMPTY = {
    "REQUEST_METHOD": "environ-request-method-not-empty",
    "SERVER_NAME": "environ-server-name-not-empty",
    "SERVER_PORT": "environ-server-port-not-empty",
}


class Text(str):
    """A string, but not exactly one."""


@pytest.mark.parametrize(("name", "rule_id"), NEVER_EMPTY.items())
def test_an_empty_value_is_one_finding(name: str, rule_id: str) -> None:
    found = findings(changed({name: ""}))
    assert list(found) == [rule_id]
    assert found[rule_id][0].variable == name


@pytest.mark.parametrize(("name", "rule_id"), NEVER_EMPTY.items())
@pytest.mark.parametrize("value", [ABSENT, None, b"", Text(""), 0], ids=repr)
def test_nothing_to_say_of_what_is_no_native_string(name: str, rule_id: str, value: object) -> None:
    assert judge(rule_id, changed({name: value})) is None


@pytest.mark.parametrize(("name", "rule_id"), NEVER_EMPTY.items())
@pytest.mark.parametrize("value", ["0", " ", "\x00", "x" * 100_000], ids=["zero", "space", "nul", "huge"])
def test_any_text_is_not_empty(name: str, rule_id: str, value: str) -> None:
    assert judge(rule_id, changed({name: value})) == HELD


FORMS: dict[str, tuple[str, list[str], list[str]]] = {
    "environ-server-port-digits": (
        "SERVER_PORT",
        ["0", "80", "65535", "00080"],
        [
            "http",
            "65536",
            "99999",
            "000080",
            "-1",
            "+80",
            "8 0",
            " 80",
            "80\n",
            "8_0",
            "80.0",
            "\xb2",
            "0x50",
            "9" * 9999,
        ],
    ),
    "environ-server-protocol-form": (
        "SERVER_PROTOCOL",
        ["HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3"],
        [
            "INCLUDED",
            "http/1.1",
            "HTTP",
            "HTTP/",
            "HTTP/1.",
            "HTTP/1.10",
            "HTTP/11",
            "HTTPS/1.1",
            "1.1",
            "HTTP/1.1\n",
            " HTTP/1.1",
            "HTTP 1.1",
            "HTTP/1,1",
            "h2",
            "HTTP/\xb9.1",
            "HTTP/1.1" * 9999,
        ],
    ),
    "environ-content-length-digits": (
        "CONTENT_LENGTH",
        ["0", "00", "5", "9" * 30, "9" * 100_000],
        ["-1", "+5", "5 ", " 5", "5\n", "1_0", "abc", "5, 5", "5,5", "1e3", "0x10", "\xb2", "5.0", "None", " "],
    ),
    "environ-url-scheme-valid": (
        "wsgi.url_scheme",
        ["http", "https", "HTTPS", "wss", "x-foo+bar.1"],
        ["", "https:", "https://", "1http", " http", "http\n", "ht tp", "h\xe9", "-", "http,https"],
    ),
    "environ-url-scheme-usual": ("wsgi.url_scheme", ["http", "https"], ["HTTPS", "Http", "wss", "ftp", "x-a+b.1"]),
}
GOOD = [(rule_id, name, value) for rule_id, (name, good, _) in FORMS.items() for value in good]
BAD = [(rule_id, name, value) for rule_id, (name, _, bad) in FORMS.items() for value in bad]


def _short(value: object) -> str:
    return ascii(value)[:30]


@pytest.mark.parametrize(("rule_id", "name", "value"), GOOD, ids=_short)
def test_a_proper_form_holds(rule_id: str, name: str, value: str) -> None:
    assert judge(rule_id, changed({name: value})) == HELD


@pytest.mark.parametrize(("rule_id", "name", "value"), BAD, ids=_short)
def test_another_form_is_one_finding(rule_id: str, name: str, value: str) -> None:
    found = findings(changed({name: value}), *Level)
    assert list(found) == [rule_id]
    (fault,) = found[rule_id]
    assert fault.variable == name
    assert fault.message.isprintable()
    assert len(fault.message) < 400


@pytest.mark.parametrize("rule_id", FORMS)
@pytest.mark.parametrize("value", [ABSENT, "\u0664", Text("x")], ids=["absent", "beyond-latin-1", "subclass"])
def test_forms_are_for_native_strings(rule_id: str, value: object) -> None:
    name = FORMS[rule_id][0]
    environ = changed({name: value})
    if rule_id == "environ-url-scheme-valid" and type(value) is Text:
        assert judge(rule_id, environ)
    else:
        assert judge(rule_id, environ) is None


@pytest.mark.parametrize("value", [ABSENT, ""])
def test_no_content_length_is_no_finding(value: object) -> None:
    environ = changed({"CONTENT_LENGTH": value})
    assert judge("environ-content-length-digits", environ) is None
    assert findings(environ) == {}


@pytest.mark.parametrize("value", [b"http", None, 443, Text("https"), ["https"]], ids=repr)
def test_a_scheme_of_another_type_is_one_finding(value: object) -> None:
    assert list(findings(changed({"wsgi.url_scheme": value}))) == ["environ-url-scheme-valid"]


class Version(NamedTuple):
    major: int
    minor: int


class Agreeable:
    """An object that is equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Refusing(int):
    """A number that can't be compared."""

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparing")


@pytest.mark.parametrize(
    "value",
    [
        (1,),
        (1, 1),
        (2, 0),
        (0, 1),
        (1, 0, 0),
        (),
        [1, 0],
        "1.0",
        1.0,
        1,
        None,
        ("1", "0"),
        b"\x01\x00",
        Version(1, 0),
        Agreeable(),
        (Agreeable(), Agreeable()),
        (1, Agreeable()),
        (Refusing(1), Refusing(0)),
    ],
    ids=lambda value: ascii(type(value).__name__),
)
def test_another_version_is_one_finding(value: object) -> None:
    found = findings(changed({"wsgi.version": value}))
    assert list(found) == ["environ-wsgi-version-is-1-0"]
    assert found["environ-wsgi-version-is-1-0"][0].expected == "(1, 0)"


def test_the_version_holds_and_its_absence_has_another_rule() -> None:
    assert judge("environ-wsgi-version-is-1-0", changed({"wsgi.version": (1, 0)})) == HELD
    assert judge("environ-wsgi-version-is-1-0", changed({"wsgi.version": ABSENT})) is None


UNPREFIXED = "environ-content-headers-unprefixed"


@pytest.mark.parametrize(
    "changes",
    [
        {"HTTP_CONTENT_TYPE": "text/plain"},
        {"HTTP_CONTENT_LENGTH": "0", "CONTENT_LENGTH": "0"},
        {"HTTP_CONTENT_LENGTH": ""},
        {"HTTP_CONTENT_TYPE": "a/b", "HTTP_CONTENT_LENGTH": "0", "CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "0"},
    ],
)
def test_a_prefixed_content_header_is_one_finding(changes: dict[str, str]) -> None:
    found = findings(changed(changes))
    assert list(found) == [UNPREFIXED]
    (fault,) = found[UNPREFIXED]
    assert fault.evidence["variables"] == [n for n in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH") if n in changes]


@pytest.mark.parametrize("name", ["HTTP_CONTENT_ENCODING", "HTTP_X_CONTENT_TYPE", "HTTP_CONTENT_TYPE_OPTIONS"])
def test_headers_that_only_look_like_them_are_free(name: str) -> None:
    assert findings(changed({name: "x"})) == {}


def test_the_prefix_is_tested_only_by_requests_with_such_a_header() -> None:
    assert judge(UNPREFIXED, changed({})) is None
    assert judge(UNPREFIXED, changed({"CONTENT_TYPE": "", "CONTENT_LENGTH": ""})) is None
    assert judge(UNPREFIXED, changed({"CONTENT_TYPE": "text/plain"})) == HELD
    assert judge(UNPREFIXED, changed({}, method="POST", body=b"x")) == HELD


def test_values_are_shown_without_control_characters() -> None:
    environ: dict[Any, Any] = changed({"SERVER_PORT": "\x1b[31m80\u009b"})
    (fault,) = findings(environ)["environ-server-port-digits"]
    assert "\x1b" not in fault.message and "\x9b" not in fault.message
    assert fault.got is not None and fault.got.isprintable()
