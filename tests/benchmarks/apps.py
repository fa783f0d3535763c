"""What judging an app costs: a hello-world app, one rule of it, one route against a thousand, a response of 1 GiB.

    python tests/benchmarks/apps.py [--routes N] [stream] [hello] [one-rule] [routes]

The hello-world app is Flask's where Flask is installed, else a plain WSGI one. CPU seconds are those of this process
and its children; memory is the peak resident size.
"""

from __future__ import annotations

import argparse
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

#: A rule over the runs of one stimulus.
ONE_RULE = "http::head-status-as-get"


def cost_of(arguments: list[str], folder: str) -> float:
    """Return the CPU seconds of a pytest run with this plugin and no other.

    :raises SystemExit: when the run came to no verdict, so that nothing was measured.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([folder, str(ROOT)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_wsgiconform.plugin"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1) or "passed" not in done.stdout:
        raise SystemExit(f"the run failed:\n{done.stdout}\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_hello(folder: str) -> str:
    """Write a hello-world app into *folder*, and a test that does nothing; say whose app it is."""
    try:
        import flask  # noqa: F401
    except ImportError:
        source, name = PLAIN, "a plain WSGI app"
    else:
        source, name = FLASK, "a Flask app"
    Path(folder, "hello.py").write_text(source)
    Path(folder, "test_nothing.py").write_text("def test_nothing(): pass\n")
    return name


def judge_one_rule(folder: str) -> None:
    """Print what judging one rule over runs of a hello-world app costs beyond pytest's own start."""
    name = write_hello(folder)
    start, judged = [], []
    for _ in range(5):
        start.append(cost_of(["test_nothing.py"], folder))
        judged.append(cost_of(["--wsgi-app=hello:app", f"wsgi-app[hello:app]::{ONE_RULE}"], folder))
    extra = min(judged) - min(start)
    print(f"| one rule, {name} | {min(start):.2f} s | {min(judged):.2f} s | {extra:.2f} s on top |")


def judge_hello(folder: str) -> None:
    """Print what judging a hello-world app costs beyond pytest's own start."""
    name = write_hello(folder)
    start, judged = [], []
    for _ in range(3):  # in turn, so that a busy machine is unfair to both
        start.append(cost_of(["test_nothing.py"], folder))
        judged.append(cost_of(["--wsgi-app=hello:app", "hello.py"], folder))
    extra = min(judged) - min(start)
    print(f"| hello world, {name} | {min(start):.2f} s | {min(judged):.2f} s | {extra:.2f} s on top |")


def judge_routes(folder: str, number_of_routes: int = 1000) -> None:
    """Print what many routes cost, as a multiple of what one more route costs."""
    Path(folder, "plain.py").write_text(PLAIN)

    def cost_of_routes(number: int) -> float:
        return cost_of(["--wsgi-app=plain:app", *(f"--wsgi-path=/{index}" for index in range(number))], folder)

    few, more = [], []
    for _ in range(2):
        few.append(cost_of_routes(1))
        more.append(cost_of_routes(51))
    one = (min(more) - min(few)) / 50
    many = cost_of_routes(number_of_routes)
    times = (many - min(few)) / one
    print(
        f"| {number_of_routes} routes, a plain WSGI app | {one:.4f} s each | {many:.1f} s "
        f"| {times:.0f} times one more route |"
    )


def stream_a_gibibyte(_folder: str) -> None:
    """Print how much memory a response of 1 GiB takes while it is watched."""
    block = b"x" * (1 << 20)

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        for _ in range(1024):
            yield block

    watched = Validator(app, lambda finding: None, thorough=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    record = Play(watched, build_environ(), label="stream", limit=600).run()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if record.size != 1 << 30 or not record.complete:
        raise SystemExit(f"only {record.size} bytes came")
    scale = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    grown = (after - before) * scale / (1 << 20)
    print(f"| 1 GiB streamed | {before * scale >> 20} MiB | {after * scale >> 20} MiB | grew by {grown:.1f} MiB |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="stream, hello, one-rule, routes; all when none is named")
    parser.add_argument("--routes", type=int, default=1000, help="how many routes are many")
    chosen = parser.parse_args()
    parts = {
        "stream": stream_a_gibibyte,
        "hello": judge_hello,
        "one-rule": judge_one_rule,
        "routes": lambda f: judge_routes(f, chosen.routes),
    }
    print("| what | before | in all | so |")
    print("| --- | ---: | ---: | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        for part in chosen.parts or parts:
            parts[part](temporary)
