"""What the app sends and when: blocks behind gates, and ``write()``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..behaviour import Stage, behaviour, describe

#: A block that no buffer of ordinary size holds back, with its end marked.
LARGE = b"x" * 70000


# -- order of sending: the harness opens each gate when the client has what came before


@behaviour("gated-blocks")
def _gated_blocks(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield from _gated(stage, b"")


@behaviour("gated-length")
def _gated_length(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(len(b"<one><two><three>")))
    yield from _gated(stage, b"")


@behaviour("gated-large")
def _gated_large(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield from _gated(stage, LARGE)


def _gated(stage: Stage, padding: bytes) -> Iterable[bytes]:
    for number in (b"one", b"two"):
        yield padding + b"<" + number + b">"
        stage.talk.gate(number.decode())
    yield b"<three>"


@behaviour("gated-start")
def _gated_start(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(len(stage.line)))
    stage.talk.gate("started")
    return [stage.line]


@behaviour("gated-empty")
def _gated_empty(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield b""
    yield b""
    stage.talk.gate("empty")
    yield stage.line


@behaviour("gated-write")
def _gated_write(stage: Stage) -> Iterable[bytes]:
    write = stage.start("200 OK", stage.headers())
    send(stage, write, b"<one>")
    stage.talk.gate("one")
    return [b"<two>"]


@behaviour("write-then-yield")
def _write_then_yield(stage: Stage) -> Iterable[bytes]:
    write = stage.start("200 OK", stage.headers())
    send(stage, write, b"<one>")
    return _after_write(stage)


def _after_write(stage: Stage) -> Iterable[bytes]:
    yield b"<two>"
    stage.talk.gate("two")
    yield b"<three>"


def send(stage: Stage, write: Any, data: Any) -> bool:
    """Call ``write`` and report it; false when it raised."""
    try:
        write(data)
    except Exception as error:  # the observation, whatever type the server raises
        stage.talk.event("write", size=len(data), raised=describe(error))
        return False
    stage.talk.event("write", size=len(data), raised="")
    return True


# -- write()


@behaviour("write-order", validated=True)
def _write_order(stage: Stage) -> Iterable[bytes]:
    write = stage.start("200 OK", stage.headers())
    for data in (b"w1,", b"w2,", b"w3,"):
        send(stage, write, data)
    return iter([b"y1,", b"y2"])


@behaviour("yield-order", validated=True)
def _yield_order(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return iter([b"w1,", b"w2,", b"w3,", b"y1,", b"y2"])


@behaviour("write-one-item", bare=True)
def _write_one_item(stage: Stage) -> Iterable[bytes]:
    write = stage.start("200 OK", stage.headers())
    send(stage, write, b"abc")
    stage.talk.finish()
    return [b"de"]


@behaviour("write-beyond")
def _write_beyond(stage: Stage) -> Iterable[bytes]:
    write = stage.start("200 OK", stage.headers(5))
    send(stage, write, b"123")
    send(stage, write, b"4567")
    return []
