"""How long a whole server run takes, alone and with two workers.

    python tests/benchmarks/servers.py [--rounds=N] [SERVER ...]

SERVER is what ``--wsgi-server`` takes; without one: the server of this package, and waitress when it is installed. For
each, whole runs in this interpreter, one after the other in turn: in one process (``-n 0``) and in two (``-n 2``). The
table shows the best wall time of each and their ratio; two workers pay where it is above 1. The load average tells how
much the machine was doing beside: above the number of cores the times say little.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time

#: Seconds after which a run is given up.
LIMIT = 900


def whole_run(server: str, workers: int, folder: str) -> tuple[float, str]:
    """Return the wall time of one run in seconds, and its last line.

    :raises RuntimeError: when the run broke off, with what it printed.
    """
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider"]
    command += ["-q", "-rN", "--tb=no", "-n", str(workers), f"--wsgi-server={server}"]
    # As users run it: Python keeps what it has compiled, else each worker would compile this package anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    wall = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return wall, done.stdout.rstrip().splitlines()[-1]


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("servers", nargs="*", metavar="SERVER")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    installed = ["waitress"] if importlib.util.find_spec("waitress") else []
    print(f"{'server':32} {'-n 0':>8} {'-n 2':>8} {'ratio':>6} {'load':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for server in chosen.servers or ["pytest_wsgiconform", *installed]:
            alone, two, last = float("inf"), float("inf"), ""
            for _ in range(chosen.rounds):
                wall, last = whole_run(server, 0, folder)
                alone = min(alone, wall)
                two = min(two, whole_run(server, 2, folder)[0])
            print(
                f"{server:32} {alone:7.1f}s {two:7.1f}s {alone / two:6.2f} {os.getloadavg()[0]:6.1f}  {last}",
                flush=True,
            )


if __name__ == "__main__":
    main()
