"""simple_server over real sockets: what applications are given, and what becomes of connections."""

from __future__ import annotations

import ast
import io
import re
import socket
import socketserver
import sys
import threading
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from server_tools import Client, Live, environ_app, serving, text_app, wait_until

from pytest_wsgiconform.wsgiref import simple_server
from pytest_wsgiconform.wsgiref.simple_server import (
    ServerHandler,
    ThreadingWSGIServer,
    WSGIRequestHandler,
    WSGIServer,
    demo_app,
    make_server,
)

Environ = dict[str, Any]
either = pytest.mark.parametrize("threaded", [True, False], ids=["threading", "single"])


def environ_of(live: Live, *lines: str, body: bytes = b"") -> tuple[Environ, bytes]:
    with live.connect() as client:
        client.send(*lines, body=body)
        response = client.response()
        assert response.status == 200, response
        values, read = ast.literal_eval(response.body.decode("ascii"))
        return values, read


# ---- the documented names


def test_documented_classes() -> None:
    assert issubclass(WSGIServer, HTTPServer)
    assert issubclass(WSGIRequestHandler, BaseHTTPRequestHandler)
    assert issubclass(ThreadingWSGIServer, (WSGIServer, socketserver.ThreadingMixIn))
    assert simple_server.software_version == f"{simple_server.server_version} {simple_server.sys_version}"


def test_make_server_returns_the_classes_it_is_given() -> None:
    class Server(WSGIServer):
        pass

    class Handler(WSGIRequestHandler):
        pass

    with make_server("127.0.0.1", 0, demo_app, Server, Handler) as server:
        assert type(server) is Server
        assert server.RequestHandlerClass is Handler
        assert server.get_app() is demo_app
        other = text_app()
        server.set_app(other)
        assert server.get_app() is other
        assert server.server_port == server.server_address[1] != 0
        assert server.base_environ["SERVER_PORT"] == str(server.server_port)


def test_handle_request_serves_one_request_and_returns() -> None:
    with make_server("127.0.0.1", 0, text_app(), handler_class=Silent) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with Client(server.server_address) as client:
            response = client.get()
            assert response.body == b"hello"
            assert response.value("Connection") == "close"
            assert client.at_end()
        thread.join(20)
        assert not thread.is_alive()


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_demo_app() -> None:
    started: list[Any] = []
    body = b"".join(demo_app({"b": "2", "a": 1}, lambda *arguments: started.append(arguments)))  # type: ignore[arg-type]
    assert started == [("200 OK", [("Content-Type", "text/plain; charset=utf-8")])]
    assert body == b"Hello world!\n\na = 1\nb = '2'\n"


# ---- environ


@either
def test_d39_d40_d41_d45_d51_environ_of_a_plain_request(threaded: bool) -> None:
    with serving(environ_app, threaded) as live:
        environ, body = environ_of(live, "GET /a%20b?c=%20d HTTP/1.1", "Host: example.com", "X-One:  1 ")
        port = str(live.server.server_port)
    assert body == b""
    assert environ.pop("REMOTE_PORT").isdigit()
    assert environ == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "c=%20d",
        "REQUEST_URI": "/a%20b?c=%20d",  # D45
        "RAW_URI": "/a%20b?c=%20d",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": simple_server.software_version,  # D41
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "127.0.0.1",  # D40: no REMOTE_HOST; D39: no CONTENT_TYPE, no CONTENT_LENGTH
        "HTTP_HOST": "example.com",
        "HTTP_X_ONE": "1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": threaded,  # D51
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def test_environ_of_http10_without_host() -> None:
    with serving(environ_app) as live:
        environ, _ = environ_of(live, "GET / HTTP/1.0")
        assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"
        assert environ["SERVER_NAME"] == "127.0.0.1"
        assert environ["SERVER_PORT"] == str(live.server.server_port)
        assert "HTTP_HOST" not in environ


@pytest.mark.parametrize("number", [0, 1, 70_000])
def test_environ_of_a_body(number: int) -> None:
    sent = bytes(range(256)) * (number // 256) + b"x" * (number % 256)
    with serving(environ_app) as live:
        environ, body = environ_of(
            live, "POST / HTTP/1.1", "Host: h", f"Content-Length: {number}", "Content-Type: a/b; c=d", body=sent
        )
    assert body == sent
    assert environ["CONTENT_LENGTH"] == str(number)
    assert environ["CONTENT_TYPE"] == "a/b; c=d"
    assert not {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"} & environ.keys()


def test_d32_chunked_body_is_decoded() -> None:
    with serving(environ_app) as live:
        environ, body = environ_of(
            live,
            "POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked",
            body=b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nHost: evil\r\nX-New: 1\r\n\r\n",
        )  # fmt: skip
    assert body == b"hello world"
    assert environ["HTTP_HOST"] == "h"
    assert not {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_X_NEW"} & environ.keys()
    assert environ["wsgi.input_terminated"] is True


def test_env_fresh_per_request() -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        assert type(environ) is dict
        seen.append(environ)
        keys = set(environ)
        environ.clear()
        environ["planted"] = True
        start_response("200 OK", [])
        return [repr("planted" in keys).encode()]

    with serving(app) as live, live.connect() as client:
        assert [client.get().body for _ in range(3)] == [b"False"] * 3
        assert len({id(environ) for environ in seen}) == 3
        assert "planted" not in live.server.base_environ


def test_config_deployer_vars_come_from_base_environ() -> None:
    with serving(environ_app) as live:
        live.server.base_environ["myapp.setting"] = "value"
        assert environ_of(live, "GET / HTTP/1.0")[0]["myapp.setting"] == "value"


def test_d28_requests_show_nothing_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_X_SECRET", "leak")
    with serving(environ_app) as live:
        assert "leak" not in environ_of(live, "GET / HTTP/1.0")[0].values()


def test_d46_d47_d49_bad_requests_never_reach_the_application() -> None:
    called: list[Environ] = []

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        called.append(environ)
        start_response("200 OK", [])
        return []

    with serving(app) as live:
        for request in (
            b"GET /\r\n\r\n",
            b"g(t / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\nHost: h\n\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ):
            raw = live.exchange(request + b"GET /second HTTP/1.1\r\nHost: h\r\n\r\n")
            assert re.match(rb"HTTP/1\.[01] 400 Bad Request\r\n", raw), raw
            assert b"Connection: close\r\n" in raw
            assert len(re.findall(rb"(?m)^HTTP/1\.", raw)) == 1  # rfc-error-closes
    assert called == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n", 417),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 140_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
    ],
)
def test_statuses_of_refusals(request_: bytes, status: int) -> None:
    with serving(text_app()) as live:
        raw = live.exchange(request_)
        assert re.match(rb"HTTP/1\.[01] %d " % status, raw), raw[:100]
        live.wait_for_log(str(status))


# ---- names and addresses


def test_d53_ipv6() -> None:
    try:
        with serving(environ_app, host="::1") as live:
            environ, _ = environ_of(live, "GET / HTTP/1.0")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert environ["SERVER_NAME"] == "[::1]"
    assert environ["REMOTE_ADDR"] == "::1"


@pytest.mark.parametrize("host", ["", "0.0.0.0"])
def test_wildcard_server_name_is_the_address_that_was_used(host: str) -> None:
    with serving(environ_app, host=host) as live:
        with Client(("127.0.0.1", live.server.server_port)) as client:
            client.send("GET / HTTP/1.0")
            environ, _ = ast.literal_eval(client.response().body.decode())
        assert environ["SERVER_NAME"] == "127.0.0.1"
        assert live.server.base_environ["SERVER_NAME"] == "localhost"


def test_d55_names_are_never_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> str:
        raise AssertionError("resolved a name")

    monkeypatch.setattr(socket, "getfqdn", fail)
    monkeypatch.setattr(socket, "gethostbyaddr", fail)
    with serving(text_app()) as live, live.connect() as client:
        assert client.get().status == 200


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_d54_unix_socket(tmp_path: Any) -> None:
    class Server(ThreadingWSGIServer):
        def __init__(self, address: object, handler: Any) -> None:
            super().__init__(str(tmp_path / "socket"), handler)

    with serving(environ_app, server_class=Server) as live:
        environ, _ = environ_of(live, "GET / HTTP/1.1", "Host: h")
        assert environ["SERVER_NAME"] == "localhost"
        assert environ["SERVER_PORT"] == "80"
        assert environ["REMOTE_ADDR"] == ""
        live.wait_for_log("GET / HTTP/1.1")


# ---- persistent connections


@either
def test_d48_rfc_persist_default(threaded: bool) -> None:
    with serving(environ_app, threaded) as live, live.connect() as client:
        for number in range(5):
            response = client.get(f"/{number}")
            assert (response.version, response.value("Connection")) == ("1.1", None)
            assert f"'/{number}'".encode() in response.body


@either
def test_rfc_persist_close(threaded: bool) -> None:
    with serving(text_app(), threaded) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h", "Connection: close")
        client.send("GET / HTTP/1.1", "Host: h")
        assert client.response().value("Connection") == "close"
        assert client.at_end()


def test_rfc_persist_10() -> None:
    with serving(text_app()) as live:
        with live.connect() as client:
            client.send("GET / HTTP/1.0")
            response = client.response()
            assert (response.version, response.value("Connection")) == ("1.0", None)
            assert client.at_end()
        with live.connect() as client:
            for _ in range(2):
                client.send("GET / HTTP/1.0", "Connection: keep-alive")
                response = client.response()
                assert (response.value("Connection"), response.value("Content-Length")) == ("keep-alive", "5")


def test_http10_stream_ends_with_the_connection() -> None:
    with serving(lambda environ, start: start("200 OK", []) and iter([b"a", b"b"])) as live, live.connect() as client:
        client.send("GET / HTTP/1.0", "Connection: keep-alive")
        response = client.response()
        assert (response.body, response.values("Transfer-Encoding"), response.value("Connection")) == (
            b"ab", [], "close",
        )  # fmt: skip


@either
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_rfc_pipeline_order(threaded: bool, size: int) -> None:
    requests = b"".join(
        b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\nGET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
        % (n, n + 1)
        for n in range(0, 6, 2)
    )
    with serving(environ_app, threaded) as live, live.connect() as client:
        for start in range(0, len(requests), size):
            client.socket.sendall(requests[start : start + size])
        paths = [ast.literal_eval(client.response().body.decode())[0]["PATH_INFO"] for _ in range(6)]
    assert paths == [f"/{number}" for number in range(6)]


def test_d50_silent_and_idle_connections_stop_nobody_in_the_single_threaded_server() -> None:
    with serving(text_app(), threaded=False) as live:
        silent = [live.connect() for _ in range(3)]
        idle = live.connect()
        assert idle.get().status == 200
        with live.connect() as client:
            assert client.get().status == 200
        assert idle.get().status == 200  # and it was kept all the while
        assert silent[1].get().status == 200
        for client in (*silent, idle):
            client.__exit__()


def test_parked_connections_are_dropped_when_their_time_is_up() -> None:
    class Impatient(WSGIServer):
        idle_timeout = 0.05

    with serving(text_app(), server_class=Impatient) as live:
        live.server._next_sweep = 0.0
        with live.connect() as client:
            assert client.at_end()


def test_a_single_threaded_server_keeps_so_many_silent_connections() -> None:
    class Few(WSGIServer):
        max_idle = 3

    with serving(text_app(), server_class=Few) as live:
        clients = []
        for number in range(5):
            clients.append(live.connect())
            assert clients[-1].get().status == 200
            wait_until(lambda: len(live.server._parked) == min(3, number + 1))  # noqa: B023
        assert [client.at_end() for client in clients[:2]] == [True, True]  # silent for longer than the others
        assert [client.get().status for client in clients[2:]] == [200] * 3
        for client in clients:
            client.__exit__()


WITHOUT_ROOM = """
import os, resource, socket, sys, threading, time
from pytest_wsgiconform.wsgiref import simple_server

class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

kind = getattr(simple_server, sys.argv[1])
server = simple_server.make_server("127.0.0.1", 0, app, kind, Handler)
clients = [socket.socket() for _ in range(40)]
resource.setrlimit(resource.RLIMIT_NOFILE, (clients[-1].fileno() + 15, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
served = 0
for client in clients:
    client.settimeout(20)
    client.connect(server.server_address)
    client.sendall(b"GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
    served += client.recv(65536).endswith(b"hello")
before = time.process_time()
time.sleep(0.5)
print(served, time.process_time() - before < 0.4, flush=True)
os._exit(0)
"""


@either
def test_a_process_that_may_open_no_more_files_makes_room_and_does_not_spin(threaded: bool) -> None:
    pytest.importorskip("resource")
    import subprocess

    command = [sys.executable, "-c", WITHOUT_ROOM, "ThreadingWSGIServer" if threaded else "WSGIServer"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("40 True\n", "")


@either
def test_idle_connections_end_in_silence(threaded: bool) -> None:
    class Impatient(WSGIServer):
        idle_timeout = 0.1

    server_class = ThreadingWSGIServer if threaded else Impatient
    with serving(text_app(), server_class=server_class, timeout=0.1) as live, live.connect() as client:
        assert client.get().status == 200
        assert client.at_end()
        assert len(live.log) == 1


def test_slow_head_is_answered_408() -> None:
    with serving(text_app(), head_timeout=0.2) as live, live.connect() as client:
        client.socket.sendall(b"GET / HTTP/1.1\r\n")
        assert client.response().status == 408
        assert client.at_end()


def test_slow_clients_do_not_stop_others() -> None:
    with serving(text_app()) as live, live.connect() as slow, live.connect() as client:
        for byte in b"GET / HTTP/1.1\r\nHo":
            slow.socket.sendall(bytes([byte]))
            assert client.get().status == 200
        slow.socket.sendall(b"st: h\r\n\r\n")
        assert slow.response().status == 200


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


# ---- responses


@either
@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_d05_d06_bodyless_statuses(threaded: bool, status: str) -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response(status, [("Content-Length", "4")] if status[0] == "2" else [])
        return iter([b"data"])

    with serving(app, threaded) as live, live.connect() as client:
        for _ in range(2):
            response = client.get()
            assert response.status == int(status[:3])
            assert response.values("Content-Length") == response.values("Transfer-Encoding") == []
        assert client.hears_nothing()


@either
def test_d06_d07_head(threaded: bool) -> None:
    with serving(text_app(), threaded) as live, live.connect() as client:
        got, head = client.get(), client.get(method="HEAD")
        assert [pair for pair in got.headers if pair[0] != "Date"] == [
            pair for pair in head.headers if pair[0] != "Date"
        ]
        assert client.hears_nothing()
    with serving(lambda environ, start: start("200 OK", []) and []) as live, live.connect() as client:
        assert client.get(method="HEAD").values("Content-Length") == []
        assert client.get().value("Content-Length") == "0"


def test_d10_streams_are_chunked_for_11() -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])(b"written,")
        return iter([b"", b"a", b"", bytes(range(256)), b""])

    with serving(app) as live, live.connect() as client:
        for _ in range(2):
            response = client.get()
            assert response.body == b"written,a" + bytes(range(256))
            assert (response.value("Transfer-Encoding"), response.value("Connection")) == ("chunked", None)


def test_d08_length_is_enforced() -> None:
    blocks = [b"hello", b" world"]

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", environ["PATH_INFO"][1:])])
        return blocks

    with serving(app) as live:
        with live.connect() as client:
            assert client.get("/5").body == b"hello"
        with live.connect() as client:
            assert client.get("/11").body == b"hello world"
            client.send("GET /20 HTTP/1.1", "Host: h")
            client.send("GET /11 HTTP/1.1", "Host: h")
            assert client.head().value("Content-Length") == "20"
            assert client.file.read() == b"hello world"  # and the connection's end
        live.wait_for_log("shorter")


@pytest.mark.parametrize("chunk", [b"", b"one"])
def test_app_failures_are_visible(chunk: bytes) -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield chunk
        raise RuntimeError("deliberate")

    with serving(app) as live:
        last = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        raw = live.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + last)
        if chunk:  # rfc-abort-visible: no last chunk
            assert raw.endswith(b"\r\n\r\n3\r\none\r\n")
            assert raw.count(b"HTTP/1.1") == 1
        else:
            assert raw.count(b"HTTP/1.1 500 ") == 2
        assert "RuntimeError: deliberate" in live.errors.getvalue()
        live.wait_for_log("200" if chunk else "500")  # D17
        with live.connect() as client:
            client.send("GET / HTTP/1.1", "Host: h")
            assert client.head().status == (200 if chunk else 500)


def test_connection_is_kept_after_an_error_page() -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        raise RuntimeError("deliberate")

    with serving(app) as live, live.connect() as client:
        assert [client.get().status for _ in range(3)] == [500, 500, 500]


def test_server_and_date_fields() -> None:
    with serving(text_app()) as live, live.connect() as client:
        response = client.get()
        assert response.value("Server") == simple_server.software_version
        date = response.value("Date") or ""
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)
        assert parsedate_to_datetime(date).year >= 2024


def test_d41_server_software_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(environ_app, server_version="Mine/1", sys_version="") as live:
        with live.connect() as client:
            assert (client.get().value("Server") or "").strip() == "Mine/1"
        assert environ_of(live, "GET / HTTP/1.0")[0]["SERVER_SOFTWARE"].strip() == "Mine/1"
    monkeypatch.setattr(ServerHandler, "server_software", "Patched/2")
    with serving(environ_app) as live:
        with live.connect() as client:
            assert client.get().value("Server") == "Patched/2"
        assert environ_of(live, "GET / HTTP/1.0")[0]["SERVER_SOFTWARE"] == "Patched/2"


def test_body_send_before_next_and_start_no_transmit() -> None:
    steps: list[str] = []
    go = threading.Semaphore(0)

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        go.acquire()
        yield b""
        go.acquire()
        for number in range(3):
            steps.append(f"made {number}")
            yield b"%d" % number
            go.acquire()

    with serving(app) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h")
        assert client.hears_nothing()
        go.release()
        assert client.hears_nothing()
        go.release()
        client.head()
        chunks = client.chunks()
        for number in range(3):
            assert next(chunks) == b"%d" % number
            assert len(steps) == number + 1
            go.release()
        assert list(chunks) == []


def test_close_called_on_disconnect() -> None:
    closed = threading.Event()

    class Body:
        def __iter__(self) -> Any:
            while True:
                yield b"x" * 65536

        def close(self) -> None:
            closed.set()

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body()

    with serving(app) as live:
        with live.connect() as client:
            client.send("GET / HTTP/1.1", "Host: h")
            client.socket.recv(1000)
        assert closed.wait(20)
        live.wait_for_log("GET / HTTP/1.1")  # D17
        assert "Traceback" not in live.errors.getvalue()  # D15
        with live.connect() as client:
            client.send("GET / HTTP/1.1", "Host: h")
            assert client.head().status == 200


def test_client_that_does_not_read_is_given_up() -> None:
    closed = threading.Event()

    class Body:
        def __iter__(self) -> Any:
            while True:
                yield b"x" * 1_000_000

        def close(self) -> None:
            closed.set()

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body()

    with serving(app, timeout=0.2) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h")
        assert closed.wait(20)
        wait_until(lambda: live.errors.getvalue() or live.log)
        assert "Traceback" not in live.errors.getvalue()


# ---- files


def file_app(path: Any, length: int | None = None, start: int = 0) -> Any:
    def app(environ: Environ, start_response: Any) -> Any:
        file = open(path, "rb")  # noqa: SIM115
        result = environ["wsgi.file_wrapper"](file)
        file.seek(start)
        files.append(file)
        start_response("200 OK", [] if length is None else [("Content-Length", str(length))])
        return result

    files: list[Any] = []
    app.files = files  # type: ignore[attr-defined]
    return app


@either
@pytest.mark.parametrize(("length", "start"), [(None, 0), (None, 1000), (10, 5), (300_000, 0)])
def test_d25_files_are_sent_by_the_system(tmp_path: Any, threaded: bool, length: int | None, start: int) -> None:
    content = bytes(range(256)) * 4000
    path = tmp_path / "file"
    path.write_bytes(content)
    expected = content[start:] if length is None else content[start : start + length]
    app = file_app(path, length, start)
    with serving(app, threaded) as live, live.connect() as client:
        for _ in range(2):
            response = client.get()
            assert response.body == expected
            assert response.value("Content-Length") == str(len(expected))
        assert client.get(method="HEAD").body == b""
        client.send("GET / HTTP/1.0")
        assert client.response().body == expected
        live.wait_for_log("HTTP/1.0")
        assert live.log[0].endswith(f"200 {len(expected)}")
    assert all(file.closed for file in app.files)


def test_file_shorter_than_its_length_ends_the_connection(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with serving(file_app(path, 10)) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h")
        client.head()
        assert client.file.read() == b"12345"
        live.wait_for_log("shorter")


def test_empty_files_and_other_objects_fall_back_to_iteration(tmp_path: Any) -> None:
    class OnlyRead:
        def __init__(self) -> None:
            self.read = io.BytesIO(b"only read").read

    class BadFileno(io.BytesIO):
        def fileno(self) -> int:
            raise OSError

    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [])
        kinds: dict[str, Any] = {
            "/empty": path.open,
            "/bytes": lambda mode: io.BytesIO(b"bytes"),
            "/read": lambda mode: OnlyRead(),
            "/bad": lambda mode: BadFileno(b"bad"),
        }
        wanted = kinds[environ["PATH_INFO"]]("rb")
        return environ["wsgi.file_wrapper"](wanted)

    path = tmp_path / "file"
    path.write_bytes(b"")
    with serving(app) as live, live.connect() as client:
        bodies = [client.get(name).body for name in ("/empty", "/bytes", "/read", "/bad")]
        assert bodies == [b"", b"bytes", b"only read", b"bad"]
    assert live.errors.getvalue() == ""


def test_file_without_start_response_is_an_error(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    def app(environ: Environ, start_response: Any) -> Any:
        return environ["wsgi.file_wrapper"](open(path, "rb"))

    with serving(app) as live, live.connect() as client:
        assert client.get().status == 500


def test_client_that_leaves_a_file(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 50_000_000)
    app = file_app(path)
    with serving(app) as live:
        with live.connect() as client:
            client.send("GET / HTTP/1.1", "Host: h")
            client.socket.recv(1000)
        wait_until(lambda: app.files and app.files[0].closed)
        assert "Traceback" not in live.errors.getvalue()


# ---- the end


@either
def test_shutdown_finishes_the_running_request(threaded: bool) -> None:
    started, go = threading.Event(), threading.Event()

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        started.set()
        go.wait(20)
        return [b"done"]

    with serving(app, threaded) as live, live.connect() as idle, live.connect() as client:
        wait_until(lambda: live.server._parked or live.server._waiting, "the idle connection to be accepted")
        client.send("GET / HTTP/1.1", "Host: h")
        assert started.wait(20)
        ender = threading.Thread(target=lambda: (live.server.shutdown(), live.server.server_close()))
        ender.start()
        wait_until(lambda: live.server._shutdown_asked or live.server.closing)
        go.set()
        response = client.response()
        assert (response.body, response.value("Connection")) == (b"done", "close")
        assert client.at_end()
        assert idle.at_end()
        ender.join(20)
        assert not ender.is_alive()


def test_shutdown_timeout_bounds_the_wait() -> None:
    go = threading.Event()
    started = threading.Event()

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        started.set()
        go.wait(20)
        start_response("200 OK", [])
        return []

    class Hurried(ThreadingWSGIServer):
        shutdown_timeout = 0.05

    with serving(app, server_class=Hurried) as live, live.connect() as client:
        client.send("GET / HTTP/1.1", "Host: h")
        assert started.wait(20)
        live.server.shutdown()
        live.server.server_close()
        assert not go.is_set()
        go.set()
        assert client.response().status == 200


def test_d57_shutdown_from_the_request_and_before_serving() -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        server.shutdown()
        start_response("200 OK", [])
        return [b"bye"]

    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        server.shutdown()
        server.serve_forever()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with Client(server.server_address) as client:
            assert client.get().body == b"bye"
        thread.join(20)
        assert not thread.is_alive()


def test_d18_keyboard_interrupt_stops_the_single_threaded_server() -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        raise KeyboardInterrupt

    caught: list[BaseException] = []

    def serve() -> None:
        try:
            server.serve_forever()
        except KeyboardInterrupt as error:
            caught.append(error)

    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        for late in (False, True):
            if late:
                thread = threading.Thread(target=serve)
                thread.start()
            with Client(server.server_address) as client:
                if late:  # a parked connection that speaks is served by another way than a new one
                    assert client.hears_nothing()
                client.send("GET / HTTP/1.1", "Host: h")
                assert client.at_end()
            thread.join(20)
    assert len(caught) == 2


# ---- customising, as subclasses in the field do


def test_get_environ_is_for_overriding_and_headers_can_be_changed() -> None:
    class Handler(WSGIRequestHandler):
        def get_environ(self) -> Any:
            assert self.headers["x-real"] == "1"
            del self.headers["X-Gone"]
            self.headers["X-Added"] = "2"
            environ = super().get_environ()
            environ["custom"] = self.path
            return environ

    with serving(environ_app, handler_class=Handler) as live:
        fields = ("Host: h", "X-Real: 1", "X-Gone: 1", "Cookie: a=1", "Cookie: b=2", "Transfer-Encoding: chunked")
        environ, body = environ_of(live, "GET /p?q HTTP/1.1", *fields, body=b"1\r\nx\r\n0\r\n\r\n")
    assert body == b"x"
    assert environ["custom"] == "/p?q"
    assert environ["HTTP_X_ADDED"] == "2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert not {"HTTP_X_GONE", "HTTP_TRANSFER_ENCODING"} & environ.keys()


def test_headers_can_be_replaced_and_are_empty_before_a_request() -> None:
    handler = WSGIRequestHandler.__new__(WSGIRequestHandler)
    assert handler.headers.keys() == []
    from http.client import HTTPMessage

    message = HTTPMessage()
    handler.headers = message
    assert handler.headers is message
    with pytest.raises(RuntimeError, match="parse_request"):
        handler.get_environ()


def test_d52_server_handler_class_is_an_attribute() -> None:
    class Handler(ServerHandler):
        error_body = b"custom"

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        raise RuntimeError

    with serving(app, server_handler_class=Handler) as live, live.connect() as client:
        assert client.get().body == b"custom"


def test_server_handler_without_a_request_handler() -> None:
    output = io.BytesIO()
    handler = ServerHandler(io.BytesIO(), output, io.StringIO(), {"SERVER_PROTOCOL": "HTTP/1.1"})
    handler.run(text_app())
    assert b"Connection" not in output.getvalue()
    assert output.getvalue().endswith(b"\r\n\r\nhello")


def test_threading_mixin_and_a_plain_handle_loop() -> None:
    """The way frameworks' development servers are built: their own mix-in, loop and handler."""

    class Server(socketserver.ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            self.close_connection = True
            self.one()
            while not self.close_connection:
                self.one()

        def one(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.parse_request():
                return
            handler = ServerHandler(self.rfile, self.wfile, self.get_stderr(), self.get_environ())
            handler.http_version = "1.1"
            handler.request_handler = self
            handler.run(self.server.get_app())

    with serving(environ_app, server_class=Server, handler_class=Handler) as live:
        with live.connect() as client:
            for _ in range(2):
                for body, framing in (
                    (b"abc", "Content-Length: 3"),
                    (b"3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
                ):
                    response = client.get("/", framing, method="POST", body=body)
                    environ, read = ast.literal_eval(response.body.decode())
                    assert read == b"abc"
                    assert environ["wsgi.multithread"] is True
        assert live.exchange(b"BAD\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert live.exchange(b"", end=True) == b""


@pytest.mark.skipif(not hasattr(socketserver, "ForkingMixIn"), reason="needs fork")
def test_forking_mixin_says_multiprocess() -> None:
    class Server(socketserver.ForkingMixIn, WSGIServer):
        pass

    with make_server("127.0.0.1", 0, environ_app, Server, Silent) as server:
        assert (server.multithread, server.multiprocess, server.runs_in_parallel) == (False, True, True)


def test_d56_logging_is_http_servers_and_errors_of_connections_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with make_server("127.0.0.1", 0, text_app()) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with Client(server.server_address) as client:
            client.get("/logged")
            client.at_end()
        thread.join(20)
        assert re.fullmatch(r'127\.0\.0\.1 - - \[.*\] "GET /logged HTTP/1\.1" 200 5\n', capsys.readouterr().err)
        for error in (ConnectionResetError(), TimeoutError(), RuntimeError("bug")):
            try:
                raise error
            except Exception:
                server.handle_error(None, ("127.0.0.1", 1))
            err = capsys.readouterr().err
            assert ("Traceback" in err) is isinstance(error, RuntimeError)
            assert isinstance(error, RuntimeError) or err.count("\n") == 1


def test_errors_in_a_handler_of_a_parked_connection_do_not_end_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    class Handler(WSGIRequestHandler):
        def get_environ(self) -> Any:
            raise RuntimeError("deliberate")

    with serving(text_app(), threaded=False, handler_class=Handler) as live:
        for _ in range(2):
            with live.connect() as client:
                assert client.hears_nothing()
                client.send("GET / HTTP/1.1", "Host: h")
                assert client.at_end()
    assert capsys.readouterr().err.count("RuntimeError: deliberate") == 2


def test_thread_names_and_counts_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_wsgiconform.wsgiref import _serving

    monkeypatch.setattr(_serving, "_IDLE_WORKER_SECONDS", 0.05)
    before = threading.active_count()
    with serving(text_app()) as live:
        clients = [live.connect() for _ in range(5)]
        assert {client.get().status for client in clients} == {200}
        assert threading.active_count() >= before + 6
        for client in clients:
            client.__exit__()
        wait_until(lambda: threading.active_count() == before + 1, "idle workers to go")
        with live.connect() as client:
            assert client.get().status == 200
    wait_until(lambda: threading.active_count() == before)


def test_workers_are_used_again() -> None:
    threads: set[int] = set()

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        threads.add(threading.get_ident())
        start_response("200 OK", [])
        return []

    with serving(app) as live:
        for _ in range(5):
            with live.connect() as client:
                client.send("GET / HTTP/1.1", "Host: h", "Connection: close")
                client.response()
            wait_until(lambda: live.server._idle_workers == 1)  # type: ignore[attr-defined]
    assert len(threads) == 1


def test_env_multithread_truth_requests_overlap() -> None:
    barrier = threading.Barrier(3, timeout=20)

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        barrier.wait()
        start_response("200 OK", [])
        return []

    with serving(app) as live:
        clients = [live.connect() for _ in range(3)]
        for client in clients:
            client.send("GET / HTTP/1.1", "Host: h")
        assert [client.response().status for client in clients] == [200] * 3
        for client in clients:
            client.__exit__()


def test_python_o_changes_nothing() -> None:
    import subprocess

    program = (
        "import io; from pytest_wsgiconform.wsgiref._request import *\n"
        "try: parse_head(b'GET / HTTP/1.1\\r\\nHost: h\\r\\nA : b\\r\\n\\r\\n')\n"
        "except RequestRejected as error: print(error.status)"
    )
    output = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True).stdout
    assert output == "400\n"


def test_head_answered_without_an_end_keeps_the_connection() -> None:
    """Handlers in the field send the head of an answer to HEAD and leave it at that."""

    class Handler(ServerHandler):
        def finish_response(self) -> None:
            if self.environ["REQUEST_METHOD"] == "HEAD":
                self.send_headers()
                self.close()
            else:
                super().finish_response()

    with serving(text_app(), server_handler_class=Handler) as live, live.connect() as client:
        assert [client.get(method=method).status for method in ("HEAD", "GET", "HEAD")] == [200, 200, 200]


def test_refused_head_requests_get_no_content() -> None:
    with serving(text_app()) as live:
        raw = live.exchange(b"HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n")
        assert raw.startswith(b"HTTP/1.1 400 ")
        assert raw.endswith(b"\r\n\r\n")


def test_more_clients_than_threads() -> None:
    class Few(ThreadingWSGIServer):
        max_threads = 2

    gate = threading.Semaphore(0)
    entered: list[Environ] = []

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/wait":
            entered.append(environ)
            gate.acquire()
        start_response("200 OK", [])
        return []

    with serving(app, server_class=Few) as live:
        clients = [live.connect() for _ in range(2)]
        for number, client in enumerate(clients, 1):
            assert client.get().status == 200
            wait_until(lambda: list(live.server._waiting.values()).count(True) == number)  # noqa: B023
        with live.connect() as third:  # the one that is idle for longer has to go
            assert third.get().status == 200
            assert clients[0].at_end()
            clients[1].send("GET /wait HTTP/1.1", "Host: h")
            third.send("GET /wait HTTP/1.1", "Host: h")
            wait_until(lambda: len(entered) == 2)
            with live.connect() as fourth:  # nobody is idle: it waits for its turn
                fourth.send("GET / HTTP/1.1", "Host: h")
                assert fourth.hears_nothing()
                gate.release(2)
                third.response()
                third.socket.shutdown(socket.SHUT_WR)
                assert fourth.response().status == 200
        for client in clients:
            client.__exit__()


def test_clients_in_the_queue_are_let_go_at_the_end() -> None:
    class One(ThreadingWSGIServer):
        max_threads = 1
        shutdown_timeout = 0.05

    started, go = threading.Event(), threading.Event()

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        started.set()
        go.wait(20)
        start_response("200 OK", [])
        return []

    with serving(app, server_class=One) as live, live.connect() as client, live.connect() as queued:
        wait_until(lambda: live.server._backlog)  # type: ignore[attr-defined]
        client.send("GET / HTTP/1.1", "Host: h")  # it was silent so far, and yet keeps its turn
        assert started.wait(20)
        live.server.shutdown()
        live.server.server_close()
        assert queued.at_end()
        go.set()
        assert client.response().status == 200
