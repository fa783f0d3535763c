"""Servers behind a gateway: when they are ready."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_wsgiconform.rules.model import Verdict
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Server


def _warming_up(requests: int) -> Any:
    """Return a maker of servers that answer some *requests* with 503 before they pass any on to the app."""
    left = [requests]

    def make(app: Any) -> Server:
        def gateway(environ: Any, start_response: Any) -> Any:
            if left[0] > 0:
                left[0] -= 1
                start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", "0")])
                return []
            return app(environ, start_response)

        return Server(gateway)

    return make


def test_a_gateway_may_listen_before_the_server_behind_it() -> None:
    run = ServerTarget(InProcess("gateway", _warming_up(7)), Settings())
    try:
        assert run.judge(catalogue()["server-answers"]).verdict is Verdict.HELD
        assert run.judge(catalogue()["status-sent-verbatim"]).verdict is Verdict.HELD
    finally:
        run.close()


def test_a_gateway_with_nothing_behind_it_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_wsgiconform.targets.server.lifecycle.START_LIMIT", 0.5)
    run = ServerTarget(InProcess("gateway", _warming_up(10**9)), Settings(timeout=0.5))
    try:
        assert run.judge(catalogue()["server-answers"]).verdict is Verdict.BROKEN
    finally:
        run.close()
