"""The fast path is silent exactly when every rule is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_wsgiconform import Finding
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.registry import catalogue, event_rules
from pytest_wsgiconform.wsgiref.util import FileWrapper

#: Rules whose silence the fast path can't share: those told once per validator, and the one that needs the
#: whole body, which is kept in thorough mode only.
NOT_COMPARED = {rule.id for rule in catalogue().values() if rule.once} | {"body-not-transfer-coded"}


class Text(str):
    """A str that isn't exactly one."""


ENVIRON_VALUES: dict[str, list[Any]] = {
    "REQUEST_METHOD": ["GET", "HEAD", "POST", "", "PROPFIND", b"GET", Text("GET")],
    "SCRIPT_NAME": ["", "/m", "/m/", "/", "m", "/\u20ac"],
    "PATH_INFO": ["/", "/a/b", "", "a", "/\xe9", "/\u20ac", "*"],
    "QUERY_STRING": ["", "a=1", "\u20ac", Text("a=1")],
    "SERVER_NAME": ["localhost", "", "::1"],
    "SERVER_PORT": ["80", "", "x", 80, "99999"],
    "SERVER_PROTOCOL": ["HTTP/1.1", "HTTP/2", "1.1", ""],
    "CONTENT_LENGTH": ["", "0", "12", "-1", "\u0661", 3],
    "CONTENT_TYPE": ["", "text/plain"],
    "REMOTE_USER": ["", "ada", None],
    "HTTP_X_NEW": ["1", "\xff", 5],
    "HTTP_CONTENT_LENGTH": ["5"],
    "wsgi.version": [(1, 0), (1, 1), [1, 0], (True, False), None],
    "wsgi.url_scheme": ["http", "https", "ws", "no scheme", Text("http"), []],
    "wsgi.multithread": [True, 0, None],
    "wsgi.input": [None],
    "wsgi.file_wrapper": [FileWrapper, True, None],
    "some.server": [object(), 1],
    "Some.Server": [1],
    "lower": ["text", 7],
    "wsgi.unheard_of": [1],
}

#: What the cards declare beyond that: variables, headers and codes that rules look at.
LOOKS = [rule.looks for rule in event_rules()]
for _name in sorted({name for look in LOOKS for name in look.environ or ()} - set(ENVIRON_VALUES)):
    ENVIRON_VALUES[_name] = ["", "text", None, 5]
HEADERS = sorted({name for look in LOOKS for name in (*(look.headers or ()), *look.together)})
CODES = sorted({code for look in LOOKS for code in look.statuses or ()})
VALUES = [
    "",
    "5",
    "x",
    '"a"',
    "a=b",
    "a=b; Path=/",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "no-cache",
    "/next",
    "close",
    "\xe9",
]

MISSING = object()
CHANGES = st.dictionaries(
    st.sampled_from(sorted(ENVIRON_VALUES)),
    st.integers(0, 7),
    max_size=3,
)

STATUSES = st.sampled_from(
    [
        *("200 OK", "404 Not Found", "204 No Content", "304 Not Modified", "302 Found", "401 Unauthorized"),
        *("206 Partial Content", "405 Method Not Allowed", "500 Internal Server Error"),
        *("200", "200 ", " 200 OK", "200  OK", "20 OK", "999 High", "101 Switching", "200 O\x7fK", "200 OK\n"),
        *("200 \u20ac", 200, b"200 OK", Text("200 OK"), None),
    ]
) | st.sampled_from(CODES).map("{} Declared".format)
PAIRS = st.sampled_from(
    [
        ("Content-Type", "text/plain"),
        ("Content-Length", "5"),
        ("content-length", "10"),
        ("Content-Length", "x"),
        ("ETag", '"a"'),
        ("ETag", "a"),
        ("Set-Cookie", "a=b; Path=/; HttpOnly"),
        ("Set-Cookie", "a=b; Max-Age=x, c=d"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("Date", "yesterday"),
        ("Expires", "0"),
        ("Location", "/next"),
        ("Location", "/n\xe9xt"),
        ("Cache-Control", "no-cache"),
        ("Cache-Control", "max-age=soon"),
        ("X-Own", "value"),
        ("X-Own", "val\tue"),
        ("X-Own", "v\r\nX: y"),
        ("X-Own", "\u20ac"),
        ("X-Own:", "value"),
        ("X-Own-", "value"),
        ("X Own", "value"),
        ("X-Own", 5),
        ("X-Own", Text("value")),
        (Text("X-Own"), "value"),
        ("Connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("Vary", "Accept"),
        ["X-Own", "value"],
        ("X-Own",),
        5,
    ]
) | st.tuples(st.sampled_from(HEADERS) | st.sampled_from(HEADERS).map(str.title), st.sampled_from(VALUES))
ITEMS = st.sampled_from([b"hello", b"", b"x" * 100, "text", bytearray(b"ab"), None])
BODIES = st.tuples(st.sampled_from([list, tuple, iter, "generator", "late"]), st.lists(ITEMS, max_size=3))


def make_app(status: Any, headers: Any, body: tuple[Any, list[Any]]) -> Callable[..., Any]:
    kind, items = body

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response(status, headers)
        return kind(items)

    def generator(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[Any]:
        if kind == "late":
            yield b""
        start_response(status, headers)
        yield from items

    return generator if isinstance(kind, str) else app


def make_environ(changes: dict[str, int]) -> dict[str, Any]:
    environ = build_environ("/page", "GET")
    for key, choice in changes.items():
        values = ENVIRON_VALUES[key]
        if choice >= len(values):
            environ.pop(key, None)
        else:
            environ[key] = values[choice]
    return environ


def drive(watched: Validator, environ: dict[str, Any], take: int, goes_on: bool = False) -> None:
    """Be a server that closes after *take* items, and when it *goes_on* asks for what is left after that."""
    body = watched(environ, lambda status, headers, exc_info=None: lambda data: None)
    if body is None or isinstance(body, (str, bytes)):
        return
    steps = iter(body)
    for number, _item in enumerate(steps, 1):
        if number == take:
            break
    body.close()
    if goes_on:
        list(steps)


class Switch:
    """An app that is another one for each exchange, so that one validator keeps its memory over all."""

    def __init__(self) -> None:
        self.app: Callable[..., Any] | None = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        assert self.app is not None
        return self.app(environ, start_response)


QUICK_SWITCH, QUICK_FOUND = Switch(), list[Finding]()
QUICK = Validator(QUICK_SWITCH, QUICK_FOUND.append)


def found_quickly(
    app: Callable[..., Any], environ: dict[str, Any], take: int, goes_on: bool = False
) -> set[tuple[str, str]]:
    QUICK_SWITCH.app = app
    QUICK_FOUND.clear()
    drive(QUICK, environ, take, goes_on)
    return {(f.rule, f.blame.value) for f in QUICK_FOUND if f.rule not in NOT_COMPARED}


def found_thoroughly(
    app: Callable[..., Any], environ: dict[str, Any], take: int, goes_on: bool = False
) -> set[tuple[str, str]]:
    found: list[Finding] = []
    drive(Validator(app, found.append, thorough=True), environ, take, goes_on)
    return {(f.rule, f.blame.value) for f in found if f.rule not in NOT_COMPARED}


def hashable_chain(headers: list[Any]) -> list[Any]:
    return list(headers)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(CHANGES, STATUSES, st.lists(PAIRS, max_size=4), BODIES, st.sampled_from([0, 1, 99]))
def test_quick_and_thorough_find_the_same(
    changes: dict[str, int], status: Any, headers: list[Any], body: tuple[Any, list[Any]], take: int
) -> None:
    for _ in range(2):  # the second time meets the memory of the first
        quick = found_quickly(make_app(status, list(headers), body), make_environ(changes), take)
        thorough = found_thoroughly(make_app(status, list(headers), body), make_environ(changes), take)
        assert quick == thorough


GOOD_PAIRS = PAIRS.filter(lambda pair: pair in [("Content-Type", "text/plain"), ("X-Own", "value"), ("Vary", "Accept")])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(PAIRS, max_size=5), st.sampled_from(["200 OK", "404 Not Found"]), BODIES)
def test_clean_calls_stay_in_step(headers: list[Any], status: str, body: tuple[Any, list[Any]]) -> None:
    """Mostly clean traffic, where the fast path really is taken."""
    app = make_app(status, [("Content-Type", "text/plain"), *headers], body)
    for _ in range(2):
        assert found_quickly(app, make_environ({}), 99) == found_thoroughly(app, make_environ({}), 99)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(PAIRS, max_size=2), BODIES, st.sampled_from([1, 2]))
def test_a_server_that_goes_on_after_close(headers: list[Any], body: tuple[Any, list[Any]], take: int) -> None:
    """The fast path hands out the list's own iterator, and sees only afterwards how far it went."""
    app = make_app("200 OK", [("Content-Type", "text/plain"), *headers], body)
    goes_on = take < len(body[1])  # to ask once more after the last item is not told of a list
    for _ in range(2):
        quick = found_quickly(app, make_environ({}), take, goes_on)
        assert quick == found_thoroughly(app, make_environ({}), take, goes_on)


def test_items_after_close_are_told_of_a_clean_list() -> None:
    app = make_app("200 OK", [("Content-Type", "text/plain")], (list, [b"one", b"two", b"three"]))
    drive(Validator(app, lambda finding: None), make_environ({}), 0)
    for _ in range(3):
        assert found_quickly(app, make_environ({}), 1, goes_on=True) == {("close-comes-last", "server")}
        assert found_quickly(app, make_environ({}), 1) == set()


@pytest.mark.parametrize("size", [64, 5000])
@pytest.mark.parametrize("item", [b"", b"x", b"y" * 40])
def test_long_lists(size: int, item: bytes) -> None:
    length = str(len(item) * size)
    for headers in ([("Content-Type", "text/html"), ("Content-Length", length)], [("Content-Length", "7")]):
        app = make_app("200 OK", headers, (list, [item] * size))
        assert found_quickly(app, make_environ({}), 0) == found_thoroughly(app, make_environ({}), 0)


def test_the_clean_path_judges_nothing() -> None:
    """What was found clean once takes the fast path, or the benchmark would measure something else."""
    app = make_app("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")], (list, [b"hello"]))
    watched = Validator(app, lambda finding: None)
    drive(watched, make_environ({}), 0)
    judged: list[Any] = []
    watched.setup.judge.judge = lambda event, exchange: judged.append(event)  # type: ignore[method-assign]
    for _ in range(3):
        environ = make_environ({})
        environ["wsgi.input"] = io.BytesIO()
        drive(watched, environ, 0)
    assert judged == []


def test_memory_is_bounded() -> None:
    switch = Switch()
    watched = Validator(switch, lambda finding: None)
    for number in range(3000):
        switch.app = make_app(
            f"404 Gone {number}", [("Content-Type", "text/plain"), ("X-N", str(number))], (list, [b"x"])
        )
        environ = make_environ({})
        environ[f"HTTP_X_{number}"] = "1"
        drive(watched, environ, 0)
    fast = watched.setup.fast
    assert max(len(fast._calls), len(fast._pairs), len(fast._shapes), len(fast._statuses), len(fast._facts)) <= 1100
