"""Conforming apps: URLs made from environ."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pytest_wsgiconform.wsgiref.util import application_uri, request_uri
from tests.corpora.apps.answers import TEXT
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


@app()
def redirects_to_itself(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", request_uri(environ))])
    return []


@app()
def redirects_home(environ: Any, start_response: Any) -> Any:
    start_response("303 See Other", [("Location", application_uri(environ) + "home")])
    return []


@app()
def redirects_to_a_configured_host(environ: Any, start_response: Any) -> Any:
    start_response("301 Moved Permanently", [("Location", "https://www.example.org/")])
    return []


@app()
def redirects_to_login(environ: Any, start_response: Any) -> Any:
    here = environ.get("PATH_INFO", "") + "?" + environ.get("QUERY_STRING", "")
    start_response("302 Found", [("Location", "/login?next=" + quote(here, safe="", encoding="latin-1"))])
    return []


BODY = b"hello world"


def bodyless(environ: Any) -> bool:
    return bool(environ["REQUEST_METHOD"] == "HEAD")


def host_without_port(environ: Any) -> str:
    host = str(environ.get("HTTP_HOST") or environ["SERVER_NAME"])
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host


@app()
def redirects_to_the_default_port_of_https(environ: Any, start_response: Any) -> Any:
    if environ["wsgi.url_scheme"] == "http":
        start_response("308 Permanent Redirect", [("Location", f"https://{host_without_port(environ)}/")])
        return []
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app()
def redirects_to_a_port_of_https(environ: Any, start_response: Any) -> Any:
    if environ["wsgi.url_scheme"] == "http":
        start_response("308 Permanent Redirect", [("Location", f"https://{host_without_port(environ)}:8443/")])
        return []
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app()
def redirects_to_the_canonical_name_of_the_page(environ: Any, start_response: Any) -> Any:
    path = environ.get("PATH_INFO", "")
    slug = "".join(letter for letter in path if letter.isascii() and (letter.isalnum() or letter in "/-"))
    if slug != path:
        mount = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
        start_response("301 Moved Permanently", [("Location", mount + (slug or "/"))])
        return []
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app()
def rebuilds_the_query(environ: Any, start_response: Any) -> Any:
    from urllib.parse import parse_qsl, urlencode

    pairs = parse_qsl(environ.get("QUERY_STRING", ""), encoding="latin-1", keep_blank_values=True)
    start_response("302 Found", [("Location", "/x?" + urlencode(pairs, encoding="latin-1"))])
    return []
