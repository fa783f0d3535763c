"""The probe tests itself against the in-process reference server before any server is blamed."""

from __future__ import annotations

import threading
from typing import Any

from ...rules.records.server import ServerRun
from ...stimuli.server.model import server_stimuli
from ...wsgiref.simple_server import ThreadingWSGIServer, WSGIRequestHandler
from .channel import SideChannel
from .in_process import InProcess
from .runner import Runner

#: Seconds that the reference server may take: only a broken one needs them, however busy the machine is.
LIMIT = 60.0

#: What is tried: a plain response, a request body, a gated response, the log, and an error.
STIMULI = ("basic:get", "input:binary", "gated:blocks", "errors:write", "exc:close-error")


class _Quiet(WSGIRequestHandler):
    """Logs to its server's list instead of the terminal."""

    server: ReferenceServer

    def log_message(self, format: str, *args: Any) -> None:
        self.server.log.append(format % args + "\n")

    def get_stderr(self) -> Any:
        return _Log(self.server.log)


class _Log:
    """A text stream that appends to a list."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def write(self, text: str) -> int:
        self._log.append(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Everything is in the list already."""


class ReferenceServer(ThreadingWSGIServer):
    """Our own WSGI server in a thread, with the interface of :class:`~.in_process.Threaded`."""

    def __init__(self, app: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Quiet)
        self.set_app(app)
        self.log: list[str] = []
        self.host, self.port = "127.0.0.1", self.server_port
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the socket."""
        self.shutdown()
        self._thread.join(5)
        self.server_close()

    def log_text(self) -> str:
        """Return everything that was logged."""
        return "".join(self.log)


def self_test() -> list[str]:
    """Play a few stimuli on the reference server; return what went wrong, one phrase each."""
    channel = SideChannel()
    served = InProcess("reference", ReferenceServer).start("probe:app", channel.address, 5.0)
    try:
        runner = Runner("reference", channel, LIMIT, patience=LIMIT / 3)
        known = server_stimuli()
        return [problem for name in STIMULI for problem in _problems(name, runner.play(known[name], served))]
    finally:
        served.stop()
        channel.close()


def _problems(name: str, run: ServerRun) -> list[str]:
    call = run.called("first")
    if call is None:
        return [f"{name}: the call was not reported"]
    if not call.finished:
        return [f"{name}: the end of the call was not reported"]
    if name == "exc:close-error":
        wanted = bool(call.named("raise")) and bool(call.named("close"))
        return [] if wanted else [f"{name}: the error or the close was not reported"]
    problems = []
    if not run.finals or run.finals[0].status != 200 or not run.finals[0].complete:
        problems.append(f"{name}: no complete 200 came")
    if name == "input:binary" and call.body != run.wanted.body:
        problems.append(f"{name}: the request body was not reported as it was sent")
    if name == "gated:blocks" and not all(entry["opened"] for entry in call.named("gate-passed")):
        problems.append(f"{name}: a gate did not open")
    if name == "errors:write" and "probe-errors written" not in run.output:
        problems.append(f"{name}: what was logged was not seen")
    return problems
