"""Programs that run beside a test."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator

from tests import ROOT

# What a user does who wants our modules wherever a program says "wsgiref".
ALIAS = """
import importlib, sys
import pytest_wsgiconform.wsgiref
sys.modules["wsgiref"] = pytest_wsgiconform.wsgiref
for name in ("util", "headers", "handlers", "simple_server", "types"):
    sys.modules["wsgiref." + name] = importlib.import_module("pytest_wsgiconform.wsgiref." + name)
"""


@contextlib.contextmanager
def program(python: str, source: str, *arguments: str) -> Iterator[int]:
    """Run a program that prints "port N" when it is ready; give that port, and show its errors if it fails."""
    process = subprocess.Popen(
        [python, "-c", ALIAS + textwrap.dedent(source), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        match = None
        while match is None:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            match = re.fullmatch(r"port (\d+)\n", line)
        yield int(match[1])
    finally:
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors, errors


def talk(connection: http.client.HTTPConnection, method: str, target: str, **options: object) -> tuple[int, bytes]:
    connection.request(method, target, **options)  # type: ignore[arg-type]
    response = connection.getresponse()
    return response.status, response.read()
