"""simple_server under attack: messages, chunks and targets that can be read in two ways."""

from __future__ import annotations

import ast
import re

import pytest

from tests.wsgiref.attack_tools import Noting, either
from tests.wsgiref.server_tools import environ_app, serving

HEAD = b"POST /outer HTTP/1.1\r\nHost: h\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
AMBIGUOUS = {
    "length and chunks": b"Content-Length: 5\r\n" + CHUNKED,
    "chunks and length": CHUNKED + b"Content-Length: 5\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "twice the same length": b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "list of lengths": b"Content-Length: 5, 5\r\n",
    "plus": b"Content-Length: +5\r\n",
    "minus": b"Content-Length: -5\r\n",
    "minus nothing": b"Content-Length: -0\r\n",
    "hexadecimal": b"Content-Length: 0x5\r\n",
    "underscore": b"Content-Length: 1_0\r\n",
    "exponent": b"Content-Length: 1e1\r\n",
    "inner blank": b"Content-Length: 5 0\r\n",
    "no length": b"Content-Length:\r\n",
    "wide digit": b"Content-Length: \xef\xbc\x95\r\n",
    "latin digit": b"Content-Length: \xb2\r\n",
    "huge": b"Content-Length: 18446744073709551621\r\n",
    "blank before the colon": b"Content-Length : 5\r\n",
    "folded length": b"Content-Length:\r\n 5\r\n",
    "folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "fold after a field": CHUNKED + b" x\r\n",
    "bare CR in a value": b"X: a\rContent-Length: 5\r\n",
    "bare LF in a value": b"X: a\nContent-Length: 5\r\n",
    "NUL in a value": b"X: a\0\r\nContent-Length: 5\r\n",
    "NUL in a name": b"Content-Length\0: 5\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "two codings": CHUNKED + CHUNKED,
    "chunked first": b"Transfer-Encoding: chunked, identity\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "parameter": b"Transfer-Encoding: chunked;q=1\r\n",
    "quoted": b'Transfer-Encoding: "chunked"\r\n',
    "vertical tab": b"Transfer-Encoding: \x0bchunked\r\n",
    "no-break space": b"Transfer-Encoding: \xa0chunked\r\n",
    "tab": b"Transfer-Encoding:\tchunked\r\n",
    "empty coding": b"Transfer-Encoding:\r\n",
    "comma": b"Transfer-Encoding: ,chunked\r\n",
    "coding with a blank before the colon": b"Transfer-Encoding : chunked\r\n",
    "no colon": b"Content-Length\r\n",
}


@pytest.mark.parametrize("fields", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_request_that_can_be_read_two_ways_ends_the_connection(fields: bytes) -> None:
    app = Noting()
    with serving(app) as live:
        raw = live.exchange(HEAD + fields + b"\r\n" + CHUNKS + HIDDEN + HIDDEN)
    assert re.match(rb"HTTP/1\.[01] (400|413|501) ", raw), raw[:200]
    assert b"\r\nConnection: close\r\n" in raw
    assert (app.seen, raw.count(b" 200 OK\r\n")) == ([], 0)


@pytest.mark.parametrize("name", ["Content_Length: 99", "Transfer_Encoding: chunked"])
def test_fields_with_underscores_frame_nothing(name: str) -> None:
    app = Noting()
    with serving(app) as live:
        raw = live.exchange(HEAD + name.encode() + b"\r\n\r\n" + HIDDEN, end=True)
    assert app.seen == [("/outer", b""), ("/hidden", b"")]
    assert raw.count(b" 200 OK\r\n") == 2


@pytest.mark.parametrize(
    "chunks",
    [
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"FFFFFFFFFFFFFFFF\r\n",
        b"8000000000000000\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\rhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"5;a=\nb\r\nhello\r\n0\r\n\r\n",
        b'5;a="\r\nhello\r\n0\r\n\r\n',
        b'5;a="\0"\r\nhello\r\n0\r\n\r\n',
        b"5;" + b"a" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
        b"".join(b"1;%b\r\nx\r\n" % (b"a" * 1000) for _ in range(5)) + b"0\r\n\r\n",
        b"0" * 17 + b"5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX : y\r\n\r\n",
        b"5\r\nhello\r\n0\r\n folded\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: y\nZ: z\r\n\r\n",
        b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    ],
    ids=lambda chunks: ascii(chunks[:20]),
)
def test_chunks_that_can_be_read_two_ways_end_the_connection(chunks: bytes) -> None:
    app = Noting()
    with serving(app) as live:
        raw = live.exchange(HEAD + CHUNKED + b"\r\n" + chunks + HIDDEN, end=True)
    assert re.match(rb"HTTP/1\.1 (400|413) ", raw), raw[:200]
    assert app.seen == []
    assert len(re.findall(rb"HTTP/1\.[01] \d\d\d ", raw)) == 1


@either
def test_what_looks_like_a_request_inside_a_body_is_a_body(threaded: bool) -> None:
    app = Noting()
    coded = b"%x\r\n%b\r\n0\r\nHost: evil\r\nContent-Length: 99\r\n\r\n" % (len(HIDDEN), HIDDEN)
    sized = b"Content-Length: %d\r\n\r\n" % len(HIDDEN)
    with serving(app, threaded) as live:
        raw = live.exchange(HEAD + sized + HIDDEN + HEAD + CHUNKED + b"\r\n" + coded + HEAD + b"\r\n", end=True)
    assert app.seen == [("/outer", HIDDEN), ("/outer", HIDDEN), ("/outer", b"")]
    assert raw.count(b" 200 OK\r\n") == 3


TARGETS = {
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "twice the same host": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "list of hosts": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "user in the host": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "path in the host": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "port without end": b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "absolute form without host": b"GET http://a/ HTTP/1.1\r\n\r\n",
    "user in the target": b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no authority": b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
    "other scheme": b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "relative": b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL": b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw NUL": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "two blanks": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "CR in the line": b"GET / HTTP/1.1\rX: y\r\nHost: a\r\n\r\n",
    "lower-case version": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "blank first": b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("request_", TARGETS.values(), ids=TARGETS)
def test_a_target_that_can_be_read_two_ways_is_refused(request_: bytes) -> None:
    app = Noting()
    with serving(app) as live:
        raw = live.exchange(request_ + HIDDEN, end=True)
    assert re.match(rb"HTTP/1\.[01] 400 ", raw), raw[:200]
    assert app.seen == []


def test_connect_and_later_versions_are_refused() -> None:
    for line, status in ((b"CONNECT a:1 HTTP/1.1", 501), (b"GET / HTTP/3.0", 505), (b"GET / HTTP/0.9", 505)):
        app = Noting()
        with serving(app) as live:
            raw = live.exchange(line + b"\r\nHost: a\r\n\r\n" + HIDDEN, end=True)
        assert re.match(rb"HTTP/1\.[01] %d " % status, raw), raw[:200]
        assert app.seen == []


def test_the_authority_of_an_absolute_target_counts() -> None:
    with serving(environ_app) as live, live.connect() as client:
        environ, _ = ast.literal_eval(client.get("http://Real:81/a?b").body.decode())
    assert (environ["HTTP_HOST"], environ["PATH_INFO"], environ["QUERY_STRING"]) == ("Real:81", "/a", "b")
