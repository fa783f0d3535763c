"""Time our wsgiref's units beside those of the interpreter's: Headers, SimpleHandler over BytesIO, shift_path_info.

    python tests/benchmarks/wsgiref_units.py [ROUNDS]

Both are run in turn, ROUNDS times (40 unless told); the fastest round of each counts, in CPU time of this process, so
that what else the machine does matters little. A ratio above 1 means that ours is faster.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from io import BytesIO, StringIO
from math import prod
from pathlib import Path
from typing import Any

# In place of this directory, in which a script named wsgiref.py would stand for the standard library's package.
sys.path[0] = str(Path(__file__).resolve().parents[2])

import wsgiref.handlers  # noqa: E402
import wsgiref.headers  # noqa: E402
import wsgiref.util  # noqa: E402

from pytest_wsgiconform.wsgiref import handlers, headers, util  # noqa: E402

# One call takes microseconds: a round is long against the clock's resolution, and short against a time slice.
CALLS_A_ROUND = 400

PAIRS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("Set-Cookie", "session=1; Path=/; HttpOnly"),
    ("Set-Cookie", "theme=dark"),
    ("X-Frame-Options", "DENY"),
    ("Vary", "Accept-Encoding"),
    ("Content-Length", "1234"),
]
REQUEST = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost:8000",
    "HTTP_ACCEPT": "*/*",
}
FIELDS = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "13")]
MANY_FIELDS = [*FIELDS, *[(f"X-Field-{number}", f"value {number}") for number in range(14)]]


def small_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", FIELDS[:])
    return [b"Hello, world!"]


def unsized_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", FIELDS[:1])
    return [b"Hello, world!"]


def many_fields_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", MANY_FIELDS[:])
    return [b"Hello, world!"]


def blocks_app(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", FIELDS[:1])
    for _ in range(50):
        yield b"x" * 100


def failing_app(environ: dict[str, Any], start_response: Any) -> Any:
    raise ValueError("no")


def runs(app: Any) -> Callable[[Any], Callable[[], object]]:
    def prepare(module: Any) -> Callable[[], object]:
        class Handler(module.SimpleHandler):  # type: ignore[misc]
            server_software = "Benchmark/1"
            os_environ: dict[str, str] = {}  # noqa: RUF012  # the same for both, whatever the environment holds

        return lambda: Handler(BytesIO(), BytesIO(), StringIO(), REQUEST).run(app)

    return prepare


def header_operations(module: Any) -> dict[str, Callable[[], object]]:
    wrapped = module.Headers(PAIRS[:])

    def replace() -> None:
        wrapped["Content-Length"] = "1234"

    def add_and_delete() -> None:
        wrapped.add_header("X-Added", "attachment", filename="bud.gif")
        del wrapped["x-added"]

    return {
        "Headers(list)": lambda: module.Headers(PAIRS),
        "headers[first]": lambda: wrapped["content-type"],
        "headers[last]": lambda: wrapped["content-length"],
        "headers[missing]": lambda: wrapped["x-missing"],
        "name in headers": lambda: "vary" in wrapped,
        "headers[name] = value": replace,
        "add_header, del": add_and_delete,
        "get_all": lambda: wrapped.get_all("set-cookie"),
        "setdefault": lambda: wrapped.setdefault("Vary", "x"),
        "bytes(headers)": lambda: bytes(wrapped),
    }


def shifts(path: str) -> Callable[[Any], Callable[[], object]]:
    return lambda module: lambda: module.shift_path_info({"SCRIPT_NAME": "/app", "PATH_INFO": path})


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(CALLS_A_ROUND):
        call()
    return (time.process_time() - start) / CALLS_A_ROUND


def compare(name: str, ours: Callable[[], object], standard: Callable[[], object], rounds: int) -> float:
    """Print a line, and return how many times as fast ours is."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for number, call in enumerate((ours, standard)):
            best[number] = min(best[number], seconds(call))
    print(f"{name:32} {best[0] * 1e6:9.2f} {best[1] * 1e6:9.2f} {best[1] / best[0]:8.2f}")
    return best[1] / best[0]


def section(title: str, pairs: list[tuple[str, Any, Any]], rounds: int) -> None:
    ratios = [compare(name, ours, standard, rounds) for name, ours, standard in pairs]
    print(f"{title + ', geometric mean':52} {prod(ratios) ** (1 / len(ratios)):8.2f}\n")


def main(rounds: int) -> None:
    print(f"Python {sys.version.split()[0]}{'us, ours':>30} {'standard':>9} {'ratio':>8}\n")
    ours, standard = header_operations(headers), header_operations(wsgiref.headers)
    section("Headers", [(name, ours[name], standard[name]) for name in ours], rounds)
    apps = {
        "small response": small_app,
        "response without a length": unsized_app,
        "16 header fields": many_fields_app,
        "50 blocks of a generator": blocks_app,
        "failing application": failing_app,
    }
    section(
        "SimpleHandler over BytesIO",
        [(name, runs(app)(handlers), runs(app)(wsgiref.handlers)) for name, app in apps.items()],
        rounds,
    )
    paths = ["/x", "/x/y/z", "/x//y/./z", "/../x"]
    section("shift_path_info", [(path, shifts(path)(util), shifts(path)(wsgiref.util)) for path in paths], rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
