"""simple_server under attack: orders of events that clients must not, and may, choose; and requests made by chance."""

from __future__ import annotations

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

from tests.wsgiref.attack_tools import Environ, Noting, either
from tests.wsgiref.server_tools import Client, Live, serving, text_app, wait_until

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


def reset(client: Client) -> None:
    """Close the connection with a reset, at once."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.__exit__()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


HEAD = b"POST /outer HTTP/1.1\r\nHost: h\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
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


CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


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


SEEDS = [
    b"GET /read HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"POST /not HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"HEAD /not HTTP/1.1\r\nHost: h\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
]
WORDS = [
    *(b"\r", b"\n", b"\0", b" ", b"\t", b":", b"\r\n", b"\r\n ", b",", b"_", b"\x80", b"-", b"+", b'"', b";", b"#"),
    *(b"chunked", CHUNKED, b"Content-Length: 3\r\n", b"F" * 17, b"0\r\n\r\n", b"Host: x\r\n", b"%00"),
    b"Expect: 100-continue\r\n",
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
