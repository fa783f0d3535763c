"""simple_server over real sockets: request bodies, read and unread, and 100 (Continue)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.wsgiref.server_tools import (
    Client,
    Environ,
    either,
    environ_app,
    serving,
    text_app,
)

# ---- request bodies


def test_d31_rfc_unread_body() -> None:
    hidden = b"GET /evil HTTP/1.1\r\nHost: h\r\n\r\n"
    with serving(text_app()) as live, live.connect() as client:
        client.send("POST /1 HTTP/1.1", "Host: h", f"Content-Length: {len(hidden)}", body=hidden)
        client.send("GET /2 HTTP/1.1", "Host: h")
        assert [client.response().status for _ in range(2)] == [200, 200]
        client.send("POST /3 HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")
        assert client.response().status == 200
        assert client.get("/4").status == 200
    assert [line.split()[1] for line in live.log] == ["/1", "/2", "/3", "/4"]


def test_large_unread_body_closes_and_the_answer_arrives() -> None:
    with serving(text_app(status="403 Forbidden")) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 100000000")
        client.socket.sendall(b"x" * 100_000)
        response = client.response()
        assert (response.status, response.value("Connection")) == (403, "close")
        assert client.at_end()


def test_unread_body_that_does_not_come_closes() -> None:
    with serving(text_app(), drain_timeout=0.1) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 10", body=b"x")
        assert client.response().status == 200
        assert client.at_end()


def test_unread_faulty_chunks_close() -> None:
    with serving(text_app()) as live:
        chunked = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw = live.exchange(chunked + b"zz\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert raw.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize(
    ("body", "end", "status"),
    [(b"5\r\nhel", True, 400), (b"zz\r\n", False, 400), (b"6\r\nhello!\r\n", False, 413)],
)
def test_bodies_that_cannot_be_read_are_the_clients_fault(body: bytes, end: bool, status: int) -> None:
    with serving(environ_app, max_body_size=5) as live:
        raw = live.exchange(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body, end)
        assert raw.startswith(b"HTTP/1.1 %d " % status)
        assert b"\r\nConnection: close\r\n" in raw
        assert live.errors.getvalue().count("\n") == 1
        live.wait_for_log(str(status))


def test_declared_length_over_the_limit_is_413() -> None:
    with serving(environ_app, max_body_size=5) as live, live.connect() as client:
        assert client.get("/", "Content-Length: 5", method="POST", body=b"hello").status == 200
        assert client.get("/", "Content-Length: 6", method="POST", body=b"hello!").status == 413
        assert client.at_end()


def test_a_gibibyte_is_the_limit_unless_told_otherwise() -> None:
    size = 1 << 30
    unlimited = {"max_body_size": None}
    for length, changed, status in ((size, {}, 200), (size + 1, {}, 413), (size + 1, unlimited, 200)):
        with serving(text_app(), **changed) as live, live.connect() as client:
            assert client.get("/", f"Content-Length: {length}", method="POST").status == status
            assert client.at_end()


def test_slow_body_is_408() -> None:
    with serving(environ_app, timeout=0.2) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 10", body=b"half")
        assert client.response().status == 408
        assert client.at_end()


def drip(client: Client, data: bytes) -> None:
    """Send a byte now and then, until the server says something."""
    for number in range(len(data)):
        client.socket.sendall(data[number : number + 1])
        if not client.hears_nothing(0.02):
            return
    raise AssertionError("the server has put up with all of it")


@either
@pytest.mark.parametrize("framing", ["Content-Length: 2000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("reader", ["read", "readline"])
def test_body_of_a_byte_now_and_then_is_408(threaded: bool, framing: str, reader: str) -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        getattr(environ["wsgi.input"], reader)()
        raise AssertionError("read to the end")

    # Each byte comes well inside the time limit of a single read.
    with serving(app, threaded, timeout=20.0, transfer_grace=0.3) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", framing)
        if framing == "Transfer-Encoding: chunked":
            client.socket.sendall(b"7d0\r\n")
        drip(client, b"x" * 1999)
        assert client.response().status == 408
        assert client.at_end()


def test_chunk_extensions_and_trailers_that_drip_are_408() -> None:
    for start in (b"5;a=", b"0\r\nX: "):
        with serving(environ_app, transfer_grace=0.3) as live, live.connect() as client:
            client.send("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", body=start)
            drip(client, b"x" * 2000)
            assert client.response().status == 408


def test_head_of_a_byte_now_and_then_is_408() -> None:
    for start in (b"", b"GET /", b"GET / HTTP/1.1\r\nHost: "):
        with serving(environ_app, head_timeout=0.3) as live, live.connect() as client:
            client.socket.sendall(start)
            drip(client, b"x" * 2000)
            assert client.response().status == 408
            assert client.at_end()


def test_waiting_between_requests_is_not_charged_to_them() -> None:
    with serving(environ_app, transfer_grace=0.2) as live, live.connect() as client:
        for _ in range(3):
            assert client.hears_nothing(0.15)
            assert client.get("/", "Content-Length: 3", method="POST", body=b"abc").status == 200


def test_client_that_takes_a_little_now_and_then_is_given_up() -> None:
    closed = threading.Event()

    class Body:
        def __iter__(self) -> Any:
            while True:
                yield b"x" * 100_000

        def close(self) -> None:
            closed.set()

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body()

    # What it takes is not enough at this rate, however short a single wait is.
    limits = {"timeout": 20.0, "transfer_grace": 0.2, "min_transfer_rate": 1e12}
    with serving(app, **limits) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h")
        for _ in range(1000):
            client.socket.recv(65536)
            if closed.wait(0.01):
                break
        assert closed.is_set()
        live.wait_for_log("GET / HTTP/1.1")
        assert "too slow" in live.errors.getvalue()


def test_body_kept_for_later_cannot_reach_the_next_request() -> None:
    kept: list[Any] = []

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        late = kept[0].read() if kept else b""
        kept.append(environ["wsgi.input"])
        start_response("200 OK", [])
        return [late + environ["wsgi.input"].read()]

    with serving(app) as live, live.connect() as client:
        client.get("/", "Content-Length: 3", method="POST", body=b"one")
        assert client.get("/", "Content-Length: 3", method="POST", body=b"two").body == b"two"


# ---- 100 (Continue)


def reading_app(environ: Environ, start_response: Any) -> list[bytes]:
    data = b"".join(environ["wsgi.input"].read(1) for _ in range(6))
    start_response("200 OK", [])
    return [data]


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_http_expect_supported(framing: str) -> None:
    body = b"hello" if "Length" in framing else b"5\r\nhello\r\n0\r\n\r\n"
    with serving(reading_app) as live, live.connect() as client:
        for _ in range(2):
            client.send("POST / HTTP/1.1", "Host: h", framing, "Expect: 100-continue")
            interim = client.response()
            assert (interim.version, interim.status, interim.headers) == ("1.1", 100, [])
            assert client.hears_nothing()  # rfc-continue-once
            client.socket.sendall(body)
            response = client.response()
            assert (response.status, response.body, response.value("Connection")) == (200, b"hello", None)


def test_rfc_continue_unread_closes() -> None:
    with serving(text_app(status="403 No")) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 30", "Expect: 100-continue")
        response = client.response()
        assert (response.status, response.value("Connection")) == (403, "close")
        assert client.at_end()


def test_rfc_continue_not_10() -> None:
    with serving(reading_app) as live, live.connect() as client:
        client.send("POST / HTTP/1.0", "Content-Length: 5", "Expect: 100-continue", body=b"hello")
        assert client.response().status == 200


def test_no_100_after_the_final_head() -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"first,"
        yield environ["wsgi.input"].read()

    with serving(app) as live, live.connect() as client:
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 5", "Expect: 100-continue")
        head = client.head()
        assert head.status == 200
        client.socket.sendall(b"hello")
        assert b"".join(client.chunks()) == b"first,hello"
