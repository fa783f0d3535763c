"""How a server target judges: duties that do not apply, mount points, and no side channel."""

from __future__ import annotations

import pytest

from pytest_wsgiconform.observe.wire import Send
from pytest_wsgiconform.rules.model import Level, Verdict
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.stimuli.server.model import Setting, server_stimuli
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.launchers import MOUNT, find_launcher
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Server
from tests.targets.server.judging import judge, messages


def test_duties_of_http11_are_not_put_to_a_server_of_http10() -> None:
    run = ServerTarget(find_launcher("wsgiref"), Settings())
    try:
        chunks, line = run.judge(catalogue()["chunks-decoded"]), run.judge(catalogue()["status-line-well-formed"])
    finally:
        run.close()
    assert chunks.verdict is Verdict.NOT_APPLICABLE
    assert "HTTP/1.0" in chunks.reason
    assert line.verdict is Verdict.HELD


def test_a_real_server_is_tried_below_a_mount_point() -> None:
    pytest.importorskip("waitress")
    run = ServerTarget(find_launcher("waitress"), Settings())
    try:
        results = [
            run.judge(catalogue()[name]) for name in ("script-name-is-mount-point", "dot-segments-stay-in-mount")
        ]
    finally:
        run.close()
    assert [result.verdict for result in results] == [Verdict.HELD, Verdict.HELD]
    assert run.runs["env:mounted"].mount == MOUNT


def test_a_server_without_mount_points_is_not_tried_there() -> None:
    assert judge(Server, "script-name-is-mount-point")["script-name-is-mount-point"].verdict is Verdict.NOT_EXERCISED


def test_a_body_with_its_last_chunk_is_not_sent_as_an_incomplete_one() -> None:
    """RFC 9112 section 8: a chunked body is incomplete when the zero-sized chunk has not come."""
    setting = Setting("127.0.0.1:8000")
    incomplete = [item for name, item in server_stimuli().items() if name.startswith("chunk-incomplete:")]
    assert incomplete
    for item in incomplete:
        sent = b"".join(step.data for step in item.scripts(setting)[0].steps if isinstance(step, Send))
        assert b"\r\n0\r\n" not in sent, item.id


def test_the_base_breaks_nothing_where_nobody_sees_what_reached_the_app() -> None:
    """As a server behind a URL: what needs the other side is not exercised, whatever came back."""
    target = ServerTarget(InProcess("base", Server, reports=False), Settings(timeout=8.0), patience=0.4)
    try:
        results = [target.judge(rule) for rule in target.rules()]
    finally:
        target.close()
    levels = {rule.id: rule.level for rule in target.rules()}
    broken = {r.rule: messages(r) for r in results if r.verdict is Verdict.BROKEN}
    assert {rule: told for rule, told in broken.items() if levels[rule] is not Level.ADVICE} == {}
    verdicts = {result.rule: result.verdict for result in results}
    for rule in ("incomplete-body-told", "incomplete-chunked-body-told", "valid-length-honoured", "chunks-decoded"):
        assert verdicts[rule] is Verdict.NOT_EXERCISED
    assert sum(verdict is Verdict.HELD for verdict in verdicts.values()) > 60
