"""Rules on apps that fail, on runs written by hand: what a finding says."""

from __future__ import annotations

from pytest_wsgiconform.rules.records.server import Response
from pytest_wsgiconform.rules.server.examples import example_call, example_run
from tests.rules.server.judging import verdict


def test_unreadable_status_is_not_called_zero() -> None:
    run = example_run(Response(0, deviations=[("status-line", "b'HTTP/1.1 None'")]), calls=[example_call()])
    run.stimulus = "failure:never-starts"
    [fault] = verdict("app-failure-gets-5xx", run)
    assert fault.message == "the client got no status code although the app failed"
