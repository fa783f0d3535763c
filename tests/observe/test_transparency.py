"""The validator changes nothing for the two sides between which it stands."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_wsgiconform import Blame, ConformanceWarning, Finding
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.wsgiref.util import FileWrapper
from tests.observe.serving import findings_of, serve, start_response

TEXT = [("Content-Type", "text/plain")]
BOTH_MODES = pytest.mark.parametrize("thorough", [False, True])


@BOTH_MODES
def test_len_truth_and_index_are_those_of_the_app_s_object(thorough: bool) -> None:
    class Falsy:
        def __bool__(self) -> bool:
            return False

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"hello"])

    class Sequence:
        def __getitem__(self, index: int) -> bytes:
            return [b"a", b"b"][index]

    for result in ([], [b"one"], (b"one", b"two"), Falsy(), Sequence(), iter([b"x"])):

        def app(environ: Any, start_response: Any, result: Any = result) -> Any:
            start_response("200 OK", TEXT)
            return result

        body = Validator(app, lambda finding: None, thorough=thorough)(build_environ(), start_response)
        assert hasattr(body, "__len__") == hasattr(result, "__len__")
        assert hasattr(body, "__next__") == hasattr(result, "__next__")
        assert hasattr(body, "__getitem__") == hasattr(result, "__getitem__")
        assert bool(body) == bool(result)
        if hasattr(result, "__len__"):
            assert len(body) == len(result)
        if isinstance(result, Sequence):
            assert body[1] == b"b"
            assert list(body) == [b"a", b"b"]
        body.close()


@BOTH_MODES
def test_next_without_iter_works_on_iterators(thorough: bool) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[Any]:
        start_response("200 OK", TEXT)
        yield b"a"
        yield "b"

    found: list[Finding] = []
    body = Validator(app, found.append, thorough=thorough)(build_environ(), start_response)
    assert next(body) == b"a"
    assert next(body) == "b"
    assert [finding.rule for finding in found] == ["body-native-bytes"]
    body.close()


@BOTH_MODES
def test_a_file_wrapper_s_result_reaches_the_server_as_it_is(thorough: bool) -> None:
    seen: dict[str, Any] = {}
    file = io.BytesIO(b"hello")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [*TEXT, ("Content-Length", "5")])
        seen["result"] = environ["wsgi.file_wrapper"](file)
        seen["instance"] = isinstance(seen["result"], environ["wsgi.file_wrapper"])
        return seen["result"]

    found: list[Finding] = []
    watched = Validator(app, found.append, thorough=thorough)
    body = watched(build_environ(extra={"wsgi.file_wrapper": FileWrapper}), start_response)
    assert body is seen["result"] and seen["instance"] and isinstance(body, FileWrapper)
    assert b"".join(body) == b"hello"
    body.close()
    assert file.closed
    assert found == []


@BOTH_MODES
def test_a_function_as_file_wrapper(thorough: bool) -> None:
    def wrapper(file: Any, size: int = 8192) -> Iterator[bytes]:
        return iter(lambda: file.read(size), b"")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return environ["wsgi.file_wrapper"]([b"no file"])

    found: list[Finding] = []
    environ = build_environ(extra={"wsgi.file_wrapper": wrapper})
    Validator(app, found.append, thorough=thorough)(environ, start_response)
    assert [finding.rule for finding in found] == ["file-wrapper-gets-readable"]


@BOTH_MODES
def test_unknown_attributes_of_the_streams_pass_through(thorough: bool) -> None:
    class Stream(io.BytesIO):
        colour = "red"

    def app(environ: Any, start_response: Any) -> Any:
        assert environ["wsgi.input"].colour == "red"
        assert not hasattr(environ["wsgi.input"], "shape")
        start_response("200 OK", TEXT)
        return [b"hello"]

    found = findings_of(app, build_environ(body=Stream(b"")), thorough=thorough)
    assert [(f.rule, f.evidence["got"]) for f in found] == [
        ("input-only-listed-methods", "colour"),
        ("input-only-listed-methods", "shape"),
    ]


def test_what_the_standard_library_asks_of_the_error_stream_is_not_the_app_s_doing() -> None:
    import logging
    import traceback

    def app(environ: Any, start_response: Any) -> Any:
        try:
            raise ValueError("logged")
        except ValueError:
            traceback.print_exc(file=environ["wsgi.errors"])
        print("hello", file=environ["wsgi.errors"], flush=True)
        handler = logging.StreamHandler(environ["wsgi.errors"])
        handler.emit(logging.makeLogRecord({"msg": "a record"}))
        handler.close()
        start_response("200 OK", TEXT)
        return [b"hello"]

    environ = build_environ()
    log = environ["wsgi.errors"]
    assert findings_of(app, environ, thorough=True) == []
    assert "ValueError: logged" in log.getvalue() and "a record" in log.getvalue()


@BOTH_MODES
def test_environ_is_the_server_s_own_and_its_streams_come_back(thorough: bool) -> None:
    environ = build_environ(body=b"abc", method="POST")
    stream, log = environ["wsgi.input"], environ["wsgi.errors"]
    seen: list[Any] = []

    def app(given: Any, start_response: Any) -> Any:
        seen.append(given)
        given["app.mark"] = 1
        start_response("200 OK", TEXT)
        return [given["wsgi.input"].read(3)]

    found: list[Finding] = []
    assert serve(Validator(app, found.append, thorough=thorough), environ) == [b"abc"]
    assert seen[0] is environ and environ["app.mark"] == 1
    assert environ["wsgi.input"] is stream and environ["wsgi.errors"] is log
    assert found == []


def test_exceptions_of_app_and_server_pass_through() -> None:
    class Refused(Exception):
        pass

    def refusing(status: Any, headers: Any, exc_info: Any = None) -> Any:
        raise Refused

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return [b"hello"]

    with pytest.raises(Refused):
        Validator(app, lambda finding: None)(build_environ(), refusing)

    def failing(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"a"
        raise KeyError("later")

    body = Validator(failing, lambda finding: None)(build_environ(), start_response)
    with pytest.raises(KeyError, match="later"):
        list(body)
    body.close()


@BOTH_MODES
def test_close_forwarded_once_per_call_and_to_the_returned_object(thorough: bool) -> None:
    calls: list[str] = []

    class Page:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"hello"])

        def close(self) -> None:
            calls.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return Page()

    found: list[Finding] = []
    body = Validator(app, found.append, thorough=thorough)(build_environ(), start_response)
    list(body)
    body.close()
    assert calls == ["closed"] and found == []
    body.close()
    assert calls == ["closed", "closed"]
    assert [finding.rule for finding in found] == ["close-called-once"]
    assert found[0].blame is Blame.SERVER


def test_a_forgotten_close_is_told_when_the_iterable_is_thrown_away() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"hello"

    found: list[Finding] = []
    list(Validator(app, found.append)(build_environ(), start_response))
    gc.collect()
    assert [(finding.rule, finding.blame) for finding in found] == [("close-called", Blame.SERVER)]
    with pytest.warns(ConformanceWarning, match="close-called"):
        list(Validator(app)(build_environ(), start_response))
        gc.collect()
