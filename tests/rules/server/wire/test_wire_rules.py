"""The wire rules on runs written by hand: each outcome that the clauses allow, and each that they don't."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from pytest_wsgiconform.rules.model import Level, Rule
from pytest_wsgiconform.rules.records.server import (
    ENDS,
    Call,
    Connection,
    Received,
    Response,
    Sent,
    ServerRun,
    one_connection,
)
from pytest_wsgiconform.rules.records.stimulus_facts import UNSAID, Wanted
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.server.model import chosen, server_stimuli
from tests.rules.wings import rules_of

RULES = catalogue()
WIRE = rules_of("server.wire")
POST = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"


def verdict(rule: Rule, run: ServerRun) -> str:
    outcome = rule.check(run)
    return "vacuous" if outcome is None else "broken" if outcome else "held"


def applies(rule: Rule, stimulus: str) -> bool:
    return any(item.id == stimulus for item in chosen(rule.stimuli))


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_examples(rule: Rule) -> None:
    assert rule.bad_example is not None and rule.good_example is not None
    bad, good = rule.bad_example(), rule.good_example()
    assert applies(rule, bad.stimulus) and applies(rule, good.stimulus), "the example runs a stimulus of the rule"
    assert verdict(rule, bad) == "broken"
    assert verdict(rule, good) == "held"
    for other in WIRE:
        if applies(other, bad.stimulus) and other is not rule and other.level is Level.ERROR:
            assert verdict(other, bad) != "broken" or set(other.clauses) & set(rule.clauses) or rule.id in SAME, (
                other.id
            )
        if applies(other, good.stimulus) and other.level is not Level.ADVICE:
            assert verdict(other, good) != "broken", other.id


#: Rules whose bad example shows a fault of which another rule tells as well, under another clause.
SAME = {"chunk-line-ends-only-at-crlf", "line-breaks-and-nul-not-in-environ", "bare-lf-splits-no-message"}


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_a_run_survives_its_journey_as_json(rule: Rule) -> None:
    for example in (rule.bad_example, rule.good_example):
        assert example is not None
        run = example()
        run.connection.received.append(Received(b"\x00\xff"))
        again = ServerRun.from_dict(json.loads(json.dumps(run.to_dict())))
        assert again == run
        assert verdict(rule, again) == verdict(rule, run)


def degenerate() -> list[ServerRun]:
    """Runs in which nearly nothing happened, or nothing sensible."""
    odd = Response(0, [("", ""), ("Content-Length", "x")], b"\xff", "close", False, "", "", [("status-line", "?")])
    runs = [ServerRun(), ServerRun(probed=False), one_connection(b"")]
    runs += [one_connection(b"x", ended=end) for end in ENDS]
    runs += [one_connection(b"x", copy.deepcopy(odd), ended=end, calls=[Call()]) for end in ENDS]
    runs.append(one_connection(b"x", *[copy.deepcopy(odd)] * 3, calls=[Call("first", {"PATH_INFO": None, "": 1})]))
    runs.append(
        ServerRun(connections=[Connection(stray=b"\0" * 10), Connection(ended="refused")], calls=[Call("next")])
    )
    return runs


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_never_raises(rule: Rule) -> None:
    for stimulus in chosen(rule.stimuli):
        for run in degenerate():
            run.stimulus = stimulus.id
            run.wanted, run.launch = stimulus.wanted, stimulus.launch
            assert verdict(rule, run) in ("vacuous", "broken", "held")


@pytest.mark.parametrize("rule", WIRE, ids=lambda rule: rule.id)
def test_nothing_happened_is_no_pass(rule: Rule) -> None:
    for stimulus in chosen(rule.stimuli):
        run = ServerRun(stimulus=stimulus.id, wanted=stimulus.wanted, launch=stimulus.launch)
        assert verdict(rule, run) == "vacuous"


def test_every_wire_stimulus_is_judged() -> None:
    judged = {
        item.id
        for rule in RULES.values()
        if rule.stimuli and rule.side.value == "server"
        for item in chosen(rule.stimuli)
    }
    assert set(server_stimuli()) - judged == set()


def run(
    stimulus: str, *responses: Response, calls: tuple[Call, ...] = (), ended: str = "eof", wanted: Wanted | None = None
) -> ServerRun:
    return one_connection(
        POST,
        *responses,
        ended=ended,
        calls=calls,
        stimulus=stimulus,
        wanted=wanted or (server_stimuli()[stimulus].wanted if stimulus in server_stimuli() else UNSAID),
    )


def ok(label: str = "first", *headers: tuple[str, str], **more: Any) -> Response:
    body = f"ok 00000000.{label}\n".encode()
    return Response(200, [("X-Wsgiconform", f"00000000.{label}"), *headers], body, **more)


FIRST = Call("first")
CLOSES = ok("first", ("Connection", "close"))
CUT = [("Content-Length", "9")]

#: rule, run, verdict
CASES: list[tuple[str, ServerRun, str]] = [
    # refusals: any 4xx, 501, 503, 505 or a plain close; not 500, not silence, not a 2xx
    ("signed-length-refused", run("cl-sign:plus", Response(411)), "held"),
    ("signed-length-refused", run("cl-sign:plus", Response(505)), "held"),
    ("signed-length-refused", run("cl-sign:plus"), "held"),
    ("signed-length-refused", run("cl-sign:plus", ended="reset"), "held"),
    ("signed-length-refused", run("cl-sign:plus", Response(500)), "broken"),
    ("signed-length-refused", run("cl-sign:plus", Response(302)), "broken"),
    ("signed-length-refused", run("cl-sign:plus", ended="open"), "broken"),
    ("signed-length-refused", run("cl-sign:plus", ended="eof-late"), "broken"),
    ("signed-length-refused", run("cl-sign:plus", ended="refused"), "vacuous"),
    ("signed-length-refused", run("cl-sign:plus", ok()), "broken"),
    ("signed-length-refused", run("cl-sign:plus", Response(400), calls=(Call(""),)), "broken"),
    ("signed-length-refused", run("cl-sign:plus", ok("next"), calls=(Call("next"),)), "broken"),
    # after the refusal
    ("connection-closed-after-framing-error", run("cl-empty:bare", Response(400), ok("planted")), "broken"),
    ("connection-closed-after-framing-error", run("cl-sign:plus", ok(), calls=(FIRST,)), "vacuous"),
    ("connection-closed-after-framing-error", run("cl-sign:plus"), "vacuous"),
    (
        "connection-closed-after-framing-error",
        run("te-te:twice", Response(400), wanted=Wanted(may_decode=True)),
        "vacuous",
    ),
    ("empty-length-refused", run("cl-empty:bare", Response(400), calls=(Call("planted"),)), "broken"),
    (
        "coding-not-plainly-chunked-refused",
        run("te-te:quoted", Response(400), ok("next"), wanted=Wanted(may_decode=False)),
        "broken",
    ),
    ("coding-not-plainly-chunked-refused", run("te-te:twice", Response(400), wanted=Wanted(may_decode=True)), "held"),
    (
        "coding-not-plainly-chunked-refused",
        run(
            "te-te:twice",
            ok(),
            ok("next"),
            calls=(Call("first", body=b"hello"),),
            wanted=Wanted(may_decode=True, decoded=b"hello"),
        ),
        "held",
    ),
    (
        "coding-not-plainly-chunked-refused",
        run("te-te:twice", ok(), calls=(Call("first"),), wanted=Wanted(may_decode=True, decoded=b"hello")),
        "broken",
    ),
    # both framings
    (
        "length-before-chunked-overridden",
        run("cl-te:planted", ok(), ok("planted"), wanted=Wanted(decoded=b"")),
        "broken",
    ),
    (
        "length-before-chunked-overridden",
        run("cl-te:short", ok(), ok("next"), calls=(Call("first", body=b"hello"),), wanted=Wanted(decoded=b"hello")),
        "broken",
    ),
    ("chunked-before-length-counts", run("te-cl:long", ended="eof-late", wanted=Wanted(decoded=b"hello")), "broken"),
    ("chunked-before-length-counts", run("te-cl:planted", Response(400), ended="eof"), "held"),
    ("chunked-before-length-counts", run("te-cl:long", Response(200), wanted=Wanted(decoded=b"hello")), "vacuous"),
    ("unknown-coding-gets-501", run("te-unknown:gzip", ok(), calls=(FIRST,)), "broken"),
    ("unknown-coding-gets-501", run("te-unknown:gzip"), "vacuous"),
    # lengths
    ("repeated-length-taken-once", run("cl-same:lines", Response(400)), "held"),
    ("repeated-length-taken-once", run("cl-same:lines", Response(500)), "broken"),
    (
        "repeated-length-taken-once",
        run("cl-same:lines", ok(), calls=(Call("first", {"CONTENT_LENGTH": "5"}, b"he"),)),
        "broken",
    ),
    ("huge-length-handled", run("cl-huge:20-digits", Response(500)), "broken"),
    ("huge-length-handled", run("cl-huge:20-digits", Response(302)), "vacuous"),
    (
        "huge-length-handled",
        run(
            "cl-huge:20-digits",
            ok(),
            calls=(Call("first", {"CONTENT_LENGTH": "9" * 20}),),
            wanted=Wanted(digits="9" * 20),
        ),
        "held",
    ),
    (
        "valid-length-honoured",
        run("cl-valid:plain", calls=(Call("first", body=b"he"),), wanted=Wanted(decoded=b"hello")),
        "broken",
    ),
    ("no-framing-means-no-body", run("no-framing:post", Response(411)), "vacuous"),
    ("no-framing-means-no-body", run("no-framing:post", Response(400)), "held"),
    (
        "no-framing-means-no-body",
        run("no-framing:get", ok(), calls=(FIRST,), ended="eof-late", wanted=UNSAID),
        "vacuous",
    ),
    (
        "no-framing-means-no-body",
        run("no-framing:get", ok(), calls=(FIRST, Call("behind-plain")), ended="eof-late", wanted=UNSAID),
        "broken",
    ),
    ("no-framing-means-no-body", run("no-framing:get", ok(), calls=(FIRST,), wanted=UNSAID), "held"),
    # request line, target, path
    (
        "target-whitespace-not-repaired",
        run("request-line:tab-in-target", Response(400), wanted=Wanted(tail="/a\tb")),
        "held",
    ),
    (
        "target-whitespace-not-repaired",
        run(
            "request-line:tab-in-target",
            calls=(Call("first", {"PATH_INFO": "/x/0.first/a\tb"}),),
            wanted=Wanted(tail="/a\tb"),
        ),
        "held",
    ),
    ("method-case-kept", run("request-line:method-lower-case", Response(501), wanted=Wanted(method="get")), "held"),
    ("method-case-kept", run("request-line:method-lower-case", wanted=Wanted(method="get")), "vacuous"),
    ("blank-led-first-line-dropped", run("request-line:blank-line-led", calls=(FIRST,)), "broken"),
    (
        "blank-led-first-line-dropped",
        run("request-line:blank-line-led", calls=(Call("first", {"HTTP_X_PLANTED": "ok"}),)),
        "held",
    ),
    (
        "long-target-whole-or-refused",
        run(
            "request-line:long-target-9000",
            calls=(Call("first", {"PATH_INFO": "/0.first/" + "a" * 9}),),
            wanted=Wanted(tail_length=10),
        ),
        "held",
    ),
    (
        "long-target-whole-or-refused",
        run(
            "request-line:long-target-9000",
            calls=(Call("first", {"PATH_INFO": "/0.first/" + "a" * 9}),),
            wanted=Wanted(tail_length=11),
        ),
        "broken",
    ),
    (
        "long-target-whole-or-refused",
        run(
            "request-line:long-query",
            calls=(Call("first", {"QUERY_STRING": "q" * 70_000}),),
            wanted=Wanted(query_length=300_000),
        ),
        "held",
    ),
    ("long-target-whole-or-refused", run("request-line:long-query", Response(500)), "broken"),
    ("long-target-whole-or-refused", run("request-line:long-query", ended="open"), "vacuous"),
    ("absolute-form-gives-path-and-query", run("target:absolute", Response(400)), "broken"),
    ("absolute-form-overrides-host", run("target:absolute-other-host", Response(400)), "held"),
    ("asterisk-form-is-no-path", run("target:asterisk-options", Response(204)), "held"),
    ("connect-target-is-no-path", run("target:connect", ended="open"), "vacuous"),
    (
        "fragment-not-passed-on",
        run("target:fragment", calls=(Call("first", {"QUERY_STRING": "a=1"}),), wanted=Wanted(fragment="frag")),
        "held",
    ),
    ("path-bad-percent-survives", run("path-bad-percent:lone", Response(500)), "broken"),
    ("path-bad-percent-survives", run("path-bad-percent:lone", Response(400)), "held"),
    ("path-nul-keeps-tail", run("path-nul:middle", Response(500)), "broken"),
    ("path-nul-keeps-tail", run("path-nul:middle", Response(404)), "held"),
    (
        "double-slash-is-a-path",
        run(
            "path-double-slash:leading",
            calls=(Call("first", {"PATH_INFO": "//host.test/x", "HTTP_HOST": "host.test"}),),
        ),
        "broken",
    ),
    (
        "double-slash-not-merged",
        run("path-double-slash:leading", calls=(Call("first", {"PATH_INFO": "/probe"}),)),
        "held",
    ),
    # fields
    ("bare-cr-refused-or-blanked", run("bare-cr:in-name", calls=(Call("first", {"HTTP_X_FI\rRST": "a"}),)), "broken"),
    (
        "bare-cr-refused-or-blanked",
        run("bare-cr:smuggled-framing", calls=(Call("first", {"CONTENT_LENGTH": "5"}),)),
        "broken",
    ),
    ("bare-cr-refused-or-blanked", run("bare-cr:in-value", calls=(Call("first", {"LS_COLORS": "a\rb"}),)), "held"),
    (
        "folded-line-refused-or-joined",
        run("obs-fold:coding", calls=(Call("first", body=b"hello"),), wanted=Wanted(decoded=b"hello")),
        "held",
    ),
    (
        "folded-line-refused-or-joined",
        run("obs-fold:coding", calls=(FIRST,), wanted=Wanted(decoded=b"hello")),
        "broken",
    ),
    (
        "folded-line-refused-or-joined",
        run(
            "obs-fold:planted-framing",
            calls=(Call("first", {"HTTP_X_FIRST": "a Content-Length: 35", "CONTENT_LENGTH": "35"}),),
            wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="Content-Length: 35"),
        ),
        "broken",
    ),
    (
        "folded-line-refused-or-joined",
        run(
            "obs-fold:planted-framing",
            calls=(Call("first", {"HTTP_X_FIRST": "a Content-Length: 35", "CONTENT_LENGTH": "0"}),),
            wanted=Wanted(key="HTTP_X_FIRST", fold_start="a", fold_end="Content-Length: 35"),
        ),
        "held",
    ),
    ("folded-line-refused-or-joined", run("obs-fold:space", Response(400), wanted=Wanted(key="HTTP_X_FIRST")), "held"),
    ("field-name-token-or-refused", run("field-name:slash", calls=(Call("first", {"HTTP_HOST": "x"}),)), "held"),
    (
        "large-fields-whole-or-refused",
        run("field-limits:many-fields", Response(503), wanted=Wanted(field_count=3)),
        "broken",
    ),
    (
        "large-fields-whole-or-refused",
        run("field-limits:many-fields", ended="open", wanted=Wanted(field_count=3)),
        "vacuous",
    ),
    (
        "large-fields-whole-or-refused",
        run("field-limits:many-fields", calls=(Call("first", {"HTTP_X_MANY_1": "1"}),), wanted=Wanted(field_count=1)),
        "held",
    ),
    (
        "large-fields-whole-or-refused",
        run("field-limits:long-name", calls=(FIRST,), wanted=Wanted(name_length=70_000)),
        "broken",
    ),
    ("host-missing-refused", run("host-missing:http10", calls=(FIRST,)), "held"),
    ("host-missing-refused", run("host-missing:http10", Response(400)), "broken"),
    ("line-breaks-and-nul-not-in-environ", run("field-value-nul:end", Response(400)), "held"),
    ("underscore-name-not-merged", run("underscore:after", Response(400)), "held"),
    (
        "underscore-framing-without-effect",
        run("spoof:content-length-alone", calls=(Call("first", {"CONTENT_LENGTH": "5"}),), wanted=Wanted(decoded=b"")),
        "broken",
    ),
    (
        "underscore-framing-without-effect",
        run(
            "spoof:content-type",
            calls=(Call("first", {"CONTENT_LENGTH": "5", "CONTENT_TYPE": "text/planted"}, b"hello"),),
            wanted=Wanted(decoded=b"hello", content_type="text/plain"),
        ),
        "broken",
    ),
    (
        "repeated-singleton-not-mixed",
        run(
            "repeat:content-type",
            calls=(Call("first", {"CONTENT_TYPE": "a, b"}),),
            wanted=Wanted(key="CONTENT_TYPE", values=("a", "b")),
        ),
        "held",
    ),
    # chunks
    ("chunks-decoded", run("chunked:one", Response(501), wanted=Wanted(decoded=b"hello")), "vacuous"),
    ("chunks-decoded", run("chunked:one", Response(400), wanted=Wanted(decoded=b"hello")), "broken"),
    (
        "chunks-decoded",
        run("chunked:one", calls=(Call("first", body_error="OSError: x"),), wanted=Wanted(decoded=b"hello")),
        "broken",
    ),
    ("chunked-input-ends", run("chunked-drain:two", calls=(FIRST,), ended="open"), "vacuous"),
    (
        "chunked-input-ends",
        run("chunked-drain:two", calls=(Call("first", {"wsgi.input_terminated": True}),)),
        "vacuous",
    ),
    (
        "trailers-not-in-environ",
        run("trailer:content-length", calls=(Call("first", {"CONTENT_LENGTH": "99"}),)),
        "broken",
    ),
    ("trailers-read-to-their-end", run("trailer:custom", ok(), calls=(FIRST,)), "vacuous"),
    ("trailers-read-to-their-end", run("trailer:custom", ok(), calls=(FIRST,), ended="open"), "broken"),
    # Refused, while what it is compared with was served.
    (
        "trailers-read-to-their-end",
        run("trailer:custom", Response(400), calls=(Call("plain", body=b"hello"), Call("behind-plain"))),
        "vacuous",
    ),
    ("trailers-read-to-their-end", run("trailer:custom", CLOSES, calls=(FIRST,), ended="eof-late"), "vacuous"),
    ("chunk-line-ends-only-at-crlf", run("chunk-ext-break:planted", ok("planted")), "broken"),
    ("chunk-line-ends-only-at-crlf", run("chunk-ext-break:bare-lf", Response(200)), "vacuous"),
    (
        "chunk-size-of-hex-digits-only",
        run("chunk-size:plus", calls=(Call("first", body_ended=True),), ended="open"),
        "held",
    ),
    (
        "chunk-size-of-hex-digits-only",
        run("chunk-size:plus", ok(), calls=(Call("first", {"CONTENT_LENGTH": "5"}, b"hello"),)),
        "broken",
    ),
    ("huge-chunk-size-does-not-wrap", run("chunk-overflow:17-digits", Response(500)), "broken"),
    (
        "huge-chunk-size-does-not-wrap",
        run("chunk-overflow:17-digits", calls=(Call("first", body=b"hello\r\n0", body_ended=True),)),
        "held",
    ),
    ("incomplete-chunked-body-told", run("chunk-incomplete:after-chunk"), "held"),
    ("incomplete-chunked-body-told", run("chunk-incomplete:after-chunk", ended="open"), "vacuous"),
    (
        "incomplete-body-told",
        run("body-incomplete:length", calls=(FIRST,), ended="open", wanted=Wanted(announced=10)),
        "broken",
    ),
    (
        "incomplete-body-told",
        run("body-incomplete:length", calls=(Call("first", body_error="OSError: x"),), wanted=Wanted(announced=10)),
        "held",
    ),
    ("incomplete-body-told", run("body-incomplete:length", wanted=Wanted(announced=10)), "held"),
    ("unread-body-never-runs", run("unread:length", ok(), Response(400), calls=(FIRST,)), "broken"),
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


def test_a_dead_server_is_told() -> None:
    for rule, stimulus in (
        ("huge-length-handled", "cl-huge:20-digits"),
        ("control-characters-survived", "field-value-ctl:01"),
        ("huge-chunk-size-does-not-wrap", "chunk-overflow:17-digits"),
    ):
        made = run(stimulus, ended="reset")
        made.alive = False
        assert verdict(RULES[rule], made) == "broken"


def test_an_answer_after_the_limit_is_none() -> None:
    """The drain behaviour answers only after the client half-closed: the read had not ended by itself."""
    response = ok(start=0, end=17)
    made = run(
        "chunked-drain:two",
        response,
        calls=(Call("first", {"wsgi.input_terminated": True}),),
        ended="eof-late",
        wanted=Wanted(decoded=b"hello"),
    )
    made.connection.sent.append(Sent(b"", "half-close", at=2.0))
    made.connection.received = [Received(b"x" * 17, at=3.0)]
    assert verdict(RULES["chunked-input-ends"], made) == "broken"
    made.connection.received = [Received(b"x" * 17, at=1.0)]
    assert verdict(RULES["chunked-input-ends"], made) == "held"


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


def packets(whole: Call, split: Call | None, *answers: Response) -> ServerRun:
    sent = [Sent(b"GET / HTTP/1.1\r\nX: a\r\n\r\n")]
    connections = [Connection(sent=sent, responses=[answer]) for answer in answers]
    return ServerRun("packets:get", connections=connections, calls=[c for c in (whole, split) if c is not None])


def test_packets() -> None:
    rule = RULES["packets-make-no-difference"]
    whole = Call("whole", {"PATH_INFO": "/0.whole", "REMOTE_PORT": "1", "HTTP_X": "a"})
    split = Call("split", {"PATH_INFO": "/0.split", "REMOTE_PORT": "2", "HTTP_X": "a"})
    lost = Call("split", {"PATH_INFO": "/0.split"})
    assert verdict(rule, packets(whole, split, ok("whole"), ok("split"))) == "held"
    assert verdict(rule, packets(whole, lost, ok("whole"), ok("split"))) == "broken"
    own = Call("split", {"PATH_INFO": "/0.split", "HTTP_X": "a", "HTTP_X_REQUEST_ID": "2"})
    assert verdict(rule, packets(whole, own, ok("whole"), ok("split"))) == "held"
    assert verdict(rule, packets(whole, None, ok("whole"), Response(400))) == "broken"
    assert verdict(rule, packets(whole, split, Response(500), ok("split"))) == "vacuous"


def test_labels_and_markers() -> None:
    assert Response(200, body=b"first,ok 00000000.first\n").label == "first"
    assert Response(200, [("x-wsgiconform", "00000000.head")]).label == "head"
    assert Response(200, body=b"nothing").marker == ""
    assert Response(200, [("Connection", "Keep-Alive, Close")]).says_close
    made = ServerRun()
    assert made.connection.ended == "refused" and made.finals == [] and not made.ran("first")
    assert Call(environ={"A": 5}, events=[{"event": "read"}, {"event": "close"}]).get("A") == "5"
    assert Call(events=[{"event": "read"}, {"event": "close"}]).named("close") == [{"event": "close"}]
