"""Wire rules on responses, failures and connections, on runs written by hand."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.records.server import (
    Call,
    Connection,
    Response,
    ServerRun,
)
from pytest_wsgiconform.rules.records.stimulus_facts import Wanted
from tests.rules.server.wire.runs import CUT, FIRST, RULES, ok, run, verdict

#: rule, run, verdict
CASES: list[tuple[str, ServerRun, str]] = [
    # responses
    ("status-line-well-formed", run("response:echo", ok(deviations=[("version", "b'HTTP/2.0'")])), "broken"),
    ("response-body-well-formed", run("response:echo", ok(stray=b"x")), "broken"),
    ("response-has-one-date", run("response:echo", ok("first", ("Date", "a"), ("Date", "b"))), "broken"),
    ("response-has-one-date", run("failure:raise-call", Response(500)), "vacuous"),
    ("date-in-fixed-form", run("response:echo", ok("first", ("Date", "Mon, 31 Feb 2022 08:12:31 GMT"))), "broken"),
    ("date-in-fixed-form", run("response:echo", ok("first", ("Date", "Wed, 15 Nov 1994 08:12:31 GMT"))), "broken"),
    ("head-without-content", run("head:echo", Response(500)), "vacuous"),
    ("status-204-without-content", run("bodiless:data-204", Response(500), calls=(FIRST,)), "vacuous"),
    (
        "header-value-splits-nothing",
        run("split-value:split-value-response", ok(stray=b"X-Injected: yes"), calls=(FIRST,)),
        "broken",
    ),
    ("header-value-splits-nothing", run("split-value:split-value-lf", calls=(FIRST,)), "held"),
    ("header-value-splits-nothing", run("split-value:split-value-lf", calls=(FIRST,), ended="open"), "vacuous"),
    (
        "status-splits-nothing",
        run("split-status:split-status-cr", ok(deviations=[("status-line", "?")]), calls=(FIRST,)),
        "broken",
    ),
    # failures
    ("app-failure-gets-5xx", run("failure:raise-call", calls=(FIRST,)), "held"),
    ("app-failure-gets-5xx", run("failure:raise-call", calls=(FIRST,), ended="open"), "broken"),
    ("app-failure-gets-an-answer", run("failure:raise-call", ok("next"), calls=(FIRST,)), "broken"),
    ("aborted-response-looks-incomplete", run("abort:raise-later", Response(500), calls=(FIRST,)), "vacuous"),
    (
        "aborted-response-looks-incomplete",
        run("abort:raise-later", Response(200, framing="close"), calls=(FIRST,)),
        "vacuous",
    ),
    (
        "aborted-response-looks-incomplete",
        run("abort:short-length", Response(200, CUT, b"partial,HTTP/1.1 200", complete=False), calls=(FIRST,)),
        "broken",
    ),
    (
        "aborted-response-looks-incomplete",
        run("abort:short-length", Response(200, CUT, b"partial,", complete=False), calls=(FIRST,), ended="open"),
        "broken",
    ),
    # connections
    ("connection-persists", run("persist:length", Response(500)), "vacuous"),
    ("close-request-honoured", run("close:plain", ok(), ended="eof-late"), "broken"),
    ("close-request-honoured", run("close:plain", calls=(FIRST,)), "vacuous"),
    ("http10-connection-ends", run("http10:plain", ok(framing="chunked")), "broken"),
    ("http10-connection-ends", run("http10:plain", ok(), ended="open"), "broken"),
    ("http10-connection-ends", run("http10-keep:echo", ok()), "held"),
    (
        "http10-connection-ends",
        run("http10-keep:echo", ok("first", ("Connection", "keep-alive")), ended="open"),
        "vacuous",
    ),
    ("http10-connection-ends", run("http10-keep:echo", ok(), ok("next")), "broken"),
    ("http10-connection-ends", run("http10-keep:echo", ok("first", ("Connection", "Keep-Alive")), ok("next")), "held"),
    (
        "http10-connection-ends",
        run("http10-keep:echo", ok("first", ("Connection", "keep-alive"), framing="close"), ok("next")),
        "broken",
    ),
    ("close-announced", run("persist:length", ok(), ended="eof-late"), "vacuous"),
    ("close-announced", run("persist:length", ok(version="HTTP/1.0")), "vacuous"),
    ("pipelined-requests-in-order", run("pipeline:bare", ok("n1"), wanted=Wanted(labels=("n1", "n2"))), "vacuous"),
    (
        "pipelined-requests-in-order",
        run("pipeline:bare", ok("n1"), ok("n2"), wanted=Wanted(labels=("n1", "n2", "n3"))),
        "held",
    ),
    (
        "pipelined-requests-in-order",
        run("pipeline:bare", ok("n1"), ok("n2"), wanted=Wanted(labels=("n1", "n2", "n3")), ended="open"),
        "broken",
    ),
    (
        "pipelined-requests-in-order",
        run("pipeline:bare", ok("n1"), ok("n2", complete=False), wanted=Wanted(labels=("n1", "n2"))),
        "broken",
    ),
    # expectations
    ("continue-sent-once", run("continue:steps", Response(100), ok(), Response(100)), "broken"),
    ("continue-sent-once", run("continue:read", ok()), "held"),
    ("continue-lets-the-app-read", run("continue:read", ok(), calls=(FIRST,)), "broken"),
    ("unknown-expectation-answered", run("expect-unknown:made-up"), "vacuous"),
    ("upgrade-offer-answered", run("upgrade:h2c", Response(101)), "held"),
]


@pytest.mark.parametrize(("rule", "made", "wanted"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_case(rule: str, made: ServerRun, wanted: str) -> None:
    assert verdict(RULES[rule], made) == wanted, RULES[rule].check(made)


def test_date_close_to_the_present() -> None:
    made = run("response:echo", ok("first", ("Date", "Tue, 15 Nov 1994 08:12:31 GMT")))
    made.connection.opened = 784887151.0
    assert verdict(RULES["date-in-fixed-form"], made) == "held"
    made.connection.opened += 3600
    assert verdict(RULES["date-in-fixed-form"], made) == "broken"


def head_fields(get: Response, head: Response, given: bool = True) -> ServerRun:
    connections = [Connection(responses=[get]), Connection(responses=[head])]
    return ServerRun("head-fields:head-data", connections=connections, wanted=Wanted(length_given=given))


def test_head_against_get() -> None:
    rule = RULES["head-has-fields-of-get"]
    get = Response(200, [("Content-Type", "a"), ("Content-Length", "5")], b"12345")
    lacks = Response(200, [("Content-Length", "5")], framing="none")
    bare = Response(200, [("content-type", "a")], framing="none")
    wrong = Response(200, [("Content-Type", "a"), ("Content-Length", "0")], framing="none")
    assert verdict(rule, head_fields(get, lacks)) == "broken"
    assert verdict(rule, head_fields(get, bare)) == "broken"
    assert verdict(rule, head_fields(get, bare, given=False)) == "held"
    assert verdict(rule, head_fields(get, wrong, given=False)) == "broken"
    assert verdict(rule, head_fields(get, Response(500))) == "vacuous"
    assert verdict(rule, ServerRun(connections=[Connection()])) == "vacuous"


def test_labels_and_markers() -> None:
    assert Response(200, body=b"first,ok 00000000.first\n").label == "first"
    assert Response(200, [("x-wsgiconform", "00000000.head")]).label == "head"
    assert Response(200, body=b"nothing").marker == ""
    assert Response(200, [("Connection", "Keep-Alive, Close")]).says_close
    made = ServerRun()
    assert made.connection.ended == "refused" and made.finals == [] and not made.ran("first")
    assert Call(environ={"A": 5}, events=[{"event": "read"}, {"event": "close"}]).get("A") == "5"
    assert Call(events=[{"event": "read"}, {"event": "close"}]).named("close") == [{"event": "close"}]
