"""The known defects of the standard wsgiref.validate, one by one: d67 to d80."""

from __future__ import annotations

import gc
import io
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import pytest_wsgiconform
from pytest_wsgiconform.rules.model import Finding, Level
from tests.wsgiref.handler_tools import OURS, STANDARD, Recorder, defect, handler_for, request
from tests.wsgiref.validate_tools import TEXT, App, environ_with, raised, serve, started


def assert_refused(package: Any, app: App, environ: Any = None, start: App = started) -> None:
    """Assert that the fault is told as an AssertionError, in words."""
    error = raised(package, app, environ, start)
    assert isinstance(error, AssertionError) and str(error), repr(error)


def answering(status: Any = "200 OK", headers: Any = TEXT, body: Any = (b"hello",)) -> App:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, headers)
        return body

    return app


def using(use: Callable[[dict[str, Any]], object]) -> App:
    def app(environ: Any, start_response: Any) -> Any:
        use(environ)
        start_response("200 OK", TEXT)
        return [b"hello"]

    return app


def findings(package: Any, app: App, environ: dict[str, Any] | None = None) -> list[Finding]:
    """All that the package has to say of an exchange: our collecting validator; the standard one can only raise."""
    if package is STANDARD:
        serve(package, app, environ)
        return []
    found: list[Finding] = []
    body = pytest_wsgiconform.validator(app, found.append)(environ or environ_with(), started)
    list(body)
    body.close()
    return found


def write_text(environ: dict[str, Any]) -> None:
    environ["wsgi.errors"].write(b"bytes")


def app_writing_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", TEXT)("text")
    return []


@defect
def test_d67_every_fault_is_told_in_words(package: Any) -> None:
    assert_refused(package, using(write_text))
    assert_refused(package, app_writing_text)
    assert_refused(package, answering(headers=[("A", "b", "c")]))


@defect
def test_d68_read_without_a_size_is_advice(package: Any) -> None:
    found = findings(package, using(lambda environ: environ["wsgi.input"].read()))
    assert [finding.level for finding in found if finding.rule == "input-read-with-size"] == [Level.ADVICE]
    assert not [finding for finding in found if finding.level is Level.ERROR]


def test_d68_the_documented_face_refuses_it_as_ever() -> None:
    """Existing tests demand it, the exception without words too; so both do the same."""
    for package in (OURS, STANDARD):
        error = raised(package, using(lambda environ: environ["wsgi.input"].read()))
        assert type(error) is AssertionError and error.args == ()


@defect(mended=True)
def test_d69_lines_with_and_without_a_size(package: Any) -> None:
    read: list[Any] = []

    def use(environ: dict[str, Any]) -> None:
        stream = environ["wsgi.input"]
        read.extend([stream.readline(), stream.readline(2), stream.readlines(1), list(stream)])

    serve(package, using(use))
    assert read == [b"one\n", b"tw", [b"o\n"], [b"three\n"]]
    serve(package, using(lambda environ: read.append(environ["wsgi.input"].readlines())))
    assert read[-1] == [b"one\n", b"two\n", b"three\n"]


@defect
def test_d70_no_content_type_where_there_is_no_content(package: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        serve(package, answering("302 Found", [("Location", "/x"), ("Content-Length", "0")], []))
        serve(package, answering("200 OK", [("Content-Length", "0")], []))
    assert raised(package, answering("304 Not Modified", TEXT, [])) is None
    found = findings(package, answering(headers=[]))
    assert found and Level.ERROR not in {finding.level for finding in found}


def test_d71_subclasses_are_refused_as_the_pep_wants() -> None:
    """No defect by PEP 3333, which asks for the built-in types: both refuse them."""

    class Text(str):
        pass

    class Pair(tuple[str, str]):
        pass

    for package in (OURS, STANDARD):
        assert_refused(package, answering(Text("200 OK")))
        assert_refused(package, answering(headers=[*TEXT, ("X", Text("y"))]))
        assert_refused(package, answering(headers=[*TEXT, Pair(("X", "y"))]))


@defect
def test_d72_methods_that_are_tokens_are_no_news(package: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("PROPFIND", "CONNECT", "M-SEARCH", "BREW"):
            serve(package, answering(), environ_with({"REQUEST_METHOD": method}))


@defect
def test_d73_every_fault_is_an_assertion_error(package: Any) -> None:
    for app in (
        answering("2x0 OK"),
        answering(""),
        answering(headers=[("Content-Length", "five"), *TEXT]),
        answering(body=5),
    ):
        assert_refused(package, app)
    for changes in ({"wsgi.url_scheme": None}, {"PATH_INFO": None, "SCRIPT_NAME": None}, {"CONTENT_LENGTH": "five"}):
        assert_refused(package, answering(), environ_with(changes))
    environ: dict[Any, Any] = environ_with()
    environ[5] = "five"  # no clause of the PEP speaks of it
    assert not isinstance(raised(package, answering(), environ), TypeError)


def twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b"hello"]


@defect
@pytest.mark.parametrize(
    "app",
    [
        twice,
        lambda environ, start_response: [],
        answering("200 O\x7fK"),
        answering("200 OK\r\nX: y"),
        answering("200 \u20ac"),
        answering("\uff12\uff10\uff10 OK"),
        answering(headers=[*TEXT, ("X", "\u20ac")]),
        answering(headers=[*TEXT, ("X", "\x7f")]),
    ],
    ids=["twice", "never", "DEL", "CR LF", "wide status", "wide digits", "wide value", "DEL in a value"],
)
def test_d74_what_applications_do_wrong_1(package: Any, app: App) -> None:
    assert_refused(package, app)


@defect
@pytest.mark.parametrize("status", ["100 Continue", "103 Early Hints", "999 Odd"])
def test_d74_statuses_that_end_no_exchange(package: Any, status: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            serve(package, answering(status, body=[]))
        except AssertionError as error:
            assert package is OURS and "[" in str(error), error  # not for the missing Content-Type
            return
    assert [warning for warning in caught if "status" in str(warning.message).lower()]


def replacing_input(environ: dict[str, Any]) -> None:
    environ["wsgi.input"].close()


def with_exc_info(exc_info: Any) -> App:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("500 No", TEXT, exc_info)
        return [b"hello"]

    return app


def writing_too_much(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    write(b"hello")
    write(b"more")
    return []


@defect
@pytest.mark.parametrize(
    "app",
    [
        answering(headers=[*TEXT, ("Connection", "close")]),
        answering(headers=[*TEXT, ("Transfer-Encoding", "chunked")]),
        answering(headers=[*TEXT, ("Content-Length", "4")]),
        answering(headers=[*TEXT, ("Content-Length", "6")]),
        answering(headers=[*TEXT, ("Content-Length", "+5")]),
        answering(headers=[*TEXT, ("Content-Length", "5"), ("Content-Length", "6")]),
        answering("204 No Content", []),
        answering("304 Not Modified", []),
        with_exc_info((1, 2)),
        with_exc_info((ValueError, "no", None)),
        writing_too_much,
    ],
    ids=[
        *("Connection", "Transfer-Encoding", "too short a length", "too long a length", "signed length", "two lengths"),
        *("body of a 204", "body of a 304", "exc_info of two", "exc_info of others", "write() beyond the length"),
    ],
)
def test_d75_what_applications_do_wrong_2(package: Any, app: App) -> None:
    assert_refused(package, app)


@defect
def test_d75_the_use_of_write_is_worth_advice(package: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)(b"hello")
        return []

    assert "write" in " ".join(finding.rule for finding in findings(package, app) if finding.level is Level.ADVICE)


@defect
@pytest.mark.parametrize(
    "changes",
    [
        {"SERVER_NAME": ""},
        {"SERVER_PORT": ""},
        {"REQUEST_METHOD": ""},
        {"SERVER_PORT": "http"},
        {"SERVER_PROTOCOL": None},
        {"CONTENT_LENGTH": "+3"},
        {"CONTENT_LENGTH": "1_0"},
        {"wsgi.version": (1, 1)},
        {"HTTP_X": "\u20ac"},
        {"HTTP_X": "\udcff"},
    ],
    ids=lambda changes: ascii(" ".join(f"{name}={value!r}" for name, value in changes.items())),
)
def test_d76_what_servers_do_wrong(package: Any, changes: dict[str, Any]) -> None:
    assert_refused(package, answering(), environ_with(changes))


def test_d76_a_script_name_may_end_in_a_slash() -> None:
    """That is how shift_path_info() tells /x/ from /x, as documented; only the lone slash of a root is a fault."""
    for package in (OURS, STANDARD):
        assert raised(package, answering(), environ_with({"SCRIPT_NAME": "/x/", "PATH_INFO": ""})) is None
        assert_refused(package, answering(), environ_with({"SCRIPT_NAME": "/"}))


@defect
def test_d76_a_start_response_that_returns_nothing(package: Any) -> None:
    assert_refused(package, answering(), start=lambda status, headers, exc_info=None: None)


@defect
def test_d76_flags_that_are_no_booleans_and_a_close_that_is_missed_or_repeated(package: Any) -> None:
    assert findings(package, answering(), environ_with({"wsgi.multithread": "yes"}))
    found: list[Finding] = []

    def closable(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"hello"

    for closes in (0, 2):
        found.clear()
        if package is STANDARD:
            body = package.validate.validator(closable)(environ_with(), started)
        else:
            body = pytest_wsgiconform.validator(closable, found.append)(environ_with(), started)
        list(body)
        for _ in range(closes):
            body.close()
        if package is STANDARD:
            body.closed = True  # it would complain at the collection: that is d78
        del body
        gc.collect()
        assert [finding.rule for finding in found if "close" in finding.rule]


@defect
def test_d77_what_is_legal_is_not_refused(package: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("X!y", "X.y", "3D", "~a"):
            serve(package, answering(headers=[*TEXT, (name, "v")]))
        serve(package, answering(), environ_with({"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "*"}))
    for name in ("X-", "X_"):  # PEP 3333 frowns on punctuation at the end: that is a warning
        assert raised(package, answering(headers=[*TEXT, (name, "v")])) is None


def test_d77_a_tab_in_a_value_stays_a_fault() -> None:
    """HTTP allows it, but PEP 3333 bans control characters from header values, all of them."""
    for package in (OURS, STANDARD):
        assert_refused(package, answering(headers=[*TEXT, ("X", "a\tb")]))


def test_d77_bytes_as_the_iterable_are_refused_as_documented() -> None:
    """Legal by the letter of PEP 3333, but the documentation's own example is an application that does it, and says
    that the validator will tell: so both do."""
    for package in (OURS, STANDARD):
        assert_refused(package, answering(body=b"hello"))


@defect
def test_d78_a_missing_close_is_a_warning_and_no_noise(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    noise: list[Any] = []
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "unraisablehook", noise.append)
    monkeypatch.setattr(sys, "stderr", stderr)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"hello"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(package.validate.validator(app)(environ_with(), started))
        with pytest.raises(AssertionError):  # what fails at once leaves nothing that could complain
            package.validate.validator(lambda environ, start_response: 5)(environ_with(), started)
        gc.collect()
    assert (stderr.getvalue(), noise) == ("", [])
    assert [warning.category for warning in caught] == [package.validate.WSGIWarning]


@defect
def test_d79_the_file_wrapper_shows_through_the_validator(package: Any) -> None:
    sent: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        return environ["wsgi.file_wrapper"](io.BytesIO(b"hello"))

    def sendfile(handler: Any) -> bool:
        sent.append(handler.result)
        return False

    stdout = Recorder()
    environ = request(QUERY_STRING="", CONTENT_LENGTH="0")
    handler_for(environ, stdout, package, sendfile=sendfile).run(package.validate.validator(app))
    assert b"".join(stdout.writes).endswith(b"hello")
    assert len(sent) == 1 and isinstance(sent[0], package.util.FileWrapper)


def test_d79_the_length_is_hidden_as_existing_tests_demand() -> None:
    """No Content-Length under the documented face; pytest_wsgiconform.validator hides nothing."""
    for package in (OURS, STANDARD):
        stdout = Recorder()
        checked = package.validate.validator(answering(body=[b"hello"]))
        handler_for(request(QUERY_STRING=""), stdout, package).run(checked)
        assert b"Content-Length" not in b"".join(stdout.writes)
    stdout = Recorder()
    checked = pytest_wsgiconform.validator(answering(body=[b"hello"]), lambda finding: None)
    handler_for(request(QUERY_STRING=""), stdout).run(checked)
    assert b"\r\nContent-Length: 5\r\n" in b"".join(stdout.writes)


@defect
def test_d80_all_that_is_wrong_is_told(package: Any) -> None:
    app = answering("200 OK", [*TEXT, ("Connection", "close"), ("X", "\u20ac"), ("Content-Length", "4")])
    errors = [finding for finding in findings(package, app) if finding.level is Level.ERROR]
    assert len({finding.rule for finding in errors}) >= 3
    assert {finding.blame.value for finding in errors} == {"app"}
