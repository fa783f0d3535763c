"""Rules on the mount point, on runs written by hand."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.rules.model import HELD
from pytest_wsgiconform.rules.records.server import Call, Response, ServerRun, one_connection
from pytest_wsgiconform.rules.server.examples import example_call, example_run
from tests.rules.server.judging import verdict


def _mounted(script_name: str, path_info: str, mount: str = "/mount") -> ServerRun:
    sent = b"GET /mount/probe/echo/00000000.first/a%20b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"
    calls = [example_call(SCRIPT_NAME=script_name, PATH_INFO=path_info)]
    return example_run(sent=sent, calls=calls, mount=mount)


def test_mount_point_in_its_place() -> None:
    assert verdict("script-name-is-mount-point", _mounted("/mount", "/probe/echo/00000000.first/a b")) == HELD


@pytest.mark.parametrize(
    ("script_name", "path_info"),
    [
        ("", "/mount/probe/echo/00000000.first/a b"),
        ("/mount", "/mount/probe/echo/00000000.first/a b"),
        ("/mount/", "probe/echo/00000000.first/a b"),
        ("", "/probe/echo/00000000.first/a b"),
        ("/mount/probe", "/echo/00000000.first/a b"),
    ],
)
def test_mount_point_in_a_wrong_place(script_name: str, path_info: str) -> None:
    assert len(verdict("script-name-is-mount-point", _mounted(script_name, path_info))) == 1


def test_root_mount_says_nothing() -> None:
    assert verdict("script-name-is-mount-point", _mounted("", "/x", mount="")) is None


def test_dots_out_of_the_mount_are_seen_in_any_call() -> None:
    calls = [Call("first", {"SCRIPT_NAME": "/mount"}), Call("first", {"SCRIPT_NAME": ""})]
    run = one_connection(b"GET /mount/.. HTTP/1.1\r\n\r\n", Response(200), calls=calls, stimulus="path-dots:mounted")
    run.mount = "/mount"
    assert len(verdict("dot-segments-stay-in-mount", run)) == 1
    run.calls = calls[:1]
    assert verdict("dot-segments-stay-in-mount", run) == HELD
