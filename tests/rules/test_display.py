"""Text of docstrings, without its marks for the terminal, with others for Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_wsgiconform.rules.display import markdown, plain
from pytest_wsgiconform.rules.registry import catalogue


@pytest.mark.parametrize(
    ("text", "terminal", "page"),
    [
        ("``close()`` is called", "close() is called", "`close()` is called"),
        ("see :func:`~package.module.name`.", "see name.", "see `name`."),
        ("see :class:`Rule`, `x`", "see Rule, x", "see `Rule`, `x`"),
        ("environ *is* that", "environ is that", "environ *is* that"),
        ("a **bold** word", "a bold word", "a **bold** word"),
        ("a size of 2**64 + 5, read as 2**3", "a size of 2**64 + 5, read as 2**3", "a size of 2**64 + 5, read as 2**3"),
        ('``b"*a*"`` ends', 'b"*a*" ends', '`b"*a*"` ends'),
        ("a split ``code\nword``", "a split code\nword", "a split `code\nword`"),
    ],
)
def test_marks(text: str, terminal: str, page: str) -> None:
    assert plain(text) == terminal
    assert markdown(text) == page


@given(st.text(alphabet=st.characters(exclude_characters="`*")))
def test_text_without_marks_stays_as_it_is(text: str) -> None:
    assert plain(text) == markdown(text) == text


def test_cards_lose_their_marks_and_nothing_else() -> None:
    for rule in catalogue().values():
        for text in (rule.summary, rule.why, rule.hint):
            assert "`" not in plain(text)
            assert "``" not in markdown(text)
            assert plain(text).replace("*", "") == text.replace("`", "").replace("*", "")
