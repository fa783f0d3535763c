"""Run an application under a handler, ours or the interpreter's own, and look at what comes out."""

from __future__ import annotations

import functools
import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from tests import ROOT

_MODULES = ("util", "headers", "handlers", "simple_server", "validate")
OURS = SimpleNamespace(
    package="pytest_wsgiconform.wsgiref",
    **{name: importlib.import_module(f"pytest_wsgiconform.wsgiref.{name}") for name in _MODULES},
)
STANDARD = SimpleNamespace(package="wsgiref", **{name: importlib.import_module(f"wsgiref.{name}") for name in _MODULES})


def defect(test: Callable[..., None] | None = None, *, mended: bool = False, since: tuple[int, int] = (3, 10)) -> Any:
    """A test of a known defect of the interpreter's own wsgiref; its argument ``package`` is what it tries.

    It runs on both, as ``[ours]`` and ``[standard]``: it has to pass on ours, and to fail on the standard one as that
    is up to Python 3.13, so that the test is known to see the defect.  ``mended``: the later releases of each branch
    have it mended, so that it may pass there.  ``since``: the first version that has it.
    """
    if test is None:
        return lambda test: defect(test, mended=mended, since=since)
    body = test

    @functools.wraps(body)
    def run(package: Any, **fixtures: Any) -> None:
        if package is OURS:
            body(package=package, **fixtures)
            return
        try:
            body(package=package, **fixtures)
        except (Exception, pytest.fail.Exception):
            return
        if not mended and since <= sys.version_info < (3, 14):
            pytest.fail("the standard wsgiref passes as well: this test does not see the defect")

    return pytest.mark.parametrize("package", [OURS, STANDARD], ids=["ours", "standard"])(run)


@dataclass
class Answer:
    """What a handler did: the raw bytes, and what it wrote to the log."""

    handler: Any
    writes: list[bytes]
    log: str = ""
    raw: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.raw = b"".join(self.writes)

    @property
    def head(self) -> list[str]:
        """The lines of the header section, the status line first."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")

    @property
    def body(self) -> bytes:
        head, blank, body = self.raw.partition(b"\r\n\r\n")
        assert blank or not head, f"no header section in {self.raw!r}"
        return body

    def values(self, name: str) -> list[str]:
        """The values of all headers of that name."""
        pairs = [line.split(": ", 1) for line in self.head[1:]]
        return [value for key, value in pairs if key.lower() == name.lower()]


class Recorder:
    """A stdout that keeps each write apart; ``failure`` is raised by the write of that number, and later ones."""

    def __init__(self, failure: Exception | None = None, fails_at: int = 0) -> None:
        self.writes: list[bytes] = []
        self.failure = failure
        self.fails_at = fails_at
        self.flushes = 0

    def write(self, data: bytes) -> int:
        if self.failure is not None and len(self.writes) >= self.fails_at:
            raise self.failure
        self.writes.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        self.flushes += 1


def request(**variables: str) -> dict[str, Any]:
    """The CGI variables of a plain GET, with ``variables`` over them."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "SERVER_NAME": "test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        **variables,
    }


def handler_for(
    environ: dict[str, Any], stdout: Any, package: Any = OURS, base: str = "SimpleHandler", **attributes: Any
) -> Any:
    """A handler of ``package`` with these attributes set on its class."""
    kind = type("Handler", (getattr(package.handlers, base),), attributes)
    return kind(BytesIO(), stdout, StringIO(), environ)


def answer(
    app: Any,
    package: Any = OURS,
    *,
    stdout: Recorder | None = None,
    environ: dict[str, Any] | None = None,
    **attributes: Any,
) -> Answer:
    """Run ``app`` under a ``SimpleHandler`` with these class attributes; ``environ`` is by default a plain GET."""
    stdout = stdout or Recorder()
    handler = handler_for(request() if environ is None else environ, stdout, package, **attributes)
    handler.run(app)
    return Answer(handler, stdout.writes, handler.stderr.getvalue())


def app_of(*blocks: bytes, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    """An application that answers with a list of ``blocks``."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain"), *(headers or [])])
        return list(blocks)

    return app


def generator_of(*blocks: bytes, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    """An application that is a generator of ``blocks``."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, [("Content-Type", "text/plain"), *(headers or [])])
        yield from blocks

    return app


class Body:
    """An iterable that counts what is done to it."""

    def __init__(
        self, *blocks: Any, fails_after: Exception | None = None, close_fails: Exception | None = None
    ) -> None:
        self.blocks = list(blocks)
        self.fails_after = fails_after
        self.close_fails = close_fails
        self.steps = 0
        self.closed = 0

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> Any:
        self.steps += 1
        if self.blocks:
            return self.blocks.pop(0)
        if self.fails_after is not None:
            raise self.fails_after
        raise StopIteration

    def close(self) -> None:
        self.closed += 1
        if self.close_fails is not None:
            raise self.close_fails


def returning(body: Any, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    """An application that returns ``body`` as it is."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, [("Content-Type", "text/plain"), *(headers or [])])
        return body

    return app


def run_optimised(package: Any, program: str) -> str:
    """What ``program`` prints under ``python -O``, with ``wsgiref`` in it standing for the package."""
    source = textwrap.dedent(program).replace("wsgiref", package.package)
    done = subprocess.run(
        [sys.executable, "-O", "-c", source],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
