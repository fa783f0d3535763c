"""simple_server: the documented names, and what subclasses in the field make of them."""

from __future__ import annotations

import ast
import io
import re
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref import simple_server
from pytest_wsgiconform.wsgiref.simple_server import (
    ServerHandler,
    ThreadingWSGIServer,
    WSGIRequestHandler,
    WSGIServer,
    demo_app,
    make_server,
)
from tests.wsgiref.server_tools import (
    Client,
    Environ,
    Silent,
    environ_app,
    environ_of,
    serving,
    text_app,
    wait_until,
)

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


def test_demo_app() -> None:
    started: list[Any] = []
    body = b"".join(demo_app({"b": "2", "a": 1}, lambda *arguments: started.append(arguments)))  # type: ignore[arg-type]
    assert started == [("200 OK", [("Content-Type", "text/plain; charset=utf-8")])]
    assert body == b"Hello world!\n\na = 1\nb = '2'\n"
    assert demo_app({"REQUEST_METHOD": "HEAD"}, lambda *arguments: started.append(arguments)) == []  # type: ignore[arg-type]
    assert started[1] == started[0]


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
