"""HTTP clients as they are, against our wsgiref."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.programs import talk
from tests.wsgiref.server_tools import Live, environ_app, serving


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(params=["127.0.0.1", "::1"], ids=["IPv4", "IPv6"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    if request.param == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with serving(environ_app, host=request.param) as server:
        yield server


def test_http_client(live: Live) -> None:
    connection = http.client.HTTPConnection(live.address[0], live.address[1], timeout=20)
    connection.connect()
    kept = connection.sock
    assert b"'PATH_INFO': '/a b'" in talk(connection, "GET", "/a%20b")[1]
    assert talk(connection, "PUT", "/", body=b"data")[1].endswith(b"b'data')")
    chunked = talk(connection, "POST", "/", body=iter([b"ab", b"c"]), encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert chunked[1].endswith(b"b'abc')")
    assert talk(connection, "HEAD", "/") == (200, b"")
    assert connection.sock is kept
    connection.close()


def url_of(live: Live) -> str:
    return f"http://{live.server.base_environ['SERVER_NAME']}:{live.server.server_port}"


def test_requests(live: Live) -> None:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(3):
            assert session.get(url_of(live) + "/x", params={"q": "ä"}, timeout=20).status_code == 200
            assert session.post(url_of(live), data=b"x" * 100_000, timeout=20).text.endswith("xxx')")
            assert session.post(url_of(live), data=iter([b"ab", b"c"]), timeout=20).text.endswith("b'abc')")
    assert {line.split()[-2] for line in live.log} == {"200"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(live: Live, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"y" * 2_000_000)  # curl expects a 100 (Continue) for bodies of this size

    def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = ["curl", "--noproxy", "*", "-g", "-s", "-S", "--max-time", "20", *arguments]
        return subprocess.run(command, capture_output=True, check=True)

    two = curl("-v", url_of(live) + "/1", url_of(live) + "/2")
    assert two.stdout.count(b"'PATH_INFO'") == 2
    assert b"Re-using existing connection" in two.stderr
    posted = curl("-v", "-H", "Expect: 100-continue", "--data-binary", f"@{large}", url_of(live))
    assert posted.stdout.endswith(b"yyy')")
    assert b"100 Continue" in posted.stderr
    chunked = curl("-H", "Transfer-Encoding: chunked", "-T", str(large), url_of(live) + "/upload")
    assert chunked.stdout.endswith(b"yyy')")
    head = curl("-I", url_of(live))
    assert head.stdout.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"'REQUEST_METHOD': 'GET'" in curl("--http1.0", url_of(live)).stdout
    upgrade = curl("--http2", url_of(live))  # rfc-upgrade-ignored
    assert b"'HTTP_UPGRADE': 'h2c'" in upgrade.stdout
