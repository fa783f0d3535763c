"""Wire rules on request lines, targets and fields, on runs written by hand."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.records.server import (
    Call,
    Response,
    ServerRun,
)
from pytest_wsgiconform.rules.records.stimulus_facts import Wanted
from tests.rules.server.wire.runs import FIRST, RULES, run, verdict

#: rule, run, verdict
CASES: list[tuple[str, ServerRun, str]] = [
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
]


@pytest.mark.parametrize(("rule", "made", "wanted"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_case(rule: str, made: ServerRun, wanted: str) -> None:
    assert verdict(RULES[rule], made) == wanted, RULES[rule].check(made)
