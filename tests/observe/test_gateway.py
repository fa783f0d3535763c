"""The in-process gateway: what it enforces, what it notes, and how it treats an app that fails."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.gateway import Play, show_error
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.records.app import AppRun, ExchangeRecord

TEXT = [("Content-Type", "text/plain")]


def played(app: Any, environ: dict[str, Any] | None = None, **behaviour: Any) -> ExchangeRecord:
    watched = Validator(app, lambda finding: None, rules=(), thorough=True)
    return Play(watched, environ or build_environ(), label="x", limit=behaviour.pop("limit", 10), **behaviour).run()


def test_a_plain_response_is_recorded() -> None:
    record = played(lambda e, s: (s("200 OK", TEXT), [b"a", b"b"])[1])
    assert (record.code, record.body, record.size, record.chunks) == (200, b"ab", 2, 2)
    assert record.complete
    assert record.header("content-TYPE") == ["text/plain"]
    assert record.request() == {"method": "GET", "path": "/", "query": ""}


def test_a_run_survives_json() -> None:
    import json

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("X-A", "\xff"), *TEXT])
        yield b"\x00\xff"
        raise ValueError("\udc80")

    run = AppRun("s", "/p", [played(app)], facts={"a": [1]})
    assert AppRun.from_dict(json.loads(json.dumps(run.to_dict()))) == run


def test_a_second_start_without_exc_info_is_fatal_and_noted() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        start_response("404 Not Found", TEXT)
        return []

    record = played(app)
    assert record.error is not None
    assert record.error.type.endswith("DoubleStart")
    assert record.facts["restarted"] == [False]


def erring(catch: bool, more: bool = False) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"begun"
        try:
            raise ValueError("x")
        except ValueError:
            try:
                start_response("500 Oops", TEXT, sys.exc_info())
            except ValueError:
                if more:
                    yield b"page"
                if not catch:
                    raise

    return app


@pytest.mark.parametrize(("catch", "more"), [(False, False), (True, False), (True, True), (False, True)])
def test_what_happens_after_the_error_was_raised_again(catch: bool, more: bool) -> None:
    record = played(erring(catch, more))
    assert record.facts["reraised"] is True
    assert record.facts["trapped"] is catch
    assert record.facts["after_reraise"] == (4 if more else 0)


def test_an_error_raised_from_the_reraised_one_is_not_trapped() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"begun"
        try:
            raise ValueError("x")
        except ValueError as error:
            try:
                start_response("500 Oops", TEXT, sys.exc_info())
            except ValueError:
                raise RuntimeError("wrapped") from error

    assert played(app).facts["trapped"] is False


def test_write_raises_when_the_client_has_gone() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", TEXT)
        write(b"a")
        write(b"b")
        return []

    record = played(app, write_error=BrokenPipeError("gone"))
    assert record.error is not None
    assert record.error.type == "BrokenPipeError"
    assert record.body == b"a"


def test_an_endless_body_is_closed_when_patience_ends() -> None:
    closed = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        try:
            while True:
                yield b"x"
        finally:
            closed.append(True)

    record = played(app, patience=0.05)
    assert record.facts["endless"]
    assert record.stopped_early
    assert not record.timed_out
    assert closed == [True]


def test_headers_kept_in_a_record_are_bounded() -> None:
    record = played(lambda e, s: (s("200 OK", [(f"X-{n}", "x" * 100) for n in range(10_000)]), [])[1])
    assert 100 < len(record.headers) < 1000


def test_the_user_s_interrupt_gets_through_and_the_app_s_does_not() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise KeyboardInterrupt

    record = played(app)
    assert record.error is not None
    assert not record.error.is_exception

    def interrupted(environ: Any, start_response: Any) -> Any:
        import signal

        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        played(interrupted)


def test_errors_whose_text_raises_are_still_told() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Silent" in show_error(Silent())
