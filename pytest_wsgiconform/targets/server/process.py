"""Starting a server process and getting rid of it again, whatever it does.

The server runs below a guard (:mod:`.process_guard`) that leads a process group of its own; the group dies
when the harness stops it, is interrupted, or crashes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...rules.display import clean
from ..base import TargetError

#: Bytes of output kept from the start, and from the end.
OUTPUT_START, OUTPUT_END = 65536, 1_000_000

#: Seconds that a server gets to stop by itself after SIGTERM.
STOP_LIMIT = 3.0

#: Seconds that the guard gets to end what the server has left.
GUARD_LIMIT = 5.0


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port of *host* that was free a moment ago."""
    with socket.create_server((host, 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


class Output:
    """What a server printed: bounded, with a count of everything that came."""

    def __init__(self, stream: int) -> None:
        self._stream = stream
        os.set_blocking(stream, False)  # two threads read: neither may wait for what the other took
        self._start, self._end, self.total = bytearray(), bytearray(), 0
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="wsgiconform server output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile
            while True:
                select.select([self._stream], [], [])
                with self._condition:
                    if not self._take():
                        return

    def _take(self) -> bool:
        """Read what is there, which is something or the end, and keep it; tell whether more may come."""
        try:
            data = os.read(self._stream, 65536)
        except BlockingIOError:  # the other thread was here first
            return True
        self.total += len(data)
        room = OUTPUT_START - len(self._start)
        self._start += data[:room] if room > 0 else b""
        self._end += data
        if len(self._end) > 2 * OUTPUT_END:
            del self._end[:-OUTPUT_END]
        self._condition.notify_all()
        return bool(data)

    def since(self, total: int) -> str:
        """Return what came after the count of bytes was *total* (as far as it was kept).

        Everything that was printed before the call is in it: what has not been read yet is read now.
        """
        with self._condition:
            with contextlib.suppress(OSError, ValueError):
                while select.select([self._stream], [], [], 0)[0] and self._take():
                    pass
            wanted = self.total - total
            return self._end[max(0, len(self._end) - wanted) :].decode("utf-8", "replace") if wanted else ""

    def wait_for(self, text: str, total: int, seconds: float) -> bool:
        """Wait until *text* came after *total*, at most *seconds*; tell whether it did."""
        deadline = time.monotonic() + seconds
        while text not in self.since(total):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._condition:
                self._condition.wait(min(left, 0.1))
        return True

    def shown(self) -> str:
        """Return the output for an error message: the last lines, safe to print."""
        lines = self.since(0).splitlines() or ["(it printed nothing)"]
        return "\n".join(clean(line)[:500] for line in lines[-25:])

    def close(self) -> None:
        self._thread.join(2)
        with self._condition, contextlib.suppress(OSError):
            os.close(self._stream)
            self._stream = -1  # the number may soon be somebody else's


class ServerProcess:
    """A running server.

    :param command: its argument list. :param environment: its whole environment.
    :param directory: its working directory. :param address: host and port that it is to listen on.
    :ivar output: see :class:`Output`.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path, address: tuple[str, int]
    ) -> None:
        self.command, self.address = list(command), address
        self._ended: str | None = None
        self._status = b""
        output, output_end = os.pipe()
        self._status_read, status_end = os.pipe()
        os.set_blocking(self._status_read, False)
        guard = str(Path(__file__).parents[1].joinpath("process_guard.py"))
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard, str(status_end), "-", *command],
                stdin=subprocess.PIPE,
                stdout=output_end,
                stderr=output_end,
                env=dict(environment),
                cwd=directory,
                pass_fds=(status_end,),
                start_new_session=True,
            )
        finally:
            os.close(output_end)
            os.close(status_end)
        self.output = Output(output)

    def ended(self) -> str | None:
        """Return how the server's first process ended, as a phrase; ``None`` while it runs."""
        if self._ended is None:
            with contextlib.suppress(BlockingIOError, OSError):
                self._status += os.read(self._status_read, 4096)
            *lines, _ = self._status.decode("utf-8", "replace").split("\n")
            for kind, _, detail in (line.partition(" ") for line in lines):
                if kind == "exit":
                    code = int(detail)
                    self._ended = f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"
                elif kind == "fail":
                    self._ended = f"could not be run: {detail}"
        return self._ended

    def wait_ready(self, seconds: float) -> None:
        """Wait until the server accepts a connection.

        :raises TargetError: when it ends first, or doesn't listen within *seconds*; shows its output.
        """
        deadline = time.monotonic() + seconds
        while not self.accepts(0.5):
            ended = self.ended()
            if ended is not None:
                self.stop()
                raise TargetError(f"the server {ended} before it listened.\n{self.story()}")
            if time.monotonic() > deadline:
                self.stop()
                host, port = self.address
                raise TargetError(f"the server did not listen on {host}:{port} within {seconds:g} s.\n{self.story()}")
            time.sleep(0.02)

    def accepts(self, seconds: float) -> bool:
        """Tell whether the server accepts a connection now."""
        try:
            socket.create_connection(self.address, timeout=seconds).close()
        except OSError:
            return False
        return True

    def story(self) -> str:
        """Return its command and the end of its output, for an error message."""
        shown = " ".join(self.command)
        return f"Command: {clean(shown)[:1000]}\nIts output:\n{self.output.shown()}"

    def stop(self, grace: float = STOP_LIMIT) -> None:
        """Stop the server and everything it started; safe to call twice.

        :param grace: seconds that it gets to stop by itself.
        """
        if self._guard.returncode is not None:
            return
        group = self._guard.pid
        if grace:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and self.ended() is None:
            select.select([self._status_read], [], [], 0.1)
        if self._guard.stdin is not None:
            self._guard.stdin.close()  # upon which the guard kills whatever is left, and its group with itself
        try:
            self._guard.wait(GUARD_LIMIT)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            self._guard.wait()
        self.output.close()
        os.close(self._status_read)
        self._status_read = -1
