"""How the app calls ``start_response``, with and without exc_info, and what a server has to refuse."""

from __future__ import annotations

import platform
import sys
import weakref
from collections.abc import Iterable
from typing import Any

from ..behaviour import Stage, behaviour, describe
from .wire import ProbeError

# -- start_response


@behaviour("exc-none")
def _exc_none(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(), None)
    return _again(stage, "200 OK", stage.headers(), None)


@behaviour("second-call")
def _second_call(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return _again(stage, "201 Second", stage.headers())


def _again(stage: Stage, *args: Any) -> Iterable[bytes]:
    """Call start_response a second time without an error; answer whether it was refused or not."""
    try:
        stage.start(*args)
    except Exception as error:  # the refusal that is due; its type is the server's choice
        stage.talk.event("refused", error=describe(error))
    return [stage.line]


@behaviour("second-after-failed")
def _second_after_failed(stage: Stage) -> Iterable[bytes]:
    try:
        stage.start("200 OK", [("X-Bad\r\n", "line end in a name")])
    except Exception as error:  # a refusal of whatever type makes the second call worth trying
        stage.talk.event("first-refused", error=describe(error))
    return _again(stage, "200 OK", stage.headers())


@behaviour("lazy-start")
def _lazy_start(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(len(stage.line)))
    yield stage.line


@behaviour("start-in-second-step")
def _start_in_second_step(stage: Stage) -> Iterable[bytes]:
    yield b""
    stage.start("200 OK", stage.headers(len(stage.line)))
    yield stage.line


@behaviour("exc-replace")
def _exc_replace(stage: Stage) -> Iterable[bytes]:
    stage.start("200 First", [("X-Mark", "first"), ("X-First", "first"), ("Content-Length", "3")])
    try:
        raise ProbeError("replaced")
    except ProbeError:
        stage.start("500 Second", stage.headers(len(stage.line), ("X-Mark", "second")), sys.exc_info())
    return [stage.line]


@behaviour("exc-first")
def _exc_first(stage: Stage) -> Iterable[bytes]:
    try:
        raise ProbeError("first call with exc_info")
    except ProbeError:
        stage.start("500 Probe", stage.headers(len(stage.line)), sys.exc_info())
    return [stage.line]


@behaviour("exc-sent")
def _exc_sent(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield b"<one>"
    stage.talk.gate("one")
    try:
        _fail()
    except ProbeError as original:
        try:
            stage.start_response("500 Late", stage.headers(), sys.exc_info())
        except BaseException as error:  # judged by identity, and raised on: the app must not trap it
            frames = _functions(error.__traceback__)
            stage.talk.event("late", raised=describe(error), same=error is original, frames=frames)
            raise
        stage.talk.event("late", raised="", same=False, frames=[])
    yield b"<after>"


def _fail() -> None:
    raise ProbeError("after the headers were sent")


def _functions(traceback: Any) -> list[str]:
    names = []
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return names


class _Canary:
    """Lives as long as somebody holds the traceback."""


@behaviour("exc-reference")
def _exc_reference(stage: Stage) -> Iterable[bytes]:
    references: list[weakref.ref[_Canary]] = []
    stage.start("200 OK", stage.headers())
    try:
        _fail_with(references)
    except ProbeError:
        stage.start("500 Probe", stage.headers(len(stage.line)), sys.exc_info())
    stage.talk.event("reference", alive=references[0]() is not None, counted=_counts_references())
    return [stage.line]


def _fail_with(references: list[weakref.ref[_Canary]]) -> None:
    canary = _Canary()
    references.append(weakref.ref(canary))
    raise ProbeError("with a canary in its frame")


def _counts_references() -> bool:
    """Whether objects die at once here; elsewhere a living canary says nothing."""
    return platform.python_implementation() == "CPython"


# -- what a server has to refuse


#: The names that RFC 2616, section 13.5.1, lists, which the PEP refers to.
HOP_BY_HOP = {
    "connection": "close",
    "keep-alive": "timeout=5",
    "proxy-authenticate": "Basic realm=probe",
    "proxy-authorization": "Basic cHJvYmU=",
    "te": "trailers",
    "trailers": "X-Trailer",
    "transfer-encoding": "identity",
    "upgrade": "probe/1",
}

BAD_STARTS: dict[str, tuple[Any, Any]] = {
    "bad-status-bytes": (b"200 OK", [("Content-Type", "text/plain")]),
    "bad-headers-tuple": ("200 OK", (("Content-Type", "text/plain"),)),
    "bad-value-line": ("200 OK", [("X-Bad", "a\r\nb")]),
    "bad-value-wide": ("200 OK", [("X-Bad", "\u20ac")]),
    "bad-name-wide": ("200 OK", [("X-\u20ac", "bad")]),
    "bad-status-wide": ("200 \u20ac", [("Content-Type", "text/plain")]),
}


def _bad_start(name: str, status: Any, headers: Any) -> None:
    @behaviour(name)
    def play(stage: Stage) -> Iterable[bytes]:
        stage.start(status, headers[:])  # a list of its own: the server may change it
        return [stage.line]


for _name, (_status, _headers) in BAD_STARTS.items():
    _bad_start(_name, _status, _headers)
for _name, _value in HOP_BY_HOP.items():
    _bad_start(f"hop-{_name}", "200 OK", [("Content-Type", "text/plain"), (_name.title(), _value)])


@behaviour("yield-text")
def _yield_text(stage: Stage) -> Iterable[Any]:
    stage.start("200 OK", stage.headers())
    return iter(["text-not-bytes"])
