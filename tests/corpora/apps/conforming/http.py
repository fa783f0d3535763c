"""Apps that keep PEP 3333 and HTTP in unusual ways: the HTTP that they speak by themselves, and what they remember."""

from __future__ import annotations

import contextvars
import functools
import gzip
import hashlib
import json
import re
import sys
import threading
import zlib
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, quote

from tests.corpora.apps.answers import answer
from tests.corpora.apps.marked import TEXT, App, RightApps

apps = RightApps()
app, factory = apps.app, apps.factory


# -- HTTP --------------------------------------------------------------------------------------------


def redirect_to(environ: Any, where: str) -> str:
    mount = quote(environ.get("SCRIPT_NAME", ""), safe="/:@!$&'()*+,;=~", encoding="latin-1")
    return mount + where


@app
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


@app
def redirects_by_a_path(environ: Any, start_response: Any) -> Any:
    start_response("307 Temporary Redirect", [("Location", redirect_to(environ, "/next?a=1"))])
    return []


@app
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


@app
def echoes_the_method(environ: Any, start_response: Any) -> Any:
    method = environ["REQUEST_METHOD"]
    return answer(environ, start_response, b"GET" if method == "HEAD" else method.encode("latin-1"))


@app
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


@app
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


@app
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


@app
def zips_for_who_wants_it(environ: Any, start_response: Any) -> Any:
    body, vary = b"hello " * 100, ("Vary", "Accept-Encoding")
    if quality(environ.get("HTTP_ACCEPT_ENCODING", ""), "gzip") > 0:
        return answer(environ, start_response, gzip.compress(body, mtime=0), vary, ("Content-Encoding", "gzip"))
    return answer(environ, start_response, body, vary)


@app
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


@app
def negotiates_the_kind(environ: Any, start_response: Any) -> Any:
    wants_json = "application/json" in environ.get("HTTP_ACCEPT", "")
    body = json.dumps({"hello": "world"}) if wants_json else "hello world"
    kind = "application/json" if wants_json else "text/plain"
    headers = [("Content-Type", kind), ("Vary", "Accept"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]


@app
def speaks_the_visitors_language(environ: Any, start_response: Any) -> Any:
    french = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("fr")
    language = ("Content-Language", "fr" if french else "en")
    body = "\xe0 bient\xf4t".encode() if french else b"see you"
    return answer(environ, start_response, body, language, ("Vary", "Accept-Language, Cookie"))


# -- state -------------------------------------------------------------------------------------------


@factory
def caches_its_page() -> App:
    @functools.cache
    def render(path: str) -> tuple[bytes, ...]:
        return (b"page ", quote(path, encoding="latin-1").encode())

    def app(environ: Any, start_response: Any) -> Any:
        blocks = render(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        start_response("200 OK", [TEXT, ("Content-Length", str(sum(map(len, blocks))))])
        return () if environ["REQUEST_METHOD"] == "HEAD" else blocks

    return app


@factory
def keeps_the_request_in_a_thread_local() -> App:
    local = threading.local()

    def app(environ: Any, start_response: Any) -> Any:
        local.environ = environ
        try:
            return answer(local.environ, start_response, local.environ.get("QUERY_STRING", "").encode("latin-1"))
        finally:
            del local.environ

    return app


@factory
def keeps_the_request_in_a_context() -> App:
    current: contextvars.ContextVar[Any] = contextvars.ContextVar("current")

    def body() -> list[bytes]:
        return [current.get().get("QUERY_STRING", "").encode("latin-1")]

    def app(environ: Any, start_response: Any) -> Any:
        context = contextvars.copy_context()
        context.run(current.set, environ)
        start_response("200 OK", [TEXT])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else context.run(body)

    return app


@factory
def a_module_of_constants() -> App:
    headers, body = (TEXT, ("Content-Length", "5")), (b"hel", b"lo")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(headers))
        return body if environ["REQUEST_METHOD"] != "HEAD" else ()

    return app


@app
def traps_what_goes_wrong(environ: Any, start_response: Any) -> Any:
    try:
        number = int(parse_qs(environ.get("QUERY_STRING", ""), encoding="latin-1")["n"][0])
        return answer(environ, start_response, b"%d" % (10 // number))
    except Exception:
        start_response("400 Bad Request", [TEXT], sys.exc_info())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"n is missing"]
