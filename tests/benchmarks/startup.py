"""What the plugin costs a pytest run that does not use it: CPU time with and without it, in turn.

    python tests/benchmarks/startup.py [RUNS]

Each run is an interpreter of its own over a folder of ordinary tests; user and system time of the child count, so
that a busy machine disturbs little, and what disturbs only adds: printed are the least of each and their ratio. The
aim is less than 1.03.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = "\n".join(f"def test_{number}():\n    assert {number} == {number}\n" for number in range(200))


def cpu_seconds(folder: Path, *args: str) -> float:
    """Run pytest in *folder* and return the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(runs: int) -> None:
    kinds = {"without the plugin": (), "with it, not used": ("-p", "pytest_wsgiconform.plugin")}
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.joinpath("test_many.py").write_text(TESTS)
        for args in kinds.values():
            cpu_seconds(folder, *args)  # writes the bytecode that all later runs read
        for _ in range(runs):
            for kind, args in kinds.items():
                times[kind].append(cpu_seconds(folder, *args))
    least = {kind: min(seconds) for kind, seconds in times.items()}
    for kind, seconds in least.items():
        print(f"{kind:20} {seconds * 1000:7.1f} ms CPU (least of {runs})")
    first, second = least.values()
    print(f"{'ratio':20} {second / first:7.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
