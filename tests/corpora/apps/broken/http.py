"""Broken apps: the rules of HTTP on status, fields and bodies together."""

from __future__ import annotations

import gzip
from typing import Any

from tests.corpora.apps.answers import TEXT, App, page, plain
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory, answering = corpus.program, corpus.factory, corpus.answering

# -- answers that go together ----------------------------------------------------------------------


@app("head-status-as-get")
def knows_no_head(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        return plain(start_response, status="501 Not Implemented")
    return plain(start_response, b"x")


@app("head-status-as-get")
def empty_head_is_204(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("204 No Content", [])
        return []
    return plain(start_response, b"x")


@app("head-fields-as-get")
def head_of_length_zero(environ: Any, start_response: Any) -> Any:
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"
    return plain(start_response, body, headers=[("Content-Length", str(len(body)))])


@app("head-fields-as-get")
def head_length_where_get_has_none(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        return plain(start_response, headers=[("Content-Length", "0")])
    return plain(start_response, b"hello")


@app("head-fields-as-get")
def head_of_another_type(environ: Any, start_response: Any) -> Any:
    kind = "text/html" if environ["REQUEST_METHOD"] == "HEAD" else "text/plain"
    start_response("200 OK", [("Content-Type", kind)])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"x"]


def tagged(lost: str) -> App:
    fields = [("ETag", '"v1"'), ("Vary", "Accept"), ("Cache-Control", "max-age=5"), ("Content-Location", "/v1")]

    def application(environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_IF_NONE_MATCH") == '"v1"':
            start_response("304 Not Modified", [field for field in fields if field[0] != lost])
            return []
        start_response("200 OK", [TEXT, *fields])
        return [b"x"]

    return application


for _name in ("Vary", "Cache-Control", "Content-Location", "ETag"):
    corpus.add(f"loses_{_name.lower()}", lambda name=_name: tagged(name), "not-modified-keeps-fields")  # type: ignore[misc]


@app("validators-honoured")
def never_304(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"x", headers=[("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT")])


def ranged(cut: Any, total: int = 10) -> App:
    page = b"0123456789"

    def application(environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_RANGE") == "bytes=2-":
            return plain(
                start_response,
                cut(page),
                status="206 Partial Content",
                headers=[("Content-Range", f"bytes 2-9/{total}")],
            )
        return plain(start_response, page)

    return application


@factory("range-bytes-as-whole")
def off_by_one() -> App:
    return ranged(lambda page: page[1:9])


@factory("range-bytes-as-whole")
def from_the_start() -> App:
    return ranged(lambda page: page[:8])


@factory("range-bytes-as-whole")
def wrong_total() -> App:
    return ranged(lambda page: page[2:], total=12)


@app("content-coding-acceptable")
def always_gzip(environ: Any, start_response: Any) -> Any:
    return plain(start_response, gzip.compress(b"x", mtime=0), headers=[("Content-Encoding", "gzip")])


@app("content-coding-acceptable")
def looks_for_the_word(environ: Any, start_response: Any) -> Any:
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        fields = [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        return plain(start_response, gzip.compress(b"x", mtime=0), headers=fields)
    return plain(start_response, b"x", headers=[("Vary", "Accept-Encoding")])


@app("content-coding-acceptable")
def only_says_so(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_ACCEPT_ENCODING") == "gzip":
        return plain(start_response, b"not gzip", headers=[("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")])
    return plain(start_response, b"x")


@app("vary-names-what-counts")
def json_on_demand(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_ACCEPT") == "application/json":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"{}"]
    return plain(start_response, b"x")


@app("vary-names-what-counts")
def gzip_without_vary(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_ACCEPT_ENCODING") == "gzip":
        return plain(start_response, gzip.compress(b"x", mtime=0), headers=[("Content-Encoding", "gzip")])
    return plain(start_response, b"x")


@app("vary-names-what-counts")
def names_another_field(environ: Any, start_response: Any) -> Any:
    german = environ.get("HTTP_ACCEPT_LANGUAGE") == "de"
    return plain(start_response, b"ja" if german else b"yes", headers=[("Vary", "Accept")])


# -- status and fields together --------------------------------------------------------------------


answering("status-not-interim", "continue", "100 Continue", [])
answering("no-hop-by-hop-features", "switching", "101 Switching Protocols", [("Upgrade", "websocket")])
answering("no-content-length-with-204", "length", "204 No Content", [("Content-Length", "0")])
answering("allow-with-405", "no_allow", "405 Method Not Allowed", [TEXT], b"x")
answering("challenge-with-401", "no_challenge", "401 Unauthorized", [TEXT], b"x")
answering("redirect-has-location", "nowhere", "302 Found", [TEXT], b"x")


@app(clauses=("rfc-head-app-fields",))
def refuses_head(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("405 Method Not Allowed", [("Allow", "GET")])  # FAULT
        return []
    return page(start_response)


@app(clauses=("rfc-head-app-fields",))
def head_says_another_length(environ: Any, start_response: Any) -> Any:
    body = [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
    start_response("200 OK", [TEXT, ("Content-Length", str(sum(map(len, body))))])  # FAULT
    return body


@app(clauses=("rfc-app-etag-form",))
def etag_without_quotes_when_asked_again(environ: Any, start_response: Any) -> Any:
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", [("ETag", "abc")])  # FAULT
        return []
    return page(start_response, ("ETag", '"abc"'))


@app(clauses=("rfc-app-304-fields",))
def not_modified_without_its_etag(environ: Any, start_response: Any) -> Any:
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", [])  # FAULT
        return []
    return page(start_response, ("ETag", '"abc"'))


@app(clauses=("rfc-app-date-fields",))
def date_with_a_zone(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 +0000")])  # FAULT
    return [b"hello"]


@app(clauses=("rfc-app-date-fields",))
def date_on_the_wrong_day(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Last-Modified", "Mon, 31 Feb 2020 08:49:37 GMT")])  # FAULT
    return [b"hello"]


@app(clauses=("rfc-app-location",))
def location_with_a_space(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", "/next page")])  # FAULT
    return []


@app(clauses=("rfc-app-location",))
def redirect_to_nowhere(environ: Any, start_response: Any) -> Any:
    start_response("301 Moved Permanently", [TEXT])  # FAULT
    return [b"moved"]


@app(clauses=("rfc-app-allow-405",))
def says_405_to_unknown_methods(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [TEXT])  # FAULT
        return [b"no"]
    return page(start_response)


@app(clauses=("rfc-app-www-authenticate",))
def says_401_without_a_challenge(environ: Any, start_response: Any) -> Any:
    if "HTTP_AUTHORIZATION" in environ:
        return page(start_response)
    start_response("401 Unauthorized", [TEXT])  # FAULT
    return [b"no"]


@app(clauses=("rfc-app-content-range",))
def range_of_other_bytes(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_RANGE", "").startswith("bytes="):
        headers = [TEXT, ("Content-Range", "bytes 0-3/10"), ("Content-Length", "2")]
        start_response("206 Partial Content", headers)  # FAULT
        return [b"he"]
    return page(start_response)


@app(clauses=("rfc-app-vary",))
def zips_without_vary(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_ACCEPT_ENCODING", "") in ("gzip", "gzip, deflate", "gzip, deflate, br"):
        start_response("200 OK", [TEXT, ("Content-Encoding", "gzip")])  # FAULT
        return [gzip.compress(b"hello", mtime=0)]
    return page(start_response)


@app(clauses=("http-app-content-encoding",))
def zips_for_everybody(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")])  # FAULT
    return [gzip.compress(b"hello", mtime=0)]


@app(clauses=("rfc-app-cache-control",))
def caches_for_a_fraction(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Cache-Control", "public, max-age=1.5")])  # FAULT
    return [b"hello"]


@app(clauses=("rfc-app-set-cookie",))
def cookie_name_with_a_space(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Set-Cookie", "my name=1; Path=/")])  # FAULT
    return [b"hello"]


@app(clauses=("rfc-app-repeat-header",))
def two_locations(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", "/a"), ("LOCATION", "/b")])  # FAULT
    return []


@app(clauses=("rfc-app-content-type",))
def page_of_no_kind(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])  # FAULT
    return [b"hello"]


@app(clauses=("http-no-hop-features", "header-no-hop-by-hop"))
def switches_protocols(environ: Any, start_response: Any) -> Any:
    start_response("101 Switching Protocols", [("Upgrade", "websocket"), ("Connection", "upgrade")])  # FAULT
    return []
