"""Broken apps: URLs made from environ."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from tests.corpora.apps.answers import App
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app = corpus.program


def redirecting(make: Any) -> App:
    def application(environ: Any, start_response: Any) -> Any:
        start_response("302 Found", [("Location", make(environ))])
        return []

    return application


def _host(environ: Any) -> str:
    return str(environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")


for _rule, _name, _make in (
    ("url-host-from-host-header", "server_name", lambda e: f"http://{e['SERVER_NAME']}/x"),
    ("url-host-from-host-header", "loses_the_port", lambda e: f"http://{_host(e).partition(':')[0]}:80/x"),
    (
        "url-host-from-host-header",
        "adds_a_port",
        lambda e: f"http://{_host(e).partition(':')[0]}:{e['SERVER_PORT']}1/x",
    ),
    ("url-has-port", "no_port", lambda e: f"http://{e.get('HTTP_HOST', e['SERVER_NAME'])}/x"),
    ("url-has-port", "always_80", lambda e: f"http://{e.get('HTTP_HOST') or e['SERVER_NAME'] + ':80'}/x"),
    ("url-without-default-port", "always_a_port", lambda e: f"http://{_host(e)}/x"),
    ("url-path-quoted", "unquoted_mount", lambda e: e.get("SCRIPT_NAME", "") + "/x"),
    ("url-path-quoted", "quoted_twice", lambda e: quote(quote(e.get("SCRIPT_NAME", ""), encoding="latin-1")) + "/x"),
    ("url-path-quoted", "quoted_as_utf8", lambda e: quote(e.get("SCRIPT_NAME", "")) + "/x"),
    (
        "url-path-quoted",
        "percent_kept",
        lambda e: quote(e.get("SCRIPT_NAME", ""), safe="/%", encoding="latin-1") + "/x",
    ),
    ("url-path-quoted", "path_as_utf8", lambda e: "/new" + quote(e.get("PATH_INFO", ""))),
    ("url-query-unchanged", "quoted_again", lambda e: "/x?" + quote(e.get("QUERY_STRING", ""), safe="=&")),
    ("url-query-unchanged", "plus_lost", lambda e: "/x?" + e.get("QUERY_STRING", "").replace("%2B", "+")),
    (
        "url-query-unchanged",
        "unquoted_and_quoted",
        lambda e: "/x?" + quote(unquote(unquote(e.get("QUERY_STRING", ""))), safe="=&"),
    ),
):
    corpus.add(_name, lambda make=_make: redirecting(make), _rule)  # type: ignore[misc]


@app(clauses=("url-host-first",))
def rebuilds_from_the_server_name(environ: Any, start_response: Any) -> Any:
    mount = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
    name = environ["SERVER_NAME"]
    name = f"[{name}]" if ":" in name else name
    url = f"{environ['wsgi.url_scheme']}://{name}:{environ['SERVER_PORT']}{mount}/next"
    start_response("302 Found", [("Location", url)])  # FAULT
    return []


@app(clauses=("url-quote-path", "rfc-app-location"))
def rebuilds_without_quoting(environ: Any, start_response: Any) -> Any:
    safe = "".join(c if " " < c < "\x7f" else "_" for c in environ.get("SCRIPT_NAME", ""))
    start_response("302 Found", [("Location", safe + "/next")])  # FAULT
    return []


@app(clauses=("url-quote-path",))
def rebuilds_in_utf8(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", quote(environ.get("SCRIPT_NAME", "")) + "/next")])  # FAULT
    return []


@app(clauses=("url-query-appended",))
def unquotes_the_query(environ: Any, start_response: Any) -> Any:
    query = quote(unquote(environ.get("QUERY_STRING", ""), "latin-1"), safe="=&", encoding="latin-1")
    mount = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
    start_response("302 Found", [("Location", f"{mount}/next?{query}" if query else f"{mount}/next")])  # FAULT
    return []
