"""simple_server over real sockets: responses and files."""

from __future__ import annotations

import io
import re
import threading
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref import simple_server
from pytest_wsgiconform.wsgiref.simple_server import (
    ServerHandler,
)
from tests.wsgiref.server_tools import (
    Environ,
    either,
    environ_app,
    environ_of,
    serving,
    text_app,
    wait_until,
)

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
