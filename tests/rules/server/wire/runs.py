"""Runs against servers, written by hand, and what the rules make of them."""

from __future__ import annotations

from typing import Any

from pytest_wsgiconform.rules.model import Rule
from pytest_wsgiconform.rules.records.server import (
    Call,
    Response,
    ServerRun,
    one_connection,
)
from pytest_wsgiconform.rules.records.stimulus_facts import UNSAID, Wanted
from pytest_wsgiconform.rules.registry import catalogue
from pytest_wsgiconform.stimuli.server.model import server_stimuli

RULES = catalogue()
POST = b"POST /probe/echo/00000000.first HTTP/1.1\r\nHost: x\r\n\r\n"


def verdict(rule: Rule, run: ServerRun) -> str:
    outcome = rule.check(run)
    return "vacuous" if outcome is None else "broken" if outcome else "held"


def run(
    stimulus: str, *responses: Response, calls: tuple[Call, ...] = (), ended: str = "eof", wanted: Wanted | None = None
) -> ServerRun:
    return one_connection(
        POST,
        *responses,
        ended=ended,
        calls=calls,
        stimulus=stimulus,
        wanted=wanted or (server_stimuli()[stimulus].wanted if stimulus in server_stimuli() else UNSAID),
    )


def ok(label: str = "first", *headers: tuple[str, str], **more: Any) -> Response:
    body = f"ok 00000000.{label}\n".encode()
    return Response(200, [("X-Wsgiconform", f"00000000.{label}"), *headers], body, **more)


FIRST = Call("first")
CLOSES = ok("first", ("Connection", "close"))
CUT = [("Content-Length", "9")]
