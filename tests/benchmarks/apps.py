"""What judging an app costs: a hello-world app, one route against a thousand, and a response of 1 GiB.

    python tests/benchmarks/apps.py

The hello-world app is Flask's where Flask is installed, else a plain WSGI one. CPU seconds are those of this process
and its children; memory is the peak resident size.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from pytest_wsgiconform.environ import build_environ  # noqa: E402
from pytest_wsgiconform.observe.gateway import Play  # noqa: E402
from pytest_wsgiconform.observe.validator import Validator  # noqa: E402

FLASK = """
from flask import Flask
app = Flask(__name__)

@app.get("/")
def hello():
    return "hello"
"""

PLAIN = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""

TEXT = [("Content-Type", "application/octet-stream")]


def cpu_of(arguments: list[str], folder: str) -> float:
    """Return the CPU seconds of a pytest run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, str(ROOT)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_wsgiconform.plugin"]
    subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def judge_hello(folder: str) -> None:
    try:
        import flask  # noqa: F401
    except ImportError:
        source, name = PLAIN, "a plain WSGI app"
    else:
        source, name = FLASK, "a Flask app"
    Path(folder, "hello.py").write_text(source)
    Path(folder, "test_nothing.py").write_text("def test_nothing(): pass\n")
    start = min(cpu_of(["test_nothing.py"], folder) for _ in range(3))
    judged = min(cpu_of(["--wsgi-app=hello:app", "hello.py"], folder) for _ in range(3))
    print(f"hello world, {name}: {judged:.2f} s of CPU, {judged - start:.2f} s on top of pytest's own {start:.2f} s")


def judge_routes(folder: str) -> None:
    Path(folder, "plain.py").write_text(PLAIN)
    costs = {}
    for number in (1, 11, 1000):
        paths = [f"--wsgi-path=/{index}" for index in range(number)]
        costs[number] = cpu_of(["--wsgi-app=plain:app", *paths], folder)
    one = (costs[11] - costs[1]) / 10
    print(f"routes: one more costs {one:.3f} s, 1000 cost {costs[1000]:.1f} s: {costs[1000] / one:.0f} times as much")


def stream_a_gibibyte() -> None:
    block = b"x" * (1 << 20)

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        for _ in range(1024):
            yield block

    watched = Validator(app, lambda finding: None, thorough=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    record = Play(watched, build_environ(), label="stream", limit=600).run()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"1 GiB streamed ({record.size} bytes): peak memory grew by {(after - before) / 1024:.1f} MiB")


if __name__ == "__main__":
    stream_a_gibibyte()
    with tempfile.TemporaryDirectory() as temporary:
        judge_hello(temporary)
        judge_routes(temporary)
