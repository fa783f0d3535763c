"""Cookies are kept and sent as RFC 6265 says."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.targets.app.cookies import Jar


def jar(*values: str, path: str = "/") -> Jar:
    made = Jar()
    made.take([("Set-Cookie", value) for value in values], path)
    return made


@pytest.mark.parametrize(
    ("set_cookies", "sent"),
    [
        (["a=1"], "a=1"),
        (["a=1", "b=2"], "a=1; b=2"),
        (["a=1", "a=2"], "a=2"),
        (['a="quoted value"; HttpOnly'], 'a="quoted value"'),
        (["a=b=c"], "a=b=c"),
        (["  a = 1 ; Path=/"], "a=1"),
        (["a=1; Path=/; Path=/deep"], ""),
        (["a=1; Path=relative"], "a=1"),
        (["alone"], "alone"),
        (["a="], "a="),
        (["a=1; Max-Age=0"], ""),
        (["a=1", "a=; Max-Age=0"], ""),
        (["a=1", "a=; Max-Age=-1"], ""),
        (["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "a=1"),
        (["a=1", "a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], ""),
        (["a=1", "a=x; expires=Thu, 01-Jan-1970 00:00:00 GMT"], ""),
        (["a=1; Expires=Fri, 01 Jan 2999 00:00:00 GMT"], "a=1"),
        (["a=1; Expires=nonsense"], "a=1"),
        (["a=1; Secure"], ""),
    ],
)
def test_what_is_sent_to_the_root(set_cookies: list[str], sent: str) -> None:
    assert jar(*set_cookies).header("/", "http") == sent


@pytest.mark.parametrize(
    ("path", "sent"), [("/a", True), ("/a/", True), ("/a/b", True), ("/ab", False), ("/", False), ("/b", False)]
)
def test_a_cookie_goes_to_its_path_and_below(path: str, sent: bool) -> None:
    assert bool(jar("c=1; Path=/a").header(path, "http")) is sent


def test_without_a_path_it_is_the_folder_of_the_request() -> None:
    made = jar("c=1", path="/a/login")
    assert made.header("/a/page", "http") == "c=1" and made.header("/b", "http") == ""


def test_secure_cookies_go_under_https_and_longer_paths_first() -> None:
    made = jar("a=1; Path=/", "b=2; Path=/deep; Secure")
    assert made.header("/deep/er", "https") == "b=2; a=1"
    assert made.header("/deep/er", "http") == "a=1"


def test_an_app_can_not_fill_the_memory() -> None:
    made = jar(*(f"c{number}=1" for number in range(1000)), "big=" + "x" * 100_000)
    assert len(made.cookies) == 200 and made.cookies[-1].name == "c999"
