"""Forms are read as browsers read them, and send what browsers would send."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_wsgiconform.targets.app.forms import MULTIPART, URLENCODED, Form, encode, parse

#: A page, what is filled in, and what is sent.
PAGES = {
    "hidden fields keep their values": (
        "<form><input type=hidden name=csrf value='a&amp;b'><input name=u></form>",
        [("u", "ada")],
        [("csrf", "a&b"), ("u", "ada")],
    ),
    "a field that is left as it is": ("<form><input name=a value=1><input name=b></form>", [("b", "2")], "a=1&b=2"),
    "without a type it is text": ("<FORM><INPUT NAME=u></FORM>", [("u", "x")], "u=x"),
    "a select has its first option": ("<form><select name=s><option>a<option>b</select></form>", [], "s=a"),
    "a select has its selected option": (
        "<form><select name=s><option value=1>a</option><option value=2 selected>b</option></select></form>",
        [],
        "s=2",
    ),
    "an empty select sends nothing": ("<form><select name=s></select><input name=a></form>", [("a", "1")], "a=1"),
    "a select is filled in": ("<form><select name=s><option value=1>a</option></select></form>", [("s", "9")], "s=9"),
    "a textarea has its text": ("<form><textarea name=t>\nline &lt;1></textarea></form>", [], [("t", "line <1>")]),
    "an open textarea": ("<form><textarea name=t>abc", [], "t=abc"),
    "a box that is not ticked": ("<form><input type=checkbox name=c><input name=a></form>", [("a", "1")], "a=1"),
    "a box that is ticked": ("<form><input type=checkbox name=c checked></form>", [], "c=on"),
    "a box is ticked by its value": ("<form><input type=checkbox name=c value=yes></form>", [("c", "yes")], "c=yes"),
    "a box is ticked by any value": ("<form><input type=checkbox name=c value=yes></form>", [("c", "1")], "c=yes"),
    "a box is emptied": ("<form><input type=checkbox name=c checked><input name=a></form>", [("c", "")], "a="),
    "one of several boxes": (
        "<form><input type=checkbox name=c value=1 checked><input type=checkbox name=c value=2></form>",
        [("c", "2")],
        "c=2",
    ),
    "a radio button": (
        "<form><input type=radio name=r value=1 checked><input type=radio name=r value=2></form>",
        [("r", "2")],
        "r=2",
    ),
    "the first button is pressed": (
        "<form><input name=a><button name=go value=1>x</button><button name=go value=2>y</button></form>",
        [],
        "a=&go=1",
    ),
    "another button is pressed": (
        "<form><button name=go value=1>x</button><input type=submit name=go value=2></form>",
        [("go", "2")],
        "go=2",
    ),
    "buttons that submit nothing": ("<form><button type=button name=b>x</button><input name=a></form>", [], "a="),
    "disabled fields": ("<form><input name=a disabled><input name=b></form>", [], "b="),
    "files are left out": ("<form><input type=file name=f><input name=b></form>", [], "b="),
    "two fields of one name": ("<form><input name=a><input name=a></form>", [("a", "1"), ("a", "2")], "a=1&a=2"),
    "a field elsewhere names its form": ("<form id=f></form><input name=a form=f>", [("a", "1")], "a=1"),
    "forms do not nest": ("<form><input name=a><form><input name=b></form></form>", [], "a=&b="),
}


@pytest.mark.parametrize("name", PAGES)
def test_what_a_form_sends(name: str) -> None:
    html, values, sent = PAGES[name]
    wanted = parse_qsl(sent, keep_blank_values=True) if isinstance(sent, str) else sent
    assert parse(html).forms[0].filled(values) == wanted


def test_what_a_page_says_of_its_forms() -> None:
    page = parse(
        "<base href='/x/'><meta name=csrf-token content=T1><form action=' /go ' METHOD=Post enctype=multipart/form-data"
        " id=f><input type=hidden name=_csrf value=T2><input type=PASSWORD name=p></form><form action=s></form>"
    )
    first, second = page.forms
    assert (first.action, first.method, first.enctype, first.name) == ("/go", "POST", MULTIPART, "f")
    assert (second.action, second.method, second.enctype) == ("s", "GET", URLENCODED)
    assert page.base == "/x/" and page.tokens == ["T1", "T2"]
    assert first.asks_password and not second.asks_password and page.asks_password


@settings(deadline=None)
@given(st.text(st.sampled_from("<>/=\"' aform<input name=x type=select option&#;\n")))
def test_no_page_is_too_broken(html: str) -> None:
    assert all(isinstance(form, Form) for form in parse(html).forms)


PAIRS = st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=4)


@given(PAIRS)
def test_an_urlencoded_form_is_read_back(pairs: list[tuple[str, str]]) -> None:
    usable = [(name, value) for name, value in pairs if not any("\ud800" <= c <= "\udfff" for c in name + value)]
    body, kind = encode(URLENCODED, usable)
    assert kind == URLENCODED
    assert parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(usable)) == usable


def test_a_multipart_form_is_read_back() -> None:
    from werkzeug.test import EnvironBuilder
    from werkzeug.wrappers import Request

    body, kind = encode(MULTIPART, [("a", "1\r\n2"), ('b"', "\N{SNOWMAN}")])
    request = Request(EnvironBuilder(method="POST", data=body, content_type=kind).get_environ())
    assert list(request.form.values()) == ["1\r\n2", "\N{SNOWMAN}"] and "a" in request.form
