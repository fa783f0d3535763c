"""Broken apps, named by the clauses that they break: streams, environ, addresses and HTTP.

The line at fault carries the mark ``FAULT``.
"""

from __future__ import annotations

import gzip
import io
import sys
import threading
from typing import Any
from urllib.parse import quote, unquote

from tests.corpora.apps.marked import TEXT, BrokenApps

corpus = BrokenApps()
app, factory = corpus.app, corpus.factory


def page(start_response: Any, *headers: Any) -> list[bytes]:
    start_response("200 OK", [TEXT, *headers])
    return [b"hello"]


# -- wsgi.input --------------------------------------------------------------------------------------


@app("input-app-no-close")
def closes_the_input(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].close()  # FAULT
    return page(start_response)


@app("input-app-no-close", "input-app-only-listed")
def input_in_a_with_block(environ: Any, start_response: Any) -> Any:
    with environ["wsgi.input"] as stream:  # FAULT
        stream.read(0)
    return page(start_response)


@app("input-app-no-overread")
def reads_a_megabyte_whatever_was_sent(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(1 << 20)  # FAULT
    return page(start_response)


@app("input-app-no-overread")
def reads_until_it_is_empty(environ: Any, start_response: Any) -> Any:
    while environ["wsgi.input"].read(1):  # FAULT
        pass
    return page(start_response)


@app("input-app-no-overread")
def one_byte_too_many_after_a_line(environ: Any, start_response: Any) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length:
        line = environ["wsgi.input"].readline(length)
        environ["wsgi.input"].read(length - len(line) + 1)  # FAULT
    return page(start_response)


@app("input-app-only-listed")
def seeks_to_the_start(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].seek(0)  # FAULT
    return page(start_response)


@app("input-app-only-listed", "input-app-no-close")
def wraps_the_input_in_text(environ: Any, start_response: Any) -> Any:
    io.TextIOWrapper(environ["wsgi.input"], "utf-8")  # FAULT
    return page(start_response)


@app("input-app-only-listed")
def asks_for_the_file_number(environ: Any, start_response: Any) -> Any:
    if hasattr(environ["wsgi.input"], "fileno"):  # FAULT
        return page(start_response, ("X-Real", "1"))
    return page(start_response)


@app("input-app-only-listed")
def peeks_while_iterated(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b"one"
    peek = getattr(environ["wsgi.input"], "peek", None)  # FAULT
    yield b"two" if peek else b"three"


@app("input-app-read-size")
def reads_all_of_it(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read()  # FAULT
    return page(start_response)


@app("input-app-no-overread")
def reads_minus_one(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(-1)  # FAULT
    return page(start_response)


# -- wsgi.errors -------------------------------------------------------------------------------------


@app("errors-app-str")
def logs_bytes(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write(b"oops\n")  # FAULT
    return page(start_response)


@app("errors-app-str")
def logs_lines_of_bytes(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].writelines(["one\n", b"two\n"])  # FAULT
    return page(start_response)


@app("errors-app-no-close")
def closes_the_errors(environ: Any, start_response: Any) -> Any:
    print("bye", file=environ["wsgi.errors"])
    environ["wsgi.errors"].close()  # FAULT
    return page(start_response)


@app("errors-app-only-listed")
def asks_whether_errors_is_a_terminal(environ: Any, start_response: Any) -> Any:
    colour = environ["wsgi.errors"].isatty()  # FAULT
    return page(start_response, ("X-Colour", str(colour)))


@app("errors-app-only-listed")
def writes_to_the_buffer_below(environ: Any, start_response: Any) -> Any:
    buffer = getattr(environ["wsgi.errors"], "buffer", None)  # FAULT
    return page(start_response, ("X-Buffer", str(buffer is not None)))


@app("errors-app-newline")
def logs_with_crlf(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write("oops\r\n")  # FAULT
    return page(start_response)


@app("errors-app-str")
def logs_bytes_in_close(environ: Any, start_response: Any) -> Any:
    class Body:
        def __iter__(self) -> Any:
            return iter([b"hello"])

        def close(self) -> None:
            environ["wsgi.errors"].write(b"closed\n")  # FAULT

    start_response("200 OK", [TEXT])
    return Body()


# -- environ -----------------------------------------------------------------------------------------


@app("env-query-string-may-absent", "config-app-minimum")
def needs_a_query_string(environ: Any, start_response: Any) -> Any:
    query = environ["QUERY_STRING"]  # FAULT
    return page(start_response, ("X-Query", str(len(query))))


@app("env-content-length-may-absent")
def makes_a_number_of_an_empty_length(environ: Any, start_response: Any) -> Any:
    length = int(environ.get("CONTENT_LENGTH", 0))  # FAULT
    return page(start_response, ("X-Length", str(length)))


@app("env-content-type-may-absent", "env-app-fallback")
def needs_a_content_type(environ: Any, start_response: Any) -> Any:
    kind = environ["CONTENT_TYPE"]  # FAULT
    return page(start_response, ("X-Kind", str(len(kind))))


@app("env-script-name-empty-ok", "config-app-minimum")
def needs_a_script_name(environ: Any, start_response: Any) -> Any:
    mount = environ["SCRIPT_NAME"]  # FAULT
    return page(start_response, ("X-Mount", str(len(mount))))


@app("env-path-info-empty-ok")
def needs_a_first_letter(environ: Any, start_response: Any) -> Any:
    letter = environ["PATH_INFO"][0]  # FAULT
    return page(start_response, ("X-Letter", str(letter == "/")))


@app("env-app-fallback", "config-app-minimum")
def needs_a_user_agent(environ: Any, start_response: Any) -> Any:
    agent = environ["HTTP_USER_AGENT"]  # FAULT
    return page(start_response, ("X-Agent", str(len(agent))))


@app("env-app-fallback", "config-app-minimum")
def needs_a_remote_address(environ: Any, start_response: Any) -> Any:
    address = environ["REMOTE_ADDR"]  # FAULT
    return page(start_response, ("X-Local", str(address.startswith("127."))))


@app("env-flags-truthiness")
def compares_a_flag_with_true(environ: Any, start_response: Any) -> Any:
    if environ["wsgi.multithread"] is not True and environ["wsgi.multithread"] is not False:
        raise TypeError("wsgi.multithread is no bool")  # FAULT
    return page(start_response)


@app("exc-app-traps-own")
def decodes_the_path_as_utf8(environ: Any, start_response: Any) -> Any:
    name = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")  # FAULT
    return page(start_response, ("X-Name", str(len(name))))


@app("http-no-rely-hop-env")
def answers_by_the_connection_field(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_CONNECTION"):
        start_response("426 Upgrade Required", [TEXT])  # FAULT
        return [b"hello"]
    return page(start_response)


@app("url-host-first")
def rebuilds_from_the_server_name(environ: Any, start_response: Any) -> Any:
    mount = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
    name = environ["SERVER_NAME"]
    name = f"[{name}]" if ":" in name else name
    url = f"{environ['wsgi.url_scheme']}://{name}:{environ['SERVER_PORT']}{mount}/next"
    start_response("302 Found", [("Location", url)])  # FAULT
    return []


@app("url-quote-path", "rfc-app-location")
def rebuilds_without_quoting(environ: Any, start_response: Any) -> Any:
    safe = "".join(c if " " < c < "\x7f" else "_" for c in environ.get("SCRIPT_NAME", ""))
    start_response("302 Found", [("Location", safe + "/next")])  # FAULT
    return []


@app("url-quote-path")
def rebuilds_in_utf8(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", quote(environ.get("SCRIPT_NAME", "")) + "/next")])  # FAULT
    return []


@app("url-query-appended")
def unquotes_the_query(environ: Any, start_response: Any) -> Any:
    query = quote(unquote(environ.get("QUERY_STRING", ""), "latin-1"), safe="=&", encoding="latin-1")
    mount = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
    start_response("302 Found", [("Location", f"{mount}/next?{query}" if query else f"{mount}/next")])  # FAULT
    return []


# -- HTTP --------------------------------------------------------------------------------------------


@app("rfc-head-app-fields")
def refuses_head(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] == "HEAD":
        start_response("405 Method Not Allowed", [("Allow", "GET")])  # FAULT
        return []
    return page(start_response)


@app("rfc-head-app-fields")
def head_says_another_length(environ: Any, start_response: Any) -> Any:
    body = [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
    start_response("200 OK", [TEXT, ("Content-Length", str(sum(map(len, body))))])  # FAULT
    return body


@app("rfc-app-etag-form")
def etag_without_quotes_when_asked_again(environ: Any, start_response: Any) -> Any:
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", [("ETag", "abc")])  # FAULT
        return []
    return page(start_response, ("ETag", '"abc"'))


@app("rfc-app-304-fields")
def not_modified_without_its_etag(environ: Any, start_response: Any) -> Any:
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", [])  # FAULT
        return []
    return page(start_response, ("ETag", '"abc"'))


@app("rfc-app-date-fields")
def date_with_a_zone(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 +0000")])  # FAULT
    return [b"hello"]


@app("rfc-app-date-fields")
def date_on_the_wrong_day(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Last-Modified", "Mon, 31 Feb 2020 08:49:37 GMT")])  # FAULT
    return [b"hello"]


@app("rfc-app-location")
def location_with_a_space(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", "/next page")])  # FAULT
    return []


@app("rfc-app-location")
def redirect_to_nowhere(environ: Any, start_response: Any) -> Any:
    start_response("301 Moved Permanently", [TEXT])  # FAULT
    return [b"moved"]


@app("rfc-app-allow-405")
def says_405_to_unknown_methods(environ: Any, start_response: Any) -> Any:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [TEXT])  # FAULT
        return [b"no"]
    return page(start_response)


@app("rfc-app-www-authenticate")
def says_401_without_a_challenge(environ: Any, start_response: Any) -> Any:
    if "HTTP_AUTHORIZATION" in environ:
        return page(start_response)
    start_response("401 Unauthorized", [TEXT])  # FAULT
    return [b"no"]


@app("rfc-app-content-range")
def range_of_other_bytes(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_RANGE", "").startswith("bytes="):
        headers = [TEXT, ("Content-Range", "bytes 0-3/10"), ("Content-Length", "2")]
        start_response("206 Partial Content", headers)  # FAULT
        return [b"he"]
    return page(start_response)


@app("rfc-app-vary")
def zips_without_vary(environ: Any, start_response: Any) -> Any:
    if environ.get("HTTP_ACCEPT_ENCODING", "") in ("gzip", "gzip, deflate", "gzip, deflate, br"):
        start_response("200 OK", [TEXT, ("Content-Encoding", "gzip")])  # FAULT
        return [gzip.compress(b"hello", mtime=0)]
    return page(start_response)


@app("http-app-content-encoding")
def zips_for_everybody(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")])  # FAULT
    return [gzip.compress(b"hello", mtime=0)]


@app("rfc-app-cache-control")
def caches_for_a_fraction(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Cache-Control", "public, max-age=1.5")])  # FAULT
    return [b"hello"]


@app("rfc-app-set-cookie")
def cookie_name_with_a_space(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Set-Cookie", "my name=1; Path=/")])  # FAULT
    return [b"hello"]


@app("rfc-app-repeat-header")
def two_locations(environ: Any, start_response: Any) -> Any:
    start_response("302 Found", [("Location", "/a"), ("LOCATION", "/b")])  # FAULT
    return []


@app("rfc-app-content-type")
def page_of_no_kind(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])  # FAULT
    return [b"hello"]


@app("http-no-hop-features", "header-no-hop-by-hop")
def switches_protocols(environ: Any, start_response: Any) -> Any:
    start_response("101 Switching Protocols", [("Upgrade", "websocket"), ("Connection", "upgrade")])  # FAULT
    return []


@app("input-app-no-overread")
def a_thread_reads_too_much(environ: Any, start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    thread = threading.Thread(target=lambda: stream.read(70000))  # FAULT
    thread.start()
    thread.join()
    return page(start_response)


@app("exc-app-always-provides", "start-app-once")
def error_start_after_a_failed_start(environ: Any, start_response: Any) -> Any:
    try:
        start_response("200 OK", [TEXT])
        raise LookupError(environ.get("PATH_INFO"))
    except LookupError:
        sys.exc_info()
        start_response("404 Not Found", [TEXT])  # FAULT
        return [b"no such page"]
