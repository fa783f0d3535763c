"""Small apps as people write them: pages, forms, sessions, files."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import hmac
import html
import http
import http.cookies
import io
import itertools
import json
import mimetypes
import os
import re
import string
import tempfile
import threading
import time
import zipfile
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode
from xml.sax.saxutils import escape

from tests.corpora.apps.answers import App
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory


def respond(
    start_response: Any,
    environ: Any,
    body: str | bytes,
    kind: str = "text/html; charset=utf-8",
    status: int = 200,
    **extra: str,
) -> list[bytes]:
    """Send a whole response, as most small applications do."""
    data = body.encode() if isinstance(body, str) else body
    headers = [("Content-Type", kind), ("Content-Length", str(len(data)))]
    headers += [(name.replace("_", "-"), value) for name, value in extra.items()]
    start_response(f"{status} {http.HTTPStatus(status).phrase}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [data]


def not_found(environ: Any, start_response: Any) -> list[bytes]:
    return respond(start_response, environ, "<h1>Not found</h1>", status=404)


def not_allowed(environ: Any, start_response: Any, allow: str) -> list[bytes]:
    return respond(start_response, environ, "method not allowed", "text/plain", 405, Allow=allow)


@factory()
def blog() -> App:
    posts = {"hello-world": ("Hello, world", "First!"), "second": ("Second", "More & more")}

    def application(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return not_allowed(environ, start_response, "GET, HEAD")
        slug = environ.get("PATH_INFO", "").strip("/")
        if not slug:
            links = "".join(f'<li><a href="{slug}">{html.escape(title)}</a>' for slug, (title, _) in posts.items())
            return respond(start_response, environ, f"<!doctype html><title>Blog</title><ul>{links}</ul>")
        if slug not in posts:
            return not_found(environ, start_response)
        title, text = map(html.escape, posts[slug])
        return respond(start_response, environ, f"<!doctype html><title>{title}</title><p>{text}</p>")

    return application


def redirect(environ: Any, start_response: Any, path: str, *headers: tuple[str, str]) -> list[bytes]:
    base = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
    start_response("303 See Other", [("Location", base + path), ("Content-Length", "0"), *headers])
    return []


def form(environ: Any) -> dict[str, str]:
    try:
        size = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        size = 0
    text = environ["wsgi.input"].read(min(size, 100_000)).decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(text).items()}


@factory()
def guest_book() -> App:
    entries: list[str] = []
    lock = threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            with lock:
                entries.append(form(environ).get("text", "")[:200])
                del entries[:-20]
            return redirect(environ, start_response, "/")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return not_allowed(environ, start_response, "GET, HEAD, POST")
        page = "".join(f"<p>{html.escape(entry)}</p>" for entry in entries)
        return respond(start_response, environ, page + "<form method=post><input name=text></form>")

    return application


@factory()
def counter() -> App:
    numbers = itertools.count(1)

    def application(environ: Any, start_response: Any) -> Any:
        return respond(start_response, environ, f"visit {next(numbers)}", "text/plain", Cache_Control="no-store")

    return application


@factory()
def session_by_cookie() -> App:
    secret = b"not very secret"

    def sign(value: str) -> str:
        return value + "." + hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()

    def application(environ: Any, start_response: Any) -> Any:
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        with contextlib.suppress(http.cookies.CookieError):
            jar.load(environ.get("HTTP_COOKIE", ""))
        known = jar["visits"].value if "visits" in jar else ""
        count = known.partition(".")[0]
        visits = int(count) + 1 if count.isdecimal() and hmac.compare_digest(sign(count), known) else 1
        answer: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        answer["visits"] = sign(str(visits))
        answer["visits"]["path"] = "/"
        answer["visits"]["httponly"] = True
        answer["visits"]["max-age"] = 3600
        answer["visits"]["samesite"] = "Lax"
        body = f"You were here {visits} times".encode()
        headers = [("Content-Type", "text/plain"), ("Vary", "Cookie"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers + [("Set-Cookie", morsel.OutputString()) for morsel in answer.values()])
        return [body] if environ["REQUEST_METHOD"] != "HEAD" else []

    return application


@app()
def log_out(environ: Any, start_response: Any) -> Any:
    cookie = ("Set-Cookie", "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly")
    return redirect(environ, start_response, "/", cookie)


@app()
def basic_auth(environ: Any, start_response: Any) -> Any:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        user = base64.b64decode(token.encode("latin-1")).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        user = ""
    if user != "ada:lovelace":
        challenge = 'Basic realm="the engine", charset="UTF-8"'
        return respond(start_response, environ, "who?", "text/plain", 401, WWW_Authenticate=challenge)
    return respond(start_response, environ, "welcome", "text/plain", Vary="Authorization")


@app()
def search_page(environ: Any, start_response: Any) -> Any:
    asked = parse_qs(environ.get("QUERY_STRING", "")).get("q", [""])[0]
    return respond(start_response, environ, f"<p>Nothing found for <b>{html.escape(asked)}</b></p>")


@app()
def old_address(environ: Any, start_response: Any) -> Any:
    target = "/new" + quote(environ.get("PATH_INFO", ""), encoding="latin-1")
    start_response("301 Moved Permanently", [("Location", target), ("Cache-Control", "max-age=86400")])
    return []


@app()
def adds_a_slash(environ: Any, start_response: Any) -> Any:
    path = environ.get("PATH_INFO", "")
    if not path.endswith("/"):
        where = quote(environ.get("SCRIPT_NAME", "") + path, encoding="latin-1") + "/"
        if environ.get("QUERY_STRING"):
            where += "?" + quote(environ["QUERY_STRING"], safe="%=&+;/?:@!$'()*,~", encoding="latin-1")
        start_response("308 Permanent Redirect", [("Location", where)])
        return []
    return respond(start_response, environ, "with a slash", "text/plain")


@app()
def template_page(environ: Any, start_response: Any) -> Any:
    page = string.Template("<title>$title</title><p>$path")
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    return respond(start_response, environ, page.substitute(title="T", path=html.escape(path)))


@factory()
def static_files() -> App:
    files = {
        "/": b"<h1>index</h1>",
        "/a.css": b"p { color: red }",
        "/logo.png": b"\x89PNG\r\n\x1a\n",
        "/x.unknown": b"?",
    }
    stamp = formatdate(1_600_000_000, usegmt=True)

    def application(environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO") or "/"
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return not_allowed(environ, start_response, "GET, HEAD")
        data = files.get(path)
        if data is None:
            return not_found(environ, start_response)
        etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        if etag in environ.get("HTTP_IF_NONE_MATCH", "") or environ.get("HTTP_IF_NONE_MATCH") == "*":
            start_response("304 Not Modified", [("ETag", etag), ("Cache-Control", "public, max-age=60")])
            return []
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream" if path != "/" else "text/html"
        extra = {"ETag": etag, "Last_Modified": stamp, "Cache_Control": "public, max-age=60"}
        return respond(start_response, environ, data, kind, **extra)

    return application


@factory()
def files_of_a_folder() -> App:
    folder = tempfile.TemporaryDirectory()
    with open(os.path.join(folder.name, "page"), "wb") as made:
        made.write(b"a page from the disk\n" * 500)

    def application(environ: Any, start_response: Any) -> Any:
        root = os.path.realpath(folder.name)
        name = os.path.realpath(os.path.join(root, environ.get("PATH_INFO", "").replace("\0", "").lstrip("/")))
        if os.path.commonpath([root, name]) != root or not os.path.isfile(name):
            return not_found(environ, start_response)
        file = open(name, "rb")  # noqa: SIM115 - closed with the response
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(os.fstat(file.fileno()).st_size))]
        start_response("200 OK", headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            file.close()
            return []
        if "wsgi.file_wrapper" in environ:
            return environ["wsgi.file_wrapper"](file, 8192)
        return iter(lambda: file.read(8192), b"")

    return application


@app()
def image(environ: Any, start_response: Any) -> Any:
    pixel = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
    tomorrow = formatdate(time.time() + 86400, usegmt=True)
    return respond(start_response, environ, pixel, "image/gif", Expires=tomorrow, Cache_Control="public, max-age=86400")


@app()
def drawing(environ: Any, start_response: Any) -> Any:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="5"/></svg>'
    return respond(start_response, environ, svg, "image/svg+xml", Content_Security_Policy="default-src 'none'")


@app()
def table_as_csv(environ: Any, start_response: Any) -> Any:
    rows = [["name", "city"], ["Zo\xeb", "K\xf6ln"], ["Li", "\u5317\u4eac"]]
    name = quote("t\xe4ble.csv")
    headers = [
        ("Content-Type", "text/csv; charset=utf-8"),
        ("Content-Disposition", f"attachment; filename=\"table.csv\"; filename*=UTF-8''{name}"),
    ]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else (",".join(row).encode() + b"\r\n" for row in rows)


@app()
def archive(environ: Any, start_response: Any) -> Any:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr(zipfile.ZipInfo("a.txt", (2020, 1, 1, 0, 0, 0)), "content")
    return respond(start_response, environ, data.getvalue(), "application/zip", Content_Disposition="attachment")


@app()
def site_map(environ: Any, start_response: Any) -> Any:
    urls = "".join(f"<url><loc>https://example.org/{escape(name)}</loc></url>" for name in ("a", "b&c"))
    text = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    return respond(start_response, environ, text, "application/xml")


@app()
def robots(environ: Any, start_response: Any) -> Any:
    return respond(start_response, environ, "User-agent: *\nDisallow: /private\n", "text/plain")


@app()
def feed(environ: Any, start_response: Any) -> Any:
    when = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    entry = f"<entry><title>One</title><updated>{when.isoformat()}</updated></entry>"
    extra = {"Last_Modified": when.strftime("%a, %d %b %Y %H:%M:%S GMT"), "Vary": "Accept-Encoding"}
    return respond(start_response, environ, f"<feed>{entry}</feed>", "application/atom+xml", **extra)


@app()
def several_languages(environ: Any, start_response: Any) -> Any:
    texts = {"de": "Guten Tag, sch\xf6ne Gr\xfc\xdfe", "ja": "\u3053\u3093\u306b\u3061\u306f", "en": "Hello"}
    wanted = re.findall(r"[a-z]{2}", environ.get("HTTP_ACCEPT_LANGUAGE", "").lower())
    language = next((name for name in wanted if name in texts), "en")
    return respond(start_response, environ, texts[language], Content_Language=language, Vary="Accept-Language")


@app()
def contact_form(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] != "POST":
        return respond(start_response, environ, "<form method=post><textarea name=text></textarea></form>")
    text = form(environ).get("text")
    if not text:
        return respond(start_response, environ, "<p>Please write something</p>", status=422)
    environ["wsgi.errors"].write(f"mail: {text!r}\n")
    return redirect(environ, start_response, "/thanks?" + urlencode({"length": len(text)}))


@app()
def maintenance(environ: Any, start_response: Any) -> Any:
    return respond(start_response, environ, "<h1>Back soon</h1>", status=503, Retry_After="3600")


@app()
def path_of_unicode(environ: Any, start_response: Any) -> Any:
    try:
        name = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8").strip("/")
    except UnicodeDecodeError:
        return respond(start_response, environ, "the path is not UTF-8", "text/plain", 400)
    return respond(start_response, environ, f"You asked for {unquote(name)!a}", "text/plain")


@app()
def settings_page(environ: Any, start_response: Any) -> Any:
    shown = {key: value for key, value in sorted(environ.items()) if isinstance(value, str) and key.isupper()}
    stable = {key: value for key, value in shown.items() if key in ("REQUEST_METHOD", "SERVER_PROTOCOL")}
    stable["REQUEST_METHOD"] = "GET" if stable["REQUEST_METHOD"] == "HEAD" else stable["REQUEST_METHOD"]
    return respond(start_response, environ, json.dumps(stable, indent=1), "application/json")
