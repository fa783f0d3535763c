"""simple_server over real sockets: what applications find in their environ."""

from __future__ import annotations

import ast
import re
import socket
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref import simple_server
from pytest_wsgiconform.wsgiref.simple_server import (
    ThreadingWSGIServer,
)
from tests.wsgiref.server_tools import (
    Client,
    Environ,
    either,
    environ_app,
    environ_of,
    serving,
    text_app,
)

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
