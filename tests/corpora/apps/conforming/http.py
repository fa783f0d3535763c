"""Conforming apps: the HTTP that they speak by themselves."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from tests.corpora.apps.answers import TEXT, answer
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program

# -- methods, validators, ranges, negotiation ------------------------------------------------------


def redirect_to(environ: Any, where: str) -> str:
    mount = quote(environ.get("SCRIPT_NAME", ""), safe="/:@!$&'()*+,;=~", encoding="latin-1")
    return mount + where


@app()
def redirects_absolutely(environ: Any, start_response: Any) -> Any:
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST")
    if not host:
        host, port = environ["SERVER_NAME"], environ["SERVER_PORT"]
        if port != {"http": "80", "https": "443"}.get(scheme):
            host += ":" + port
    location = f"{scheme}://{host}{redirect_to(environ, '/next')}"
    if environ.get("QUERY_STRING"):
        location += "?" + quote(environ["QUERY_STRING"], safe="%/:?#[]@!$&'()*+,;=~", encoding="latin-1")
    start_response("302 Found", [("Location", location)])
    return []


@app()
def redirects_by_a_path(environ: Any, start_response: Any) -> Any:
    start_response("307 Temporary Redirect", [("Location", redirect_to(environ, "/next?a=1"))])
    return []


@app()
def knows_its_methods(environ: Any, start_response: Any) -> Any:
    method = environ["REQUEST_METHOD"]
    allow = ("Allow", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE, PURGE")
    if method == "OPTIONS":
        start_response("204 No Content", [allow])
        return []
    if method == "DELETE":
        start_response("202 Accepted", [("Content-Length", "0")])
        return []
    if method in ("GET", "HEAD", "PUT", "PATCH", "PURGE"):
        return answer(environ, start_response, method.encode() if method != "HEAD" else b"GET")
    return answer(environ, start_response, b"no", allow, status="405 Method Not Allowed")


@app()
def echoes_the_method(environ: Any, start_response: Any) -> Any:
    method = environ["REQUEST_METHOD"]
    return answer(environ, start_response, b"GET" if method == "HEAD" else method.encode("latin-1"))


@app()
def validates_with_an_etag(environ: Any, start_response: Any) -> Any:
    body = b"a page that never changes"
    etag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
    headers = [("ETag", etag), ("Cache-Control", "max-age=60, public"), ("Vary", "Accept")]
    asked = environ.get("HTTP_IF_NONE_MATCH", "")
    if asked.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in asked.split(",")]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            start_response("304 Not Modified", headers)
        else:
            start_response("412 Precondition Failed", [*headers, ("Content-Length", "0")])
        return []
    wanted = environ.get("HTTP_IF_MATCH")
    if wanted is not None and wanted.strip() != "*" and etag not in [tag.strip() for tag in wanted.split(",")]:
        start_response("412 Precondition Failed", [*headers, ("Content-Length", "0")])
        return []
    return answer(environ, start_response, body, *headers)


CHANGED = 784111777


@app()
def validates_with_a_date(environ: Any, start_response: Any) -> Any:
    modified = ("Last-Modified", formatdate(CHANGED, usegmt=True))
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since and environ["REQUEST_METHOD"] in ("GET", "HEAD") and "HTTP_IF_NONE_MATCH" not in environ:
        try:
            unchanged = parsedate_to_datetime(since).timestamp() >= CHANGED
        except (TypeError, ValueError):
            unchanged = False
        if unchanged:
            start_response("304 Not Modified", [modified])
            return []
    return answer(environ, start_response, b"an old page", modified)


@app()
def serves_ranges(environ: Any, start_response: Any) -> Any:
    body = bytes(range(256)) * 4
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", environ.get("HTTP_RANGE", "").strip())
    if found is None or found.group() == "bytes=-" or environ["REQUEST_METHOD"] != "GET" or "HTTP_IF_RANGE" in environ:
        return answer(environ, start_response, body, ("Accept-Ranges", "bytes"))
    first, last = found.groups()
    if first:
        start, stop = int(first), min(int(last) + 1 if last else len(body), len(body))
    else:
        start, stop = max(0, len(body) - int(last)), len(body)
    if start >= stop:
        headers = ("Content-Range", f"bytes */{len(body)}")
        return answer(environ, start_response, b"no such range", headers, status="416 Range Not Satisfiable")
    headers = ("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")
    return answer(environ, start_response, body[start:stop], headers, status="206 Partial Content")


def quality(field: str, coding: str) -> float:
    """Return the weight of *coding* in an Accept-Encoding *field*."""
    weights: dict[str, float] = {}
    for part in field.split(","):
        name, _, parameter = part.partition(";")
        try:
            weights[name.strip().lower()] = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
    return weights.get(coding, weights.get("*", 0.0))


@app()
def zips_for_who_wants_it(environ: Any, start_response: Any) -> Any:
    body, vary = b"hello " * 100, ("Vary", "Accept-Encoding")
    if quality(environ.get("HTTP_ACCEPT_ENCODING", ""), "gzip") > 0:
        return answer(environ, start_response, gzip.compress(body, mtime=0), vary, ("Content-Encoding", "gzip"))
    return answer(environ, start_response, body, vary)


@app()
def deflates_block_by_block(environ: Any, start_response: Any) -> Any:
    wanted = quality(environ.get("HTTP_ACCEPT_ENCODING", ""), "deflate") > 0
    coding = [("Content-Encoding", "deflate")] if wanted else []
    start_response("200 OK", [TEXT, ("Vary", "accept-encoding"), *coding])
    if environ["REQUEST_METHOD"] == "HEAD":
        return
    compressor = zlib.compressobj()
    for number in range(20):
        block = b"line %d\n" % number
        yield compressor.compress(block) if wanted else block
    yield compressor.flush() if wanted else b""


@app()
def negotiates_the_kind(environ: Any, start_response: Any) -> Any:
    wants_json = "application/json" in environ.get("HTTP_ACCEPT", "")
    body = json.dumps({"hello": "world"}) if wants_json else "hello world"
    kind = "application/json" if wants_json else "text/plain"
    headers = [("Content-Type", kind), ("Vary", "Accept"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]


@app()
def speaks_the_visitors_language(environ: Any, start_response: Any) -> Any:
    french = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("fr")
    language = ("Content-Language", "fr" if french else "en")
    body = "\xe0 bient\xf4t".encode() if french else b"see you"
    return answer(environ, start_response, body, language, ("Vary", "Accept-Language, Cookie"))


# -- more of the same ------------------------------------------------------------------------------


BODY = b"hello world"


def bodyless(environ: Any) -> bool:
    return bool(environ["REQUEST_METHOD"] == "HEAD")


@app()
def proper_head(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", str(len(BODY)))])
    return [] if bodyless(environ) else [BODY]


@app()
def get_only(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [TEXT, ("Allow", "GET, HEAD")])
        return [b"no"]
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app()
def conditional(environ: Any, start_response: Any) -> Any:
    fields = [("ETag", '"v1"'), ("Vary", "Accept-Language"), ("Cache-Control", "max-age=60")]
    if '"v1"' in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", fields)
        return []
    start_response("200 OK", [TEXT, *fields])
    return [BODY]


@app()
def ranges(environ: Any, start_response: Any) -> Any:
    asked = environ.get("HTTP_RANGE", "")
    first, dash, last = asked.removeprefix("bytes=").partition("-")
    if not (dash and first.isdecimal() and (last.isdecimal() or not last)) or not asked.startswith("bytes="):
        start_response("200 OK", [TEXT, ("Accept-Ranges", "bytes")])
        return [BODY]
    start, end = int(first), min(int(last or len(BODY)), len(BODY) - 1)
    if start > end:
        start_response("416 Range Not Satisfiable", [TEXT, ("Content-Range", f"bytes */{len(BODY)}")])
        return [b"no such range"]
    start_response("206 Partial Content", [TEXT, ("Content-Range", f"bytes {start}-{end}/{len(BODY)}")])
    return [BODY[start : end + 1]]


@app()
def negotiates(environ: Any, start_response: Any) -> Any:
    coding = [part.strip() for part in environ.get("HTTP_ACCEPT_ENCODING", "").split(",")]
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    page, fields = (b"Guten Tag" if german else b"Good day"), [TEXT, ("Vary", "Accept-Encoding, accept-language")]
    if "gzip" in coding:
        start_response("200 OK", [*fields, ("Content-Encoding", "gzip")])
        return [gzip.compress(page, mtime=0)]
    start_response("200 OK", fields)
    return [page]


@app()
def not_to_be_stored(environ: Any, start_response: Any) -> Any:
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    start_response("200 OK", [TEXT, ("Cache-Control", "no-store")])
    return [b"Ja" if german else b"Yes"]
