"""Exchange rules: URLs that the application builds of itself, as Location gives them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from ..display import show
from ..model import HELD, Level, Outcome, fault
from ..records.app import AppRun, ExchangeRecord
from ..registry import app_rule

SECTION = "url"

_URLS = ("urls",)


def _locations(run: AppRun, *labels: str) -> list[tuple[ExchangeRecord, str]]:
    """Return the Location of each redirect among the exchanges of *labels*."""
    return [
        (record, record.header("Location")[0])
        for label in labels
        for record in run.labelled(label)
        if record.error is None and len(record.header("Location")) == 1
    ]


def _authority(url: str) -> str | None:
    """Return the host and port of an absolute *url*, ``None`` for a relative one."""
    scheme, colon, rest = url.partition("://")
    if not colon or scheme.lower() not in ("http", "https"):
        return None
    return rest.partition("/")[0].partition("?")[0].partition("#")[0].lower()


def _same_server(record: ExchangeRecord, url: str) -> str | None:
    """Return the authority of *url* if it has the request's own scheme: another scheme has another port, and may."""
    scheme = record.environ.get("wsgi.url_scheme", "")
    return _authority(url) if url.partition("://")[0].lower() == scheme.lower() else None


def _own_names(record: ExchangeRecord) -> tuple[str, str, str]:
    environ = record.environ
    return environ.get("HTTP_HOST", "").lower(), environ.get("SERVER_NAME", "").lower(), environ.get("SERVER_PORT", "")


def _told(record: ExchangeRecord, url: str, message: str, expected: str) -> Outcome:
    return fault(message, got=show(url), expected=expected, exchange=record.label, location=record.start_location)


@app_rule(
    id="url-host-from-host-header",
    level=Level.ERROR,
    clauses=("url-host-first",),
    stimuli=_URLS,
    hint="Use wsgiref.util.application_uri(environ), or a relative Location.",
    since="0.1",
)
def url_host_from_host_header(run: AppRun) -> Outcome:
    """A URL of the application's own uses HTTP_HOST when there is one, and SERVER_NAME only else.

    SERVER_NAME is what the server calls itself, often an internal name that no client can reach (PEP 3333, "URL
    Reconstruction").
    """
    outcome: Outcome = None
    for record, url in _locations(run, "host", "host and port", "mount", "query", "no host", "default port"):
        host, server, _port = _own_names(record)
        authority = _same_server(record, url)
        if authority is None:
            continue
        name = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
        if host and name == server:
            return _told(record, url, f"Location {show(url)} names the server, not the Host {show(host)}", host)
        # The default port may be spelled out; any other port, or none where there was one, is another server.
        same = (host,) if ":" in host else (host, f"{host}:80")
        if host and name == host.partition(":")[0] and authority not in same:
            return _told(record, url, f"Location {show(url)} changes the Host {show(host)}", host)
        if name in (host.partition(":")[0], server):
            outcome = HELD
    return outcome


@url_host_from_host_header.bad
def _(environ, start_response):
    url = f"http://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}/elsewhere"
    start_response("302 Found", [("Location", url)])
    return []


@url_host_from_host_header.good
def _(environ, start_response):
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    start_response("302 Found", [("Location", f"http://{host}/elsewhere")])
    return []


@app_rule(
    id="url-has-port",
    level=Level.ERROR,
    clauses=("url-default-port",),
    stimuli=_URLS,
    hint="Append SERVER_PORT unless it is 80 for http or 443 for https.",
    since="0.1",
)
def url_has_port(run: AppRun) -> Outcome:
    """Without HTTP_HOST, a URL of the application's own has the port, unless it is the scheme's default.

    A client that follows a URL without its port ends at another server (PEP 3333, "URL Reconstruction").
    """
    outcome: Outcome = None
    for record, url in _locations(run, "no host", "https elsewhere"):
        _, server, port = _own_names(record)
        authority = _same_server(record, url)
        if authority == f"{server}:{port}":
            outcome = HELD
        elif authority is not None and authority.partition(":")[0] == server:
            return _told(record, url, f"Location {show(url)} lacks port {port}", f"{server}:{port}")
    return outcome


@url_has_port.bad
def _(environ, start_response):
    host = environ.get("HTTP_HOST", environ["SERVER_NAME"])
    start_response("302 Found", [("Location", f"{environ['wsgi.url_scheme']}://{host}/elsewhere")])
    return []


@app_rule(
    id="url-without-default-port",
    level=Level.ADVICE,
    clauses=("url-default-port",),
    stimuli=_URLS,
    hint="Append SERVER_PORT unless it is 80 for http or 443 for https.",
    since="0.1",
)
def url_without_default_port(run: AppRun) -> Outcome:
    """Without HTTP_HOST, a URL of the application's own leaves out the scheme's default port.

    It means the same with the port, but caches, cookies and history take the two for different pages (PEP 3333, "URL
    Reconstruction").
    """
    outcome: Outcome = None
    for record, url in _locations(run, "default port", "https"):
        _, server, port = _own_names(record)
        authority = _same_server(record, url)
        if authority == f"{server}:{port}":
            return _told(record, url, f"Location {show(url)} has the default port", server)
        if authority == server:
            outcome = HELD
    return outcome


@url_without_default_port.bad
def _(environ, start_response):
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    start_response("302 Found", [("Location", f"{environ['wsgi.url_scheme']}://{host}/elsewhere")])
    return []


@url_has_port.good
@url_without_default_port.good
def _(environ, start_response):
    scheme, port = environ["wsgi.url_scheme"], environ["SERVER_PORT"]
    host = environ["SERVER_NAME"] if (scheme, port) in (("http", "80"), ("https", "443")) else None
    host = environ.get("HTTP_HOST") or host or f"{environ['SERVER_NAME']}:{port}"
    start_response("302 Found", [("Location", f"{scheme}://{host}/elsewhere")])
    return []


#: How the segment that the stimulus adds to mount or path begins, for each exchange.
_MARKS = {"mount": b"/mount ", "mount without slash": b"/mount ", "odd path": b"/seg "}
_SEGMENTS = {"mount": "SCRIPT_NAME", "mount without slash": "SCRIPT_NAME", "odd path": "PATH_INFO"}


@app_rule(
    id="url-path-quoted",
    level=Level.ERROR,
    clauses=("url-quote-path",),
    stimuli=_URLS,
    hint='Quote with urllib.parse.quote(environ["SCRIPT_NAME"], encoding="latin-1"), once.',
    since="0.1",
)
def url_path_quoted(run: AppRun) -> Outcome:
    """The path of a URL of the application's own is quoted so that it leads back to the same path.

    SCRIPT_NAME and PATH_INFO hold bytes as Latin-1 text (PEP 3333, "URL Reconstruction" and "Unicode Issues"). Quoted
    as UTF-8, quoted twice, or not at all, they name another path.
    """
    outcome: Outcome = None
    for record, url in _locations(run, *_MARKS):
        own = record.environ.get(_SEGMENTS[record.label], "").encode("latin-1")
        segment = own[own.index(b"/seg") :].rstrip(b"/") if b"/seg" in own else own
        mark = _MARKS[record.label].strip()
        path = _path_of(url)
        if mark not in path:
            continue
        decoded = unquote_to_bytes(path)
        tail = decoded[decoded.index(mark) :]
        if tail.startswith(segment) and _is_quoted(path):
            outcome = HELD
            continue
        if _is_quoted(path) and not tail.startswith(_garbled(segment, own_path=record.label == "odd path")):
            continue  # another path on purpose, such as a page's canonical name
        return _told(
            record,
            url,
            f"Location {show(url)} does not lead back to {_SEGMENTS[record.label]} {show(own)}",
            "the same bytes, percent-encoded once",
        )
    return outcome


def _garbled(segment: bytes, *, own_path: bool) -> tuple[bytes, ...]:
    """Return what careless quoting makes of *segment*, once unquoted again.

    :param own_path: whether it is the request's path, which an app may correct and redirect to, unlike its mount point.
    """
    texts = [segment.decode("latin-1")]
    if not own_path:
        texts += [segment.decode("utf-8", "replace"), segment.decode("utf-8", "ignore")]
    once = [text.encode() for text in texts]
    twice = [quote(form).encode() for form in (segment, *once)]
    return (*once, *twice)


_BARE_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def _path_of(url: str) -> bytes:
    rest = url.partition("://")[2] if _authority(url) is not None else url
    start = rest.find("/")
    return rest[start:].partition("?")[0].partition("#")[0].encode("latin-1", "replace") if start >= 0 else b""


def _is_quoted(path: bytes) -> bool:
    return b" " not in path and _BARE_PERCENT.search(path) is None


@url_path_quoted.bad
def _(environ, start_response):
    from urllib.parse import quote

    start_response("302 Found", [("Location", quote(environ.get("SCRIPT_NAME", "")) + "/elsewhere")])
    return []


@url_path_quoted.good
def _(environ, start_response):
    from urllib.parse import quote

    start_response(
        "302 Found", [("Location", quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1") + "/elsewhere")]
    )
    return []


@app_rule(
    id="url-query-unchanged",
    level=Level.ERROR,
    clauses=("url-query-appended",),
    stimuli=_URLS,
    hint="Append QUERY_STRING as it is; it is quoted already.",
    since="0.1",
)
def url_query_unchanged(run: AppRun) -> Outcome:
    """The query of a URL of the application's own means what it meant in the request.

    QUERY_STRING is never decoded, so it is appended as it is (PEP 3333, "URL Reconstruction"). Quoting it again turns
    ``%20`` into ``%2520``, and what the user typed into something else.
    """
    outcome: Outcome = None
    for record, url in _locations(run, "query"):
        query = url.partition("?")[2].partition("#")[0]
        if not query.startswith("wsgiconform"):
            continue
        asked = record.environ.get("QUERY_STRING", "")
        given = dict(parse_qsl(query, encoding="latin-1"))
        for name, value in parse_qsl(asked, encoding="latin-1"):
            # An app may leave parameters out, and append to the last one; it may not garble what it repeats.
            if not given.get(name, value).startswith(value):
                return _told(record, url, f"Location {show(url)} garbles the query parameter {show(name)}", asked)
        outcome = HELD
    return outcome


@url_query_unchanged.bad
def _(environ, start_response):
    from urllib.parse import quote

    query = quote(environ.get("QUERY_STRING", ""), safe="=&")
    start_response("302 Found", [("Location", f"/elsewhere?{query}")])
    return []


@url_query_unchanged.good
def _(environ, start_response):
    query = environ.get("QUERY_STRING", "")
    start_response("302 Found", [("Location", f"/elsewhere?{query}" if query else "/elsewhere")])
    return []
