"""Apps that break the rules on start_response, headers, bodies and streams; each names the rule that must catch it."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import Any

from tests.corpora.apps.collecting import TEXT, Corpus

corpus = Corpus()
app, answering = corpus.app, corpus.answering


class Words(str):
    """A subclass of str, which PEP 3333 rules out."""


# -- status and headers: the same mistake in more ways than one ---------------------------------------

answering("status-native-string", "bytes_status", b"200 OK", [TEXT], b"x")
answering("status-native-string", "int_status", 200, [TEXT], b"x")
answering("status-native-string", "str_subclass", Words("200 OK"), [TEXT], b"x")
answering("status-native-string", "none_status", None, [TEXT], b"x")
answering("status-latin1", "emoji", "200 \N{SNOWMAN}", [TEXT], b"x")
answering("status-latin1", "lone_surrogate", "200 \udc80", [TEXT], b"x")
answering("status-code-three-digits", "words_only", "OK", [TEXT], b"x")
answering("status-code-three-digits", "two_digits", "20 OK", [TEXT], b"x")
answering("status-latin1", "arabic_digits", "\u0662\u0660\u0660 OK", [TEXT], b"x")
answering("status-code-at-least-100", "zero", "000 Nothing", [TEXT], b"x")
answering("status-code-below-600", "six_hundred", "600 More", [TEXT], b"x")
answering("status-single-space", "two_spaces", "200  OK", [TEXT], b"x")
answering("status-no-control", "tab", "200\tOK", [TEXT], b"x")
answering("status-has-reason", "bare_code", "200", [TEXT], b"x")
answering("status-no-surrounding-space", "leading", " 200 OK", [TEXT], b"x")
answering("status-no-surrounding-space", "trailing", "200 OK ", [TEXT], b"x")
answering("status-no-control", "bell", "200 O\x07K", [TEXT], b"x")
answering("status-no-control", "delete", "200 OK\x7f!", [TEXT], b"x")
answering("status-no-line-end", "line_feed", "200 OK\n", [TEXT], b"x")
answering("status-no-line-end", "carriage_return", "200 OK\r\n", [TEXT], b"x")
answering("headers-builtin-list", "tuple_of_headers", "200 OK", (TEXT,), b"x")
answering("headers-builtin-list", "dict_of_headers", "200 OK", dict([TEXT]), b"x")
answering("headers-builtin-list", "items_view", "200 OK", dict([TEXT]).items(), b"x")
answering("header-entries-are-pairs", "list_entry", "200 OK", [list(TEXT)], b"x")
answering("header-entries-are-pairs", "triple", "200 OK", [(*TEXT, "x")], b"x")
answering("header-entries-are-pairs", "string", "200 OK", ["Content-Type: text/plain"], b"x")
answering("header-name-native-string", "bytes_name", "200 OK", [TEXT, (b"X-A", "b")], b"x")
answering("header-value-native-string", "int_length", "200 OK", [TEXT, ("Content-Length", 1)], b"x")
answering("header-value-native-string", "subclass", "200 OK", [TEXT, ("X-A", Words("b"))], b"x")
answering("header-value-native-string", "none_value", "200 OK", [TEXT, ("X-A", None)], b"x")
answering("header-name-latin1", "wide_name", "200 OK", [TEXT, ("X-\u0416", "b")], b"x")
answering("header-value-latin1", "wide_value", "200 OK", [TEXT, ("X-A", "\u20ac")], b"x")
answering("header-name-token", "space_in_name", "200 OK", [TEXT, ("X A", "b")], b"x")
answering("header-name-token", "empty_name", "200 OK", [TEXT, ("", "b")], b"x")
answering("header-name-token", "slash", "200 OK", [TEXT, ("X/A", "b")], b"x")
answering("header-name-no-colon", "colon", "200 OK", [TEXT, ("X-A:", "b")], b"x")
answering("header-value-no-crlf", "injection", "200 OK", [TEXT, ("X-A", "b\r\nX-B: c")], b"x")
answering("header-value-no-crlf", "trailing_newline", "200 OK", [TEXT, ("X-A", "b\n")], b"x")
answering("header-value-no-control", "nul", "200 OK", [TEXT, ("X-A", "b\x00c")], b"x")
answering("header-value-no-control", "tab", "200 OK", [TEXT, ("X-A", "b\tc")], b"x")
answering("header-no-hop-by-hop", "upper_case", "200 OK", [TEXT, ("PROXY-AUTHENTICATE", "Basic")], b"x")
answering("header-no-persistence", "close", "200 OK", [TEXT, ("connection", "close")], b"x")
answering("header-no-transfer-encoding", "chunked", "200 OK", [TEXT, ("Transfer-Encoding", "chunked")], b"x")
answering("singleton-header-once", "two_types", "200 OK", [TEXT, ("content-type", "text/html")], b"x")
answering("content-length-one-number", "words", "200 OK", [TEXT, ("Content-Length", "one")], b"x")
answering("content-length-one-number", "signed", "200 OK", [TEXT, ("Content-Length", "+1")], b"x")
answering("content-length-matches-body", "too_long", "200 OK", [TEXT, ("Content-Length", "9")], b"x")
answering("content-length-matches-body", "too_short", "200 OK", [TEXT, ("Content-Length", "1")], b"x", b"y")
answering("date-fields-imf-fixdate", "iso_date", "200 OK", [TEXT, ("Last-Modified", "2020-01-01")], b"x")
answering("etag-quoted", "bare", "200 OK", [TEXT, ("ETag", "abc")], b"x")
answering("etag-quoted", "lower_case_weak", "200 OK", [TEXT, ("ETag", 'w/"abc"')], b"x")
answering("cache-control-parses", "no_number", "200 OK", [TEXT, ("Cache-Control", "max-age=soon")], b"x")
answering("set-cookie-grammar", "no_name", "200 OK", [TEXT, ("Set-Cookie", "just text")], b"x")
answering("status-not-interim", "continue", "100 Continue", [])
answering("no-hop-by-hop-features", "switching", "101 Switching Protocols", [("Upgrade", "websocket")])
answering("no-content-length-with-204", "length", "204 No Content", [("Content-Length", "0")])
answering("no-body-with-204-or-304", "body", "204 No Content", [], b"x")
answering("no-body-with-204-or-304", "not_modified", "304 Not Modified", [], b"", b"x")
answering("allow-with-405", "no_allow", "405 Method Not Allowed", [TEXT], b"x")
answering("challenge-with-401", "no_challenge", "401 Unauthorized", [TEXT], b"x")
answering("redirect-has-location", "nowhere", "302 Found", [TEXT], b"x")
answering("location-valid-reference", "space", "302 Found", [("Location", "/two words")])
answering("content-has-type", "untyped", "200 OK", [], b"x")
answering("body-not-transfer-coded", "chunks", "200 OK", [TEXT], b"1\r\nx\r\n0\r\n\r\n")
answering("content-range-agrees", "range", "206 Partial Content", [TEXT, ("Content-Range", "bytes 0-5/10")], b"x")
answering("body-native-bytes", "text", "200 OK", [TEXT], "x")
answering("body-native-bytes", "bytearray", "200 OK", [TEXT], bytearray(b"x"))
answering("body-native-bytes", "memoryview", "200 OK", [TEXT], memoryview(b"x"))
answering("body-native-bytes", "none_item", "200 OK", [TEXT], b"x", None)

# -- calls -------------------------------------------------------------------------------------------


@app("app-takes-two-arguments")
def one_argument(environ: Any) -> Any:
    return [b"x"]


@app("app-takes-two-arguments")
def three_arguments(environ: Any, start_response: Any, more: Any) -> Any:
    return [b"x"]


@app("start-response-arguments-positional")
def keyword_headers(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", headers=[TEXT])
    return [b"x"]


@app("start-response-two-or-three-arguments")
def one_argument_start(environ: Any, start_response: Any) -> Any:
    start_response("200 OK")
    return [b"x"]


@app("start-response-called")
def never_starts(environ: Any, start_response: Any) -> Any:
    return []


@app("start-response-before-body")
def starts_too_late(environ: Any, start_response: Any) -> Any:
    yield b"early"
    start_response("200 OK", [TEXT])


@app("start-response-called-once")
def starts_twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    start_response("404 Not Found", [TEXT])
    return [b"x"]


@app("start-response-called-once")
def starts_again_without_exc_info(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        raise ValueError
    except ValueError:
        start_response("500 Oops", [TEXT], None)
    return [b"x"]


@app("exc-info-is-triple")
def exception_for_triple(environ: Any, start_response: Any) -> Any:
    try:
        raise ValueError
    except ValueError as error:
        start_response("500 Oops", [TEXT], error)
    return [b"x"]


@app("start-response-only-called")
def looks_at_the_name(environ: Any, start_response: Any) -> Any:
    getattr(start_response, "im_self", None)
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("returns-iterable")
def returns_none(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])


@app("returns-iterable")
def returns_false(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return False


@app("returns-no-bare-string")
def returns_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return b"body"


@app("returns-no-bare-string")
def returns_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return "body"


@app("returns-iterable-after-write")
def writes_and_returns_nothing(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])(b"x")


@app("write-native-bytes")
def writes_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])("x")
    return []


@app("write-not-from-iterable")
def writes_while_iterated(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", [TEXT])

    def body() -> Any:
        write(b"x")
        yield b"y"

    return body()


@app("body-length-matches-len")
def lies_about_its_length(environ: Any, start_response: Any) -> Any:
    class Body:
        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter([b"x", b"y"])

    start_response("200 OK", [TEXT])
    return Body()


@app("iterable-can-be-iterated")
def raises_in_iter(environ: Any, start_response: Any) -> Any:
    class Body:
        def __iter__(self) -> Any:
            raise TypeError("not today")

    start_response("200 OK", [TEXT])
    return Body()


# -- streams -----------------------------------------------------------------------------------------


@app("input-only-listed-methods")
def seeks_the_input(environ: Any, start_response: Any) -> Any:
    if hasattr(environ["wsgi.input"], "seek"):
        environ["wsgi.input"].seek(0)
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-only-listed-methods")
def wraps_the_input(environ: Any, start_response: Any) -> Any:
    io.TextIOWrapper(environ["wsgi.input"]).read()  # asks for readable() and more
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-not-closed")
def closes_the_input(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].close()
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-not-closed")
def closes_the_input_by_with(environ: Any, start_response: Any) -> Any:
    with environ["wsgi.input"]:
        start_response("200 OK", [TEXT])
    return [b"x"]


@app("input-not-overread")
def reads_for_ever(environ: Any, start_response: Any) -> Any:
    environ["wsgi.input"].read(1 << 20)
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-gets-text")
def logs_bytes(environ: Any, start_response: Any) -> Any:
    with contextlib.suppress(TypeError):
        environ["wsgi.errors"].write(b"oops")
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-not-closed")
def closes_the_log(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].close()
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-only-listed-methods")
def asks_the_log_for_its_descriptor(environ: Any, start_response: Any) -> Any:
    with contextlib.suppress(OSError, AttributeError):
        environ["wsgi.errors"].fileno()
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("errors-plain-newlines")
def logs_with_carriage_returns(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write("oops\r\n")
    start_response("200 OK", [TEXT])
    return [b"x"]


@app("exc-info-from-handler")
def passes_an_exception_never_raised(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], (ValueError, ValueError("x"), None))
    return [b"x"]


@app("exc-info-from-handler")
def passes_sys_exc_info_always(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], sys.exc_info())
    return [b"x"]


@app("file-wrapper-gets-readable")
def wraps_a_path(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"]("/etc/hostname")
    return [b"x"]
