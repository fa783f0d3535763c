"""Apps that were written from the text of PEP 3333 and the clauses alone, before looking at any rule.

Each broken one is told by a rule of its clause, as the app's fault, with the line that is marked, and by no other;
of those without a fault nothing is said but advice.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Container
from typing import Any

import pytest

from pytest_wsgiconform import Blame, Finding, Level, check_app
from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.observe.validator import Validator
from pytest_wsgiconform.rules.clauses import clauses
from pytest_wsgiconform.wsgiref.util import FileWrapper
from tests.corpora.apps.broken import bodies as fresh_broken_bodies
from tests.corpora.apps.broken import conduct as fresh_broken_conduct
from tests.corpora.apps.broken import headers as fresh_broken_headers
from tests.corpora.apps.broken import start_response as fresh_broken_start
from tests.corpora.apps.broken import streams as fresh_broken_streams
from tests.corpora.apps.conforming import http as fresh_right_http
from tests.corpora.apps.conforming import layers as fresh_right_layers
from tests.corpora.apps.conforming import pages as fresh_ordinary_pages
from tests.corpora.apps.conforming import requests as fresh_right_requests
from tests.corpora.apps.conforming import services as fresh_ordinary_services
from tests.corpora.apps.conforming import shapes as fresh_right_shapes
from tests.corpora.apps.marked import App, Broken, marked_lines

BROKEN = [
    *fresh_broken_bodies.corpus,
    *fresh_broken_conduct.corpus,
    *fresh_broken_headers.corpus,
    *fresh_broken_start.corpus,
    *fresh_broken_streams.corpus,
]
TRICKY = [
    *fresh_right_shapes.apps,
    *fresh_right_layers.apps,
    *fresh_right_requests.apps,
    *fresh_right_http.apps,
]
ORDINARY = [*fresh_ordinary_pages.apps, *fresh_ordinary_services.apps]
RIGHT = [*TRICKY, *ORDINARY]

#: Faults that no ordinary request of a client shows: the suite has to provoke them.
PROVOKED = {
    *("answers_by_the_connection_field", "answers_once_only", "compares_a_flag_with_true", "decodes_the_path_as_utf8"),
    *("goes_on_when_closed", "head_says_another_length", "hides_what_start_response_raises"),
    *("keeps_the_request_in_a_shared_place", "LeftEarly", "makes_a_number_of_an_empty_length"),
    *("needs_a_content_type", "needs_a_first_letter", "needs_a_query_string", "needs_a_remote_address"),
    *("needs_a_script_name", "needs_a_user_agent", "needs_the_file_wrapper", "not_modified_without_its_etag"),
    *("one_iterator_for_all", "one_list_for_all_requests", "rebuilds_from_the_server_name", "rebuilds_in_utf8"),
    *("rebuilds_without_quoting", "refuses_head", "returns_a_page_after_a_refused_error_start"),
    *("unquotes_the_query", "zips_for_everybody", "zips_without_vary"),
}

#: Clauses that ``clauses.json`` calls no more than advice.
ADVISED = {"body-app-not-raw-file", "input-app-read-size", "exc-app-traps-own"}

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def requests() -> list[dict[str, Any]]:
    """Return environs of ordinary requests, as many as show what differs by method, mount and time."""
    wrapper = {"wsgi.file_wrapper": FileWrapper}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        build_environ("/page", headers={"If-None-Match": '"abc"'}),
        build_environ("/page", "HEAD"),
        build_environ("/page", "POST", body=b"name=value", headers=kind),
        build_environ("/page", query="q=%0d%0aX:1&n=2", extra=wrapper, headers={"Range": "bytes=0-1"}),
        build_environ("/page%0A!", script_name="/mounted", extra=wrapper),
    ]


def serve(app: Any, environ: dict[str, Any]) -> None:
    """Do what a server does: call, iterate, close."""
    sent: list[bytes] = []

    def start_response(status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None and any(sent):
            raise exc_info[1]
        return sent.append

    result = None
    try:
        result = app(environ, start_response)
        sent.extend(result)
    except Exception:  # an app that fails is the corpus's business; the server would log it
        pass
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except Exception:
                sent.append(b"")


def found_by_validator(app: App, thorough: bool = False) -> list[Finding]:
    found: list[Finding] = []
    watched = Validator(app, found.append, thorough=thorough)
    for environ in requests():
        serve(watched, environ)
    return found


def judge(broken: Broken, found: list[Finding], lines: Container[int]) -> None:
    """Assert that *found* tells the fault of *broken*, at one of *lines*, and no other."""
    level = Level.WARNING
    if any(clauses()[clause].level in ("must", "must-not", "implied") for clause in broken.clauses):
        level = Level.ERROR
    if set(broken.clauses) <= ADVISED:
        level = Level.ADVICE
    serious = [finding for finding in found if finding.level is not Level.ADVICE or finding.level is level]
    told = [finding for finding in serious if set(finding.clauses) & set(broken.clauses)]
    assert level in {finding.level for finding in told}, [str(finding) for finding in found]
    for finding in told:
        assert finding.blame is Blame.APP
        assert finding.location is not None
        assert finding.location.file == broken.file
        assert finding.location.line in lines, str(finding)
    assert [str(f) for f in found if f not in told and f.level is not Level.ADVICE] == []


@pytest.mark.parametrize("broken", BROKEN, ids=[entry.name for entry in BROKEN])
def test_validator_tells_the_fault(broken: Broken) -> None:
    found = found_by_validator(broken.make())
    if broken.name in PROVOKED:
        assert [str(finding) for finding in found if finding.level is not Level.ADVICE] == []
    else:
        # Which of several returns was taken is seen in the suite's thorough mode only.
        judge(broken, found, broken.lines)


@pytest.mark.parametrize(("name", "make"), RIGHT, ids=[name for name, _ in RIGHT])
def test_validator_has_nothing_to_say(name: str, make: Callable[[], App]) -> None:
    assert [str(finding) for finding in found_by_validator(make()) if finding.level is not Level.ADVICE] == []


@pytest.mark.slow
def test_both_modes_of_the_validator_find_the_same() -> None:
    for name, make in [(entry.name, entry.make) for entry in BROKEN] + RIGHT:
        quick, thorough = ({finding.rule for finding in found_by_validator(make(), mode)} for mode in (False, True))
        assert quick == thorough, name


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN, ids=[entry.name for entry in BROKEN])
def test_suite_tells_the_fault(broken: Broken) -> None:
    judge(broken, list(check_app(broken.make(), ["/page"], timeout=60).findings), marked_lines(broken))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make"), RIGHT, ids=[name for name, _ in RIGHT])
def test_suite_has_nothing_to_say(name: str, make: Callable[[], App]) -> None:
    random.seed(1)
    report = check_app(make(), ["/page"], timeout=60)
    assert [str(finding) for finding in report.findings if finding.level is not Level.ADVICE] == []
    assert threading.active_count() < 50


def test_the_corpora_are_what_they_claim() -> None:
    assert len(BROKEN) >= 150
    assert len(TRICKY) >= 100
    assert len(ORDINARY) >= 40
    assert all(marked_lines(broken) for broken in BROKEN)
    assert {clause for broken in BROKEN for clause in broken.clauses} <= set(clauses())
    assert {entry.name for entry in BROKEN} >= PROVOKED
