"""Measures what real servers put into environ: ``python tests/peers/measure_environs.py [SERVER[=VERSION] ...]``.

Each server is started by this package's own launchers, in an environment of its own, and gets two requests that differ
in everything. What is the same in both is the server's, what follows the request is named after its part, and the rest
is left out. The result is the data file behind ``build_environ(like=...)``.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # the folder of this file must not be searched, and the checkout must
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from pytest_wsgiconform.environ import PROFILES_FILE, build_environ, request_parts
from pytest_wsgiconform.targets.server.launchers import Launcher, Running, find_launcher
from tests.peers.environments import python_with

#: Name of the profile: the launcher, and what has to be installed for it.
SERVERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "gunicorn": ("gunicorn", ("gunicorn==27.0.1",)),
    "waitress": ("waitress", ("waitress==3.0.2",)),
    "uwsgi": ("uwsgi", ("uwsgi==2.0.31",)),
    "cheroot": ("cheroot", ("cheroot==11.0.0",)),
    "werkzeug": ("werkzeug", ("werkzeug==3.1.9",)),
    "gevent": ("gevent", ("gevent==25.9.1",)),
    "wsgiref": ("wsgiref", ()),
    "mod_wsgi": ("apache", ()),
}

#: Two requests that differ in everything: method, target, headers, body.
REQUESTS: tuple[dict[str, Any], ...] = (
    {
        "from": "127.0.0.1",
        "method": "GET",
        "path": "/alpha/b%20c?x=1&y=%20",
        "headers": {"Host": "one.example:1234", "User-Agent": "first", "Connection": "close"},
        "body": b"",
    },
    {
        "from": "127.0.0.2",
        "method": "POST",
        "path": "/beta?z=2",
        "headers": {
            "Host": "two.example",
            "User-Agent": "second",
            "Connection": "close",
            "Content-Type": "application/json",
            "Content-Length": "5",
            "X-Custom": "a value",
        },
        "body": b"hello",
    },
)

#: Values and types as :mod:`pytest_wsgiconform.probe.environ_app` tells them, and what ``build_environ`` makes.
Answer = tuple[dict[str, Any], dict[str, str], dict[str, Any]]
#: Stands for a variable that is not there.
ABSENT = object()
#: Types whose values a data file can hold.
PLAIN = (str, int, bool, float, type(None))


def ask(address: tuple[str, int], request: dict[str, Any]) -> Answer:
    """Send *request*, and return what came of it."""
    with socket.create_connection(address, timeout=30, source_address=(request["from"], 0)) as connection:
        remote = connection.getsockname()
        head = [f"{request['method']} {request['path']} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in request["headers"].items()]
        connection.sendall("\r\n".join([*head, "", ""]).encode() + request["body"])
        raw = b"".join(iter(lambda: connection.recv(65536), b""))
    told = json.loads(raw[raw.index(b"{") : raw.rindex(b"}") + 1])
    expected = build_environ(server=address, remote=remote, **{k: v for k, v in request.items() if k != "from"})
    return told["values"], told["types"], expected


def profile_of(answers: list[Answer]) -> dict[str, Any]:
    """Return what distinguishes a server from ``build_environ``, from its answers to both requests."""
    found: dict[str, Any] = {
        "set": {},
        "derived": {},
        "int": [],
        "default": {},
        "unset": [],
        "objects": {},
        "left_out": [],
    }
    names = sorted({name for values, _, _ in answers for name in values} - set(os.environ))
    for name in names:
        # A CGI-like server hands its own process's environment on.
        if not name.startswith(("WSGICONFORM_", "PYTHON")):
            sort(name, answers, found)
    found["unset"] = sorted(
        name
        for name in answers[0][2]
        if any(name in expected and name not in values for values, _, expected in answers)
    )
    return found


def sort(name: str, answers: list[Answer], found: dict[str, Any]) -> None:
    """Put the variable *name* where it belongs in *found*."""
    seen = [(values.get(name, ABSENT), expected.get(name, ABSENT)) for values, _, expected in answers]
    if name == "wsgi.version" or all(value == wanted for value, wanted in seen):
        return
    first, second = (value for value, _ in seen)
    kind = next(types.get(name, "str") for values, types, _ in answers if name in values)
    if any(value is not ABSENT and (not isinstance(value, PLAIN) or str(value).startswith("<")) for value, _ in seen):
        found["objects"][name] = kind
    elif all(type(value) is int and str(value) == wanted for value, wanted in seen):
        found["int"].append(name)
    elif part := next((p for p in request_parts(answers[0][2], "") if follows(name, p, answers)), None):
        found["derived"][name] = part
    elif (all(value == wanted or wanted is ABSENT for value, wanted in seen) and "" in (first, seen[1][1])) or (
        seen[0][1] is ABSENT and first is not ABSENT and second == seen[1][1]
    ):
        found["default"][name] = first
    elif first == second and type(first) is not float and fixed(name, first):
        found["set"][name] = first
    elif name not in ("SERVER_NAME", "SERVER_ADDR", "SERVER_PORT"):
        found["left_out"].append(name)


def follows(name: str, part: str, answers: list[Answer]) -> bool:
    """Tell whether *name* is the *part* of the request, wherever the request has it."""
    parts = [
        request_parts(expected, request["path"])[part]
        for (_, _, expected), request in zip(answers, REQUESTS, strict=True)
    ]
    return all(values.get(name) == value for (values, _, _), value in zip(answers, parts, strict=True))


def fixed(name: str, value: Any) -> bool:
    """Tell whether *value* is a fact of the server, not of this machine and this run."""
    here = ("127.0.0.1", "localhost", socket.gethostname(), socket.getfqdn())
    counted = ("mod_wsgi.thread_id", "mod_wsgi.thread_requests", "mod_wsgi.total_requests")
    return (
        name not in counted
        and not (name == "SERVER_NAME" and value in here)
        and not (isinstance(value, str) and "/tmp" in value)
    )


def launched(name: str) -> tuple[Launcher, Running]:
    """Start the server of the profile *name*."""
    known, requirements = SERVERS[name]
    launcher = find_launcher(f"{known}@{python_with(*requirements)}" if requirements else known)
    if not isinstance(launcher, Launcher):
        raise TypeError(f"{name} is no launcher's name")
    return launcher, launcher.start("pytest_wsgiconform.probe.environ_app:app", "", 60.0)


def measure(name: str) -> dict[str, Any]:
    """Start the server of the profile *name*, ask it, stop it; return its profile."""
    launcher, running = launched(name)
    try:
        answers = [ask(running.address, request) for request in REQUESTS]
    finally:
        running.stop()
    versions = ", ".join(f"{package} {version}" for package, version in launcher.versions().items())
    return {
        "server": versions or answers[0][0].get("SERVER_SOFTWARE") or name,
        "python": platform.python_version(),
        "measured": datetime.date.today().isoformat(),
        **profile_of(answers),
    }


def main(arguments: list[str]) -> None:
    data = json.loads(PROFILES_FILE.read_text(encoding="utf-8")) if PROFILES_FILE.exists() else {"profiles": {}}
    data = {"format": 1, "command": "python tests/peers/measure_environs.py", "profiles": data["profiles"]}
    for name in arguments or SERVERS:
        data["profiles"][name] = measure(name)
        print(f"{name}: {data['profiles'][name]['server']}")
    PROFILES_FILE.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
