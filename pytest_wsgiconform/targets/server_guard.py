"""Runs a server as a child, and takes its whole process group down when the harness is gone.

Run as a script, in a session of its own: ``python -I -S server_guard.py STATUS_FD COMMAND...``. It reports
``exit CODE`` on the descriptor STATUS_FD when the child ends. When its own standard input ends (the
harness closed it, was killed, or crashed) it kills the process group that it leads, itself included. It
stays until then, so that the group's number can't be given to another process meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    status, command = int(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        # No thread runs yet, so that code before the exec is safe here.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_ordinary_signals)  # noqa: PLW1509
    except OSError as error:
        os.write(status, f"fail {error}\n".encode())
    else:
        threading.Thread(target=_report, args=(child, status), daemon=True).start()
    while os.read(0, 64):
        pass
    # The process group's own kill ends this process, too.
    os.killpg(0, signal.SIGKILL)


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
