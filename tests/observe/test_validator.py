"""What the validator reports, whatever passes through it."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_wsgiconform import Blame, ConformanceError, ConformanceWarning, Finding, Level, validator
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from tests.observe.serving import findings_of, serve, start_response

BOTH_MODES = pytest.mark.parametrize("thorough", [False, True])


def three_faults(environ: Any, start_response: Any) -> Any:
    start_response("200", [("Content-Type", "text/plain"), ("X-Number", 1)])
    return ["hello"]


FIRST_LINE = three_faults.__code__.co_firstlineno


@BOTH_MODES
def test_all_findings_of_one_exchange_each_with_its_line(thorough: bool) -> None:
    found = findings_of(three_faults, thorough=thorough)
    assert [(f.rule, f.location and f.location.line) for f in found] == [
        ("status-has-reason", FIRST_LINE + 1),
        ("header-value-native-string", FIRST_LINE + 1),
        ("body-native-bytes", FIRST_LINE + 2),
    ]
    for finding in found:
        assert finding.level is Level.ERROR and finding.blame is Blame.APP
        assert finding.location is not None and finding.location.file == __file__
        assert finding.request == {"method": "GET", "path": "/", "query": ""}
        assert "got" in finding.evidence


def test_without_a_callback_an_error_is_raised_where_it_was_made() -> None:
    with pytest.raises(ConformanceError, match="status-has-reason") as caught:
        serve(validator(three_faults))
    assert caught.value.finding.rule == "status-has-reason"
    assert isinstance(caught.value, AssertionError)
    assert any(entry.name == "three_faults" for entry in caught.traceback)


TEXT = [("Content-Type", "text/plain")]


def test_without_a_callback_a_warning_names_the_app_s_line() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("999 Strange", TEXT)
        return [b"hello"]

    with pytest.warns(ConformanceWarning, match="status-code-below-600") as caught:
        serve(validator(app))
    assert (caught[0].filename, caught[0].lineno) == (__file__, app.__code__.co_firstlineno + 1)


def test_without_a_callback_advice_is_dropped() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)(b"hello")
        return []

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert serve(validator(app)) == []


@BOTH_MODES
def test_several_returns_are_told_apart_in_thorough_mode(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        if environ["PATH_INFO"] == "/":
            return ["root"]
        return ["page"]

    (finding,) = findings_of(app, build_environ("/page"), thorough=thorough)
    expected = app.__code__.co_firstlineno + (4 if thorough else 0)
    assert finding.location is not None and finding.location.line == expected


@BOTH_MODES
def test_a_generator_s_yield_is_named(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[Any]:
        start_response("200 OK", TEXT)
        yield b"fine"
        yield "text"

    (finding,) = findings_of(app, thorough=thorough)
    assert finding.location is not None and finding.location.line == app.__code__.co_firstlineno + 3


@BOTH_MODES
def test_the_same_fault_is_counted_not_repeated(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[Any]:
        start_response("200 OK", TEXT)
        for _ in range(1000):
            yield "text"

    found: list[Finding] = []
    ended: list[Any] = []
    serve(Validator(app, found.append, thorough=thorough, on_end=ended.append))
    assert [finding.rule for finding in found if finding.level is Level.ERROR] == ["body-native-bytes"]
    assert ended[0].findings[0].count == 1000


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("incomparable")

    def __hash__(self) -> int:
        raise RuntimeError("unhashable")


@BOTH_MODES
@pytest.mark.parametrize("garbage", [Hostile(), None, 5, object, [], {"a": Hostile()}, ("x",), b"\xff", "\ud800"])
def test_garbage_from_the_app_gives_findings_not_exceptions(garbage: Any, thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(garbage, garbage)
        return [garbage]

    rules = {finding.rule for finding in findings_of(app, thorough=thorough)}
    assert rules & {"status-native-string", "status-latin1", "status-code-three-digits"}


@BOTH_MODES
@pytest.mark.parametrize("garbage", [Hostile(), None, 5, object, [], {"a": Hostile()}, ("x",), b"\xff", "\ud800"])
def test_garbage_from_the_server_gives_findings_not_exceptions(garbage: Any, thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return [b"hello"]

    environ = dict.fromkeys(build_environ(), garbage)
    found = findings_of(app, environ, thorough=thorough)
    assert {finding.blame for finding in found} == {Blame.SERVER}
    for given in (garbage, {}, None):
        found = []
        body = Validator(app, found.append, thorough=thorough)(given, start_response)
        body.close()
        assert {finding.blame for finding in found} == {Blame.SERVER}


def test_other_calls_than_the_regular_one_reach_the_app() -> None:
    def app(*args: Any, **kwargs: Any) -> Any:
        return [b"%d %d" % (len(args), len(kwargs))]

    found: list[Finding] = []
    watched = Validator(app, found.append)
    body = watched(environ=build_environ(), start_response=start_response)
    assert list(body) == [b"0 2"]
    body.close()
    assert "app-called-positionally" in {finding.rule for finding in found}
    body = watched(build_environ(), start_response, 3)
    assert list(body) == [b"3 0"]
    body.close()


def test_python_O_finds_the_same() -> None:
    program = (
        "from pytest_wsgiconform import check_app\n"
        "def app(environ, start_response):\n"
        "    start_response('200', [('X', 1)])\n"
        "    return ['hello']\n"
        "print(sorted({f.rule for f in check_app(app).findings}))\n"
    )
    plain = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    optimised = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True)
    assert "body-native-bytes" in plain.stdout
    assert plain.stdout == optimised.stdout


def test_threads_do_not_mix() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[Any]:
        start_response("200 OK", TEXT)
        yield environ["PATH_INFO"].encode()
        yield environ["PATH_INFO"]

    ended: list[Any] = []
    watched = Validator(app, lambda finding: None, on_end=ended.append)

    def visit(number: int) -> None:
        for _ in range(50):
            body = watched(build_environ(f"/{number}"), start_response)
            assert list(body) == [b"/%d" % number, f"/{number}"]
            body.close()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ended) == 400
    for exchange in ended:
        assert [finding.rule for finding in exchange.findings] == ["body-native-bytes"]
        assert exchange.path[1:] in exchange.findings[0].message


@BOTH_MODES
def test_a_close_that_cannot_be_seen_is_not_missed(thorough: bool) -> None:
    class Response:
        """What a view of some framework may return by mistake: no iterable, but closeable."""

        def close(self) -> None:
            pass

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return Response()

    found: list[Finding] = []
    Validator(app, found.append, thorough=thorough)(build_environ(), start_response).close()
    assert [(finding.rule, finding.blame) for finding in found] == [("returns-iterable", Blame.APP)]
