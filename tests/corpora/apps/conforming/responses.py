"""Apps that keep PEP 3333 in unusual ways: no rule of error or warning level may speak of any of them."""

from __future__ import annotations

import contextvars
import functools
import gzip
import hashlib
import io
import itertools
import random
import secrets
import sys
import threading
import time
from collections import deque
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from pytest_wsgiconform.wsgiref.util import FileWrapper, application_uri, request_uri
from tests.corpora.apps.collecting import TEXT, App, Corpus

corpus = Corpus()
app, factory, answering = corpus.app, corpus.factory, corpus.answering
BODY = b"hello world"


def bodyless(environ: Any) -> bool:
    return bool(environ["REQUEST_METHOD"] == "HEAD")


# -- statuses and headers that are odd and legal -----------------------------------------------------

answering("status", "one_letter_reason", "200 K", [TEXT], BODY)
answering("status", "latin1_reason", "200 D'accord, \xe9t\xe9", [TEXT], BODY)
answering("status", "unknown_code", "299 Whatever", [TEXT], BODY)
answering("status", "teapot", "418 I'm a teapot", [TEXT], BODY)
answering("status", "code_599", "599 Network Connect Timeout", [TEXT], BODY)
answering("status", "reason_with_digits", "200 200 OK", [TEXT], BODY)
answering("headers", "lower_case_names", "200 OK", [("content-type", "text/plain")], BODY)
answering("headers", "odd_token", "200 OK", [TEXT, ("X.Y", "1"), ("1x", "2"), ("x_y", "3")], BODY)
answering("headers", "empty_value", "200 OK", [TEXT, ("X-Empty", "")], BODY)
answering("headers", "latin1_value", "200 OK", [TEXT, ("X-Name", "J\xfcrgen \x80\xff")], BODY)
answering("headers", "many_cookies", "200 OK", [TEXT, *(("Set-Cookie", f"a{n}={n}") for n in range(50))], BODY)
answering("headers", "repeated_list", "200 OK", [TEXT, ("Vary", "Accept"), ("Vary", "Cookie")], BODY)
answering("headers", "long_value", "200 OK", [TEXT, ("X-Long", "x" * 20000)], BODY)
answering("headers", "weak_etag", "200 OK", [TEXT, ("ETag", 'W/"a,b c"'.replace(" ", "!"))], BODY)
answering("headers", "empty_etag", "200 OK", [TEXT, ("ETag", '""')], BODY)
answering("headers", "cache_control", "200 OK", [TEXT, ("Cache-Control", 'private="Set-Cookie", max-age=0')], BODY)
answering("headers", "none_at_all", "404 Not Found", [])
answering("headers", "length_zero_untyped", "200 OK", [("Content-Length", "0")])
answering("body", "no_content", "204 No Content", [])
answering("body", "no_content_by_empty_block", "204 No Content", [], b"")
answering("body", "empty_blocks_between", "200 OK", [TEXT], b"a", b"", b"", b"b")
answering("body", "relative_location", "302 Found", [("Location", "../elsewhere?x=1#y")])
answering("body", "unauthorized", "401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"'), TEXT], BODY)
answering("body", "not_allowed", "405 Method Not Allowed", [("Allow", ""), TEXT], BODY)
answering("body", "created", "201 Created", [("Location", "/new"), TEXT], BODY)
answering("body", "rfc2047", "200 OK", [TEXT, ("X-Subject", "=?utf-8?q?=E2=82=AC?=")], BODY)


# -- shapes of apps ----------------------------------------------------------------------------------


@app("shape")
def generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"hello "
    yield b"world"


@app("shape")
def late_start(environ: Any, start_response: Any) -> Any:
    yield b""
    start_response("200 OK", [TEXT])
    yield BODY


@app("shape")
def starts_in_the_iterable(environ: Any, start_response: Any) -> Any:
    def body() -> Any:
        start_response("200 OK", [TEXT])
        yield BODY

    return body()


class ClassAsApp:
    """The example of PEP 3333: the class is the app, its instance the iterable."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        self.environ, self.start = environ, start_response

    def __iter__(self) -> Any:
        self.start("200 OK", [TEXT])
        yield BODY


corpus.entries.append(("shape", "class_as_app", lambda: ClassAsApp))


class Instance:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return (BODY,)


corpus.entries.append(("shape", "instance", Instance))


class Method:
    def serve(self, environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return deque([BODY])


corpus.entries.append(("shape", "bound_method", lambda: Method().serve))
corpus.entries.append(
    ("shape", "partial", lambda: functools.partial(lambda page, e, s: (s("200 OK", [TEXT]), [page])[1], BODY))
)


@app("shape")
def any_arguments(*args: Any) -> Any:
    _environ, start_response = args
    start_response("200 OK", [TEXT])
    return [BODY]


@app("shape")
def defaults(environ: Any, start_response: Any, page: bytes = BODY) -> Any:
    start_response("200 OK", [TEXT])
    return [page]


@app("shape")
def getitem_only(environ: Any, start_response: Any) -> Any:
    class Body:
        def __getitem__(self, index: int) -> bytes:
            return [b"hello ", b"world"][index]

    start_response("200 OK", [TEXT])
    return Body()


@app("shape")
def endless_sized(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return itertools.repeat(b"x", 10)


@app("shape")
def mapped(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return map(bytes, [b"a", b"b"])


@app("shape")
def closing(environ: Any, start_response: Any) -> Any:
    class Body:
        def __init__(self) -> None:
            self.file = io.BytesIO(BODY)

        def __iter__(self) -> Any:
            return iter(lambda: self.file.read(4), b"")

        def close(self) -> None:
            self.file.close()

    start_response("200 OK", [TEXT])
    return Body()


@app("shape")
def false_body(environ: Any, start_response: Any) -> Any:
    class Body(list):  # type: ignore[type-arg]
        def __bool__(self) -> bool:
            return False

    start_response("200 OK", [TEXT])
    return Body([BODY])


@app("write")
def writes(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])
    write(b"hello ")
    write(b"world")
    return []


@app("write")
def writes_then_yields(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT, ("Content-Length", "11")])
    write(b"hello ")
    return [b"world"]


@app("exc_info")
def replaces_the_start(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "999")])
    try:
        raise ValueError("provoked")
    except ValueError:
        start_response("500 Oops", [TEXT], sys.exc_info())
    return [BODY]


@app("exc_info")
def first_start_in_a_handler(environ: Any, start_response: Any) -> Any:
    try:
        raise ValueError("provoked")
    except ValueError:
        start_response("500 Oops", [TEXT], sys.exc_info())
        return [BODY]


@app("exc_info")
def exc_info_of_none(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None)
    return [BODY]


@app("exc_info")
def streams_and_lets_errors_go(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    left = int(environ.get("CONTENT_LENGTH") or 0)
    yield b"got: "
    try:
        while left > 0 and (data := environ["wsgi.input"].read(min(left, 100))):
            left -= len(data)
            yield data
    except OSError:
        start_response("500 Oops", [TEXT], sys.exc_info())
        yield b"never reached"


# -- environ and streams -----------------------------------------------------------------------------


@app("environ")
def shows_its_environ(environ: Any, start_response: Any) -> Any:
    """As wsgiref's demo app does: everything in environ is in the page."""
    start_response("200 OK", [TEXT])
    lines = (f"{key} = {value!r}" for key, value in sorted(environ.items()) if isinstance(value, (str, bool, tuple)))
    return ["\n".join(lines).encode("utf-8", "backslashreplace")]


@app("environ")
def echoes_fields(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Vary", "*")])
    names = sorted(key for key in environ if key.startswith("HTTP_"))
    return [f"{key}: {environ[key]}\n".encode("latin-1") for key in names] or [b"none"]


@app("environ")
def empties_its_environ(environ: Any, start_response: Any) -> Any:
    environ.clear()
    start_response("200 OK", [TEXT])
    return [BODY]


@app("environ")
def fills_its_environ(environ: Any, start_response: Any) -> Any:
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    environ["PATH_INFO"] = ""
    environ["myapp.object"] = object()
    environ[("a", "tuple")] = 1
    start_response("200 OK", [TEXT])
    return [BODY]


@app("input")
def echoes_the_body(environ: Any, start_response: Any) -> Any:
    left, body = int(environ.get("CONTENT_LENGTH") or 0), b""
    while left > 0 and (data := environ["wsgi.input"].read(left)):
        body += data
        left -= len(data)
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]


@app("input")
def counts_lines(environ: Any, start_response: Any) -> Any:
    count = sum(1 for _ in environ["wsgi.input"])
    start_response("200 OK", [TEXT])
    return [str(count).encode()]


@app("input")
def reads_a_line(environ: Any, start_response: Any) -> Any:
    line = environ["wsgi.input"].readline()
    start_response("200 OK", [TEXT])
    return [b"first line: ", line[:100]]


@app("input")
def reads_lines_by_hint(environ: Any, start_response: Any) -> Any:
    lines: list[bytes] = []
    while more := environ["wsgi.input"].readlines(100):
        lines += more
    start_response("200 OK", [TEXT])
    return [str(len(lines)).encode()]


@app("input")
def reads_what_is_announced(environ: Any, start_response: Any) -> Any:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    digest = hashlib.sha256()
    while size > 0:
        data = environ["wsgi.input"].read(min(size, 4096))
        if not data:
            start_response("400 Bad Request", [TEXT])
            return [b"the body ended early"]
        digest.update(data)
        size -= len(data)
    start_response("200 OK", [TEXT])
    return [digest.hexdigest().encode()]


@app("errors")
def logs(environ: Any, start_response: Any) -> Any:
    log = environ["wsgi.errors"]
    log.write("caf\xe9 \N{SNOWMAN}\n")
    log.writelines(["a\n", "b\n"])
    log.flush()
    print("by print", file=log)
    start_response("200 OK", [TEXT])
    return [BODY]


@app("file_wrapper")
def wraps_a_file(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return environ.get("wsgi.file_wrapper", FileWrapper)(io.BytesIO(BODY * 100), 100)


@app("file_wrapper")
def wraps_a_file_without_close(environ: Any, start_response: Any) -> Any:
    class Readable:
        def __init__(self) -> None:
            self.parts = [b"a", b"b"]

        def read(self, size: int = -1) -> bytes:
            return self.parts.pop(0) if self.parts else b""

    start_response("200 OK", [TEXT])
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(Readable()) if wrapper else iter(Readable().read, b"")


# -- apps whose answers differ from one request to the next -------------------------------------------


@app("volatile")
def tells_the_time(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Date", formatdate(usegmt=True))])
    return [repr(time.time()).encode()]


@app("volatile")
def gives_a_token(environ: Any, start_response: Any) -> Any:
    token = secrets.token_hex(8)
    start_response(
        "200 OK", [TEXT, ("Set-Cookie", f"csrf={token}; Path=/; HttpOnly; SameSite=Lax"), ("ETag", f'"{token}"')]
    )
    return [token.encode()]


@factory("volatile")
def counts() -> App:
    numbers = itertools.count()

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [str(next(numbers)).encode()]

    return application


@factory("volatile")
def counts_to_three() -> App:
    numbers = itertools.cycle((1, 2, 3))

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [str(next(numbers)).encode()]

    return application


@factory("volatile")
def throws_a_coin() -> App:
    coin = random.Random(7)

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [coin.choice([b"heads", b"tails"])]

    return application


@factory("volatile")
def round_robin_of_backends() -> App:
    names = itertools.cycle(("a", "b"))

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT, ("X-Backend", next(names))])
        return [BODY]

    return application


# -- threads and contexts ----------------------------------------------------------------------------


@factory("concurrent")
def thread_local() -> App:
    local = threading.local()

    def application(environ: Any, start_response: Any) -> Any:
        local.query = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])
        return [local.query.encode("latin-1")]

    return application


@factory("concurrent")
def context_variable() -> App:
    current: contextvars.ContextVar[str] = contextvars.ContextVar("current")

    def application(environ: Any, start_response: Any) -> Any:
        current.set(environ.get("QUERY_STRING", ""))
        start_response("200 OK", [TEXT])
        return [current.get().encode("latin-1")]

    return application


@factory("concurrent")
def locks_briefly() -> App:
    lock, hits = threading.Lock(), [0]

    def application(environ: Any, start_response: Any) -> Any:
        with lock:
            hits[0] += 1
        start_response("200 OK", [TEXT, ("X-Hits", str(hits[0]))])
        return [environ.get("QUERY_STRING", "").encode("latin-1")]

    return application


@factory("concurrent")
def keeps_the_request_by_thread_while_it_streams() -> App:
    local = threading.local()

    def application(environ: Any, start_response: Any) -> Any:
        local.query = environ.get("QUERY_STRING", "")
        start_response("200 OK", [TEXT])
        return stream()

    def stream() -> Any:
        yield b"you asked for "
        yield local.query.encode("latin-1")

    return application


class OneAtATime:
    """Holds a lock from its first item to its end or close."""

    def __init__(self, lock: Any) -> None:
        self.lock, self.left, self.held = lock, [b"one ", b"two ", b"three"], False

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> bytes:
        if not self.held:
            self.lock.acquire()
            self.held = True
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def close(self) -> None:
        if self.held:
            self.held = False
            self.lock.release()


@factory("concurrent")
def serves_one_response_at_a_time() -> App:
    lock = threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return () if bodyless(environ) else OneAtATime(lock)

    return application


# -- HTTP ---------------------------------------------------------------------------------------------


@app("http")
def proper_head(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", str(len(BODY)))])
    return [] if bodyless(environ) else [BODY]


@app("http")
def get_only(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [TEXT, ("Allow", "GET, HEAD")])
        return [b"no"]
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app("http")
def conditional(environ: Any, start_response: Any) -> Any:
    fields = [("ETag", '"v1"'), ("Vary", "Accept-Language"), ("Cache-Control", "max-age=60")]
    if '"v1"' in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", fields)
        return []
    start_response("200 OK", [TEXT, *fields])
    return [BODY]


@app("http")
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


@app("http")
def negotiates(environ: Any, start_response: Any) -> Any:
    coding = [part.strip() for part in environ.get("HTTP_ACCEPT_ENCODING", "").split(",")]
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    page, fields = (b"Guten Tag" if german else b"Good day"), [TEXT, ("Vary", "Accept-Encoding, accept-language")]
    if "gzip" in coding:
        start_response("200 OK", [*fields, ("Content-Encoding", "gzip")])
        return [gzip.compress(page, mtime=0)]
    start_response("200 OK", fields)
    return [page]


@app("http")
def not_to_be_stored(environ: Any, start_response: Any) -> Any:
    german = environ.get("HTTP_ACCEPT_LANGUAGE", "").startswith("de")
    start_response("200 OK", [TEXT, ("Cache-Control", "no-store")])
    return [b"Ja" if german else b"Yes"]


# -- URLs ---------------------------------------------------------------------------------------------


@app("url")
def redirects_to_itself(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", request_uri(environ))])
    return []


@app("url")
def redirects_home(environ: Any, start_response: Any) -> Any:
    start_response("303 See Other", [("Location", application_uri(environ) + "home")])
    return []


@app("url")
def redirects_to_a_configured_host(environ: Any, start_response: Any) -> Any:
    start_response("301 Moved Permanently", [("Location", "https://www.example.org/")])
    return []


@app("url")
def redirects_to_login(environ: Any, start_response: Any) -> Any:
    here = environ.get("PATH_INFO", "") + "?" + environ.get("QUERY_STRING", "")
    start_response("302 Found", [("Location", "/login?next=" + quote(here, safe="", encoding="latin-1"))])
    return []


def host_without_port(environ: Any) -> str:
    host = str(environ.get("HTTP_HOST") or environ["SERVER_NAME"])
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host


@app("url")
def redirects_to_the_default_port_of_https(environ: Any, start_response: Any) -> Any:
    if environ["wsgi.url_scheme"] == "http":
        start_response("308 Permanent Redirect", [("Location", f"https://{host_without_port(environ)}/")])
        return []
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app("url")
def redirects_to_a_port_of_https(environ: Any, start_response: Any) -> Any:
    if environ["wsgi.url_scheme"] == "http":
        start_response("308 Permanent Redirect", [("Location", f"https://{host_without_port(environ)}:8443/")])
        return []
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app("url")
def redirects_to_the_canonical_name_of_the_page(environ: Any, start_response: Any) -> Any:
    path = environ.get("PATH_INFO", "")
    slug = "".join(letter for letter in path if letter.isascii() and (letter.isalnum() or letter in "/-"))
    if slug != path:
        mount = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
        start_response("301 Moved Permanently", [("Location", mount + (slug or "/"))])
        return []
    start_response("200 OK", [TEXT])
    return [] if bodyless(environ) else [BODY]


@app("url")
def rebuilds_the_query(environ: Any, start_response: Any) -> Any:
    from urllib.parse import parse_qsl, urlencode

    pairs = parse_qsl(environ.get("QUERY_STRING", ""), encoding="latin-1", keep_blank_values=True)
    start_response("302 Found", [("Location", "/x?" + urlencode(pairs, encoding="latin-1"))])
    return []


# -- middleware ---------------------------------------------------------------------------------------


def upper(inner: App) -> App:
    """Change each block, late starts and ``write`` included."""

    def application(environ: Any, start_response: Any) -> Any:
        def starting(status: Any, headers: Any, exc_info: Any = None) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "etag")]
            write = start_response(status, kept, exc_info) if exc_info else start_response(status, kept)
            return lambda data: write(data.upper())

        result = inner(environ, starting)
        try:
            for block in result:
                yield block.upper()
        finally:
            if hasattr(result, "close"):
                result.close()

    return application


corpus.entries += [
    ("middleware", "one_layer", lambda: upper(generator)),
    ("middleware", "three_layers", lambda: upper(upper(upper(late_start)))),
    ("middleware", "around_exc_info", lambda: upper(replaces_the_start)),
    ("middleware", "around_a_class", lambda: upper(ClassAsApp)),
]
