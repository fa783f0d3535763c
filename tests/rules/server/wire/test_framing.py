"""Wire rules on lengths and chunks, on runs written by hand: what they take for a fault, and what for right."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.records.server import (
    Call,
    Connection,
    Received,
    Response,
    Sent,
    ServerRun,
)
from pytest_wsgiconform.rules.records.stimulus_facts import UNSAID, Wanted
from tests.rules.server.wire.runs import CLOSES, FIRST, RULES, ok, run, verdict

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
