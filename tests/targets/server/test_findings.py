"""The bytes that a finding shows, and when a connection is over."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import Blame, Finding
from pytest_wsgiconform.rules.records.server import Connection, Response, Sent, one_connection
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.rules.server.examples import event, example_call, example_request, example_run
from pytest_wsgiconform.targets.server.findings import found_inside


def test_a_finding_of_the_validator_inside_shows_the_request_of_its_call() -> None:
    """A stimulus has several connections; the one at fault need not be the first."""
    rule = catalogue()["environ-text-latin1"]
    found = Finding(rule.id, rule.level, Blame.SERVER, rule.clauses, "wide text").to_dict()
    judged = event("judged", exercised={rule.id: 1}, findings=[found])
    run = example_run(calls=[example_call(), example_call(judged, label="second")], sent=example_request())
    run.connections.append(Connection(sent=[Sent(example_request("second", "/x"))]))
    run.token = "00000000"
    assert found_inside(rule, run, run.calls[0]) == (0, [])
    times, findings = found_inside(rule, run, run.calls[1])
    assert times == 1
    assert [finding.request["path"] for finding in findings] == ["/probe/echo/TOKEN.second/x"]
    assert findings[0].evidence["sent"].startswith("GET /probe/echo/00000000.second/x")


@pytest.mark.parametrize(
    ("sent", "headers", "over"),
    [
        (example_request("first", "", "Connection: close"), (), True),
        (example_request("first"), (("Connection", "close"),), True),
        (example_request("first"), (), False),
        (example_request("first") + example_request("next", "", "Connection: close"), (), False),  # one is to come
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", (), False),  # nothing tells whose answer it is
        (b"", (), False),
    ],
)
def test_when_a_connection_is_over(sent: bytes, headers: tuple[tuple[str, str], ...], over: bool) -> None:
    response = Response(200, [("X-Wsgiconform", "00000000.first"), *headers])
    assert one_connection(sent, response).connection.is_over is over
    response.complete = False
    assert not one_connection(sent, response).connection.is_over
