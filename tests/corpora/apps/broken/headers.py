"""Broken apps, named by the clauses that they break: status and headers.

The line at fault carries the mark ``FAULT``.
"""

from __future__ import annotations

import collections
import enum
import http
import sys
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from tests.corpora.apps.marked import TEXT, App, BrokenApps

corpus = BrokenApps()
app, factory = corpus.app, corpus.factory


class Phrase(str):
    """A str in name only."""


class Statuses(str, enum.Enum):
    OK = "200 OK"


class HeaderBag(list[Any]):
    """A list with conveniences, as many libraries have one."""


# -- the status --------------------------------------------------------------------------------------


@app("status-str")
def status_is_a_string_enum(environ: Any, start_response: Any) -> Any:
    start_response(Statuses.OK, [TEXT])  # FAULT
    return [b"x"]


@app("status-str")
def status_is_http_status(environ: Any, start_response: Any) -> Any:
    start_response(http.HTTPStatus.OK, [TEXT])  # FAULT
    return [b"x"]


@app("status-str", "rfc-head-app-fields")
def status_is_bytes_on_head_only(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response(b"200 OK", [TEXT])  # FAULT
        return []
    start_response("200 OK", [TEXT])
    return [b"x"]


@factory("status-str")
def second_request_has_a_subclass() -> App:
    seen: list[int] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(1)
        status = Phrase("200 OK") if len(seen) > 1 else "200 OK"
        start_response(status, [TEXT])  # FAULT
        return [b"x"]

    return app


@app("status-reason-present", "status-single-space")
def status_is_the_code_of_an_enum(environ: Any, start_response: Any) -> Any:
    code = http.HTTPStatus.OK.value
    start_response(f"{code}", [TEXT])  # FAULT
    return [b"x"]


@app("status-single-space", "status-reason-present", "status-code-digits")
def status_with_a_no_break_space(environ: Any, start_response: Any) -> Any:
    start_response("200\xa0OK", [TEXT])  # FAULT
    return [b"x"]


@app("status-no-control")
def status_with_vertical_tab(environ: Any, start_response: Any) -> Any:
    start_response("200 OK\x0bFine", [TEXT])  # FAULT
    return [b"x"]


@app("status-no-control", "status-no-line-end")
def status_folds(environ: Any, start_response: Any) -> Any:
    start_response("200 very\r\n long", [TEXT])  # FAULT
    return [b"x"]


@app("status-code-digits", "status-latin1")
def status_in_wide_digits(environ: Any, start_response: Any) -> Any:
    start_response("\uff12\uff10\uff10 OK", [TEXT])  # FAULT
    return [b"x"]


@app("status-code-digits")
def status_in_superscript_digits(environ: Any, start_response: Any) -> Any:
    start_response("2\xb2\xb3 OK", [TEXT])  # FAULT
    return [b"x"]


@app("status-code-digits", "status-single-space")
def status_of_four_digits(environ: Any, start_response: Any) -> Any:
    start_response("2000 OK", [TEXT])  # FAULT
    return [b"x"]


@app("status-single-space", "status-code-digits")
def status_with_a_dash(environ: Any, start_response: Any) -> Any:
    start_response("200-OK", [TEXT])  # FAULT
    return [b"x"]


@app("status-code-digits")
def status_is_the_whole_status_line(environ: Any, start_response: Any) -> Any:
    start_response("HTTP/1.1 200 OK", [TEXT])  # FAULT
    return [b"x"]


@app("status-code-range")
def status_below_one_hundred(environ: Any, start_response: Any) -> Any:
    start_response("099 Low", [TEXT])  # FAULT
    return [b"x"]


@app("status-no-control", "status-no-line-end", "header-value-no-crlf")
def reason_holds_the_path(environ: Any, start_response: Any) -> Any:
    reason = environ.get("PATH_INFO", "") or "Fine"
    start_response("404 " + reason.strip(), [TEXT])  # FAULT
    return [b"x"]


# -- the headers -------------------------------------------------------------------------------------


@app("header-list")
def headers_are_a_subclass_of_list(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", HeaderBag([TEXT]))  # FAULT
    return [b"x"]


@app("header-list")
def headers_are_a_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", (pair for pair in [TEXT]))  # FAULT
    return [b"x"]


@app("header-list")
def headers_are_a_deque_on_post(environ: Any, start_response: Any) -> Any:
    post = environ["REQUEST_METHOD"] == "POST"
    headers = collections.deque([TEXT]) if post else [TEXT]
    start_response("200 OK", headers)  # FAULT
    return [b"x"]


@app("header-list")
def headers_are_a_tuple_in_the_error_path(environ: Any, start_response: Any) -> Any:
    try:
        raise KeyError("page")
    except KeyError:
        start_response("404 Not Found", (TEXT,), sys.exc_info())  # FAULT
    return [b"x"]


@app("header-tuples")
def fifth_header_is_a_triple(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("A", "1"), ("B", "2"), ("C", "3"), ("D", "4", "5")])  # FAULT
    return [b"x"]


class Pair(NamedTuple):
    """A tuple, but not exactly one."""

    name: str
    value: str


@app("header-tuples")
def header_is_a_named_tuple(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, Pair("X-Answer", "42")])  # FAULT
    return [b"x"]


@app("header-tuples")
def header_is_a_two_letter_string(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, "ab"])  # FAULT
    return [b"x"]


@app("header-name-str")
def header_name_is_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, (b"Set-Cookie", "a=1")])  # FAULT
    return [b"x"]


@app("header-value-str")
def length_is_an_int(environ: Any, start_response: Any) -> Any:
    body = b"hello"
    start_response("200 OK", [TEXT, ("Content-Length", len(body))])  # FAULT
    return [body]


@app("header-value-str")
def value_is_none_when_there_is_no_query(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Query", environ.get("QUERY_STRING") or None)])  # FAULT
    return [b"x"]


@app("header-name-token")
def header_name_ends_in_a_space(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Answer ", "42")])  # FAULT
    return [b"x"]


@app("header-name-token", "header-name-no-colon")
def header_name_holds_a_colon(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X:Answer", "42")])  # FAULT
    return [b"x"]


@app("header-name-token")
def header_name_ends_a_line(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Answer\r\nX-Other", "42")])  # FAULT
    return [b"x"]


@app("header-name-token")
def header_name_has_an_accent(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("R\xe9ponse", "42")])  # FAULT
    return [b"x"]


@app("header-name-latin1", "header-name-token")
def header_name_is_greek(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-\u03a9", "42")])  # FAULT
    return [b"x"]


@app("header-value-latin1")
def filename_is_cyrillic(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Disposition", 'attachment; filename="\u0442.txt"')])  # FAULT
    return [b"x"]


@app("header-value-no-crlf", "header-value-no-control")
def value_is_folded(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Long", "a\r\n b")])  # FAULT
    return [b"x"]


@app("header-value-no-control")
def value_holds_an_escape(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Colour", "\x1b[31mred")])  # FAULT
    return [b"x"]


@app("header-value-no-crlf", "header-value-no-control", "url-quote-path", "rfc-app-location")
def location_is_the_decoded_path(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", environ.get("PATH_INFO", "") + "/")])  # FAULT
    return []


@app("header-value-no-crlf", "header-value-no-control", "rfc-app-set-cookie")
def cookie_is_from_the_query(environ: Any, start_response: Any) -> Any:
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, encoding="latin-1")
    value = "".join(text for _, text in pairs)
    start_response("200 OK", [TEXT, ("Set-Cookie", "last=" + value.replace(" ", ""))])  # FAULT
    return [b"x"]


@app("header-value-no-crlf", "header-value-no-control", "header-value-latin1")
def header_is_the_unquoted_query(environ: Any, start_response: Any) -> Any:
    value = unquote_to_bytes(environ.get("QUERY_STRING", "").encode("latin-1")).decode("latin-1")
    start_response("200 OK", [TEXT, ("X-Search", value)])  # FAULT
    return [b"x"]


@app("header-no-hop-by-hop", "header-no-persistence")
def keep_alive_in_odd_case(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("kEEP-aLIVE", "timeout=5")])  # FAULT
    return [b"x"]


@app("header-no-hop-by-hop")
def trailer_is_announced(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("TRAILER", "X-Checksum")])  # FAULT
    return [b"x"]


@app("header-no-hop-by-hop", "header-no-persistence")
def connection_close_after_post(environ: Any, start_response: Any) -> Any:
    headers = [TEXT]
    if environ["REQUEST_METHOD"] == "POST":
        headers.append(("connection", "Close"))
    start_response("200 OK", headers)  # FAULT
    return [b"x"]


@app("header-no-hop-by-hop", "length-app-no-te")
def chunks_its_own_body(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("transfer-encoding", "Chunked")])  # FAULT
    return [b"5\r\nhello\r\n", b"0\r\n\r\n"]


@factory("header-list-not-shared", "rfc-app-content-type")
def one_list_for_all_requests() -> App:
    headers = [TEXT]

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", headers)  # FAULT
        return [b"x"]

    return app


@factory("rfc-app-repeat-header", "header-list-not-shared")
def one_list_grows_with_each_request() -> App:
    headers: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        headers.append(TEXT)
        start_response("200 OK", headers)  # FAULT
        return [b"x"]

    return app
