"""Broken apps: the header list and single fields."""

from __future__ import annotations

import collections
import sys
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from tests.corpora.apps.answers import TEXT, App
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory, answering = corpus.program, corpus.factory, corpus.answering

# -- the header list -------------------------------------------------------------------------------


class HeaderBag(list[Any]):
    """A list with conveniences, as many libraries have one."""


@app(clauses=("header-list",))
def headers_are_a_subclass_of_list(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", HeaderBag([TEXT]))  # FAULT
    return [b"x"]


@app(clauses=("header-list",))
def headers_are_a_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", (pair for pair in [TEXT]))  # FAULT
    return [b"x"]


@app(clauses=("header-list",))
def headers_are_a_deque_on_post(environ: Any, start_response: Any) -> Any:
    post = environ["REQUEST_METHOD"] == "POST"
    headers = collections.deque([TEXT]) if post else [TEXT]
    start_response("200 OK", headers)  # FAULT
    return [b"x"]


@app(clauses=("header-list",))
def headers_are_a_tuple_in_the_error_path(environ: Any, start_response: Any) -> Any:
    try:
        raise KeyError("page")
    except KeyError:
        start_response("404 Not Found", (TEXT,), sys.exc_info())  # FAULT
    return [b"x"]


@app(clauses=("header-tuples",))
def fifth_header_is_a_triple(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("A", "1"), ("B", "2"), ("C", "3"), ("D", "4", "5")])  # FAULT
    return [b"x"]


class Pair(NamedTuple):
    """A tuple, but not exactly one."""

    name: str
    value: str


@app(clauses=("header-tuples",))
def header_is_a_named_tuple(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, Pair("X-Answer", "42")])  # FAULT
    return [b"x"]


@app(clauses=("header-tuples",))
def header_is_a_two_letter_string(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, "ab"])  # FAULT
    return [b"x"]


@app(clauses=("header-name-str",))
def header_name_is_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, (b"Set-Cookie", "a=1")])  # FAULT
    return [b"x"]


@app(clauses=("header-value-str",))
def length_is_an_int(environ: Any, start_response: Any) -> Any:
    body = b"hello"
    start_response("200 OK", [TEXT, ("Content-Length", len(body))])  # FAULT
    return [body]


@app(clauses=("header-value-str",))
def value_is_none_when_there_is_no_query(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Query", environ.get("QUERY_STRING") or None)])  # FAULT
    return [b"x"]


@app(clauses=("header-name-token",))
def header_name_ends_in_a_space(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Answer ", "42")])  # FAULT
    return [b"x"]


@app(clauses=("header-name-token", "header-name-no-colon"))
def header_name_holds_a_colon(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X:Answer", "42")])  # FAULT
    return [b"x"]


@app(clauses=("header-name-token",))
def header_name_ends_a_line(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Answer\r\nX-Other", "42")])  # FAULT
    return [b"x"]


@app(clauses=("header-name-token",))
def header_name_has_an_accent(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("R\xe9ponse", "42")])  # FAULT
    return [b"x"]


@app(clauses=("header-name-latin1", "header-name-token"))
def header_name_is_greek(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-\u03a9", "42")])  # FAULT
    return [b"x"]


@app(clauses=("header-value-latin1",))
def filename_is_cyrillic(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Disposition", 'attachment; filename="\u0442.txt"')])  # FAULT
    return [b"x"]


@app(clauses=("header-value-no-crlf", "header-value-no-control"))
def value_is_folded(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Long", "a\r\n b")])  # FAULT
    return [b"x"]


@app(clauses=("header-value-no-control",))
def value_holds_an_escape(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("X-Colour", "\x1b[31mred")])  # FAULT
    return [b"x"]


@app(clauses=("header-value-no-crlf", "header-value-no-control", "url-quote-path", "rfc-app-location"))
def location_is_the_decoded_path(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", environ.get("PATH_INFO", "") + "/")])  # FAULT
    return []


@app(clauses=("header-value-no-crlf", "header-value-no-control", "rfc-app-set-cookie"))
def cookie_is_from_the_query(environ: Any, start_response: Any) -> Any:
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, encoding="latin-1")
    value = "".join(text for _, text in pairs)
    start_response("200 OK", [TEXT, ("Set-Cookie", "last=" + value.replace(" ", ""))])  # FAULT
    return [b"x"]


@app(clauses=("header-value-no-crlf", "header-value-no-control", "header-value-latin1"))
def header_is_the_unquoted_query(environ: Any, start_response: Any) -> Any:
    value = unquote_to_bytes(environ.get("QUERY_STRING", "").encode("latin-1")).decode("latin-1")
    start_response("200 OK", [TEXT, ("X-Search", value)])  # FAULT
    return [b"x"]


@app(clauses=("header-no-hop-by-hop", "header-no-persistence"))
def keep_alive_in_odd_case(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("kEEP-aLIVE", "timeout=5")])  # FAULT
    return [b"x"]


@app(clauses=("header-no-hop-by-hop",))
def trailer_is_announced(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("TRAILER", "X-Checksum")])  # FAULT
    return [b"x"]


@app(clauses=("header-no-hop-by-hop", "header-no-persistence"))
def connection_close_after_post(environ: Any, start_response: Any) -> Any:
    headers = [TEXT]
    if environ["REQUEST_METHOD"] == "POST":
        headers.append(("connection", "Close"))
    start_response("200 OK", headers)  # FAULT
    return [b"x"]


@app(clauses=("header-no-hop-by-hop", "length-app-no-te"))
def chunks_its_own_body(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("transfer-encoding", "Chunked")])  # FAULT
    return [b"5\r\nhello\r\n", b"0\r\n\r\n"]


@factory(clauses=("header-list-not-shared", "rfc-app-content-type"))
def one_list_for_all_requests() -> App:
    headers = [TEXT]

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", headers)  # FAULT
        return [b"x"]

    return app


@factory(clauses=("rfc-app-repeat-header", "header-list-not-shared"))
def one_list_grows_with_each_request() -> App:
    headers: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        headers.append(TEXT)
        start_response("200 OK", headers)  # FAULT
        return [b"x"]

    return app


answering("headers-builtin-list", "tuple_of_headers", "200 OK", (TEXT,), b"x")
answering("headers-builtin-list", "dict_of_headers", "200 OK", dict([TEXT]), b"x")
answering("headers-builtin-list", "items_view", "200 OK", dict([TEXT]).items(), b"x")
answering("header-entries-are-pairs", "list_entry", "200 OK", [list(TEXT)], b"x")
answering("header-entries-are-pairs", "triple", "200 OK", [(*TEXT, "x")], b"x")
answering("header-entries-are-pairs", "string", "200 OK", ["Content-Type: text/plain"], b"x")
answering("header-name-native-string", "bytes_name", "200 OK", [TEXT, (b"X-A", "b")], b"x")
answering("header-value-native-string", "int_length", "200 OK", [TEXT, ("Content-Length", 1)], b"x")


class Words(str):
    """A subclass of str, which PEP 3333 rules out."""


answering("header-value-native-string", "subclass", "200 OK", [TEXT, ("X-A", Words("b"))], b"x")
answering("header-value-native-string", "none_value", "200 OK", [TEXT, ("X-A", None)], b"x")
answering("header-name-latin1", "wide_name", "200 OK", [TEXT, ("X-\u0416", "b")], b"x")
answering("header-value-latin1", "wide_value", "200 OK", [TEXT, ("X-A", "\u20ac")], b"x")
answering("header-name-token", "space_in_name", "200 OK", [TEXT, ("X A", "b")], b"x")
answering("header-name-token", "empty_name", "200 OK", [TEXT, ("", "b")], b"x")
answering("header-name-token", "slash", "200 OK", [TEXT, ("X/A", "b")], b"x")
answering("header-name-no-colon", "colon", "200 OK", [TEXT, ("X-A:", "b")], b"x")
answering("header-value-no-crlf", "injection", "200 OK", [TEXT, ("X-A", "b\r\nX-B: c")], b"x")
answering("header-value-no-crlf", "trailing_newline", "200 OK", [TEXT, ("X-A", "b\n")], b"x")
answering("header-value-no-control", "nul", "200 OK", [TEXT, ("X-A", "b\x00c")], b"x")
answering("header-value-no-control", "tab", "200 OK", [TEXT, ("X-A", "b\tc")], b"x")


# -- single fields ---------------------------------------------------------------------------------


answering("header-no-hop-by-hop", "upper_case", "200 OK", [TEXT, ("PROXY-AUTHENTICATE", "Basic")], b"x")
answering("header-no-persistence", "close", "200 OK", [TEXT, ("connection", "close")], b"x")
answering("header-no-transfer-encoding", "chunked", "200 OK", [TEXT, ("Transfer-Encoding", "chunked")], b"x")
answering("singleton-header-once", "two_types", "200 OK", [TEXT, ("content-type", "text/html")], b"x")
answering("content-length-one-number", "words", "200 OK", [TEXT, ("Content-Length", "one")], b"x")
answering("content-length-one-number", "signed", "200 OK", [TEXT, ("Content-Length", "+1")], b"x")
answering("date-fields-imf-fixdate", "iso_date", "200 OK", [TEXT, ("Last-Modified", "2020-01-01")], b"x")
answering("etag-quoted", "bare", "200 OK", [TEXT, ("ETag", "abc")], b"x")
answering("etag-quoted", "lower_case_weak", "200 OK", [TEXT, ("ETag", 'w/"abc"')], b"x")
answering("cache-control-parses", "no_number", "200 OK", [TEXT, ("Cache-Control", "max-age=soon")], b"x")
answering("set-cookie-grammar", "no_name", "200 OK", [TEXT, ("Set-Cookie", "just text")], b"x")
answering("location-valid-reference", "space", "302 Found", [("Location", "/two words")])
