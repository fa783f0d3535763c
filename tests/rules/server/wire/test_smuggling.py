"""Rules on requests with both framings, on runs written by hand: what a finding says."""

from __future__ import annotations

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.server import Call, Response, ServerRun, one_connection
from pytest_wsgiconform.rules.records.stimulus_facts import Wanted
from tests.rules.server.judging import verdict


def _both(body: bytes, *labels: str) -> ServerRun:
    sent = b"POST /probe/echo/00000000.first HTTP/1.1\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n"
    calls = [Call("first", body=body), *(Call(label) for label in labels)]
    run = one_connection(sent, Response(200), calls=calls, stimulus="cl-te:planted")
    run.wanted = Wanted(decoded=b"")
    return run


def test_what_ran_by_the_chunks_is_not_called_a_part_of_the_body() -> None:
    [fault] = verdict("length-before-chunked-overridden", _both(b"", "planted"))
    assert "stayed open" in fault.message
    assert fault.expected == "closed"


def test_what_ran_out_of_a_body_is_called_so() -> None:
    [fault] = verdict("length-before-chunked-overridden", _both(b"0\r\n\r\n", "planted"))
    assert fault.message == "bytes of the body ran as a request of their own"


def test_closing_after_both_framings_is_right() -> None:
    assert verdict("length-before-chunked-overridden", _both(b"")) == HELD
