"""Cost of one exchange under each linter, in turn, in one run: ``python tests/benchmarks/validators.py``.

Peers: ``wsgiref.validate`` (standard library), Werkzeug's ``LintMiddleware``, ``webtest.lint`` and
``paste.lint``. The bare app shows what the traffic itself costs. Each figure is the best of several
rounds that take the contestants in turn, so that a slow moment of the machine hits all of them.

With ``--quick`` a short run, for trying it out.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

# The benchmark of our wsgiref beside this file would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != os.path.dirname(os.path.abspath(__file__))]

from wsgiref.validate import validator as wsgiref_validator  # noqa: E402

from pytest_wsgiconform.observe.validator import Validator  # noqa: E402

App = Callable[..., Any]


def peers() -> dict[str, Callable[[App], App]]:
    from paste.lint import middleware as paste_lint
    from webtest.lint import middleware as webtest_lint
    from werkzeug.middleware.lint import LintMiddleware

    return {
        "bare app": lambda app: app,
        "wsgiref.validate": wsgiref_validator,
        "werkzeug lint": LintMiddleware,
        "webtest.lint": webtest_lint,
        "paste.lint": paste_lint,
        "ours": lambda app: Validator(app, print),
    }


def make_app(headers: int, chunks: int) -> App:
    listed = [("Content-Type", "text/plain"), ("Content-Length", str(5 * chunks))]
    listed += [(f"X-Header-{number}", f"value {number}") for number in range(headers - len(listed))]
    body = [b"hello"] * chunks

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", list(listed))
        return body

    return app


def make_environ() -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/some/page",
        "QUERY_STRING": "a=1&b=2",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "benchmark/1.0",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "40000",
        "HTTP_HOST": "localhost:8000",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_CONNECTION": "keep-alive",
        "HTTP_COOKIE": "session=0123456789abcdef",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b""),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
    return _write


def _write(data: bytes) -> None:
    raise AssertionError("the apps here don't write")


def exchange(app: App, environ: dict[str, Any]) -> None:
    body = app(environ, start_response)
    try:
        for _chunk in body:
            pass
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def seconds_per_exchange(app: App, rounds: int) -> float:
    template = make_environ()
    environs = [dict(template) for _ in range(rounds)]
    started = time.process_time()
    for environ in environs:
        exchange(app, environ)
    return (time.process_time() - started) / rounds


def measure(headers: int, chunks: int, budget: float) -> dict[str, float]:
    """Return the best seconds per exchange of each contestant."""
    app = make_app(headers, chunks)
    wrapped = {name: wrap(app) for name, wrap in peers().items()}
    rounds = max(int(budget * 20000 / (20 + chunks)), 3)
    best = dict.fromkeys(wrapped, float("inf"))
    for _ in range(7):
        for name, contestant in wrapped.items():
            best[name] = min(best[name], seconds_per_exchange(contestant, rounds))
    return best


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short, rough run")
    budget = 0.1 if parser.parse_args(arguments).quick else 1.0
    warnings.simplefilter("ignore")
    names = list(peers())
    print(f"CPU microseconds per exchange; Python {sys.version.split()[0]}; ratio = ours / cheapest peer")
    print("| headers | chunks | " + " | ".join(names) + " | ratio | ratio without the bare app's cost |")
    print("| ---: " * (len(names) + 4) + "|")
    for headers, chunks in ((2, 1), (10, 1), (30, 1), (10, 100), (10, 10000)):
        best = measure(headers, chunks, budget)
        cheapest = min(best[name] for name in names if name not in ("bare app", "ours"))
        bare = best["bare app"]
        cells = " | ".join(f"{best[name] * 1e6:.1f}" for name in names)
        added = (best["ours"] - bare) / (cheapest - bare)
        print(f"| {headers} | {chunks} | {cells} | {best['ours'] / cheapest:.2f} | {added:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
