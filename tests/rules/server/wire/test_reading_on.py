"""Rules on bytes behind a body, on runs written by hand: whose matter they are."""

from __future__ import annotations

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.server import Call, Response, ServerRun, one_connection
from tests.rules.server.judging import verdict


def _drained(*headers: tuple[str, str], body: bytes = b"GET /next", terminated: bool | None = None) -> ServerRun:
    environ = {} if terminated is None else {"wsgi.input_terminated": terminated}
    calls = [Call("first", environ, body=body, behaviour="drain")]
    sent = b"GET /probe/drain/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    response = Response(200, [("X-Wsgiconform", "00000000.first"), *headers])
    return one_connection(sent, response, calls=calls, stimulus="no-framing-drained:get")


def test_foreign_bytes_that_the_server_did_not_offer_are_the_should_rules_matter() -> None:
    assert verdict("no-framing-means-no-body", _drained(("Connection", "close"))) is None
    assert verdict("no-framing-means-no-body", _drained(("Connection", "keep-alive"))) is None


def test_a_request_offered_as_a_body_is_seen() -> None:
    assert len(verdict("no-framing-means-no-body", _drained(terminated=True))) == 1
    assert len(verdict("no-framing-means-no-body", _drained(("Connection", "close"), terminated=True))) == 1


def _no_framing(*calls: str, ended: str = "eof-late") -> ServerRun:
    sent = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"
    response = Response(200, [("X-Wsgiconform", "00000000.first")])
    return one_connection(
        sent, response, ended=ended, calls=[Call(label) for label in calls], stimulus="no-framing:post"
    )


def test_a_request_lost_behind_one_without_framing_is_seen() -> None:
    assert len(verdict("no-framing-means-no-body", _no_framing("first", "plain", "behind-plain"))) == 1
    assert verdict("no-framing-means-no-body", _no_framing("first", "next", "plain", "behind-plain")) == HELD


def test_a_server_that_serves_no_request_behind_another_is_not_blamed_for_framing() -> None:
    assert verdict("no-framing-means-no-body", _no_framing("first", "plain")) is None
    assert verdict("no-framing-means-no-body", _drained(("Connection", "close"), body=b"")) == HELD
