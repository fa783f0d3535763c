"""Apps that keep PEP 3333 in unusual ways: how they start, what they return, how they write, fail and close."""

from __future__ import annotations

import collections
import contextlib
import functools
import io
import itertools
import operator
import queue
import sys
import tempfile
import threading
from typing import Any

from tests.corpora.apps.marked import TEXT, App, RightApps

apps = RightApps()
app, factory, answering = apps.app, apps.factory, apps.answering


def is_head(environ: Any) -> bool:
    return bool(environ["REQUEST_METHOD"] == "HEAD")


# -- statuses and headers ----------------------------------------------------------------------------

answering("reason_of_punctuation", "200 !", [TEXT], b"x")
answering("reason_is_a_number", "200 200", [TEXT], b"x")
answering("reason_with_two_spaces_inside", "200 All  right", [TEXT], b"x")
answering("reason_in_latin1", "200 \xc0 bient\xf4t \xff", [TEXT], b"x")
answering("unassigned_code", "477 Made up here", [TEXT], b"x")
answering("code_511", "511 Network Authentication Required", [TEXT], b"x")
answering("very_long_reason", "200 " + "very " * 400 + "good", [TEXT], b"x")
answering("many_cookies", "200 OK", [TEXT, *(("Set-Cookie", f"c{n}={n}; Path=/; HttpOnly") for n in range(90))], b"x")
answering("long_header", "200 OK", [TEXT, ("Link", ", ".join(f"</{n}>; rel=preload" for n in range(999)))], b"x")
answering("every_token_character", "200 OK", [TEXT, ("!#$%&'*+-.^_`|~09azAZ", "x")], b"x")
answering("empty_value", "200 OK", [TEXT, ("X-Nothing", "")], b"x")
answering("value_in_spaces", "200 OK", [TEXT, ("X-Padded", "  x  ")], b"x")
answering("latin1_filename", "200 OK", [TEXT, ("Content-Disposition", 'attachment; filename="\xfcbung.txt"')], b"x")
answering("c1_value", "200 OK", [TEXT, ("X-Odd", "\x80\x9f\xa0")], b"x")
answering("proxy_names", "200 OK", [TEXT, ("X-Connection", "close"), ("Upgrade-Insecure-Requests", "1")], b"x")
answering("date_of_its_own", "200 OK", [TEXT, ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Server", "mine")], b"x")
answering("vary_all", "200 OK", [TEXT, ("Vary", "*"), ("Cache-Control", "no-store")], b"x")
answering("rfc_2047", "200 OK", [TEXT, ("X-Subject", "=?utf-8?b?0YLQtdGB0YI=?=")], b"x")
answering("expires_zero", "200 OK", [TEXT, ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")], b"x")
answering("length_with_zeros", "200 OK", [TEXT, ("Content-Length", "0001")], b"x")
answering("reset_content", "205 Reset Content", [("Content-Length", "0")])
answering("multi_status", "207 Multi-Status", [("Content-Type", "application/xml")], b"<x/>")
answering("gone_without_headers", "410 Gone", [])
answering("permanent_redirect", "308 Permanent Redirect", [("Location", "//other.example/a?b#c")])
answering("see_other_parent", "303 See Other", [("Location", "..")])
answering("created_elsewhere", "201 Created", [("Location", "https://[::1]:8443/new"), TEXT], b"made")
answering("choices_without_location", "300 Multiple Choices", [TEXT], b"/a /b")
answering("two_challenges", "401 Unauthorized", [("WWW-Authenticate", "Negotiate, Basic realm=x"), TEXT], b"who?")
answering("allow_nothing", "405 Method Not Allowed", [("Allow", "")])


# -- how it starts -----------------------------------------------------------------------------------


@app
def starts_with_none_as_third(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT], None)
    return [b"x"]


@app
def starts_late_after_empty_blocks(environ: Any, start_response: Any) -> Any:
    yield b""
    yield b""
    start_response("200 OK", [TEXT])
    if not is_head(environ):
        yield b"late"


@app
def starts_in_a_delegate(environ: Any, start_response: Any) -> Any:
    def inner() -> Any:
        start_response("200 OK", [TEXT])
        yield b""
        return [b"a", b"b"]

    blocks = yield from inner()
    if not is_head(environ):
        yield from blocks


@app
def starts_by_unpacking(environ: Any, start_response: Any) -> Any:
    arguments = ("200 OK", [TEXT])
    functools.partial(start_response, *arguments)()
    return () if is_head(environ) else (b"x",)


@app
def starts_in_another_thread(environ: Any, start_response: Any) -> Any:
    thread = threading.Thread(target=start_response, args=("200 OK", [TEXT]))
    thread.start()
    thread.join()
    return [] if is_head(environ) else [b"x"]


@app
def replaces_its_start_by_an_error(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "99")])
    try:
        raise LookupError("the database is gone")
    except LookupError:
        start_response("503 Service Unavailable", [TEXT, ("Retry-After", "120")], sys.exc_info())
    return [] if is_head(environ) else [b"sorry"]


@app
def error_page_as_the_first_start(environ: Any, start_response: Any) -> Any:
    try:
        raise LookupError("the database is gone")
    except LookupError:
        start_response("500 Oops", [TEXT], sys.exc_info())
    yield b"" if is_head(environ) else b"sorry"


@app
def error_page_from_the_iterable(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    yield b""
    try:
        raise LookupError("the database is gone")
    except LookupError:
        start_response("500 Oops", [TEXT], sys.exc_info())
    yield b"" if is_head(environ) else b"sorry"


@app
def three_starts_before_output(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    for code in ("500 First", "500 Second"):
        try:
            raise LookupError(code)
        except LookupError:
            start_response(code, [TEXT], sys.exc_info())
    return [] if is_head(environ) else [b"sorry"]


@app
def keeps_no_header_list(environ: Any, start_response: Any) -> Any:
    headers = [TEXT, ("X-A", "1")]
    start_response("200 OK", headers)
    headers.clear()
    return [] if is_head(environ) else [b"x"]


# -- what it is, and what it returns -----------------------------------------------------------------


@app
class TheClassIsTheApp:
    def __init__(self, environ: Any, start_response: Any) -> None:
        self.environ, self.start = environ, start_response

    def __iter__(self) -> Any:
        self.start("200 OK", [TEXT])
        if not is_head(self.environ):
            yield b"x"


@factory
def bound_method() -> App:
    class Site:
        greeting = b"hello"

        def serve(self, environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [TEXT])
            return [] if is_head(environ) else [self.greeting]

    return Site().serve


@factory
def partial_of_a_function() -> App:
    def serve(greeting: bytes, environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        return [] if is_head(environ) else [greeting]

    return functools.partial(serve, b"hello")


@app
def takes_anything(*args: Any, **kwargs: Any) -> Any:
    environ, start = args
    start("200 OK", [TEXT])
    return [] if is_head(environ) else [b"x"]


@app
def positional_only(environ: Any, start_response: Any, /, greeting: bytes = b"x") -> Any:
    start_response("200 OK", [TEXT])
    return [] if is_head(environ) else [greeting]


class Letters:
    """Only the sequence protocol."""

    def __getitem__(self, index: int) -> bytes:
        return (b"a", b"b", b"c")[index]


@app
def returns_a_sequence_of_getitem(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return [] if is_head(environ) else Letters()


@app
def returns_a_set(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return set() if is_head(environ) else {b"x"}


@app
def returns_the_values_of_a_dict(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return {}.values() if is_head(environ) else {1: b"a", 2: b"b"}.values()


@app
def returns_a_dict_of_bytes(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return {} if is_head(environ) else {b"a": 1, b"b": 2}


@app
def returns_a_deque(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return collections.deque() if is_head(environ) else collections.deque([b"a", b"b"])


@app
def returns_a_map(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return map(str.encode, () if is_head(environ) else ("a", "b"))


@app
def returns_a_callable_iterator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return iter(functools.partial(io.BytesIO(b"" if is_head(environ) else b"abcdef").read, 2), b"")


@app
def returns_a_chain(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return itertools.chain(*([] if is_head(environ) else [[b"a"], (b"b",), iter([b"c"])]))


@app
def returns_a_repeat(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "4000")])
    return itertools.repeat(b"abcd", 0 if is_head(environ) else 1000)


@app
def returns_lines_of_a_buffer(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    return iter(() if is_head(environ) else b"one\ntwo\n".splitlines(keepends=True))


@app
def is_its_own_iterator(environ: Any, start_response: Any) -> Any:
    class Steps:
        left = 0 if is_head(environ) else 3
        closed = False

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            if not self.left or self.closed:
                raise StopIteration
            self.left -= 1
            return b"step"

        def close(self) -> None:
            self.closed = True

    start_response("200 OK", [TEXT])
    return Steps()


@app
def empty_blocks_between(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT, ("Content-Length", "2")])
    yield from () if is_head(environ) else (b"", b"a", b"", b"", b"b", b"")


@app
def no_block_at_all(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Length", "0")])
    return iter(())


@app
def a_generator_with_a_context(environ: Any, start_response: Any) -> Any:
    with tempfile.TemporaryFile() as file, contextlib.ExitStack() as stack:
        stack.callback(operator.truth, file)
        file.write(b"from a file")
        file.seek(0)
        start_response("200 OK", [TEXT])
        while not is_head(environ) and (block := file.read(4)):
            yield block


@app
def cleans_up_when_left_early(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [TEXT])
    try:
        for number in range(0 if is_head(environ) else 50):
            yield b"%d\n" % number
    finally:
        environ["wsgi.errors"].write("left\n")
        environ["wsgi.errors"].flush()


@app
def returns_an_exact_length(environ: Any, start_response: Any) -> Any:
    class Blocks:
        blocks = [] if is_head(environ) else [b"a", b"b", b""]

        def __len__(self) -> int:
            return len(self.blocks)

        def __iter__(self) -> Any:
            return iter(self.blocks)

    start_response("200 OK", [TEXT])
    return Blocks()


@app
def produced_by_a_thread(environ: Any, start_response: Any) -> Any:
    blocks: queue.Queue[bytes | None] = queue.Queue(2)

    def produce() -> None:
        for number in range(0 if is_head(environ) else 2):
            blocks.put(b"%d" % number)
        blocks.put(None)

    thread = threading.Thread(target=produce)
    thread.start()
    thread.join(0.001)
    start_response("200 OK", [TEXT])
    result = list(iter(blocks.get, None))
    thread.join()
    return result
