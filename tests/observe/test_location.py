"""Whose line a finding names when others stand between the app and what it uses."""

from __future__ import annotations

import contextlib
import gc
import io
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from pytest_wsgiconform import Finding, check_app
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.wsgiref.util import FileWrapper

TEXT = [("Content-Type", "text/plain")]
BOTH_MODES = pytest.mark.parametrize("thorough", [False, True])


def findings_of(app: Callable[..., Any], thorough: bool = True, **environ: Any) -> list[Finding]:
    found: list[Finding] = []
    result = Validator(app, found.append, thorough=thorough)(build_environ(**environ), lambda *_: lambda data: None)
    list(result)
    result.close()
    return found


def line_of(finding: Finding, app: Any) -> int:
    """Return the line of *finding* counted from the ``def`` line of *app*."""
    assert finding.location is not None
    assert finding.location.file == __file__
    return finding.location.line - app.__code__.co_firstlineno


@BOTH_MODES
def test_the_standard_library_reads_for_the_app(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        shutil.copyfileobj(environ["wsgi.input"], io.BytesIO())
        start_response("200 OK", TEXT)
        return [b"x"]

    (finding,) = findings_of(app, thorough, method="POST", body=b"some")
    assert finding.rule == "input-not-overread"
    assert line_of(finding, app) == 1


@BOTH_MODES
def test_the_standard_library_looks_at_start_response_for_the_app(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        with contextlib.suppress(AttributeError), contextlib.closing(start_response):
            start_response("200 OK", TEXT)
        return [b"x"]

    found = findings_of(app, thorough)
    assert {(finding.rule, line_of(finding, app)) for finding in found} == {("start-response-only-called", 1)}


@BOTH_MODES
def test_what_a_file_wrapper_gave_is_the_line_that_returned_it(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return environ["wsgi.file_wrapper"](io.StringIO("text"))

    found = findings_of(app, thorough, extra={"wsgi.file_wrapper": FileWrapper})
    assert [(finding.rule, line_of(finding, app)) for finding in found] == [("body-native-bytes", 2)]


@BOTH_MODES
def test_an_item_that_a_middleware_hands_on_is_the_line_of_the_inner_yield(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"one"
        yield "two"

    def middleware(environ: Any, start_response: Any) -> Any:
        return Validator(app, lambda finding: None)(environ, start_response)

    (finding,) = findings_of(middleware, thorough)
    assert finding.rule == "body-native-bytes"
    assert line_of(finding, app) == 3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_the_interpreter_runs_meanwhile_is_not_the_app_s_return() -> None:
    async def app(environ: Any, start_response: Any) -> Any:
        return []

    # The warning about the coroutine before is written while the next call is watched.
    found = [finding for finding in check_app(app).findings if finding.rule == "returns-iterable"]
    assert {line_of(finding, app) for finding in found} == {1}
    gc.collect()


@BOTH_MODES
def test_a_file_wrapper_may_be_iterated_by_the_app_itself(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield from environ["wsgi.file_wrapper"](io.BytesIO(b"abcdef"), 4)

    found: list[Finding] = []
    environ = build_environ(extra={"wsgi.file_wrapper": FileWrapper})
    result = Validator(app, found.append, thorough=thorough)(environ, lambda *_: lambda data: None)
    assert list(result) == [b"abcd", b"ef"]
    result.close()
    assert found == []


def test_an_app_that_reads_byte_by_byte_does_not_run_out_of_time() -> None:
    body = b"line\n" * 10_000

    def by_bytes(environ: Any, start_response: Any) -> Any:
        read = environ["wsgi.input"].read
        got = b"".join(read(1) for _ in range(len(body)))
        start_response("200 OK", TEXT)
        return [got, read(1)]

    def by_lines(environ: Any, start_response: Any) -> Any:
        got = [*environ["wsgi.input"]] if environ["QUERY_STRING"] else [*iter(environ["wsgi.input"].readline, b"")]
        start_response("200 OK", TEXT)
        return [b"".join(got), environ["wsgi.input"].read(1)]

    for app, query in ((by_bytes, ""), (by_lines, ""), (by_lines, "iterate")):
        exercised: list[int] = []
        found: list[Finding] = []

        def note(exchange: Any, exercised: list[int] = exercised) -> None:
            exercised.append(exchange.exercised["input-gives-bytes"])

        watched = Validator(app, found.append, thorough=True, on_end=note)
        result = watched(build_environ(method="POST", body=body, query=query), lambda *_: lambda data: None)
        assert b"".join(result) == body
        result.close()
        # Beyond a thousand faultless uses, only a faulty one is looked at.
        assert [finding.rule for finding in found] == ["input-not-overread"]
        assert 1000 <= exercised[0] <= 1002


def test_starting_twice_is_no_error_response_when_nothing_failed() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        start_response("201 Created", TEXT)
        return [b"x"]

    assert {f.rule for f in check_app(app).findings if f.level == "error"} == {"start-response-called-once"}
