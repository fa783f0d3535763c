"""Small apps as people write them: APIs, hooks, streams and layers."""

from __future__ import annotations

import collections
import functools
import gzip
import hashlib
import hmac
import json
import re
import secrets
import sqlite3
import sys
import threading
import time
import traceback
import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote
from wsgiref.headers import Headers
from wsgiref.util import FileWrapper, setup_testing_defaults, shift_path_info

from tests.corpora.apps.answers import App
from tests.corpora.collecting import Corpus

corpus = Corpus(__name__)
app, factory = corpus.program, corpus.factory


class Response:
    """What home-made frameworks have: a response that is itself an application."""

    def __init__(self, body: Any = None, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> None:
        self.body = b"" if body is None else json.dumps(body).encode()
        self.status = f"{status.value} {status.phrase}"
        self.headers = Headers([])
        if body is not None:
            self.headers.add_header("Content-Type", "application/json")
        if status != HTTPStatus.NO_CONTENT:
            self.headers["Content-Length"] = str(len(self.body))
        for name, value in headers.items():
            self.headers.add_header(name.replace("_", "-"), value)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        start_response(self.status, self.headers.items())
        return [self.body] if self.body and environ["REQUEST_METHOD"] != "HEAD" else []


def body_of(environ: Any) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    return environ["wsgi.input"].read(int(length)) if length.isdecimal() else b""


@factory()
def tasks_api() -> App:
    tasks: dict[int, str] = {1: "sleep"}

    def application(environ: Any, start_response: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "").rstrip("/")
        if path in ("", "/page"):
            if method == "POST":
                try:
                    title = str(json.loads(body_of(environ) or b"null")["title"])
                except (ValueError, TypeError, KeyError):
                    return Response({"error": "title is missing"}, HTTPStatus.BAD_REQUEST)(environ, start_response)
                tasks[2] = title
                return Response({"id": 2}, HTTPStatus.CREATED, Location="/2")(environ, start_response)
            if method in ("GET", "HEAD"):
                return Response(sorted(tasks))(environ, start_response)
            return Response(None, HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD, POST")(environ, start_response)
        found = re.fullmatch(r"/([0-9]+)", path)
        if found is None or int(found.group(1)) not in tasks:
            return Response({"error": "no such task"}, HTTPStatus.NOT_FOUND)(environ, start_response)
        if method == "DELETE":
            return Response(None, HTTPStatus.NO_CONTENT)(environ, start_response)
        return Response(tasks[int(found.group(1))])(environ, start_response)

    return application


@factory()
def database_behind() -> App:
    def application(environ: Any, start_response: Any) -> Any:
        with sqlite3.connect(":memory:") as database:
            rows = database.execute("select 1, 'one' union select 2, 'two'").fetchall()
        database.close()
        return Response(rows)(environ, start_response)

    return application


@app()
def health_check(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2"), ("Cache-Control", "no-store")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok"]


@app()
def nothing_to_say(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content", [("Access-Control-Allow-Origin", "*")])
    return []


@app()
def webhook(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] != "POST":
        return Response(None, HTTPStatus.METHOD_NOT_ALLOWED, Allow="POST")(environ, start_response)
    given = environ.get("HTTP_X_SIGNATURE", "").encode("latin-1")
    expected = hmac.new(b"key", body_of(environ), hashlib.sha256).hexdigest().encode()
    if not hmac.compare_digest(given, expected):
        return Response({"error": "bad signature"}, HTTPStatus.FORBIDDEN)(environ, start_response)
    return Response(None, HTTPStatus.ACCEPTED)(environ, start_response)


@app()
def upload(environ: Any, start_response: Any) -> Any:
    kind = environ.get("CONTENT_TYPE", "")
    if environ["REQUEST_METHOD"] in ("POST", "PUT") and kind.startswith("multipart/form-data"):
        boundary = kind.partition("boundary=")[2].strip('"').encode("latin-1")
        parts = body_of(environ).split(b"--" + boundary)[1:-1] if boundary else []
        return Response({"parts": len(parts)})(environ, start_response)
    digest = hashlib.sha1(body_of(environ), usedforsecurity=False).hexdigest()
    return Response({"sha1": digest})(environ, start_response)


@app()
def upload_with_a_limit(environ: Any, start_response: Any) -> Any:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        return Response({"error": "length"}, HTTPStatus.BAD_REQUEST)(environ, start_response)
    left, total = int(length), 0
    if left > 1_000:
        return Response({"error": "too large"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(environ, start_response)
    while left > 0:
        block = environ["wsgi.input"].read(min(left, 64))
        if not block:
            return Response({"error": "cut short"}, HTTPStatus.BAD_REQUEST)(environ, start_response)
        left, total = left - len(block), total + len(block)
    return Response({"bytes": total})(environ, start_response)


@app()
def events(environ: Any, start_response: Any) -> Any:
    """Server-sent events; three of them, so that it ends."""
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")])
    if environ["REQUEST_METHOD"] == "HEAD":
        return
    yield b": hello\n\n"
    for number in range(3):
        time.sleep(0.0005)
        yield f"id: {number}\ndata: {json.dumps(number)}\n\n".encode()


@app()
def long_poll(environ: Any, start_response: Any) -> Any:
    yield b""
    time.sleep(0.0005)
    start_response("200 OK", [("Content-Type", "application/json")])
    yield b"" if environ["REQUEST_METHOD"] == "HEAD" else b"[]"


@app()
def refuses_web_sockets(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_SEC_WEBSOCKET_KEY"):
        return Response({"error": "no web sockets here"}, HTTPStatus.NOT_IMPLEMENTED)(environ, start_response)
    return Response({"hello": "http"})(environ, start_response)


@app()
def cross_origin(environ: Any, start_response: Any) -> Any:
    origin = environ.get("HTTP_ORIGIN", "")
    allowed = {"Access_Control_Allow_Origin": origin} if origin == "https://example.org" else {}
    if environ["REQUEST_METHOD"] == "OPTIONS":
        methods = {"Access_Control_Allow_Methods": "GET, POST", "Access_Control_Max_Age": "600"}
        return Response(None, HTTPStatus.NO_CONTENT, Vary="Origin", **methods, **allowed)(environ, start_response)
    return Response([1, 2, 3], Vary="Origin", **allowed)(environ, start_response)


@factory()
def at_most_so_many() -> App:
    asked: collections.deque[float] = collections.deque(maxlen=100_000)

    def application(environ: Any, start_response: Any) -> Any:
        asked.append(time.monotonic())
        if len(asked) == asked.maxlen:
            return Response(None, HTTPStatus.TOO_MANY_REQUESTS, Retry_After="1")(environ, start_response)
        return Response({"ok": True})(environ, start_response)

    return application


@app()
def token_api(environ: Any, start_response: Any) -> Any:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme != "Bearer" or not secrets.compare_digest(token.encode("latin-1"), b"sesame"):
        challenge = 'Bearer realm="api", error="invalid_token"'
        return Response({"error": "token"}, HTTPStatus.UNAUTHORIZED, WWW_Authenticate=challenge)(
            environ, start_response
        )
    return Response({"you": "may"}, Vary="Authorization")(environ, start_response)


@app()
def page_of_results(environ: Any, start_response: Any) -> Any:
    query = parse_qs(environ.get("QUERY_STRING", ""))
    number = query.get("page", ["1"])[0]
    page = int(number) if number.isdecimal() and number.isascii() and len(number) < 9 else 1
    links = f'<?page={page + 1}>; rel="next"'
    return Response(list(range(page, page + 5)), Link=links)(environ, start_response)


@factory()
def proxies_to_another() -> App:
    def upstream(environ: Any, start_response: Any) -> Any:
        body = b"from upstream"
        start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close"), ("ETag", '"u"')])
        return [body]

    def application(environ: Any, start_response: Any) -> Any:
        inner: dict[str, Any] = {}
        setup_testing_defaults(inner)
        inner["PATH_INFO"] = environ.get("PATH_INFO") or "/"
        got: list[Any] = []
        body = b"".join(upstream(inner, lambda status, headers: got.extend((status, headers))))
        hop = ("connection", "keep-alive", "transfer-encoding", "content-length")
        headers = [(name, value) for name, value in got[1] if name.lower() not in hop]
        start_response(got[0], [*headers, ("Via", "1.1 here"), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


@factory()
def dispatches_by_prefix() -> App:
    def page(environ: Any, start_response: Any) -> Any:
        return Response({"mount": quote(environ["SCRIPT_NAME"], encoding="latin-1")})(environ, start_response)

    def application(environ: Any, start_response: Any) -> Any:
        environ.setdefault("SCRIPT_NAME", "")
        environ.setdefault("PATH_INFO", "")
        target = {"page": page, "other": health_check}.get(shift_path_info(environ) or "")
        if target is None:
            return Response({"error": "nothing here"}, HTTPStatus.NOT_FOUND)(environ, start_response)
        return target(environ, start_response)

    return application


@factory()
def adds_security_headers() -> App:
    def layer(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[Any], exc_info: Any = None) -> Any:
            headers = [*headers, ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY")]
            return start_response(status, headers, exc_info)

        return health_check(environ, start)

    return layer


@factory()
def request_ids() -> App:
    def layer(environ: Any, start_response: Any) -> Any:
        environ["app.request_id"] = str(uuid.uuid4())

        def start(status: str, headers: list[Any], *rest: Any) -> Any:
            return start_response(status, [*headers, ("X-Request-Id", environ["app.request_id"])], *rest)

        return tables(environ, start)

    def tables(environ: Any, start_response: Any) -> Any:
        return Response({"id": len(environ["app.request_id"])})(environ, start_response)

    return layer


@factory()
def catches_everything() -> App:
    def inner(environ: Any, start_response: Any) -> Any:
        if environ.get("QUERY_STRING"):
            raise RuntimeError("a bug")
        return Response({"fine": True})(environ, start_response)

    def layer(environ: Any, start_response: Any) -> Any:
        try:
            return inner(environ, start_response)
        except Exception:
            environ["wsgi.errors"].write(traceback.format_exc())
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"something went wrong"]

    return layer


@factory()
def zips_the_inner() -> App:
    def layer(environ: Any, start_response: Any) -> Any:
        kept: list[Any] = []
        body = b"".join(inner(environ, lambda status, headers, exc_info=None: kept.extend((status, headers))))
        status, headers = kept
        headers = [(name, value) for name, value in headers if name != "Content-Length"] + [("Vary", "Accept-Encoding")]
        codings = re.findall(r"gzip\s*(?:;\s*q=([\d.]+))?", environ.get("HTTP_ACCEPT_ENCODING", ""))
        if codings and (codings[0] == "" or float(codings[0]) > 0):
            body = gzip.compress(body, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body] if environ["REQUEST_METHOD"] != "HEAD" else []

    def inner(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "500")])
        return [b"hello" * 100]

    return layer


@factory()
def a_framework_of_decorators() -> App:
    routes: dict[str, Any] = {}

    def route(path: str) -> Any:
        return functools.partial(routes.setdefault, path)

    @route("/page")
    def page() -> Any:
        return {"page": 1}

    def application(environ: Any, start_response: Any) -> Any:
        view = routes.get(environ.get("PATH_INFO") or "/")
        if view is None:
            return Response({"error": 404}, HTTPStatus.NOT_FOUND)(environ, start_response)
        return Response(view())(environ, start_response)

    return application


@factory()
def waits_for_the_first_request() -> App:
    class Lazy:
        real: App | None = None
        lock = threading.Lock()

        def __call__(self, environ: Any, start_response: Any) -> Any:
            with self.lock:
                if self.real is None:
                    self.real = health_check
            return self.real(environ, start_response)

    return Lazy()


@app()
def streams_a_report(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/csv")])
    if environ["REQUEST_METHOD"] != "HEAD":
        for block in range(4):
            yield "".join(f"{block},{row}\n" for row in range(200)).encode()


@app()
def standard_file_wrapper(environ: Any, start_response: Any) -> Any:
    file = open(__file__, "rb")  # noqa: SIM115 - closed with the response
    start_response("200 OK", [("Content-Type", "text/x-python")])
    if environ["REQUEST_METHOD"] == "HEAD":
        file.close()
        return []
    return FileWrapper(file, 16384)


@app()
def graph_query(environ: Any, start_response: Any) -> Any:
    try:
        query = json.loads(body_of(environ) or b"{}")
    except ValueError:
        return Response({"errors": [{"message": "no JSON"}]}, HTTPStatus.BAD_REQUEST)(environ, start_response)
    name = query.get("operationName") if isinstance(query, dict) else None
    return Response({"data": {"name": name}}, Cache_Control="no-store, private")(environ, start_response)
