"""Requests per second of `simple_server` beside the standard library's, waitress and cheroot.

    python tests/benchmarks/wsgiref.py [--requests N] [--connections N] [--rounds N] [--venv DIR]

Every server runs in a process of its own and answers the same 11 bytes without a log line; the client is a loop over
raw sockets in another process. The servers are measured in turn, so that what else the machine does hits all alike, and
the median of the rounds is printed with the ratios that matter. waitress and cheroot are installed into --venv.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD_END = b"\r\n\r\n"

SERVER = """
import socketserver, sys
kind, port = sys.argv[1], int(sys.argv[2])

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "11")])
    return [b"hello world"]

if kind == "waitress":
    import logging, waitress
    logging.getLogger("waitress").setLevel(logging.ERROR)
    waitress.serve(app, host="127.0.0.1", port=port, threads=10, connection_limit=1000, _quiet=True, backlog=1024)
elif kind == "cheroot":
    from cheroot import wsgi
    server = wsgi.Server(("127.0.0.1", port), app, numthreads=10, request_queue_size=128)
    server.keep_alive_conn_limit = 1000  # its default of 10 would close most of the client's connections
    server.start()
else:
    if kind.startswith("ours"):
        from pytest_wsgiconform.wsgiref import simple_server
    else:
        from wsgiref import simple_server

    class Handler(simple_server.WSGIRequestHandler):
        def log_message(self, *arguments):
            pass

    server_class = simple_server.WSGIServer
    if kind == "ours-threading":
        server_class = simple_server.ThreadingWSGIServer
    elif kind == "stdlib-threading":
        class server_class(socketserver.ThreadingMixIn, simple_server.WSGIServer):
            daemon_threads = True
            request_queue_size = 128
    elif kind == "stdlib":
        class server_class(simple_server.WSGIServer):
            request_queue_size = 128
    server = simple_server.make_server("127.0.0.1", port, app, server_class, Handler)
    server.serve_forever()
"""

REQUEST = b"GET /some/path?a=b HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n"
KEPT = REQUEST + b"\r\n"
CLOSING = REQUEST + b"Connection: close\r\n\r\n"


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def events(selector: selectors.BaseSelector) -> list[socket.socket]:
    ready = selector.select(10)
    if not ready:
        raise SystemExit("the server has stopped answering")
    return [key.fileobj for key, _ in ready]  # type: ignore[misc]


def load_kept(port: int, requests: int, connections: int) -> None:
    """Send requests over kept connections, one at a time on each."""
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        connection = connect(port)
        selector.register(connection, selectors.EVENT_READ)
        connection.send(KEPT)
    sent = connections
    answered = 0
    while answered < requests:
        for connection in events(selector):
            data = connection.recv(65536)
            if not data:
                raise SystemExit("the server has closed a kept connection")
            if data.endswith(b"hello world"):
                answered += 1
                if sent < requests:
                    connection.send(KEPT)
                    sent += 1


def load_closing(port: int, requests: int, connections: int) -> None:
    """Send every request on a connection of its own, some at a time."""
    selector = selectors.DefaultSelector()
    left = requests

    def start() -> None:
        nonlocal left
        left -= 1
        connection = connect(port)
        connection.send(CLOSING)
        selector.register(connection, selectors.EVENT_READ)

    for _ in range(min(connections, requests)):
        start()
    answered = 0
    while answered < requests:
        for connection in events(selector):
            if connection.recv(65536):
                continue
            answered += 1
            selector.unregister(connection)
            connection.close()
            if left > 0:
                start()


def client(mode: str, port: int, requests: int, connections: int) -> None:
    load = load_kept if mode == "kept" else load_closing
    load(port, 200, 10)
    start = time.perf_counter()
    load(port, requests, connections)
    print(json.dumps({"seconds": time.perf_counter() - start}))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def measure(python: str, kind: str, mode: str, requests: int, connections: int) -> dict[str, float]:
    """Return requests per second and the server's CPU microseconds per request."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen([python, "-c", SERVER, kind, str(port)], env=environment)
    try:
        for _ in range(200):
            try:
                connect(port).close()
                break
            except OSError:
                time.sleep(0.05)
        before = cpu_seconds(server.pid)
        arguments = [sys.executable, __file__, "--client", mode, str(port), str(requests), str(connections)]
        seconds = json.loads(subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout)["seconds"]
        used = cpu_seconds(server.pid) - before
        return {"rps": requests / seconds, "cpu": used / (requests + 200) * 1e6}
    finally:
        server.kill()
        server.wait()


def peers_python(venv: Path) -> str:
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "waitress", "cheroot"], check=True)
    return str(python)


CASES = [
    # The standard library's servers close every connection, whatever the client asks for.
    ("ours-threading", "kept"),
    ("ours", "kept"),
    ("waitress", "kept"),
    ("cheroot", "kept"),
    ("ours-threading", "closing"),
    ("ours", "closing"),
    ("stdlib-threading", "closing"),
    ("stdlib", "closing"),
    ("waitress", "closing"),
    ("cheroot", "closing"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--venv", type=Path, default=Path("~/.cache/pytest-wsgiconform/servers").expanduser())
    parser.add_argument("--client", nargs=4, metavar=("MODE", "PORT", "REQUESTS", "CONNECTIONS"))
    options = parser.parse_args()
    if options.client:
        mode, *numbers = options.client
        client(mode, *map(int, numbers))
        return
    others = peers_python(options.venv)
    results: dict[tuple[str, str], list[dict[str, float]]] = {case: [] for case in CASES}
    for _ in range(options.rounds):
        for kind, mode in CASES:
            python = others if kind in ("waitress", "cheroot") else sys.executable
            results[kind, mode].append(measure(python, kind, mode, options.requests, options.connections))
    medians = {
        case: {key: statistics.median(run[key] for run in runs) for key in ("rps", "cpu")}
        for case, runs in results.items()
    }
    print(f"{'server':18} {'connections':12} {'requests/s':>10} {'CPU us/request':>15}")
    for (kind, mode), median in medians.items():
        print(f"{kind:18} {mode:12} {median['rps']:10.0f} {median['cpu']:15.0f}")
    print_ratios(medians)


def print_ratios(medians: dict[tuple[str, str], dict[str, float]]) -> None:
    ours = medians["ours-threading", "kept"]
    ours_closing = medians["ours-threading", "closing"]
    plain = medians["stdlib", "closing"]
    mixin = medians["stdlib-threading", "closing"]
    print()
    print(f"ThreadingWSGIServer, kept : stdlib + ThreadingMixIn    {ours['rps'] / mixin['rps']:.2f}   (aim >= 2.5)")
    print(f"ThreadingWSGIServer, kept : stdlib, plain              {ours['rps'] / plain['rps']:.2f}   (aim >= 0.75)")
    print(f"the same with a connection each : stdlib, plain        {ours_closing['rps'] / plain['rps']:.2f}")
    print(f"the same with a connection each : ThreadingMixIn       {ours_closing['rps'] / mixin['rps']:.2f}")
    print(f"CPU per kept request : stdlib, plain                   {ours['cpu'] / plain['cpu']:.2f}   (aim <= 0.75)")
    for peer in ("waitress", "cheroot"):
        for mode in ("kept", "closing"):
            ratio = medians["ours-threading", mode]["rps"] / medians[peer, mode]["rps"]
            print(f"ThreadingWSGIServer, {mode} : {peer:30} {ratio:.2f}")


if __name__ == "__main__":
    main()
