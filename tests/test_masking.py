"""Secrets in every form in which texts spell them are masked, and nothing else is."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_wsgiconform.masking import MASKED, SHORT, Mask
from pytest_wsgiconform.rules.display import shorten, show
from tests.secret_forms import FORMS

#: What passwords and tokens are made of, and what is escaped anywhere.
ALPHABET = st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x00")
SECRETS = st.text(ALPHABET, min_size=SHORT, max_size=40).filter(lambda text: text == text.strip())


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None)
@given(secret=SECRETS)
@example(secret="hunter2")
@example(secret="a b&c=d/e\"f'g<h>i\\j%k+l")
@example(secret="pässwörd-\N{SNOWMAN}-\N{GRINNING FACE}")
def test_each_form_is_masked_wherever_it_stands(form: str, secret: str) -> None:
    spelled = FORMS[form](secret)
    masked = Mask([secret]).text(f"<before> {spelled} <after>")
    assert spelled.strip("\"'") not in masked
    assert secret not in masked
    assert masked.startswith("<before> ") and masked.endswith(" <after>") and MASKED in masked


@settings(deadline=None)
@given(secret=SECRETS, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_base64_of_what_holds_a_secret_does_not_give_it_away(secret: str, before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    masked = Mask([secret]).text(encoded)
    assert MASKED in masked
    # Of what is left, no piece decodes to a piece of the secret that says anything.
    data = secret.encode()
    for shift in range(4):
        for piece in masked.replace("=", "").split(MASKED):
            part = piece[shift:]
            decoded = base64.b64decode(part[: len(part) // 4 * 4])
            assert not any(data[i : i + 3] in decoded for i in range(len(data) - 2)) or any(
                data[i : i + 3] in before + b"\0" + after for i in range(len(data) - 2)
            )


@given(
    secret=st.text("abcdef", min_size=SHORT), text=st.text(ALPHABET.filter(lambda c: c not in "abcdef"), max_size=60)
)
def test_what_holds_no_secret_stays_as_it_is(secret: str, text: str) -> None:
    assert Mask([secret]).text(text) == text


CUTS = [lambda s: shorten(s, 30), lambda s: show(s, 30), lambda s: s[:30] + "\u2026"]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("form", FORMS)
def test_the_beginning_that_a_cut_leaves_is_masked(form: str, cut: Callable[[str], str]) -> None:
    secret = "01/23 45&67%" * 10
    masked = Mask([secret]).text(cut(f"cookie is {FORMS[form](secret)}"))
    assert masked.lstrip("'\"").startswith("cookie is") and MASKED in masked
    first = "" if form == "basic" else FORMS[form](secret).strip("\"'")[:4]  # there the user comes first
    assert not any(part in masked for part in ("01", "23", first) if part)


def test_a_long_secret_is_masked_to_its_end() -> None:
    secret = "".join(f"{number}-" for number in range(800))
    assert Mask([secret]).text(f"a {secret} b") == "a *** b"
    assert Mask([secret]).text(f"a {quote(secret, safe='')} b") == "a *** b"


def test_the_longer_of_two_secrets_is_masked_as_a_whole() -> None:
    assert Mask(["secret", "secret-and-more"]).text("secret-and-more, secret") == "***, ***"


SHORT_PLACES = [
    ("X-Key: tok", "X-Key: ***"),
    ("x-key:tok", "x-key:***"),
    ("{'X-Key': 'tok'}", "{'X-Key': '***'}"),
    ("('X-Key', 'tok')", "('X-Key', '***')"),
    ("HTTP_X_KEY=tok", "HTTP_X_KEY=***"),
    ("pin=tok&a=b", "pin=***&a=b"),
    ('{"pin": "tok"}', '{"pin": "***"}'),
    ("Authorization: Bearer tok", "Authorization: Bearer ***"),
    ("Cookie: a=b; sid=tok; c=d", "Cookie: a=b; sid=***; c=d"),
    ("Set-Cookie: sid=tok; Path=/", "Set-Cookie: sid=***; Path=/"),
]


@pytest.mark.parametrize(("text", "wanted"), SHORT_PLACES)
def test_a_short_secret_is_masked_where_a_credential_stands(text: str, wanted: str) -> None:
    assert Mask(["tok"], ["x-key", "pin"]).text(text) == wanted


@pytest.mark.parametrize("text", ["a tok b", "token", "X-Key: token", "tok: X-Key", "pinned=tokens", "stoking=tok"])
def test_a_short_secret_stays_elsewhere(text: str) -> None:
    assert Mask(["tok"], ["x-key", "pin"]).text(text) == text


def test_a_line_says_that_a_secret_is_short() -> None:
    assert Mask(["long enough"]).note() == ""
    assert (
        Mask(["tok"]).note() == "1 secret has fewer than 6 characters: masked only in headers, cookies and form fields"
    )
    assert Mask(["tok", "pin"]).note().startswith("2 secrets have fewer than 6 characters")


def test_short_values_in_plain_data_are_masked_by_their_names() -> None:
    mask = Mask(["tok"], ["x-key"])
    data = {"headers": [("X-Key", "tok"), ["Accept", "tok"]], "HTTP_X_KEY": "tok", "other": "tok", "n": 3, "none": None}
    assert mask.data(data) == {
        "headers": [("X-Key", "***"), ["Accept", "tok"]],
        "HTTP_X_KEY": "***",
        "other": "tok",
        "n": 3,
        "none": None,
    }


def test_plain_data_keeps_its_shape() -> None:
    mask = Mask(["hunter2"])
    data = {"a hunter2": ("hunter2", 1, True), "b": [b"x hunter2", {"c": "hunter2!"}]}
    assert mask.data(data) == {"a hunter2": ("***", 1, True), "b": [b"x ***", {"c": "***!"}]}


def test_cookies_of_the_session_are_masked_whatever_their_value_is() -> None:
    mask = Mask()
    mask.add(cookies=["sid"])
    assert mask.text("Set-Cookie: sid=new-and-unknown; Path=/") == "Set-Cookie: sid=***; Path=/"
    assert mask.text("inside=new-and-unknown") == "inside=new-and-unknown"


def test_a_token_of_a_form_is_masked_though_nobody_has_seen_it() -> None:
    page = '<input type="hidden" name="csrfmiddlewaretoken" value="AbC123"><input name="q" value="AbC124">'
    assert Mask(["hunter2"]).text(page) == page.replace("AbC123", "***")


def test_node_ids_and_files_are_never_changed() -> None:
    mask = Mask(["status", "shop.py"])
    mask.keep(["status-has-reason", "/home/me/shop.py", "unrelated"])
    assert mask.text("status-has-reason: status of shop.py (/home/me/shop.py:3)") == (
        "status-has-reason: *** of *** (/home/me/shop.py:3)"
    )


def test_in_a_request_a_secret_with_a_name_is_called_by_it() -> None:
    mask = Mask(["other-secret"])
    mask.name("a b/c-long", "TOKEN")
    assert mask.request({"method": "GET", "path": "/x/a b/c-long", "query": "q=a+b%2fc-long&r=other-secret"}) == {
        "method": "GET",
        "path": "/x/${TOKEN}",
        "query": "q=${TOKEN}&r=***",
    }


def test_without_secrets_everything_comes_back_as_it_is() -> None:
    mask = Mask(["", "  "])
    data = {"a": ["b"]}
    assert not mask and mask.data(data) is data and mask.text("Authorization: x") == "Authorization: x"
