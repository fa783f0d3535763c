"""The probe's behaviours, in whatever server they run."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_wsgiconform.environ import build_environ
from pytest_wsgiconform.probe.app import app_variant
from pytest_wsgiconform.probe.behaviour import BEHAVIOURS


@pytest.mark.parametrize(
    "name", [n for n in BEHAVIOURS if n.startswith(("bad-headers", "bad-value", "bad-name", "hop-"))]
)
def test_every_call_of_the_probe_gets_a_list_of_its_own(name: str) -> None:
    """A server may change the list (PEP 3333, "The start_response() Callable"): no other call may see that."""
    seen = []

    def start_response(status: Any, headers: Any, exc_info: Any = None) -> Any:
        seen.append(list(headers))
        if type(headers) is list:
            headers.append(("Connection", "close"))
        return lambda data: None

    for _ in range(2):
        list(app_variant("app", "")(build_environ(f"/probe/{name}/00000000.first"), start_response))
    assert seen[0] == seen[1]


def test_the_probe_sets_no_profile_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """In threads that Python didn't start, CPython 3.11 may never come out of a profiled function."""
    hooks: list[Any] = []
    monkeypatch.setattr("sys.setprofile", hooks.append)
    started: list[str] = []
    app = app_variant("app", "")
    result = app(build_environ("/probe/echo/00000000.first"), lambda *args: started.append(args[0]))
    assert b"".join(result) == b"ok 00000000.first\n"
    assert started == ["200 OK"]
    assert hooks == []
