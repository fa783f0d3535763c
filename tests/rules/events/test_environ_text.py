"""Rules on all variables at once: native strings, and the names that servers choose."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from pytest_wsgiconform.rules.events.environ_lookup import MOST_FAULTS
from pytest_wsgiconform.rules.model import HELD, Level
from tests.rules.events.environ_judging import ABSENT, changed, findings, judge, variables_of

STRINGS = "environ-cgi-native-strings"
NONE = "environ-no-none-for-missing"
EMPTY_USER = "environ-no-empty-user"
LATIN1 = "environ-text-latin1"
CHARS = "environ-server-variable-chars"
PREFIX = "environ-server-variable-prefix"
SUPPLIED = "environ-supplies-cgi-variables"


class Text(str):
    """A string, but not exactly one."""


class Method(str, enum.Enum):
    GET = "GET"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_COOKIE", b"a=1"),
        ("SERVER_PORT", 8080),
        ("CONTENT_LENGTH", 0),
        ("REMOTE_ADDR", ("127.0.0.1", 5)),
        ("PATH_INFO", Text("/")),
        ("REQUEST_METHOD", Method.GET),
        ("QUERY_STRING", bytearray(b"x")),
        ("HTTPS", True),
        ("HTTP_X_LIST", ["a", "b"]),
        ("HTTP_x_lower", 1),
        ("HTTP_X.Y", 1),
        ("X-EXTRA", object()),
    ],
)
def test_a_cgi_variable_of_another_type_is_one_finding(name: str, value: object) -> None:
    found = findings(changed({name: value}), *Level)
    assert list(found) == [STRINGS]
    (fault,) = found[STRINGS]
    assert (fault.variable, fault.expected) == (name, "str")


def test_each_variable_is_a_finding_of_its_own() -> None:
    found = judge(STRINGS, changed({"SERVER_PORT": 80, "REMOTE_PORT": 5, "HTTP_HOST": b"h", "REMOTE_USER": None}))
    assert variables_of(found) == ["SERVER_PORT", "REMOTE_PORT", "HTTP_HOST"]


@pytest.mark.parametrize("name", ["myserver.port", "headers_raw", "x.Y", "", "1", "wsgi.input", "Mixed"])
def test_other_names_may_hold_anything(name: str) -> None:
    assert judge(STRINGS, changed({name: object()})) == HELD
    assert judge(NONE, changed({name: None})) == HELD


def test_without_a_cgi_variable_nothing_is_put_to_the_test() -> None:
    for rule_id in (STRINGS, NONE, LATIN1, CHARS, PREFIX):
        assert judge(rule_id, {"wsgi.input": object(), "wsgi.version": (1, 0)}) is None


@pytest.mark.parametrize("name", ["REMOTE_USER", "SERVER_PORT", "HTTP_COOKIE", "CONTENT_TYPE", "SSL_CLIENT_CERT"])
def test_none_is_one_finding(name: str) -> None:
    found = findings(changed({name: None}), *Level)
    assert list(found) == [NONE]
    assert variables_of(found[NONE]) == [name]


@pytest.mark.parametrize("name", ["REMOTE_USER", "AUTH_TYPE"])
def test_an_empty_user_is_a_warning(name: str) -> None:
    assert list(findings(changed({name: ""}), Level.WARNING)) == [EMPTY_USER]
    assert findings(changed({name: ""}), Level.ERROR) == {}


def test_an_empty_user_and_an_empty_scheme_are_two_faults() -> None:
    assert variables_of(judge(EMPTY_USER, changed({"REMOTE_USER": "", "AUTH_TYPE": ""}))) == [
        "REMOTE_USER",
        "AUTH_TYPE",
    ]


def test_a_user_with_a_name_holds_and_none_decides_nothing() -> None:
    assert judge(EMPTY_USER, changed({"REMOTE_USER": "ada", "AUTH_TYPE": "Basic"})) == HELD
    assert judge(EMPTY_USER, changed({})) is None


@pytest.mark.parametrize("name", ["QUERY_STRING", "CONTENT_TYPE", "HTTP_X_EMPTY", "REMOTE_HOST", "PATH_TRANSLATED"])
def test_other_variables_may_be_empty(name: str) -> None:
    assert findings(changed({name: ""})) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH_INFO", "/\u0416"),
        ("QUERY_STRING", "q=\u0100"),
        ("HTTP_X", "\U0001f600"),
        ("SCRIPT_NAME", "/\udce9"),
        ("HTTP_COOKIE", "a" * 100_000 + "\u20ac"),
        ("SERVER_NAME", "b\u016fh.example"),
        ("wsgi.url_scheme", "\uff48ttp"),
        ("home", "/home/\u0416"),
        ("HTTP_X.Y", "\u20ac"),
    ],
    ids=ascii,
)
def test_text_beyond_latin1_is_one_finding(name: str, value: str) -> None:
    found = findings(changed({name: value}), *Level)
    assert list(found) == [LATIN1]
    (fault,) = found[LATIN1]
    assert fault.variable == name
    assert len(fault.message) < 600
    fault.message.encode()  # no lone surrogate


@pytest.mark.parametrize("name", ["HTTP_\u0416", "my\u0416.name", "\ud800", "wsgi.\u0416", "\u0416"], ids=ascii)
@pytest.mark.parametrize("value", ["x", 1, None, "\u0416"], ids=ascii)
def test_a_name_beyond_latin1_is_one_finding(name: str, value: object) -> None:
    found = findings(changed({name: value}), Level.WARNING)
    assert found == {}
    assert len(judge(LATIN1, changed({name: value})) or ()) == 1


@pytest.mark.parametrize("value", ["\xff", "\x80\x9f", "\x00", "\xc3\xa9", ""], ids=ascii)
def test_every_byte_may_stand_in_a_header(value: str) -> None:
    environ = changed({"HTTP_X_BYTES": value})
    assert judge(LATIN1, environ) == HELD
    assert findings(environ) == {}


@pytest.mark.parametrize("name", ["myserver.text", "wsgi.input_terminated", "werkzeug.path"])
def test_a_servers_own_text_is_its_own_affair(name: str) -> None:
    assert findings(changed({name: "\u20ac"})) == {}


@pytest.mark.parametrize(
    "name", ["MyServer.socket", "my-server.socket", "my server.x", "X.Y", "my\xe9.x", "a.b\n", "MY.", ".A", "x/y.z"]
)
@pytest.mark.parametrize("value", [1, "text", None], ids=repr)
def test_other_characters_in_a_servers_name_are_a_warning(name: str, value: object) -> None:
    found = findings(changed({name: value}), *Level)
    assert list(found) == [CHARS]
    assert len(found[CHARS]) == 1


@pytest.mark.parametrize("key", [b"HTTP_HOST", 1, None, ("a", "b"), object(), 1.5, frozenset()])
def test_a_key_that_is_no_string_is_a_warning(key: object) -> None:
    found = findings(changed({key: "x"}), *Level)
    assert list(found) == [CHARS]
    assert len(found[CHARS]) == 1


@pytest.mark.parametrize(
    "name",
    ["gunicorn.socket", "mod_wsgi.version", "a.b.c", "x1.y_2", "x.", ".x", "paste.httpserver.proxy.host", "uwsgi.core"],
)
@pytest.mark.parametrize("value", [1, "text", None, b"bytes"], ids=repr)
def test_a_well_named_server_variable_holds(name: str, value: object) -> None:
    environ = changed({name: value})
    assert judge(CHARS, environ) == judge(PREFIX, environ) == HELD
    assert findings(environ, *Level) == {}


def test_a_variable_of_the_operating_system_may_have_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Spring.Datasource-Url", "x")
    assert findings(changed({"Spring.Datasource-Url": "x"}), *Level) == {}
    assert list(findings(changed({"Spring.Datasource-Url": 5}))) == [CHARS]
    assert list(findings(changed({"Spring.Datasource-Uri": "x"}))) == [CHARS]


def test_the_flags_that_apache_sets_for_old_browsers() -> None:
    flags = ("downgrade-1.0", "force-response-1.0", "nokeepalive", "gzip-only-text/html")
    assert findings(changed(dict.fromkeys(flags, "1")), *Level) == {}


@pytest.mark.parametrize("name", ["wsgi.server_name", "wsgi.Input", "wsgi.", "wsgi.version.minor", "wsgi.file-wrapper"])
@pytest.mark.parametrize("value", [1, "text", None], ids=repr)
def test_the_namespace_of_the_pep_is_taken(name: str, value: object) -> None:
    found = findings(changed({name: value}), *Level)
    assert list(found) == [PREFIX]
    assert len(found[PREFIX]) == 1


@pytest.mark.parametrize("name", ["headers_raw", "user", "Mixed", "wsgi", "x-y", "", "1"])
@pytest.mark.parametrize("value", [(), None, 5, b"text"], ids=repr)
def test_an_object_under_a_bare_name_has_no_prefix(name: str, value: object) -> None:
    assert list(findings(changed({name: value}), *Level)) == [PREFIX]


@pytest.mark.parametrize("name", ["http_proxy", "no_proxy", "_", "Mixed", "x-y", "", "SetEnvName"])
def test_text_under_a_bare_name_may_come_from_the_system_or_the_deployer(name: str) -> None:
    assert findings(changed({name: "text"}), *Level) == {}
    assert judge(PREFIX, changed({name: "text"})) is None


@pytest.mark.parametrize("name", ["wsgi.input_terminated", "wsgi.websocket", "wsgi.early_hints", "wsgi.file_wrapper"])
def test_known_extensions_are_free(name: str) -> None:
    assert findings(changed({name: object()}), *Level) == {}


def test_many_faults_are_told_in_few_words() -> None:
    environ: dict[Any, Any] = changed({f"HTTP_X{n}": n for n in range(10_000)})
    found = judge(STRINGS, environ) or ()
    assert len(found) == MOST_FAULTS
    assert str(10_000 - MOST_FAULTS + 1) in found[-1].message
    exact = judge(STRINGS, changed({f"HTTP_X{n}": n for n in range(MOST_FAULTS)})) or ()
    assert variables_of(exact) == [f"HTTP_X{n}" for n in range(MOST_FAULTS)]


@pytest.mark.parametrize("name", ["REMOTE_ADDR", "SERVER_SOFTWARE", "GATEWAY_INTERFACE"])
def test_a_missing_variable_that_applies_is_advice(name: str) -> None:
    found = findings(changed({name: ABSENT}), *Level)
    assert list(found) == [SUPPLIED]
    (fault,) = found[SUPPLIED]
    assert fault.evidence["variables"] == [name]
    assert name in fault.message


def test_what_else_is_missing_is_no_matter() -> None:
    assert judge(SUPPLIED, changed({"REMOTE_PORT": ABSENT, "SERVER_SOFTWARE": ""})) == HELD


@pytest.mark.parametrize(
    "changes", [{"SERVER_NAME": "/run/app.sock"}, {"SERVER_PORT": ""}, {"SERVER_NAME": "unix:/run/app.sock"}]
)
def test_clients_of_a_unix_socket_have_no_address(changes: dict[str, str]) -> None:
    assert judge(SUPPLIED, changed({"REMOTE_ADDR": ABSENT} | changes)) == HELD
    (fault,) = judge(SUPPLIED, changed({"REMOTE_ADDR": ABSENT, "SERVER_SOFTWARE": ABSENT} | changes)) or ()
    assert fault.evidence["variables"] == ["SERVER_SOFTWARE"]
