"""A session is opened, shared by nobody but one thread, noticed when it is lost, and opened again."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.rules.records.app import ExchangeRecord
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.app.session import Session
from pytest_wsgiconform.targets.base import TargetError
from pytest_wsgiconform.targets.hooks import Hooks, header_pairs


class Numbered(Hooks):
    """Gives sessions with numbers. :param fail_after: from then on it raises."""

    def __init__(self, fail_after: int = 100) -> None:
        self.opened, self.fail_after = 0, fail_after
        self.session = self._session

    def _session(self, app: Any) -> tuple[tuple[str, str], ...]:
        if self.opened >= self.fail_after:
            raise TargetError("no more")
        self.opened += 1
        return (("Cookie", f"sid=number-{self.opened}"),)


def app(environ: Any, start_response: Any) -> list[bytes]:
    raise AssertionError("nothing is sent")


def session(hooks: Hooks, **settings: Any) -> Session:
    made = Session(app, Settings(**settings), hooks, build_environ)
    made.open()
    return made


def in_threads(made: Session, number: int) -> list[Any]:
    """Return the pairs of *number* threads that run at the same time."""
    found: list[Any] = []
    barrier = threading.Barrier(number)

    def ask() -> None:
        found.append((made.pairs(), made.pairs()))
        barrier.wait(5)

    threads = [threading.Thread(target=ask) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(first == second for first, second in found)
    return [first for first, _ in found]


def test_each_thread_has_a_session_of_its_own_and_leaves_it_to_the_next() -> None:
    hooks = Numbered()
    made = session(hooks)
    first = in_threads(made, 3)
    assert len({*first, made.pairs()}) == 4 and hooks.opened == 4
    assert set(in_threads(made, 3)) == set(first) and hooks.opened == 4


def test_where_no_second_session_can_be_had_threads_share_the_first() -> None:
    made = session(Numbered(fail_after=1))
    assert set(in_threads(made, 2)) == {made.pairs()}


def test_a_session_is_opened_again_in_all_threads() -> None:
    made = session(Numbered())
    before = {made.pairs(), *in_threads(made, 2)}
    assert made.renew()
    assert not before & {made.pairs(), *in_threads(made, 2)}


def test_what_can_not_be_opened_again_is_given_up_and_said() -> None:
    made = session(Numbered(fail_after=1))
    assert [made.renew() for _ in range(4)] == [False] * 4
    assert made.notes == ["the session was lost and could not be opened again: no more"]


def test_typed_fields_go_with_every_request() -> None:
    made = session(Numbered(), headers=(("X-Key", "k"),), auth="ada:p\N{LATIN SMALL LETTER A WITH DIAERESIS}ss")
    assert made.pairs() == (("X-Key", "k"), ("Authorization", "Basic YWRhOnDDpHNz"), ("Cookie", "sid=number-1"))


def test_what_is_secret_of_a_session_is_known() -> None:
    known = session(Numbered(), auth="ada:lovelace", secrets=("lovelace",)).secrets()
    assert {"lovelace", "number-1", "Basic YWRhOmxvdmVsYWNl", "YWRhOmxvdmVsYWNl"} <= set(known["secrets"])
    assert known["cookies"] == ["sid"] and {"cookie", "authorization"} <= set(known["names"])


FORM = b"<form><input name=user><input type=password name=password></form>"
OTHER_FORM = b"<form><input type=password name=pin></form>"


@pytest.mark.parametrize(
    ("status", "location", "body", "lost"),
    [
        ("200 OK", None, b"hello", False),
        ("200 OK", None, FORM, True),
        ("200 OK", None, OTHER_FORM, False),
        ("200 OK", None, b"forgot your password?", False),
        ("401 Unauthorized", None, b"", True),
        ("403 Forbidden", None, b"", True),
        ("404 Not Found", None, b"", False),
        ("302 Found", "/enter?next=/x", b"", True),
        ("302 Found", "http://localhost/accounts/sign-in", b"", True),
        ("302 Found", "/oauth2/auth", b"", True),
        ("302 Found", "/authors", b"", False),
        ("302 Found", "http://[", b"", False),
        ("500 Oops", None, FORM, True),
    ],
)
def test_when_a_session_looks_lost(status: str, location: str | None, body: bytes, lost: bool) -> None:
    made = Session(
        app, Settings(login="/enter", login_fields=(("user", "a"), ("password", "b"))), Numbered(), build_environ
    )
    record = ExchangeRecord("get", status=status, body=body, headers=[("Location", location)] if location else [])
    assert made.looks_lost(record) is lost and made.is_suspicious(record) is lost


def test_nothing_is_suspicious_where_nothing_was_opened() -> None:
    assert not session(Hooks(), auth="a:b").is_suspicious(ExchangeRecord("get", status="401 Unauthorized"))


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (None, "an object of type NoneType"),
        ("Cookie: a", "an object of type str"),
        ([("A",)], "an object of type tuple in place of a pair"),
        ([("A", 1)], "in place of a pair (name, value) of two strings"),
        ([("A B", "1")], "'A B', not the name of a header field"),
        ([("A", "secret\r\n")], "another control character in the value of A"),
        ([("A", "\u20ac")], "text beyond ISO-8859-1 in the value of A"),
    ],
)
def test_what_is_no_list_of_header_pairs(value: Any, wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        header_pairs(value)
    assert wrong in str(caught.value) and "secret" not in str(caught.value)


def test_header_pairs_may_be_a_mapping_or_pairs() -> None:
    assert header_pairs({"A": "1"}) == header_pairs([["A", "1"]]) == header_pairs(iter([("A", "1")])) == (("A", "1"),)
