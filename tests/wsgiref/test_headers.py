"""wsgiref.headers as documented; the mended defects are in test_defects_util_headers and test_defects_response."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.wsgiref.headers import Headers, check_pairs

PAIRS = [("A", "1"), ("B", "2"), ("a", "3")]


def test_the_list_is_wrapped_not_copied() -> None:
    pairs = list(PAIRS)
    headers = Headers(pairs)
    headers["C"] = "4"
    assert pairs == [*PAIRS, ("C", "4")]
    del headers["a"]
    assert pairs == [("B", "2"), ("C", "4")]


def test_there_need_be_no_list() -> None:
    for headers in (Headers(), Headers(None), Headers([])):
        assert len(headers) == 0
        assert headers.items() == []
    one, two = Headers(), Headers()
    one["A"] = "1"
    assert len(two) == 0


@pytest.mark.parametrize("given", ["foo", (("A", "1"),), {"A": "1"}, iter([])])
def test_what_is_no_list_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError):
        Headers(given)


def test_look_ups_are_of_the_first_value_in_any_case() -> None:
    headers = Headers(list(PAIRS))
    for name in ("A", "a"):
        assert headers[name] == headers.get(name) == headers.get(name, "x") == headers.setdefault(name, "x") == "1"
        assert name in headers
        assert headers.get_all(name) == ["1", "3"]


def test_what_is_missing() -> None:
    headers = Headers(list(PAIRS))
    assert headers["Z"] is None
    assert headers.get("Z") is None
    assert headers.get("Z", "default") == "default"
    assert "Z" not in headers
    assert headers.get_all("Z") == []
    del headers["Z"]
    assert headers.items() == PAIRS


def test_setting_replaces_all_and_goes_to_the_end() -> None:
    headers = Headers(list(PAIRS))
    headers["A"] = "new"
    assert headers.items() == [("B", "2"), ("A", "new")]


def test_setdefault_adds_what_is_missing() -> None:
    headers = Headers(list(PAIRS))
    assert headers.setdefault("Z", "9") == "9"
    assert headers.items() == [*PAIRS, ("Z", "9")]
    assert Headers([("E", "")]).setdefault("e", "x") == ""


def test_keys_values_items_and_length() -> None:
    headers = Headers(list(PAIRS))
    assert headers.keys() == ["A", "B", "a"]
    assert headers.values() == ["1", "2", "3"]
    assert headers.items() == PAIRS
    headers.items().clear()
    assert len(headers) == 3


def test_as_text_and_as_bytes() -> None:
    headers = Headers([("A", "1"), ("B", "\xe9")])
    assert str(headers) == "A: 1\r\nB: \xe9\r\n\r\n"
    assert bytes(headers) == b"A: 1\r\nB: \xe9\r\n\r\n"
    assert bytes(Headers()) == b"\r\n"
    assert repr(headers) == "Headers([('A', '1'), ('B', '\xe9')])"


def test_add_header_as_documented() -> None:
    headers = Headers()
    headers.add_header("content-disposition", "attachment", filename="bud.gif")
    assert headers.items() == [("content-disposition", 'attachment; filename="bud.gif"')]


def test_add_header_keeps_others_of_the_name() -> None:
    headers = Headers([("X", "1")])
    headers.add_header("x", "2")
    assert headers.get_all("X") == ["1", "2"]


def test_parameters_of_add_header() -> None:
    headers = Headers()
    headers.add_header("X", "v", bare=None, with_dash="1", quoted='a"b\\c')
    headers.add_header("X", None, only="1", flag=None)
    assert headers.get_all("X") == ['v; bare; with-dash="1"; quoted="a\\"b\\\\c"', 'only="1"; flag']


@pytest.mark.parametrize("value", [1, b"v", 1.5])
def test_add_header_takes_strings_only(value: Any) -> None:
    headers = Headers()
    for arguments, keywords in [(("X", value), {}), ((value, "v"), {}), (("X", "v"), {"p": value})]:
        with pytest.raises(TypeError, match="must be of type str"):
            headers.add_header(*arguments, **keywords)
    assert len(headers) == 0


class Text(str):
    pass


@pytest.mark.parametrize("pair", [(1, "v"), ("N", 1), (b"N", "v"), ("N", None), (Text("N"), "v"), ("N", Text("v"))])
def test_names_and_values_are_exactly_strings(pair: Any) -> None:
    """What is raised is an AssertionError, as ever, and a TypeError, as it should be."""
    Headers([("N", "v")])  # that an equal pair was found good before must not matter
    for kind in (AssertionError, TypeError):
        with pytest.raises(kind, match="must be of type str"):
            Headers([pair])
        with pytest.raises(kind, match="must be of type str"):
            Headers()[pair[0]] = pair[1]
        with pytest.raises(kind, match="must be of type str"):
            Headers().setdefault(*pair)
        with pytest.raises(kind, match="must be of type str"):
            Headers().add_header(*pair, a="b") if pair[1] is not None else Headers([pair])


def test_pairs_may_be_lists() -> None:
    assert Headers([["A", "1"]])["a"] == "1"  # type: ignore[list-item]
    with pytest.raises(ValueError):
        Headers([["A", "\n"]])  # type: ignore[list-item]


def test_a_refused_change_changes_nothing() -> None:
    headers = Headers([("A", "1")])
    for change in (
        lambda: headers.__setitem__("A", "\n"),
        lambda: headers.setdefault("B", "\n"),
        lambda: headers.add_header("B", "x", y="\n"),
        lambda: headers.add_header("B\n", "x"),
    ):
        with pytest.raises(ValueError):
            change()
        assert headers.items() == [("A", "1")]


def is_sendable(name: str, value: str) -> bool:
    controls = {*map(chr, range(32)), "\x7f"}
    return not controls & set(name) and not (controls - {"\t"}) & set(value) and max(name + value, default="") <= "\xff"


_texts = st.text(st.characters(max_codepoint=0x110, exclude_categories=()), max_size=4)


@given(st.lists(st.tuples(_texts, _texts), max_size=3))
def test_only_what_can_be_sent_is_taken(pairs: list[tuple[str, str]]) -> None:
    if all(is_sendable(*pair) for pair in pairs):
        assert bytes(Headers(list(pairs))).count(b"\n") == len(pairs) + 1
    else:
        with pytest.raises(ValueError):
            Headers(list(pairs))


@given(_texts, _texts)
def test_every_way_in_is_guarded_alike(name: str, value: str) -> None:
    ways: list[Any] = [
        lambda: Headers([(name, value)]),
        lambda: Headers().__setitem__(name, value),
        lambda: Headers().setdefault(name, value),
        lambda: Headers().add_header(name, value),
    ]
    for way in ways:
        if is_sendable(name, value):
            way()
        else:
            with pytest.raises(ValueError):
                way()


def test_the_memory_for_good_pairs_is_bounded() -> None:
    for number in range(3000):
        check_pairs([("X-Number", str(number)), ("X-Long", "v" * 1000), ("set-cookie", "secret")])
    from pytest_wsgiconform.wsgiref import headers

    assert len(headers._good_pairs) <= 1024
    assert max(len(value) for _, value in headers._good_pairs) <= 128
    assert "set-cookie" not in {name.lower() for name, _ in headers._good_pairs}


def test_headers_are_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(Headers())


def test_equality_with_something_else() -> None:
    assert Headers() != 5
    assert Headers() == Headers()
