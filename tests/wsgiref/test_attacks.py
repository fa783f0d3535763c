"""simple_server under attack: framing with two readings, orders of events that clients must not, and may, choose.

What a single head or chunk is refused for is tested with `_request` and `_body`; here it is what a live server does
about it: what reaches the application, what happens to the bytes behind, and what is left of the connection.
"""

from __future__ import annotations

import ast
import gc
import io
import os
import random
import re
import socket
import struct
import threading
import time
from typing import Any

import pytest

from tests.wsgiref.server_tools import Client, Live, environ_app, serving, text_app, wait_until

Environ = dict[str, Any]
either = pytest.mark.parametrize("threaded", [True, False], ids=["threading", "single"])

HEAD = b"POST /outer HTTP/1.1\r\nHost: h\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


class Noting:
    """An application that notes the path and the body of each request that reaches it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    def __call__(self, environ: Environ, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        self.seen.append((environ["PATH_INFO"], body))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"."]


# ---- two readings of where a request ends

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


# ---- who is asked for what

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


# ---- pipelines, and connections that are kept

STEP = [
    (b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", b""),
    (b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    (b"POST /%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
    (b"HEAD /%d HTTP/1.1\r\nHost: h\r\n\r\n", b""),
]


@either
def test_a_pipeline_of_a_thousand_requests(threaded: bool) -> None:
    app = Noting()
    with serving(app, threaded) as live, live.connect() as client:
        sender = threading.Thread(
            target=client.socket.sendall, args=(b"".join(STEP[n % 4][0] % n for n in range(1000)),), daemon=True
        )
        sender.start()
        answers = [client.response("HEAD" if n % 4 == 3 else "GET").body for n in range(1000)]
        sender.join(20)
    assert app.seen == [(f"/{n}", STEP[n % 4][1]) for n in range(1000)]
    assert answers == [b"" if n % 4 == 3 else b"." for n in range(1000)]


@either
def test_http10_connections_are_kept_on_request_only(threaded: bool) -> None:
    with serving(text_app(), threaded) as live:
        with live.connect() as client:
            for _ in range(3):
                client.send("GET / HTTP/1.0", "Connection: Keep-Alive")
                response = client.response()
                assert (response.version, response.value("Connection")) == ("1.0", "keep-alive")
            client.send("GET / HTTP/1.0", "Connection: keep-alive, close")
            assert client.response().value("Connection") in (None, "close")
            assert client.at_end()
        with live.connect() as client:
            client.send("GET / HTTP/1.0", "Proxy-Connection: keep-alive")
            assert client.response().body == b"hello"
            assert client.at_end()


@either
def test_head_on_a_kept_connection_sends_no_byte_too_many(threaded: bool) -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        status, *lengths = environ["QUERY_STRING"].split(",")
        start_response(f"{status} X", [("Content-Length", length) for length in lengths])
        return iter([b"a" * 100, b"b" * 100])

    with serving(app, threaded) as live, live.connect() as client:
        for query in ("200", "200,200", "404,10", "500,500", "204", "304", "304,5", "200,0"):
            assert client.get(f"/?{query}", method="HEAD").status == int(query[:3])
            assert client.get("/?200,200").body == b"a" * 100 + b"b" * 100
        assert client.hears_nothing()


# ---- ends in the middle


def reset(client: Client) -> None:
    """Close the connection with a reset, at once."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.__exit__()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


STAGES = [
    b"",
    b"P",
    b"POST / HTTP/1.1\r\nHo",
    HEAD + b"Content-Length: 10\r\n\r\n",
    HEAD + b"Content-Length: 10\r\n\r\nhalf",
    HEAD + CHUNKED + b"\r\n5\r\nhe",
    HEAD + CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX: ",
    HEAD + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
    HEAD + b"Content-Length: 4\r\n\r\nbodyGET / HT",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 20,
    b"BAD\r\n\r\n",
]


@either
@pytest.mark.parametrize("how", ["reset", "half-close", "close"])
@pytest.mark.parametrize("big", [False, True], ids=["small answers", "big answers"])
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
def test_clients_that_end_at_any_stage(threaded: bool, how: str, big: bool, capsys: pytest.CaptureFixture[str]) -> None:
    answer = b"x" * 3_000_000 if big else b"hello"

    def app(environ: Environ, start_response: Any) -> Any:
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [answer]

    with serving(app, threaded, timeout=20.0) as live:
        gc.collect()
        before = open_files()
        for stage in STAGES:
            for pause in (0.0, 0.01):
                client = live.connect()
                client.socket.sendall(stage)
                time.sleep(pause)
                if how == "reset":
                    reset(client)
                elif how == "close":
                    client.__exit__()
                else:
                    client.socket.shutdown(socket.SHUT_WR)
                    raw = client.file.read()
                    whole = stage.count(b"GET / HTTP/1.1\r\n") + (b"4\r\n\r\nbody" in stage)
                    assert raw.count(b"HTTP/1.1 200 OK\r\n") == whole
                    client.__exit__()
        with live.connect() as client:
            client.send("GET / HTTP/1.1", "Host: h", "Connection: close")
            assert client.response().body == answer
        wait_until(lambda: open_files() <= before, "the sockets to be closed")
        assert "Traceback" not in live.errors.getvalue()
    assert "Traceback" not in capsys.readouterr().err


@either
def test_half_close_is_no_farewell(threaded: bool) -> None:
    go = threading.Event()

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        go.wait(20)
        yield b"late,"
        yield environ["wsgi.input"].read()

    with serving(app, threaded) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 4", body=b"body")
        client.socket.shutdown(socket.SHUT_WR)
        go.set()
        assert client.response().body == b"late,body"
        assert client.at_end()


# ---- 100 (Continue), in every order


def ordered_app(environ: Environ, start_response: Any) -> Any:
    """Reads and answers in the order that the path tells."""
    stream = environ["wsgi.input"]
    order = environ["PATH_INFO"][1:]
    if order == "never":
        start_response("200 OK", [("Content-Length", "2")])
        return [b"no"]
    if order == "first":
        body = stream.read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    if order == "part":
        body = stream.read(1)
        start_response("200 OK", [("Content-Length", "1")])
        return [body]
    write = start_response("200 OK", [])
    write(b"early,")
    return [stream.read()]


EXPECTING = ("Host: h", "Expect: 100-continue")


@either
@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("sent_at_once", [True, False])
def test_expectations_in_every_order(threaded: bool, framing: str, sent_at_once: bool) -> None:
    body = b"hello" if "Length" in framing else CHUNKS
    with serving(ordered_app, threaded) as live:
        for order, answer in (("first", b"hello"), ("part", b"h"), ("never", b"no"), ("early", b"early,hello")):
            with live.connect() as client:
                client.send(f"POST /{order} HTTP/1.1", *EXPECTING, framing, body=body if sent_at_once else b"")
                if order in ("first", "part"):
                    interim = client.response()
                    assert (interim.status, interim.headers) == (100, [])
                    client.socket.sendall(b"" if sent_at_once else body)
                head = client.head()
                assert head.status == 200
                if order == "early" and not sent_at_once:
                    client.socket.sendall(body)
                if head.value("Content-Length"):
                    assert client.file.read(int(head.value("Content-Length") or 0)) == answer
                else:
                    assert b"".join(client.chunks()) == answer
                kept = head.value("Connection") != "close"
                # Who was never told to go on may send the body or not: nobody could tell what comes next.
                assert kept is (order in ("first", "part"))
                if kept:
                    assert client.get("/never").body == b"no"
                else:
                    client.socket.shutdown(socket.SHUT_WR)
                    assert client.at_end()


def test_an_expectation_without_a_body_is_none() -> None:
    with serving(ordered_app) as live, live.connect() as client:
        for fields in (("Content-Length: 0",), ()):
            client.send("POST /first HTTP/1.1", *EXPECTING, *fields)
            response = client.response()
            assert (response.status, response.value("Connection")) == (200, None)


# ---- answers before the body is there


@either
@pytest.mark.parametrize("size", [10, 200_000, 1_000_000])
def test_an_early_answer_to_a_body_that_is_sent_on(threaded: bool, size: int) -> None:
    with serving(text_app(status="413 No"), threaded) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", f"Content-Length: {size}")
        for _ in range(size // 10_000 or 1):
            try:
                client.socket.sendall(b"x" * min(size, 10_000))
            except ConnectionError:
                assert size > 262_144  # more than the server promises to drop
                break
        response = client.response()
        assert (response.status, response.body) == (413, b"hello")
        if response.value("Connection") == "close":
            assert size > 262_144
            assert client.at_end()
        else:
            assert client.get().status == 413


# ---- made by chance

WORDS = [
    *(b"\r", b"\n", b"\0", b" ", b"\t", b":", b"\r\n", b"\r\n ", b",", b"_", b"\x80", b"-", b"+", b'"', b";", b"#"),
    *(b"chunked", CHUNKED, b"Content-Length: 3\r\n", b"F" * 17, b"0\r\n\r\n", b"Host: x\r\n", b"%00"),
    b"Expect: 100-continue\r\n",
]
SEEDS = [
    b"GET /read HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"POST /not HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"HEAD /not HTTP/1.1\r\nHost: h\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
]


def mutated(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        place = chance.randrange(len(changed) + 1)
        kind = chance.random()
        if kind < 0.5:
            changed[place:place] = chance.choice(WORDS)
        elif kind < 0.8:
            del changed[place : place + chance.choice([1, 1, 2, 5])]
        else:
            other = chance.randrange(len(changed) + 1)
            changed[place:place] = changed[other : other + chance.choice([3, 10, 30])]
    return bytes(changed)


def exchange_of_chance(live: Live, chance: random.Random, calls: list[str]) -> None:
    data = b"".join(mutated(chance, chance.choice(SEEDS)) for _ in range(chance.choice([1, 2, 3])))
    calls.clear()
    raw = live.exchange(data, end=True)  # which fails when it is answered by a reset, or not at all
    rest = io.BytesIO(raw)
    finals = 0
    while line := rest.readline():
        match = re.fullmatch(rb"HTTP/1\.[01] (\d\d\d) [ -~]*\r\n", line)
        assert match, (data, raw)
        fields = []
        while (field := rest.readline()) != b"\r\n":
            assert field.endswith(b"\r\n"), (data, raw)
            fields.append(field.lower())
        if match[1] == b"100":
            continue
        finals += 1
        if finals <= len(calls) and calls[finals - 1] == "HEAD":
            continue
        length = [int(field[15:]) for field in fields if field.startswith(b"content-length:")]
        if finals > len(calls) and rest.tell() == len(raw):  # a refused HEAD: the last answer there is
            return
        if length:
            assert len(rest.read(length[0])) == length[0], (data, raw)
        elif b"transfer-encoding: chunked\r\n" in fields:
            while size := int(rest.readline(), 16):
                rest.read(size + 2)
            assert rest.readline() == b"\r\n"
    assert len(calls) <= finals, (data, raw)


def noting_methods(calls: list[str]) -> Any:
    def app(environ: Environ, start_response: Any) -> Any:
        calls.append(environ["REQUEST_METHOD"])
        if environ["PATH_INFO"] == "/read":
            environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"] if environ["PATH_INFO"] != "/not" else iter([b"ab", b"c"])

    return app


@either
@pytest.mark.parametrize("count", [400, pytest.param(5_000, marks=pytest.mark.slow)])
def test_requests_made_by_chance_are_answered_in_good_form(threaded: bool, count: int) -> None:
    calls: list[str] = []
    with serving(noting_methods(calls), threaded) as live:
        chance = random.Random(count)
        for _ in range(count):
            exchange_of_chance(live, chance, calls)
        assert "Traceback" not in live.errors.getvalue()
