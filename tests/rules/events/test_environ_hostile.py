"""Whatever a server hands over: the rules answer, with findings that can be printed, and never raise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.rules.events.environ_lookup import EXTENSION_KEYS, MOST_FAULTS, STANDARD_KEYS
from pytest_wsgiconform.rules.model import Fault, Level
from tests.rules.events.environ_judging import RULES, changed, findings, judge

NAMES = sorted({*build_environ(), *STANDARD_KEYS, *EXTENSION_KEYS, "CONTENT_LENGTH", "CONTENT_TYPE", "REMOTE_USER"})


def _refuse(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("not to be used")


#: Every special method that a careless check could call.
_SPECIAL = [
    "__eq__",
    "__ne__",
    "__lt__",
    "__len__",
    "__bool__",
    "__iter__",
    "__getitem__",
    "__contains__",
    "__repr__",
    "__str__",
    "__format__",
    "__int__",
    "__index__",
    "__add__",
    "__getattr__",
    "__call__",
    "__bytes__",
    "startswith",
    "endswith",
    "encode",
    "isdigit",
    "isascii",
    "upper",
    "isupper",
    "lower",
    "strip",
    "rstrip",
    "split",
]
_REFUSALS = dict.fromkeys(_SPECIAL, _refuse)

HostileText = type("HostileText", (str,), {**_REFUSALS, "__hash__": str.__hash__})
HostileBytes = type("HostileBytes", (bytes,), {**_REFUSALS, "__hash__": bytes.__hash__})
HostileNumber = type("HostileNumber", (int,), {**_REFUSALS, "__hash__": int.__hash__})
HostileTuple = type("HostileTuple", (tuple,), {**_REFUSALS, "__hash__": tuple.__hash__})
HostileObject = type("HostileObject", (), {**_REFUSALS, "__hash__": object.__hash__})
Lying = type("Lying", (), {"__class__": property(lambda self: str), "__repr__": lambda self: "\x1b[2J\u202e"})


class Secretive(type):
    """A class whose attributes can't be read."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError("not to be looked at")


class OfSecretive(metaclass=Secretive):
    __module__ = 5  # type: ignore[assignment]


# A class made where there is no __name__ gets no __module__.
_scope: dict[str, Any] = {}
exec("OfNoModule = type('OfNoModule', (), {})", _scope)
OfNoModule = _scope["OfNoModule"]


def hostile_objects() -> list[Any]:
    return [
        HostileText("GET"),
        HostileText(""),
        HostileBytes(b"/x"),
        HostileNumber(80),
        HostileTuple((1, 0)),
        HostileObject(),
        Lying(),
        OfSecretive(),
        OfNoModule(),
    ]


def values() -> st.SearchStrategy[Any]:
    plain = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.binary(max_size=20),
        st.text(max_size=20),
        st.text(st.characters(exclude_categories=()), max_size=20),
        st.sampled_from(["", "/", "*", "http", "HTTP/1.1", "80", "OPTIONS", "CONNECT", (1, 0), "x" * 100_000]),
    )
    return st.one_of(
        plain,
        st.builds(lambda n: hostile_objects()[n], st.integers(0, 8)),
        st.lists(plain, max_size=3),
        st.tuples(plain, plain),
        st.dictionaries(st.text(max_size=3), plain, max_size=2),
    )


def keys() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(NAMES),
        st.text(max_size=10),
        st.text(st.characters(exclude_categories=()), max_size=10),
        st.text("aZ_.9-", max_size=8),
        st.text("AZ_", max_size=6).map("HTTP_".__add__),
        st.text("aZ_.", max_size=6).map("wsgi.".__add__),
        st.one_of(st.none(), st.integers(), st.binary(max_size=5), st.tuples(st.integers())),
        st.sampled_from(NAMES).map(str.encode),
        st.builds(HostileObject),
    )


def assert_printable(rule_id: str, found: Fault) -> None:
    for line in (found.message, found.got or "", found.expected or ""):
        assert type(line) is str
        assert line.isprintable(), (rule_id, line)
        assert len(line) < 1000, (rule_id, len(line))
        line.encode()
    json.dumps(dict(found.evidence))


def assert_well_judged(environ: dict[Any, Any]) -> None:
    for rule_id in RULES:
        outcome = judge(rule_id, environ)
        assert outcome is None or type(outcome) is tuple
        assert len(outcome or ()) <= MOST_FAULTS
        for found in outcome or ():
            assert_printable(rule_id, found)


@settings(deadline=None)
@given(st.dictionaries(keys(), values(), max_size=12))
def test_any_dict_is_judged(environ: dict[Any, Any]) -> None:
    assert_well_judged(environ)


@settings(deadline=None)
@given(st.dictionaries(keys(), values(), max_size=6))
def test_any_change_of_a_complete_environ_is_judged(changes: dict[Any, Any]) -> None:
    assert_well_judged(build_environ() | changes)


@settings(deadline=None)
@given(st.sampled_from(sorted(build_environ())), st.text(st.characters(max_codepoint=255)))
def test_native_text_gives_at_most_one_error_per_variable(name: str, value: str) -> None:
    found = findings(changed({name: value, "PATH_INFO": "/"} if name != "PATH_INFO" else {name: value}), Level.ERROR)
    assert sum(map(len, found.values())) <= 1


@settings(deadline=None)
@given(
    st.dictionaries(st.from_regex(r"HTTP_[A-Z0-9_]{1,9}", fullmatch=True), st.text(st.characters(max_codepoint=255)))
)
def test_request_headers_are_never_at_fault(headers: dict[str, str]) -> None:
    environ = build_environ() | headers
    for name in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        environ.pop(name, None)
    assert findings(environ) == {}


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-v][a-z0-9_]*\.[a-z0-9_.]+", fullmatch=True), values(), max_size=5))
def test_a_servers_own_variables_are_never_at_fault(own: dict[str, Any]) -> None:
    assert findings(build_environ() | own) == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", range(9))
def test_a_hostile_value_under_every_known_name(name: str, number: int) -> None:
    assert_well_judged(build_environ() | {name: hostile_objects()[number]})


@pytest.mark.parametrize(
    "text", ["REQUEST_METHOD", "my.Name", "wsgi.foo", "headers", "HTTP_X", "\u20ac", ""], ids=ascii
)
def test_a_hostile_key_counts_as_the_text_it_is(text: str) -> None:
    value = object()
    as_plain: dict[Any, Any] = build_environ()
    as_plain.pop(text, None)
    as_hostile = dict(as_plain)
    as_plain[text] = as_hostile[HostileText(text)] = value
    for rule_id in ("environ-cgi-native-strings", "environ-server-variable-chars", "environ-server-variable-prefix"):
        assert judge(rule_id, as_hostile) == judge(rule_id, as_plain)
    assert_well_judged(as_hostile)


def test_a_key_that_hides_another_and_refuses_to_be_compared() -> None:
    environ: dict[Any, Any] = build_environ()
    del environ["SERVER_NAME"]
    environ[HostileText("SERVER_NAME")] = "x"
    assert judge("environ-has-server-name", environ)
    assert_well_judged(environ)


def test_huge_environs_are_judged() -> None:
    huge: dict[Any, Any] = {f"HTTP_X{n}": "v" * 100 for n in range(5000)} | {"QUERY_STRING": "\xe9" * 5_000_000}
    assert findings(build_environ() | huge) == {}
    assert_well_judged({"k" * 1_000_000: 1, "K.": "\u20ac" * 1_000_000, b"k" * 1_000_000: 1, "HTTP_A": [0] * 100_000})


def test_values_that_lie_about_their_class_are_seen_for_what_they_are() -> None:
    found = findings(build_environ() | {"SERVER_PORT": Lying()})
    assert list(found) == ["environ-cgi-native-strings"]
    assert "\x1b" not in found["environ-cgi-native-strings"][0].message
