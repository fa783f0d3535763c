"""Broken apps: the status."""

from __future__ import annotations

import enum
import http
from typing import Any

from tests.corpora.apps.answers import TEXT, App
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory, answering = corpus.program, corpus.factory, corpus.answering


class Statuses(str, enum.Enum):
    OK = "200 OK"


@app(clauses=("status-str",))
def status_is_a_string_enum(environ: Any, start_response: Any) -> Any:
    start_response(Statuses.OK, [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-str",))
def status_is_http_status(environ: Any, start_response: Any) -> Any:
    start_response(http.HTTPStatus.OK, [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-str", "rfc-head-app-fields"))
def status_is_bytes_on_head_only(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response(b"200 OK", [TEXT])  # FAULT
        return []
    start_response("200 OK", [TEXT])
    return [b"x"]


class Phrase(str):
    """A str in name only."""


@factory(clauses=("status-str",))
def second_request_has_a_subclass() -> App:
    seen: list[int] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(1)
        status = Phrase("200 OK") if len(seen) > 1 else "200 OK"
        start_response(status, [TEXT])  # FAULT
        return [b"x"]

    return app


@app(clauses=("status-reason-present", "status-single-space"))
def status_is_the_code_of_an_enum(environ: Any, start_response: Any) -> Any:
    code = http.HTTPStatus.OK.value
    start_response(f"{code}", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-single-space", "status-reason-present", "status-code-digits"))
def status_with_a_no_break_space(environ: Any, start_response: Any) -> Any:
    start_response("200\xa0OK", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-no-control",))
def status_with_vertical_tab(environ: Any, start_response: Any) -> Any:
    start_response("200 OK\x0bFine", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-no-control", "status-no-line-end"))
def status_folds(environ: Any, start_response: Any) -> Any:
    start_response("200 very\r\n long", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-code-digits", "status-latin1"))
def status_in_wide_digits(environ: Any, start_response: Any) -> Any:
    start_response("\uff12\uff10\uff10 OK", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-code-digits",))
def status_in_superscript_digits(environ: Any, start_response: Any) -> Any:
    start_response("2\xb2\xb3 OK", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-code-digits", "status-single-space"))
def status_of_four_digits(environ: Any, start_response: Any) -> Any:
    start_response("2000 OK", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-single-space", "status-code-digits"))
def status_with_a_dash(environ: Any, start_response: Any) -> Any:
    start_response("200-OK", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-code-digits",))
def status_is_the_whole_status_line(environ: Any, start_response: Any) -> Any:
    start_response("HTTP/1.1 200 OK", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-code-range",))
def status_below_one_hundred(environ: Any, start_response: Any) -> Any:
    start_response("099 Low", [TEXT])  # FAULT
    return [b"x"]


@app(clauses=("status-no-control", "status-no-line-end", "header-value-no-crlf"))
def reason_holds_the_path(environ: Any, start_response: Any) -> Any:
    reason = environ.get("PATH_INFO", "") or "Fine"
    start_response("404 " + reason.strip(), [TEXT])  # FAULT
    return [b"x"]


answering("status-native-string", "bytes_status", b"200 OK", [TEXT], b"x")
answering("status-native-string", "int_status", 200, [TEXT], b"x")


class Words(str):
    """A subclass of str, which PEP 3333 rules out."""


answering("status-native-string", "str_subclass", Words("200 OK"), [TEXT], b"x")
answering("status-native-string", "none_status", None, [TEXT], b"x")
answering("status-latin1", "emoji", "200 \N{SNOWMAN}", [TEXT], b"x")
answering("status-latin1", "lone_surrogate", "200 \udc80", [TEXT], b"x")
answering("status-code-three-digits", "words_only", "OK", [TEXT], b"x")
answering("status-code-three-digits", "two_digits", "20 OK", [TEXT], b"x")
answering("status-latin1", "arabic_digits", "\u0662\u0660\u0660 OK", [TEXT], b"x")
answering("status-code-at-least-100", "zero", "000 Nothing", [TEXT], b"x")
answering("status-code-below-600", "six_hundred", "600 More", [TEXT], b"x")
answering("status-single-space", "two_spaces", "200  OK", [TEXT], b"x")
answering("status-no-control", "tab", "200\tOK", [TEXT], b"x")
answering("status-has-reason", "bare_code", "200", [TEXT], b"x")
answering("status-no-surrounding-space", "leading", " 200 OK", [TEXT], b"x")
answering("status-no-surrounding-space", "trailing", "200 OK ", [TEXT], b"x")
answering("status-no-control", "bell", "200 O\x07K", [TEXT], b"x")
answering("status-no-control", "delete", "200 OK\x7f!", [TEXT], b"x")
answering("status-no-line-end", "line_feed", "200 OK\n", [TEXT], b"x")
answering("status-no-line-end", "carriage_return", "200 OK\r\n", [TEXT], b"x")
