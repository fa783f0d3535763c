"""The known defects of the standard simple_server in what it makes of requests, one by one: d30 to d47, d49."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.wsgiref.both_servers import read_all, seen_environ, served
from tests.wsgiref.handler_tools import defect

HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n"


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    data = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"[%b]" % data]


def environ_for(package: Any, request: bytes, **options: Any) -> dict[str, Any]:
    """What an application finds in its environ when the server receives this request."""
    seen: dict[str, Any] = {}
    with served(package, seen_environ(seen), **options) as server:
        assert server.status(request) == 200
    return seen


def statuses(package: Any, *requests: bytes) -> list[int]:
    with served(package, seen_environ({})) as server:
        return [server.status(request) for request in requests]


@defect
def test_d30_wsgi_input_ends_with_the_body(package: Any) -> None:
    with served(package, echo) as server:
        for request, body in [
            (HEAD + b"\r\n", b"[]"),
            (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", b"[abc]"),
        ]:
            with server.connection() as connection:  # left open, as a client does that waits for the answer
                connection.sendall(request)
                answer = b""
                while not answer.endswith(body):
                    part = connection.recv(65536)
                    assert part, answer
                    answer += part


@defect
def test_d31_the_answer_is_not_lost_with_an_unread_body(package: Any) -> None:
    with served(package, seen_environ({})) as server, server.connection() as connection:
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 5000\r\n\r\n")
        answer = connection.recv(65536)
        for _ in range(5):  # a server that has closed by now resets the connection, and its answer may go with it
            connection.sendall(b"x" * 1000)
            time.sleep(0.02)
        connection.shutdown(socket.SHUT_WR)
        assert (answer + read_all(connection)).endswith(b"\r\n\r\nhello")


@defect
def test_d32_chunks_are_decoded(package: Any) -> None:
    request = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with served(package, echo) as server:
        assert b"[abcde]" in server.exchange(request)
    environ = environ_for(package, request)
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert environ["wsgi.input_terminated"] is True


@defect
def test_d33_lengths_that_conflict_or_are_no_numbers(package: Any) -> None:
    fields = [
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: +3",
        b"Content-Length: -3",
        b"Content-Length: 3_0",
        b"Content-Length: 3, 4",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    ]
    assert (
        statuses(package, *(b"POST / HTTP/1.1\r\nHost: h\r\n%b\r\n\r\nabcd" % field for field in fields)) == [400] * 6
    )


@defect
def test_d34_a_lone_cr_and_folded_lines(package: Any) -> None:
    requests = [HEAD + b"X: a\rY: b\r\n\r\n", HEAD + b"X: a\r\n b\r\n\r\n", HEAD + b"X: a\r\n\tb\r\n\r\n"]
    assert statuses(package, *requests) == [400] * 3


@defect
def test_d35_malformed_lines(package: Any) -> None:
    requests = [HEAD + line + b"\r\nAfter: 1\r\n\r\n" for line in (b"X : a", b"no colon", b": a", b"X\0: a")]
    assert statuses(package, *requests) == [400] * 4


@defect
def test_d36_underscores_do_not_collide_with_hyphens(package: Any) -> None:
    for fields in (b"X-User: real\r\nX_User: forged\r\n", b"X_User: forged\r\nX-User: real\r\n"):
        assert environ_for(package, HEAD + fields + b"\r\n")["HTTP_X_USER"] == "real"
    assert "HTTP_X_USER" not in environ_for(package, HEAD + b"X_User: forged\r\n\r\n")


@defect
def test_d37_fields_are_not_lost_for_their_names(package: Any) -> None:
    names = ["Remote-Addr", "Server-Name", "Path-Info", "Query-String", "Script-Name", "Request-Method"]
    lines = "".join(f"{name}: of {name}\r\n" for name in names)
    environ = environ_for(package, HEAD + lines.encode() + b"\r\n")
    for name in names:
        assert environ["HTTP_" + name.upper().replace("-", "_")] == f"of {name}"


@defect
def test_d38_cookies(package: Any) -> None:
    environ = environ_for(package, HEAD + b"Cookie: a=1\r\nCookie: b=2\r\nX: 1\r\nX: 2\r\n\r\n")
    assert (environ["HTTP_COOKIE"], environ["HTTP_X"]) == ("a=1; b=2", "1,2")


@defect
def test_d39_no_content_type_or_length_unless_sent(package: Any) -> None:
    environ = environ_for(package, HEAD + b"\r\n")
    assert not {"CONTENT_TYPE", "CONTENT_LENGTH"} & environ.keys()
    environ = environ_for(package, HEAD + b"Content-Type: a/b\r\nContent-Length: 0\r\n\r\n")
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("a/b", "0")


@defect
def test_d40_no_empty_remote_host(package: Any) -> None:
    environ = environ_for(package, HEAD + b"\r\n")
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ.get("REMOTE_HOST", environ["REMOTE_ADDR"]) == environ["REMOTE_ADDR"]


@defect
def test_d41_the_software_is_one(package: Any) -> None:
    seen: dict[str, Any] = {}
    with served(package, seen_environ(seen)) as server:
        head = server.exchange(HEAD + b"\r\n").partition(b"\r\n\r\n")[0]
    assert f"\r\nServer: {seen['SERVER_SOFTWARE']}" in head.decode()
    assert seen["SERVER_SOFTWARE"] == package.simple_server.software_version


@defect
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_d42_the_scheme_over_tls(package: Any, tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Secure(package.simple_server.WSGIServer):  # type: ignore[misc]
        def server_activate(self) -> None:
            super().server_activate()
            self.socket = context.wrap_socket(self.socket, server_side=True)

    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    seen: dict[str, Any] = {}
    with (
        served(package, seen_environ(seen), server_class=Secure) as server,
        server.connection() as plain,
        trusting.wrap_socket(plain) as connection,
    ):
        connection.sendall(HEAD + b"\r\n")
        assert read_all(connection).endswith(b"hello")
    assert seen["wsgi.url_scheme"] == "https"


@defect
def test_d43_absolute_and_asterisk_targets(package: Any) -> None:
    environ = environ_for(package, b"GET http://h/a%20b?c HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a b", "c")
    environ = environ_for(package, b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    assert environ["PATH_INFO"] == ""


@defect
def test_d44_leading_slashes_are_kept(package: Any) -> None:
    assert environ_for(package, b"GET //a//b HTTP/1.1\r\nHost: h\r\n\r\n")["PATH_INFO"] == "//a//b"


@defect
def test_d45_the_target_as_sent(package: Any) -> None:
    environ = environ_for(package, b"GET /a%2Fb/%63?d=%20 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert environ["PATH_INFO"] == "/a/b/c"
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == "/a%2Fb/%63?d=%20"


@defect
def test_d46_fragments(package: Any) -> None:
    assert statuses(package, b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n") == [400]


@defect
def test_d47_methods_versions_and_host(package: Any) -> None:
    requests = [b"g(t / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.01\r\nHost: h\r\n\r\n"]
    assert statuses(package, *requests) == [400] * 3


@defect
def test_d49_http_09(package: Any) -> None:
    assert statuses(package, b"GET /\r\n") == [400]
