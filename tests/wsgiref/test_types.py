"""wsgiref.types: the names and their shapes, and that importing the package costs little."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from pytest_wsgiconform.wsgiref import types

DOCUMENTED = {"StartResponse", "WSGIEnvironment", "WSGIApplication", "InputStream", "ErrorStream", "FileWrapper"}


def test_the_documented_names() -> None:
    assert set(types.__all__) == DOCUMENTED
    if sys.version_info >= (3, 11):
        import wsgiref.types

        assert set(wsgiref.types.__all__) == DOCUMENTED


def test_the_aliases() -> None:
    assert types.WSGIEnvironment == dict[str, typing.Any]
    arguments, result = typing.get_args(types.WSGIApplication)
    assert arguments == [types.WSGIEnvironment, types.StartResponse]
    assert typing.get_args(result) == (bytes,)


@pytest.mark.parametrize(
    ("protocol", "methods"),
    [
        (types.StartResponse, {"__call__": ["status", "headers", "exc_info"]}),
        (types.InputStream, {"read": ["size"], "readline": ["size"], "readlines": ["hint"], "__iter__": []}),
        (types.ErrorStream, {"flush": [], "write": ["s"], "writelines": ["seq"]}),
        (types.FileWrapper, {"__call__": ["file", "block_size"]}),
    ],
)
def test_the_protocols(protocol: type, methods: dict[str, list[str]]) -> None:
    assert typing.Protocol in protocol.__mro__  # type: ignore[comparison-overlap]
    for method, parameters in methods.items():
        signature = inspect.signature(getattr(protocol, method))
        assert list(signature.parameters) == ["self", *parameters]
        assert all(signature.parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY for name in parameters)


@pytest.mark.slow
def test_a_program_against_the_types(tmp_path: Path) -> None:
    """A checker takes a right application and refuses a wrong one."""
    program = tmp_path / "program.py"
    program.write_text(
        "from collections.abc import Iterable\n"
        "from pytest_wsgiconform.wsgiref.handlers import CGIHandler\n"
        "from pytest_wsgiconform.wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment\n"
        "from pytest_wsgiconform.wsgiref.util import FileWrapper\n"
        "import pytest_wsgiconform.wsgiref.types as types\n"
        "def right(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:\n"
        "    start_response('200 OK', [('A', 'b')])(b'')\n"
        "    return []\n"
        "def wrong(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[str]:\n"
        "    return []\n"
        "fits: WSGIApplication = right\n"
        "fits_not: WSGIApplication = wrong\n"
        "wrapper: types.FileWrapper = FileWrapper\n"
        "CGIHandler().run(right)\n"
    )
    mypy = pytest.importorskip("mypy.api")
    output, _, _ = mypy.run(["--strict", "--cache-dir", str(tmp_path / "cache"), str(program)])
    errors = [line for line in output.splitlines() if ": error:" in line]
    assert len(errors) == 1, output
    assert "program.py:12" in errors[0]


@pytest.mark.parametrize("module", ["util", "headers", "handlers", "types"])
def test_importing_brings_in_nothing_heavy(module: str) -> None:
    program = (
        f"import sys, pytest_wsgiconform.wsgiref.{module} as m; "
        "print(*sorted(sys.modules.keys() & {'pytest', 'email', 'http', 'urllib.parse', 'traceback', 'wsgiref'}))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", program], capture_output=True, text=True, cwd=root, check=True, timeout=60
    )
    assert done.stdout.split() == []
