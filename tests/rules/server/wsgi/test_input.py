"""Rules on wsgi.input, on runs written by hand."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.server import Response, ServerRun
from pytest_wsgiconform.rules.server.examples import event, example_call, example_run, read_event
from tests.rules.server.judging import verdict


def _read(data: bytes, body: bytes) -> ServerRun:
    call = example_call(event("reading", method="read", args=[4096]), read_event("read", data, 4096))
    call.body = data
    return example_run(calls=[call], body=body)


def test_bytes_behind_the_body_are_another_rules_matter() -> None:
    assert verdict("input-body-complete", _read(b"bodyGET / HTTP/1.1\r\n", b"body")) == HELD


@pytest.mark.parametrize("data", [b"bod", b"", b"Body", b"xbody", b"body"[::-1]])
def test_a_body_that_is_not_whole_is_seen(data: bytes) -> None:
    assert len(verdict("input-body-complete", _read(data, b"body"))) == 1


def test_bytes_behind_an_expected_body_are_another_rules_matter() -> None:
    call = example_call()
    call.body = b"helloGET / HTTP/1.1"
    assert verdict("expect-continue-supported", example_run(Response(200), calls=[call])) == HELD
    for body in (b"hell", b"Hello", b""):
        call.body = body
        assert len(verdict("expect-continue-supported", example_run(Response(200), calls=[call]))) == 1
