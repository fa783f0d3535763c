"""Rules on data that no write() took, on runs written by hand."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.records.server import Response
from pytest_wsgiconform.rules.server.examples import event, example_call, example_run
from tests.rules.server.judging import verdict


@pytest.mark.parametrize(
    ("rule", "stimulus", "body", "wanted"),
    [
        ("invented-length-is-right", "write:one-item", b"de", b"abcde"),
        ("written-like-yielded", "write:order", b"y1,y2", b"w1,w2,w3,y1,y2"),
    ],
)
def test_data_that_no_write_took_is_told_once(rule: str, stimulus: str, body: bytes, wanted: bytes) -> None:
    for raised, arrived, expected in (("TypeError: None", body, None), ("", body, 1), ("", wanted, 0)):
        call = example_call(event("write", size=3, raised=raised))
        run = example_run(Response(headers=[("Content-Length", str(len(arrived)))], body=arrived), calls=[call])
        run.stimulus = stimulus
        outcome = verdict(rule, run)
        assert (outcome if outcome is None else len(outcome)) == expected
