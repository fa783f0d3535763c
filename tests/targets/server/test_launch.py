"""Servers that can't be started, misbehave as processes, or answer with anything but HTTP."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_wsgiconform.engine import TargetError, open_run
from pytest_wsgiconform.rules.model import Verdict
from pytest_wsgiconform.rules.registry import matching
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.launchers import Launcher, UrlStarter, find_launcher, known_launchers
from pytest_wsgiconform.targets.server.lifecycle import SILENCES
from pytest_wsgiconform.targets.server.opening import add_launchers
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests import ROOT

HOSTILE = ROOT / "tests/corpora/servers/hostile/process.py"


def _command(what: str) -> str:
    # The checkout may stand below a path with a space.
    return f"{{python}} {shlex.quote(str(HOSTILE))} {what} {{port}} {{app}}"


def hostile(what: str) -> Launcher:
    return Launcher(name=what, command=_command(what))


def _gone(pid: int) -> bool:
    """Whether the process has ended (a zombie counts as ended)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in ("Z", "X")


def _wait_gone(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not _gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return _gone(pid)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("exits", "ended with exit code 3 before it listened"),
        ("exits", "no such setting: frobnicate"),
        ("never-listens", "did not listen on 127.0.0.1:"),
        ("wrong-port", "did not listen on 127.0.0.1:"),
        ("babbles", "babble"),
    ],
)
def test_server_that_does_not_start(what: str, said: str) -> None:
    with pytest.raises(TargetError, match=re.escape(said)) as caught:
        hostile(what).start("pytest_wsgiconform.probe:app", "", 1.5)
    assert len(str(caught.value)) < 20000


@pytest.mark.parametrize(
    "what", ["silent", "closes", "endless", "drip", "garbage", "http09", "http2", "tls", "other-app"]
)
def test_server_that_speaks_no_http_is_a_finding(what: str) -> None:
    [answers], [other] = matching("server-answers"), matching("date-supplied")
    run = ServerTarget(hostile(what), Settings(timeout=1.0), patience=0.5)
    started = time.monotonic()
    try:
        result, unjudged = run.judge(answers), run.judge(other)
    finally:
        run.close()
    assert result.verdict is Verdict.BROKEN
    assert result.findings[0].evidence["sent"]
    assert unjudged.verdict is Verdict.NOT_EXERCISED
    assert "does not answer an ordinary request" in unjudged.reason
    assert time.monotonic() - started < 30


def test_program_that_is_not_there() -> None:
    with pytest.raises(TargetError, match=r"could not be run: .*no-such-program"):
        find_launcher("no-such-program {port} {app}").start("x:app", "", 5.0)


def test_command_that_cannot_be_split() -> None:
    with pytest.raises(TargetError, match="can't be split into words"):
        find_launcher("serve '{port} {app}").start("x:app", "", 5.0)


@pytest.mark.parametrize("command", ["serve {port}", "serve {host} {app}", "python serve.py"])
def test_command_without_its_places(command: str) -> None:
    with pytest.raises(TargetError, match=r"(is|are) missing"):
        find_launcher(command)


def test_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(TargetError, match="Did you mean gunicorn"):
        open_run("server", "gunicornn", Settings())


def test_interpreter_that_is_not_there() -> None:
    with pytest.raises(TargetError, match=r"no interpreter '?/no/such/python"):
        find_launcher("waitress@/no/such/python")


def test_server_that_is_not_installed_tells_how_to_install_it() -> None:
    bare = Launcher(
        name="absent",
        command="{python} -m absent_server {port} {app}",
        packages=("absent-server",),
        install="pip install absent-server",
    )
    with pytest.raises(TargetError, match="To install it: pip install absent-server"):
        bare.start("x:app", "", 5.0)


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/", "http://", "http://127.0.0.1:x/", "ftp://127.0.0.1/"])
def test_url_that_is_none(url: str) -> None:
    with pytest.raises(TargetError, match="give a URL such as"):
        UrlStarter(url).start("", "", 1.0)


def test_url_where_nobody_listens() -> None:
    with pytest.raises(TargetError, match="nobody answers there"):
        UrlStarter("http://127.0.0.1:1/").start("", "", 1.0)


def test_launcher_of_a_plugin_is_known_by_its_name() -> None:
    add_launchers([hostile("exits")])
    with pytest.raises(TargetError, match="frobnicate"):
        open_run("server", "exits", Settings(timeout=2.0))


def test_every_known_server_says_how_to_get_it() -> None:
    known = known_launchers()
    assert {"gunicorn", "gunicorn:gthread", "waitress", "cheroot", "uwsgi", "wsgiref", "granian"} <= set(known)
    for launcher in known.values():
        assert launcher.install, launcher.name
        assert "{port}" in launcher.command + "".join(launcher.files.values()), launcher.name


def test_server_that_ignores_sigterm_is_stopped() -> None:
    running = hostile("ignores-sigterm").start("x:app", "", 10.0)
    running.stop()
    with pytest.raises(OSError, match="refused"):
        import socket

        socket.create_connection(running.address, timeout=2)
    running.stop()


def test_tls_variables_are_judged() -> None:
    [rule] = matching("tls-variables-supplied")
    for name, verdict in (("wsgiref", Verdict.BROKEN), ("pytest_wsgiconform", Verdict.HELD)):
        run = ServerTarget(find_launcher(name), Settings())
        try:
            result = run.judge(rule)
        finally:
            run.close()
        assert result.verdict is verdict, (name, result)


@pytest.mark.parametrize("what", ["forks", "leaves-one-behind"])
def test_whatever_it_started_is_stopped(what: str) -> None:
    if what == "leaves-one-behind" and sys.platform != "linux":
        pytest.skip("only Linux gives orphans to another than the first process")
    running = hostile(what).start("x:app", "", 10.0)
    assert running.process.output.wait_for("grandchild", 0, 10.0)
    grandchild = int(running.output(0).split()[1])
    running.kill()
    assert _wait_gone(grandchild)


@pytest.mark.parametrize("what", ["forks", "leaves-one-behind"])
def test_server_dies_with_a_harness_that_is_killed(what: str) -> None:
    if what == "leaves-one-behind" and sys.platform != "linux":
        pytest.skip("only Linux gives orphans to another than the first process")
    code = (
        "import sys, time\nfrom pytest_wsgiconform.targets.server.launchers import Launcher\n"
        f"launcher = Launcher(name='x', command={_command(what)!r})\n"
        "running = launcher.start('x:app', '', 20.0)\n"
        "running.process.output.wait_for('grandchild', 0, 20.0)\n"
        "print(running.output(0).split()[1], flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        grandchild = int(harness.stdout.readline())
        assert not _gone(grandchild)
        os.kill(harness.pid, signal.SIGKILL)
    assert _wait_gone(grandchild)


CRASHING = """
import os, sys, threading
sys.path.insert(0, {root!r})
from tests.corpora.servers.base import Server
from pytest_wsgiconform.probe import app
served = 0
def crashing(environ, start_response):
    global served
    served += "echo" in environ["PATH_INFO"]
    if served == 3:
        os._exit(7)
    return app(environ, start_response)
class Chosen(Server):
    pass
import socket
server = Chosen(crashing)
server.listener.close()
server.listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
server.accept()
"""


FALLS_SILENT = """
import sys, threading
sys.path.insert(0, {root!r})
from tests.corpora.servers.base import Server
from pytest_wsgiconform.probe import app
served = 0
def tiring(environ, start_response):
    global served
    served += 1
    if served > 3:
        threading.Event().wait(600)
    return app(environ, start_response)
import socket
server = Server(tiring)
server.listener.close()
server.listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
server.accept()
"""


def test_a_server_that_falls_silent_again_and_again_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "tiring.py"
    program.write_text(FALLS_SILENT.format(root=str(ROOT)))
    launcher = Launcher(name="tiring", command=f"{{python}} {program} {{port}} {{app}}")
    run = ServerTarget(launcher, Settings(timeout=1.0), patience=0.2)
    try:
        results = [run.judge(rule) for rule in run.rules()]
        lines = run.summary_lines()
    finally:
        run.close()
    assert f"started again {SILENCES} times" in lines
    assert f"the server fell silent {SILENCES + 1} times, after few requests each time" in {r.reason for r in results}
    [survived] = [result for result in results if result.rule == "server-survives"]
    assert survived.verdict is Verdict.BROKEN


def test_death_in_the_middle_is_a_finding_and_the_server_starts_again(tmp_path: Path) -> None:
    program = tmp_path / "crashing.py"
    program.write_text(CRASHING.format(root=str(ROOT)))
    launcher = Launcher(name="crashing", command=f"{{python}} {program} {{port}} {{app}}")
    run = ServerTarget(launcher, Settings(timeout=3.0), patience=0.5)
    try:
        for name in ("content-length-as-sent", "query-string-as-sent", "content-type-as-sent"):
            run.judge(matching(name)[0])
        survived = run.judge(matching("server-survives")[0])
        lines = run.summary_lines()
    finally:
        run.close()
    assert survived.verdict is Verdict.BROKEN
    [finding] = [f for f in survived.findings if "ended with exit code 7" in f.message]
    assert finding.stimulus.startswith("env:")
    assert any("started again" in line for line in lines)


def test_output_is_there_as_soon_as_it_was_printed() -> None:
    """What a server printed before it answered is seen, whether or not the reading thread has got round to it."""
    from pytest_wsgiconform.targets.server.process import Output

    reading, writing = os.pipe()
    output = Output(reading)
    try:
        for number in range(2000):
            os.write(writing, f"line {number}\n".encode())
            assert f"line {number}\n" in output.since(0)
        assert output.total == sum(len(f"line {number}\n") for number in range(2000))
    finally:
        os.close(writing)
        output.close()
    assert output.since(0).endswith("line 1999\n")


def test_command_of_the_user_runs_where_the_tests_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve = "import importlib, sys\nfrom wsgiref.simple_server import make_server\n"
    serve += "host, port, app = sys.argv[1:]\nmodule, name = app.split(':')\n"
    serve += "make_server(host, int(port), getattr(importlib.import_module(module), name)).serve_forever()\n"
    (tmp_path / "serve.py").write_text(serve)
    monkeypatch.chdir(tmp_path)
    command = f"{shlex.quote(sys.executable)} serve.py {{host}} {{port}} {{app}}"
    for launcher in (find_launcher(command), Launcher(name="of a plugin", command=command)):
        running = launcher.start("pytest_wsgiconform.probe:app", "", 20.0)
        running.stop()


def test_known_server_runs_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wsgiref.py").write_text("raise SystemExit('the wrong wsgiref')\n")
    monkeypatch.chdir(tmp_path)
    find_launcher("wsgiref").start("pytest_wsgiconform.probe:app", "", 20.0).stop()


def test_what_is_missing_behind_a_gateway_is_told() -> None:
    """The gateway itself would start, and answer that it can't reach anything."""
    launcher = Launcher(
        name="gateway",
        command="exec true {host} {port} {app}",
        shell=True,
        packages=("there-is-no-such-package",),
        install="pip install there-is-no-such-package",
    )
    with pytest.raises(TargetError, match=r"Not installed for .*: there-is-no-such-package\. To install it: pip"):
        launcher.start("x:app", "", 5.0)
