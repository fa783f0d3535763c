"""Runs a server as a child, and takes its whole process group down when the harness is gone.

Run as a script, in a session of its own: ``python -I -S server_guard.py STATUS_FD COMMAND...``. It reports
``exit CODE`` on the descriptor STATUS_FD when the child ends. When its own standard input ends (the
harness closed it, was killed, or crashed) it kills the process group that it leads, itself included. It
stays until then, so that the group's number can't be given to another process meanwhile.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    status, command = int(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _adopt_orphans()
    try:
        # No thread runs yet, so that code before the exec is safe here.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_ordinary_signals)  # noqa: PLW1509
    except OSError as error:
        os.write(status, f"fail {error}\n".encode())
    else:
        threading.Thread(target=_report, args=(child, status), daemon=True).start()
    while os.read(0, 64):
        pass
    _kill_descendants()
    # The process group's own kill ends this process, too.
    os.killpg(0, signal.SIGKILL)


def _adopt_orphans() -> None:
    """Become, on Linux, the parent of whatever the server leaves behind, also of what has left its process group."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_descendants() -> None:
    """Kill what descends from this process; what is started meanwhile is found in the next round."""
    for _ in range(20):
        parents = dict(_processes())
        doomed = [pid for pid in parents if _descends(pid, parents)]
        if not doomed:
            return
        for pid in doomed:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _processes() -> Iterator[tuple[int, int]]:
    """Yield each living process with its parent, as far as the system tells."""
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{int(name)}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
            if state != b"Z":
                yield int(name), int(parent)


def _descends(pid: int, parents: dict[int, int]) -> bool:
    ancestor = parents.get(pid, 0)
    while ancestor not in (0, 1, os.getpid()):
        ancestor = parents.get(ancestor, 0)
    return ancestor == os.getpid()


def _ordinary_signals() -> None:
    """Give the child the default reaction to the signals that this process ignores."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _report(child: subprocess.Popen[bytes], status: int) -> None:
    code = child.wait()
    with contextlib.suppress(OSError):
        os.write(status, f"exit {code}\n".encode())


if __name__ == "__main__":
    main()
