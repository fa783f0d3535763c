"""Rules on what start_response must refuse, on runs written by hand."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.server import Response
from pytest_wsgiconform.rules.server.examples import event, example_call, example_run
from tests.rules.server.judging import verdict


def test_a_head_cut_short_by_the_error_is_no_mangled_text() -> None:
    response = Response(deviations=[("head-incomplete", "the bytes end inside the head")], complete=False)
    assert verdict("wide-text-refused", example_run(response, calls=[example_call(event("start", raised=""))])) == HELD


@pytest.mark.parametrize("text", ["\xe2\x82\xac", "?", "&#8364;"])
def test_mangled_text_is_seen(text: str) -> None:
    run = example_run(Response(headers=[("X-Wide", text)]), calls=[example_call(event("start", raised=""))])
    assert len(verdict("wide-text-refused", run)) == 1


def test_the_answer_to_another_request_is_not_taken_for_mangled_text() -> None:
    response = Response(headers=[("X-Wsgiconform", "00000000.next")])
    assert verdict("wide-text-refused", example_run(response, calls=[example_call(event("start", raised=""))])) == HELD
