"""The documented face of the validator: AssertionError at the first fault, warnings for what is questionable."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.util import setup_testing_defaults
from pytest_wsgiconform.wsgiref.validate import WSGIWarning, validator
from tests.wsgiref.handler_tools import OURS, STANDARD
from tests.wsgiref.validate_tools import environ_with, raised

TEXT = [("Content-Type", "text/plain")]


def serve(app: Callable[..., Any], environ: Any = None, start: Callable[..., Any] | None = None) -> list[bytes]:
    if environ is None:
        environ = {}
        setup_testing_defaults(environ)
    body = validator(app)(environ, start or (lambda status, headers, exc_info=None: print))
    try:
        return list(body)
    finally:
        body.close()


def answering(status: Any = "200 OK", headers: Any = TEXT, body: Any = (b"hello",)) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, headers)
        return body

    return app


def test_conforming_traffic_passes() -> None:
    assert serve(answering()) == [b"hello"]


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (answering(headers=tuple(TEXT)), r"^Headers \(.*\) must be of type list: <class 'tuple'>$"),
        (answering(headers=[["A", "b"]]), r"Individual headers .* must be of type tuple: <class 'list'>"),
        (answering(headers=[("A", 1)]), r"^Header value must be of type str \(got 1\)$"),
        (answering(headers=[(b"A", "1")]), r"^Header name must be of type str \(got b'A'\)$"),
        (answering(status=b"200 OK"), r"^Status must be of type str \(got b'200 OK'\)$"),
        (answering(body=["text"]), r"^Iterator yielded non-bytestring \('text'\)$"),
        (
            answering(body=b"text"),
            r"^You should not return a string as your application iterator.*\[returns-no-bare-string\]$",
        ),
        (answering(body=None), "returns-iterable"),
        (answering(status="2x0 OK"), "status-code-three-digits"),
        (answering(headers=[("Connection", "close")]), "header-no-persistence"),
        (lambda environ, start: [b"never started"], "start_response has not yet been called"),
    ],
)
def test_the_first_fault_of_the_app_is_raised(app: Callable[..., Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        serve(app)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"REQUEST_METHOD": None}, "REQUEST_METHOD"),
        ({"SERVER_PORT": 80}, "SERVER_PORT"),
        ({"SERVER_NAME": ""}, "SERVER_NAME"),
        ({"CONTENT_LENGTH": "+3"}, "CONTENT_LENGTH"),
        ({"CONTENT_LENGTH": "three"}, "CONTENT_LENGTH"),
        ({"HTTP_CONTENT_TYPE": "text/plain"}, "HTTP_CONTENT_TYPE"),
        ({"wsgi.version": (1, 1)}, "wsgi.version"),
        ({"SCRIPT_NAME": "/"}, "SCRIPT_NAME"),
    ],
)
def test_the_first_fault_of_the_server_is_raised(change: dict[str, Any], message: str) -> None:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ.update(change)
    with pytest.raises(AssertionError, match=message):
        serve(answering(), environ)


def test_missing_keys_and_wrong_types_of_environ_are_assertion_errors() -> None:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    del environ["SERVER_NAME"]
    with pytest.raises(AssertionError, match=r"^Environment missing required key: 'SERVER_NAME'$"):
        serve(answering(), environ)
    with pytest.raises(AssertionError, match="Environment is not of the right type: <class 'list'>"):
        serve(answering(), [])


def test_calls_of_other_forms_are_assertion_errors() -> None:
    with pytest.raises(AssertionError, match="No keyword arguments allowed"):
        validator(answering())(environ={}, start_response=print)
    with pytest.raises(AssertionError, match="Two arguments required"):
        validator(answering())({})


def test_read_without_a_size_is_refused_as_ever() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        environ["wsgi.input"].read()
        raise NotImplementedError

    with pytest.raises(AssertionError) as caught:
        serve(app)
    assert caught.value.args == ()


@pytest.mark.parametrize("method", ["readline", "readlines"])
@pytest.mark.parametrize("arguments", [(), (5,)])
def test_readline_and_readlines_take_what_the_stream_takes(method: str, arguments: tuple[int, ...]) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        getattr(environ["wsgi.input"], method)(*arguments)
        start_response("200 OK", TEXT)
        return [b"read"]

    assert serve(app) == [b"read"]


def test_questionable_behaviour_is_a_warning_at_the_app_s_line() -> None:
    app = answering(status="999 Odd")
    with pytest.warns(WSGIWarning, match="status-code-below-600") as caught:
        serve(app)
    assert caught[0].filename == __file__


def test_a_second_start_response_and_a_broken_server_are_noticed() -> None:
    def twice(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        start_response("500 Oops", TEXT)
        return [b""]

    with pytest.raises(AssertionError, match="start-response-called-once"):
        serve(twice)
    with pytest.raises(AssertionError, match="start-response-returns-write"):
        serve(answering(), start=lambda status, headers, exc_info=None: None)


def test_use_after_close_is_noticed() -> None:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    body = validator(answering(body=iter([b"a", b"b"])))(environ, lambda status, headers, exc_info=None: print)
    items = iter(body)
    assert next(items) == b"a"
    body.close()
    with pytest.raises(AssertionError, match=r"^Iterator read after closed$"):
        next(items)


def test_an_iterable_thrown_away_without_close_is_a_warning_not_noise_on_stderr() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"hello"

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    with pytest.warns(WSGIWarning, match="close-called"):
        list(validator(app)(environ, lambda status, headers, exc_info=None: print))
        gc.collect()


def test_python_O_raises_too() -> None:
    program = (
        "from pytest_wsgiconform.wsgiref.validate import validator\n"
        "from pytest_wsgiconform.wsgiref.util import setup_testing_defaults\n"
        "environ = {}; setup_testing_defaults(environ)\n"
        "try:\n"
        "    validator(lambda e, s: b'x')(environ, print)\n"
        "except AssertionError as error:\n"
        "    print('raised', error)\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("raised ")


# ---- the words that existing tests match on


def closing(key: str) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        environ[key].close()
        return []

    return app


def with_exc_info(exc_info: Any) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("500 No", TEXT, exc_info)
        return [b"no"]

    return app


def started_with(*arguments: Any, **keywords: Any) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(*arguments, **keywords)
        return [b"x"]

    return app


OF_THE_APP = {
    "status of bytes": answering(b"200 OK"),
    "status of None": answering(None),
    "status of two digits": answering("20 OK"),
    "status without code": answering("OK"),
    "status without blank": answering("200OK"),
    "status below 100": answering("099 Low"),
    "headers in a tuple": answering(headers=tuple(TEXT)),
    "headers in a dict": answering(headers=dict(TEXT)),
    "header in a list": answering(headers=[["A", "b"]]),
    "header name of bytes": answering(headers=[(b"A", "b")]),
    "header value of bytes": answering(headers=[("A", b"b")]),
    "header value of None": answering(headers=[*TEXT, ("A", None)]),
    "colon in a name": answering(headers=[*TEXT, ("A:", "b")]),
    "line feed in a name": answering(headers=[*TEXT, ("A\n", "b")]),
    "blank in a name": answering(headers=[*TEXT, ("A B", "b")]),
    "empty name": answering(headers=[*TEXT, ("", "b")]),
    "CR in a value": answering(headers=[*TEXT, ("A", "a\rb")]),
    "LF in a value": answering(headers=[*TEXT, ("A", "a\nb")]),
    "NUL in a value": answering(headers=[*TEXT, ("A", "a\0b")]),
    "tab in a value": answering(headers=[*TEXT, ("A", "a\tb")]),
    "exc_info in a list": with_exc_info([1, 2, 3]),
    "exc_info of text": with_exc_info("error"),
    "text as the iterable": answering(body="text"),
    "bytes as the iterable": answering(body=b"text"),
    "None as the iterable": answering(body=None),
    "False as the iterable": answering(body=False),
    "text in the iterable": answering(body=["text"]),
    "None in the iterable": answering(body=[None]),
    "start_response never called": lambda environ, start_response: [b"x"],
    "one argument": started_with("200 OK"),
    "four arguments": started_with("200 OK", TEXT, None, None),
    "input closed": closing("wsgi.input"),
    "errors closed": closing("wsgi.errors"),
}
OF_THE_SERVER: dict[str, dict[str, Any]] = {
    **{
        f"no {key}": {key: None}
        for key in ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "wsgi.version", "wsgi.input")
    },
    **{f"no wsgi.{key}": {f"wsgi.{key}": None} for key in ("errors", "multithread", "multiprocess", "run_once")},
    "HTTP_CONTENT_TYPE": {"HTTP_CONTENT_TYPE": "text/plain"},
    "HTTP_CONTENT_LENGTH": {"HTTP_CONTENT_LENGTH": "1"},
    "port of int": {"SERVER_PORT": 80},
    "header of bytes": {"HTTP_X": b"x"},
    "version in a list": {"wsgi.version": [1, 0]},
    "script name": {"SCRIPT_NAME": "x"},
    "path": {"PATH_INFO": "x"},
    "script name of the root": {"SCRIPT_NAME": "/"},
    "negative length": {"CONTENT_LENGTH": "-1"},
}


def assert_same_words(app: Callable[..., Any], changes: dict[str, Any]) -> None:
    ours, standard = (raised(package, app, environ_with(changes)) for package in (OURS, STANDARD))
    assert type(ours) is type(standard) is AssertionError
    words = str(standard).partition(", and PATH_INFO should")[0]  # what goes on after that was never matched on
    assert words
    assert re.fullmatch(re.escape(words) + r"( \[[a-z0-9-]+\])?", str(ours)), (str(ours), str(standard))


@pytest.mark.parametrize("app", OF_THE_APP.values(), ids=OF_THE_APP)
def test_faults_of_the_app_are_told_in_the_known_words(app: Callable[..., Any]) -> None:
    assert_same_words(app, {})


@pytest.mark.parametrize("changes", OF_THE_SERVER.values(), ids=OF_THE_SERVER)
def test_faults_of_the_server_are_told_in_the_known_words(changes: dict[str, Any]) -> None:
    assert_same_words(answering(), changes)


def test_calls_are_told_in_the_known_words() -> None:
    for package in (OURS, STANDARD):
        with pytest.raises(AssertionError, match=r"^Two arguments required$"):
            package.validate.validator(answering())({})
        with pytest.raises(AssertionError, match=r"^Environment is not of the right type: <class 'list'>"):
            package.validate.validator(answering())([], print)


def test_where_known_words_do_not_fit_the_rule_speaks() -> None:
    for app, message in (
        (answering("2x0 OK"), r"^the status '2x0 OK' does not begin .*\[status-code-three-digits\]$"),
        (answering(headers=[("A", "b", "c")]), r"^header 1 is a tuple of 3 \[header-entries-are-pairs\]$"),
        (with_exc_info((1, 2)), r"\[exc-info-is-triple\]$"),
        (answering(body=5), r"^the application returned 5, of type int \[returns-iterable\]$"),
    ):
        with pytest.raises(AssertionError, match=message):
            serve(app)
