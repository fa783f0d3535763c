"""Apps whose faults only a provoking server shows; each names the rule that must catch it."""

from __future__ import annotations

import contextlib
import gzip
import io
import sys
import threading
import time
from typing import Any
from urllib.parse import quote, unquote

from tests.corpora.apps.collecting import TEXT, App, Corpus

corpus = Corpus()
app, factory = corpus.app, corpus.factory


def plain(start_response: Any, *body: bytes, status: str = "200 OK", headers: Any = ()) -> list[bytes]:
    start_response(status, [TEXT, *headers])
    return list(body)


# -- again, at once, in threads ----------------------------------------------------------------------


@factory("app-called-again")
def one_generator_for_all() -> App:
    parts = (part for part in [b"a", b"b"])

    def application(environ: Any, start_response: Any) -> Any:
        plain(start_response)
        return parts

    return application


@factory("app-called-again")
def works_once() -> App:
    done: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        if done:
            raise RuntimeError("called twice")
        done.append(1)
        return plain(start_response, b"x")

    return application


@factory("app-called-again")
def starts_once_only() -> App:
    calls: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            start_response("200 OK", [TEXT])
        return [b"x"]

    return application


@factory("body-comes-each-time")
def file_read_to_its_end() -> App:
    file = io.BytesIO(b"page")

    def application(environ: Any, start_response: Any) -> Any:
        return plain(start_response, file.read())

    return application


@factory("body-comes-each-time")
def buffer_given_away() -> App:
    parts = [b"a", b"b"]

    def application(environ: Any, start_response: Any) -> Any:
        plain(start_response)
        while parts:
            yield parts.pop()

    return application


@factory("run-once-not-relied-on")
def closes_its_store() -> App:
    store: list[bytes] = [b"x"]

    def application(environ: Any, start_response: Any) -> Any:
        page = store[0]
        if environ["wsgi.run_once"]:
            store.clear()
        return plain(start_response, page)

    return application


@factory("run-once-not-relied-on")
def stays_silent_after_the_once() -> App:
    done: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        if environ["wsgi.run_once"]:
            if done:
                return []
            done.append(1)
        return plain(start_response, b"x")

    return application


class KeepsTheRequest:
    """The request on the application object."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.environ = environ
        start_response("200 OK", [TEXT])
        yield b"for "
        yield self.environ["QUERY_STRING"].encode("latin-1")


@factory("requests-kept-apart")
def request_on_the_object() -> App:
    return KeepsTheRequest()


@factory("requests-kept-apart")
def shared_buffer() -> App:
    buffer = io.BytesIO()

    def application(environ: Any, start_response: Any) -> Any:
        buffer.seek(0)
        buffer.truncate()
        buffer.write(environ["QUERY_STRING"].encode("latin-1"))
        plain(start_response)
        yield b""
        yield buffer.getvalue()

    return application


@factory("requests-kept-apart")
def slow_global() -> App:
    current: dict[str, Any] = {}

    def application(environ: Any, start_response: Any) -> Any:
        current["query"] = environ["QUERY_STRING"]
        time.sleep(0.002)
        return plain(start_response, current["query"].encode("latin-1"))

    return application


@factory("requests-kept-apart")
def refuses_a_second_guest() -> App:
    lock = threading.Lock()

    def application(environ: Any, start_response: Any) -> Any:
        if not lock.acquire(blocking=False):
            raise RuntimeError("busy")
        try:
            plain(start_response)
            yield b"a"
            yield b"b"
        finally:
            lock.release()

    return application


@app("works-inside-middleware")
def wants_the_server_s_own(environ: Any, start_response: Any) -> Any:
    own = "wsgiconform" in type(start_response).__module__  # by whatever name a reproduction has it
    return plain(start_response, b"own" if own else b"foreign")


@app("works-inside-middleware")
def refuses_functions(environ: Any, start_response: Any) -> Any:
    if type(start_response).__name__ == "function":
        raise TypeError("not the server")
    return plain(start_response, b"x")


# -- environ -----------------------------------------------------------------------------------------


@app("script-name-may-be-absent")
def takes_script_name(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["SCRIPT_NAME"].encode("latin-1") or b"root")


@app("script-name-may-be-absent")
def tells_root_from_absent(environ: Any, start_response: Any) -> Any:
    return plain(start_response, repr(environ.get("SCRIPT_NAME")).encode("latin-1"))


@app("path-info-may-be-absent")
def takes_path_info(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["PATH_INFO"].encode("latin-1"))


@app("path-info-may-be-absent")
def splits_path_info(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ.get("PATH_INFO", "/").split("/")[1].encode("latin-1"))


@app("query-string-may-be-absent")
def takes_query(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"?", environ["QUERY_STRING"].encode("latin-1"))


@app("query-string-may-be-absent")
def missing_query_is_404(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"x", status="200 OK" if "QUERY_STRING" in environ else "404 Not Found")


@app("content-type-may-be-absent")
def takes_content_type(environ: Any, start_response: Any) -> Any:
    kind = environ["CONTENT_TYPE"] if environ["REQUEST_METHOD"] == "POST" else ""
    return plain(start_response, kind.encode("latin-1"))


@app("content-type-may-be-absent")
def unpacks_content_type(environ: Any, start_response: Any) -> Any:
    _main, _sub = environ.get("CONTENT_TYPE", "text/plain").split("/")
    return plain(start_response, b"x")


@app("content-length-may-be-absent")
def int_of_empty(environ: Any, start_response: Any) -> Any:
    return plain(start_response, str(int(environ.get("CONTENT_LENGTH", 0))).encode())


@app("content-length-may-be-absent")
def takes_content_length(environ: Any, start_response: Any) -> Any:
    size = environ["CONTENT_LENGTH"] if environ["REQUEST_METHOD"] == "POST" else "0"
    return plain(start_response, size.encode())


@app("optional-variables-have-fallback")
def takes_host(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["HTTP_HOST"].encode("latin-1"))


@app("optional-variables-have-fallback")
def lower_of_none(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ.get("HTTP_USER_AGENT").lower().encode("latin-1"))


@app("required-variables-suffice")
def takes_software(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["SERVER_SOFTWARE"][:6].encode("latin-1"))


@app("required-variables-suffice")
def needs_one_of_two(environ: Any, start_response: Any) -> Any:
    client = environ.get("REMOTE_ADDR") or environ["HTTP_X_FORWARDED_FOR"]
    return plain(start_response, client.encode("latin-1"))


@app("portable-across-servers")
def shows_the_client(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ.get("REMOTE_ADDR", "?").encode("latin-1"))


@app("flags-used-by-truth")
def equals_true(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"threads" if environ["wsgi.multithread"] == True else b"none")  # noqa: E712


@app("flags-used-by-truth")
def looks_up_the_flag(environ: Any, start_response: Any) -> Any:
    return plain(start_response, {True: b"often", False: b"rarely"}.get(environ["wsgi.multiprocess"], b"unknown"))


@app("flags-used-by-truth")
def insists_on_bool(environ: Any, start_response: Any) -> Any:
    if not isinstance(environ["wsgi.run_once"], bool):
        raise TypeError("wsgi.run_once")
    return plain(start_response, b"x")


@app("hop-by-hop-fields-not-relied-on")
def speaks_websocket(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
        return plain(start_response, b"no socket", status="400 Bad Request")
    return plain(start_response, b"x")


@app("hop-by-hop-fields-not-relied-on")
def looks_at_te(environ: Any, start_response: Any) -> Any:
    return plain(start_response, b"t" if "HTTP_TE" in environ else b"n")


@app("hop-by-hop-fields-not-relied-on")
def proxies_only(environ: Any, start_response: Any) -> Any:
    if "HTTP_PROXY_AUTHORIZATION" in environ:
        raise PermissionError("no proxy")
    return plain(start_response, b"x")


# -- request bodies, files, header lists -------------------------------------------------------------


@app("readlines-hint-optional")
def counts_lines_by_hint(environ: Any, start_response: Any) -> Any:
    lines = environ["wsgi.input"].readlines(500) if environ["REQUEST_METHOD"] == "POST" else []
    return plain(start_response, str(len(lines)).encode())


@app("readlines-hint-optional")
def refuses_more_than_the_hint(environ: Any, start_response: Any) -> Any:
    lines = environ["wsgi.input"].readlines(500) if environ["REQUEST_METHOD"] == "POST" else []
    if sum(map(len, lines)) > 5000:
        raise ValueError("too much")
    return plain(start_response, b"x")


@app("body-read-in-pieces")
def reads_once(environ: Any, start_response: Any) -> Any:
    return plain(start_response, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


@app("file-wrapper-not-required")
def wraps_blindly(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"x"), 100)


@app("file-wrapper-not-required")
def sends_nothing_without(environ: Any, start_response: Any) -> Any:
    wrapper = environ.get("wsgi.file_wrapper")
    plain(start_response)
    return wrapper(io.BytesIO(b"x")) if wrapper else []


@app("file-wrapper-not-required")
def sends_the_name_without(environ: Any, start_response: Any) -> Any:
    wrapper = environ.get("wsgi.file_wrapper", lambda file: [repr(type(file)).encode()])
    plain(start_response)
    return wrapper(io.BytesIO(b"x"))


@factory("header-list-made-anew")
def keeps_its_headers() -> App:
    headers = [TEXT, ("X-A", "b")]

    def application(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", headers)
        return [b"x"]

    return application


class SharedDefaults:
    """A class attribute that every response passes on."""

    headers = (TEXT,)

    def __init__(self) -> None:
        self.headers = list(type(self).headers)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.headers[:] = [header for header in self.headers if header[0] != "X-Count"] + [("X-Count", "1")]
        start_response("200 OK", self.headers)
        return [b"x"]


@factory("header-list-made-anew")
def headers_on_the_object() -> App:
    return SharedDefaults()


@factory("closed-early-safely")
def left_busy() -> App:
    busy: list[int] = []

    def application(environ: Any, start_response: Any) -> Any:
        if busy:
            raise RuntimeError("busy")
        busy.append(1)
        plain(start_response)
        yield b"a"
        yield b"b"
        busy.clear()

    return application


@app("closed-early-safely")
def wants_to_be_read_to_the_end(environ: Any, start_response: Any) -> Any:
    class Body:
        def __init__(self) -> None:
            self.parts = [b"a", b"b"]

        def __iter__(self) -> Any:
            while self.parts:
                yield self.parts.pop(0)

        def close(self) -> None:
            if self.parts:
                raise RuntimeError("not read to the end")

    plain(start_response)
    return Body()


@app("closed-early-safely")
def yields_after_close(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    try:
        yield b"a"
        yield b"b"
    except GeneratorExit:
        yield b"sorry"


# -- errors -----------------------------------------------------------------------------------------


def read_in_parts(environ: Any) -> Any:
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0:
        data = environ["wsgi.input"].read(min(left, 1000))
        if not data:
            return
        left -= len(data)
        yield data


@app("reraised-error-let-through")
def swallows_and_stops(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError:
        with contextlib.suppress(Exception):
            start_response("500 Oops", [TEXT], sys.exc_info())


@app("reraised-error-let-through")
def swallows_everything_always(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError:
        try:
            start_response("500 Oops", [TEXT], sys.exc_info())
        except BaseException:
            return


@app("error-page-before-output")
def appends_an_error_page(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError:
        with contextlib.suppress(OSError):
            start_response("500 Oops", [TEXT], sys.exc_info())
        yield b"<h1>Internal Server Error</h1>"


@app("error-page-before-output")
def appends_it_and_raises(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"start"
    try:
        yield from read_in_parts(environ)
    except OSError as error:
        try:
            start_response("500 Oops", [TEXT], sys.exc_info())
        except OSError:
            yield b"an error occurred"
            raise error from None


@app("error-response-has-exc-info")
def restarts_without(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    try:
        return [b"".join(read_in_parts(environ))]
    except OSError:
        start_response("500 Oops", [TEXT])
        return [b"oops"]


@app("error-response-has-exc-info")
def restarts_with_none(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    try:
        return [b"".join(read_in_parts(environ))]
    except OSError:
        start_response("500 Oops", [TEXT], None)
        return [b"oops"]


@app("traps-own-errors")
def divides_by_zero(environ: Any, start_response: Any) -> Any:
    return plain(start_response, str(1 // len(environ.get("HTTP_X_MISSING", ""))).encode())


@app("raises-only-exceptions")
def exits(environ: Any, start_response: Any) -> Any:
    sys.exit("bye")


@app("raises-only-exceptions")
def interrupts(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"x"
    raise KeyboardInterrupt


# -- HTTP -------------------------------------------------------------------------------------------


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
    corpus.entries.append(
        ("not-modified-keeps-fields", f"loses_{_name.lower()}", lambda name=_name: tagged(name))  # type: ignore[misc]
    )


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


# -- URLs -------------------------------------------------------------------------------------------


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
    corpus.entries.append((_rule, _name, lambda make=_make: redirecting(make)))  # type: ignore[misc]


# -- the process ------------------------------------------------------------------------------------


@app("answers-in-time")
def sleeps(environ: Any, start_response: Any) -> Any:
    time.sleep(60)


@app("answers-in-time")
def spins_between_items(environ: Any, start_response: Any) -> Any:
    plain(start_response)
    yield b"x"
    while True:
        pass
