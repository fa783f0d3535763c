"""`python -m pytest_wsgiconform.wsgiref`, and the application that serves a directory."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref.__main__ import load_application, main

# The command's own app, without a public name: that of a command is its only door, and slow for forty requests.
from pytest_wsgiconform.wsgiref._directory_app import DirectoryApp
from pytest_wsgiconform.wsgiref.simple_server import ThreadingWSGIServer, demo_app
from pytest_wsgiconform.wsgiref.util import setup_testing_defaults
from tests import ROOT
from tests.wsgiref.server_tools import Client, serving


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell starts what runs in its background with SIGINT ignored, and children would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def command(*arguments: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int], str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_wsgiconform.wsgiref", "--port", "0", *arguments],
        cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"http://(.+):(\d+)/", line)
        assert match, (line, process.stderr and process.stderr.read())
        yield process, (match[1].strip("[]"), int(match[2])), line
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    (tmp_path / "some_app.py").write_text(
        textwrap.dedent(
            """
            def app(environ, start_response):
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [repr((environ.get("SETTING"), environ["wsgi.multithread"])).encode()]

            def make():
                return app

            class Holder:
                app = staticmethod(app)

            number = 1
            """
        )
    )
    (tmp_path / "broken_app.py").write_text("import no_such_module_anywhere\n")
    (tmp_path / "index.html").write_text("<p>index</p>")
    return tmp_path


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_serves_an_application_until_a_signal(modules: Path, end: signal.Signals) -> None:
    with command("some_app:app", "--env", "SETTING=a=b", cwd=modules) as (process, address, line):
        assert "some_app:app" in line
        with Client(address) as client:
            assert client.get().body == b"('a=b', True)"
        process.send_signal(end)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_serves_the_current_directory_with_one_thread(modules: Path) -> None:
    with command("--single-thread", cwd=modules) as (_, address, line), Client(address) as client:
        assert str(modules) in line
        response = client.get()
        assert (response.body, response.value("Content-Type")) == (b"<p>index</p>", "text/html")
        assert client.get("/some_app.py").body == (modules / "some_app.py").read_bytes()


def test_single_thread_is_told_to_the_application(modules: Path) -> None:
    with command("some_app:make()", "--single-thread", cwd=modules) as (_, address, _line), Client(address) as client:
        assert client.get().body == b"(None, False)"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no_such_module_xyz:app"], "no_such_module_xyz"),
        (["os:no_such_thing"], "no_such_thing"),
        (["os"], "MODULE:ATTRIBUTE"),
        (["os:"], "MODULE:ATTRIBUTE"),
        ([":app"], "MODULE:ATTRIBUTE"),
        (["os:sep"], "can't be called"),
        (["--directory", "/no/such/directory"], "not a directory"),
        (["os:getcwd", "--directory", "/"], "either"),
        (["--port", "70000"], "port"),
        (["--port", "x"], "port"),
        (["--env", "x"], "NAME=VALUE"),
        (["--env", "=x"], "NAME=VALUE"),
        (["--host", "192.0.2.1", "--port", "0"], "address"),
    ],
)
def test_wrong_usage_is_one_paragraph(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_load_application(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(modules))
    import some_app  # type: ignore[import-not-found]

    assert load_application("some_app:app") is some_app.app
    assert load_application("some_app:make()") is some_app.app
    assert load_application("some_app:Holder.app") is some_app.app
    assert load_application("pytest_wsgiconform.wsgiref.simple_server:demo_app") is demo_app
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        load_application("broken_app:app")
    with pytest.raises(ValueError, match=r"pytest_wsgiconform\.nothing"):
        load_application("pytest_wsgiconform.nothing:app")


# ---- the directory application


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "sub").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "index.html").write_text("root")
    (root / "sub" / "index.html").write_text("sub")
    (root / "a b\xe9.txt").write_text("named")
    (root / "packed.tar.gz").write_bytes(b"packed")
    (root / "noext").write_bytes(b"plain")
    (root / "zero").write_bytes(b"")
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "inner").symlink_to(root / "noext")
    return root


def test_directory_over_http(site: Path) -> None:
    with serving(DirectoryApp(site)) as live, live.connect() as client:
        bodies = {target: client.get(target).body for target in ("/", "/sub/", "/a%20b%C3%A9.txt", "/inner", "/zero")}
        assert bodies == {"/": b"root", "/sub/": b"sub", "/a%20b%C3%A9.txt": b"named", "/inner": b"plain", "/zero": b""}
        for target in ("/../secret", "/%2e%2e/secret", "/sub/../../secret", "//../secret", "/link", "/nothing",
                       "/empty/", "/sub/nothing", "/index.html/"):  # fmt: skip
            assert client.get(target).status == 404, target
        moved = client.get("/sub")
        assert (moved.status, moved.value("Location")) == (301, "/sub/")
        assert client.get("//sub").value("Location") == "/sub/"
        refused = client.get("/", "Content-Length: 0", method="POST")
        assert (refused.status, refused.value("Allow")) == (405, "GET, HEAD")
        types = [client.get(name).value("Content-Type") for name in ("/index.html", "/packed.tar.gz", "/noext")]
        assert types == ["text/html", "application/octet-stream", "application/octet-stream"]
        head = client.get("/index.html", method="HEAD")
        assert (head.status, head.value("Content-Length")) == (200, "4")


def test_directory_conditional_requests(site: Path) -> None:
    with serving(DirectoryApp(site)) as live, live.connect() as client:
        modified = client.get().value("Last-Modified")
        assert client.get("/", f"If-Modified-Since: {modified}").status == 304
        assert client.get("/", "If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT").status == 200
        assert client.get("/", "If-Modified-Since: nonsense").status == 200


def call(app: Any, path: str, **variables: Any) -> tuple[str, bytes]:
    environ: dict[str, Any] = {"PATH_INFO": path, **variables}
    setup_testing_defaults(environ)
    started: list[str] = []
    result = app(environ, lambda status, headers, exc_info=None: started.append(status))
    try:
        return started[0], b"".join(result)
    finally:
        getattr(result, "close", lambda: None)()


def test_directory_app_without_a_file_wrapper_and_with_odd_paths(site: Path) -> None:
    app = DirectoryApp(str(site))
    assert call(app, "/noext") == ("200 OK", b"plain")
    assert call(app, "/a\0b")[0] == "404 Not Found"
    assert call(app, "") == ("301 Moved Permanently", b"301 Moved Permanently\n")
    with pytest.raises(NotADirectoryError):
        DirectoryApp(site / "noext")


def test_unreadable_and_special_files_are_404(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    def refuse(*arguments: object) -> io.BytesIO:
        raise PermissionError

    monkeypatch.setattr(builtins, "open", refuse)
    assert call(DirectoryApp(site), "/noext")[0] == "404 Not Found"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_main_in_this_process(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []

    def serve_forever(server: Any, poll_interval: float = 0.5) -> None:
        served.append(server.base_environ["SETTING"])
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopped.wait(20)
        raise KeyboardInterrupt

    stopped = threading.Event()
    monkeypatch.setattr(ThreadingWSGIServer, "serve_forever", serve_forever)
    monkeypatch.setattr(ThreadingWSGIServer, "shutdown", lambda server: stopped.set())
    before = signal.getsignal(signal.SIGTERM)
    try:
        main(["--host", host, "--port", "0", "--directory", str(tmp_path), "--env", "SETTING=x"])
    except SystemExit:
        assert host == "::1", "only IPv6 may be missing"
        return
    output = capsys.readouterr().out
    assert f"http://{'[::1]' if ':' in host else host}:" in output
    assert output.endswith("Stopped.\n")
    assert served == ["x"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_special_files_are_404(site: Path) -> None:
    os.mkfifo(site / "fifo")
    assert call(DirectoryApp(site), "/fifo")[0] == "404 Not Found"
