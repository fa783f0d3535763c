"""Cost of ``client.get("/")``: ours, with the validator, against WebTest's with its lint, in turn, in one run.

``python tests/benchmarks/client.py``; with ``--quick`` a short run, for trying it out. CPU time, best of several rounds
that take the contestants in turn. WebTest without its lint shows what making the request and the response costs alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

# The benchmark of our wsgiref beside this file would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != os.path.dirname(os.path.abspath(__file__))]

from webtest import TestApp  # noqa: E402

from pytest_wsgiconform.observe.validator import Validator  # noqa: E402
from pytest_wsgiconform.testing.client import Client  # noqa: E402

App = Callable[..., Any]

PAGE = b"<p>hello</p>\n" * 1500


def small(environ: dict[str, Any], start_response: App) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def usual(environ: dict[str, Any], start_response: App) -> list[bytes]:
    """Ten headers, as a framework sends them, and a page of 20 kB."""
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(PAGE)))]
    headers += [(f"X-Header-{number}", f"value {number}") for number in range(7)]
    start_response("200 OK", [*headers, ("Set-Cookie", "session=0123456789abcdef; Path=/; HttpOnly")])
    return [PAGE]


def streaming(environ: dict[str, Any], start_response: App) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"line %d\n" % number for number in range(50))


def contestants(app: App) -> dict[str, Any]:
    """Return a client of each kind around *app*."""
    return {
        "webtest without lint": TestApp(app, lint=False),
        "webtest with lint": TestApp(app),
        "ours": Client(Validator(app, print)),
    }


def seconds(client: Any, rounds: int) -> float:
    started = time.process_time()
    for _ in range(rounds):
        client.get("/")
    return (time.process_time() - started) / rounds


def measure(app: App, rounds: int) -> dict[str, float]:
    """Return the best seconds per request of each contestant."""
    clients = contestants(app)
    best = dict.fromkeys(clients, float("inf"))
    for _ in range(9):
        for name, client in clients.items():
            best[name] = min(best[name], seconds(client, rounds))
    return best


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short, rough run")
    rounds = 50 if parser.parse_args(arguments).quick else 400
    warnings.simplefilter("ignore")
    print(f"CPU microseconds per client.get('/'); Python {sys.version.split()[0]}; ratio = ours / webtest with lint")
    names = list(contestants(small))
    print("| app | " + " | ".join(names) + " | ratio |")
    print("| --- " + "| ---: " * (len(names) + 1) + "|")
    for app in (small, usual, streaming):
        best = measure(app, rounds)
        cells = " | ".join(f"{best[name] * 1e6:.0f}" for name in names)
        print(f"| {app.__name__} | {cells} | {best['ours'] / best['webtest with lint']:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
