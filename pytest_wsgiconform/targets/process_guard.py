"""Runs a child and makes sure that nothing of it is left when the harness is done with it, or gone.

Run as a script, in a session of its own: ``python -I -S process_guard.py STATUS_FD KEPT_FDS COMMAND...``, with
KEPT_FDS separated by commas (``-`` for none). It reports ``pid NUMBER`` and later ``exit CODE`` on STATUS_FD. When its
standard input ends it kills every descendant, those that left the session included (on Linux it is made their reaper
for that), then itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

#: prctl(2) option that makes orphaned descendants children of this process.
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Start the child, watch it, and clean up."""
    status = int(sys.argv[1])
    kept = [] if sys.argv[2] == "-" else [int(number) for number in sys.argv[2].split(",")]
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    _become_reaper()
    try:
        # No thread runs yet, so that code before the exec is safe here.
        command = sys.argv[3:]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=kept, preexec_fn=_ordinary_signals)  # noqa: PLW1509
    except OSError as error:
        os.write(status, f"fail {error}\n".encode())
    else:
        for number in kept:
            os.close(number)  # the child's ends alone: the harness must see them end with it
        os.write(status, f"pid {child.pid}\n".encode())
        threading.Thread(target=_report, args=(child, status), daemon=True).start()
    while os.read(0, 64):
        pass
    for _ in range(100):  # something may be born while the others die
        found = _descendants()
        if not found:
            break
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    os.killpg(0, signal.SIGKILL)


def _become_reaper() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _ordinary_signals() -> None:
    """Give the child the default reaction to the signals that this process ignores."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _report(child: subprocess.Popen[bytes], status: int) -> None:
    code = child.wait()
    with contextlib.suppress(OSError):
        os.write(status, f"exit {code}\n".encode())


def _descendants() -> list[int]:
    """Return the living processes below this one; empty where there is no ``/proc``."""
    parents: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                    if fields[0] != b"Z":
                        parents[int(name)] = int(fields[1])
    own = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in own} - own
        if not more:
            return sorted(own - {os.getpid()})
        own |= more


if __name__ == "__main__":
    main()
