"""``--wsgi-url``, several servers in one run, and ``--wsgi-diff``, as a user gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pytest_wsgiconform.targets.server.launchers import find_launcher

OPTIONS = ("-p", "no:cacheprovider", "--wsgi-timeout=20")


@pytest.fixture
def running() -> Iterator[str]:
    """The URL of a server that serves the probe, started by nobody in this process' run."""
    served = find_launcher("pytest_wsgiconform").start("pytest_wsgiconform.probe:app", "", 20.0)
    try:
        host, port = served.address
        yield f"http://{host}:{port}"
    finally:
        served.stop()


def verdicts(pytester: pytest.Pytester) -> dict[str, str]:
    document = json.loads((pytester.path / "out.json").read_text("utf-8"))
    return {entry["rule"]: entry["verdict"] for entry in document["rules"]}


def test_server_that_runs_already_is_judged_by_its_bytes(pytester: pytest.Pytester, running: str) -> None:
    rules = "status-line-well-formed,host-missing-refused,close-called-after-disconnect"
    result = pytester.runpytest(
        f"--wsgi-url={running}/", f"--wsgi-select={rules}", "--wsgi-report=json:out.json", *OPTIONS
    )
    assert result.ret == 0
    assert verdicts(pytester) == {
        "app-called": "held",
        "status-line-well-formed": "held",
        "host-missing-refused": "held",
        "close-called-after-disconnect": "not-exercised",
    }
    result.stdout.fnmatch_lines(
        [f"*WSGI conformance: server {running}/*", "*what the app sees inside this server can't be told*"]
    )


def test_server_at_a_url_is_left_running(pytester: pytest.Pytester, running: str) -> None:
    for _ in range(2):
        assert pytester.runpytest(f"--wsgi-url={running}", "--wsgi-select=server-answers", *OPTIONS).ret == 0


SERVERS = ("--wsgi-server=pytest_wsgiconform", "--wsgi-server=pytest_wsgiconform:single")


def test_several_servers_give_one_table(pytester: pytest.Pytester) -> None:
    rules = "--wsgi-select=status-line-well-formed,request-method-as-sent"
    result = pytester.runpytest(*SERVERS, rules, *OPTIONS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["=* WSGI servers =*", "rules* pytest_wsgiconform * pytest_wsgiconform:single", "environ* 1/1 * 1/1"]
    )
    assert "differences" not in result.stdout.str()


def test_differences_between_servers(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest(*SERVERS, "--wsgi-diff", "--wsgi-select=request-method-as-sent", *OPTIONS)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "-* differences -*",
            "*environ of *: wsgi.multithread",
            "    pytest_wsgiconform: True",
            "    pytest_wsgiconform:single: False",
        ]
    )
