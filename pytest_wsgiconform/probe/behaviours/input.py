"""Behaviours that use ``wsgi.input``, ``wsgi.errors`` and environ in every way that the PEP lists."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..behaviour import Stage, behaviour, describe, given

#: Calls of one behaviour at most: a stream that never ends must not keep the probe busy for ever.
STEPS = 3000

#: The environment variable that stands for a deployer's own setting.
DEPLOYER = "WSGICONFORM_DEPLOYER"


def attempt(stage: Stage, method: str, *args: Any) -> Any:
    """Call a method of ``wsgi.input``; a failure is reported and gives ``None``."""
    try:
        return stage.read(method, *args)
    except Exception:  # reported by read(), whatever the server's stream raises
        return None


def _until_empty(stage: Stage, method: str, *args: Any) -> None:
    for _ in range(STEPS):
        if not attempt(stage, method, *args):
            return


def _rest(stage: Stage, taken: int) -> None:
    """Read what is left of the body after *taken* bytes, and no byte more."""
    left = int(stage.environ.get("CONTENT_LENGTH") or 0) - taken
    while left > 0:
        size = _size(attempt(stage, "read", min(left, 4096)))
        if not size:
            return
        left -= size


def _size(value: Any) -> int:
    """Return how many bytes a read gave; 0 for what are no bytes."""
    return len(value) if isinstance(value, bytes) else 0


@behaviour("read-sized")
def _read_sized(stage: Stage) -> Iterable[bytes]:
    taken = 0
    for size in (1, 7, 1000):
        taken += _size(attempt(stage, "read", size))
    _rest(stage, taken)
    return stage.answer(stage.line)


@behaviour("read-total")
def _read_total(stage: Stage) -> Iterable[bytes]:
    attempt(stage, "read", int(stage.environ["CONTENT_LENGTH"]))
    return stage.answer(stage.line)


@behaviour("read-after-readline")
def _read_after_readline(stage: Stage) -> Iterable[bytes]:
    taken = _size(attempt(stage, "readline"))
    _rest(stage, taken)
    return stage.answer(stage.line)


@behaviour("read-zero")
def _read_zero(stage: Stage) -> Iterable[bytes]:
    _rest(stage, _size(attempt(stage, "read", 0)))
    return stage.answer(stage.line)


@behaviour("read-all")
def _read_all(stage: Stage) -> Iterable[bytes]:
    attempt(stage, "read", 4)
    attempt(stage, "read")
    return stage.answer(stage.line)


@behaviour("read-past")
def _read_past(stage: Stage) -> Iterable[bytes]:
    attempt(stage, "read", int(stage.environ["CONTENT_LENGTH"]) + 100)
    return stage.answer(stage.line)


@behaviour("readline", validated=True)
def _readline(stage: Stage) -> Iterable[bytes]:
    _until_empty(stage, "readline")
    return stage.answer(stage.line)


@behaviour("readline-sized")
def _readline_sized(stage: Stage) -> Iterable[bytes]:
    for _ in range(2):
        attempt(stage, "readline", 3)
    _until_empty(stage, "readline", 1000)
    return stage.answer(stage.line)


@behaviour("readlines", validated=True)
def _readlines(stage: Stage) -> Iterable[bytes]:
    attempt(stage, "readlines")
    return stage.answer(stage.line)


@behaviour("readlines-hint", validated=True)
def _readlines_hint(stage: Stage) -> Iterable[bytes]:
    _until_empty(stage, "readlines", 1)
    return stage.answer(stage.line)


@behaviour("iterate", validated=True)
def _iterate(stage: Stage) -> Iterable[bytes]:
    _iterate_input(stage)
    return stage.answer(stage.line)


@behaviour("iterate-after-readline")
def _iterate_after_readline(stage: Stage) -> Iterable[bytes]:
    attempt(stage, "readline")
    _iterate_input(stage)
    return stage.answer(stage.line)


def _iterate_input(stage: Stage) -> None:
    lines: list[Any] = []
    stage.talk.event("reading", method="iter", args=[])
    try:
        for line in stage.environ["wsgi.input"]:
            lines.append(line)
            if len(lines) >= STEPS:
                break
    except Exception as error:  # any error of the server's stream; it is the observation
        stage.talk.event("read", method="iter", args=[], raised=describe(error), **given(lines))
        return
    stage.talk.event("read", method="iter", args=[], raised="", **given(lines))


@behaviour("after-end")
def _after_end(stage: Stage) -> Iterable[bytes]:
    length = stage.environ.get("CONTENT_LENGTH")
    if length:
        attempt(stage, "read", int(length))
    stage.talk.event("at-end")
    for _ in range(2):
        attempt(stage, "read", 10)
        attempt(stage, "read")
        attempt(stage, "readline")
        attempt(stage, "readlines")
        _iterate_input(stage)
    return stage.answer(stage.line)


# -- wsgi.errors


def complain(stage: Stage, method: str, *args: Any) -> None:
    """Call a method of ``wsgi.errors`` and report whether it raised."""
    try:
        getattr(stage.environ["wsgi.errors"], method)(*args)
    except Exception as error:  # any error of the server's stream; it is the observation
        stage.talk.event("errors", method=method, raised=describe(error))
    else:
        stage.talk.event("errors", method=method, raised="")


def _mark(stage: Stage, name: str) -> str:
    return f"probe-errors {name} {stage.marker}"


@behaviour("errors-write", validated=True)
def _errors_write(stage: Stage) -> Iterable[bytes]:
    complain(stage, "write", _mark(stage, "written") + "\n")
    complain(stage, "flush")
    stage.talk.gate("flushed")
    return stage.answer(stage.line)


@behaviour("errors-writelines")
def _errors_writelines(stage: Stage) -> Iterable[bytes]:
    complain(stage, "writelines", [_mark(stage, "one;"), _mark(stage, "two;")])
    complain(stage, "writelines", (_mark(stage, text) for text in ("three;", "four\n")))
    complain(stage, "flush")
    stage.talk.gate("flushed")
    return stage.answer(stage.line)


@behaviour("errors-unicode")
def _errors_unicode(stage: Stage) -> Iterable[bytes]:
    for text in ("latin \xe9\n", "euro \u20ac\n", "astral \U0001f40d\n", "surrogate \udc80\n"):
        complain(stage, "write", text)
        complain(stage, "flush")
    return stage.answer(stage.line)


# -- environ and concurrency


@behaviour("mutate")
def _mutate(stage: Stage) -> Iterable[bytes]:
    environ = stage.environ
    environ["wsgiconform.planted"] = "planted"
    environ["HTTP_X_STABLE"] = "changed"
    environ["HTTP_X_PLANTED"] = "planted"
    environ["QUERY_STRING"] = "planted"
    environ.pop("wsgi.version", None)
    return stage.answer(stage.line)


@behaviour("strange-keys")
def _strange_keys(stage: Stage) -> Iterable[bytes]:
    environ = stage.environ
    before = {key for key in environ if isinstance(key, str)}
    environ.update({"unknown": "1", "un.known": object(), "UNKNOWN_THING": "3"})
    return stage.answer(stage.line + str(len(before) > 0).encode())


@behaviour("hold")
def _hold(stage: Stage) -> Iterable[bytes]:
    stage.talk.gate("hold")
    return stage.answer(stage.line)


@behaviour("deployer")
def _deployer(stage: Stage) -> Iterable[bytes]:
    stage.talk.event("deployer", process=os.environ.get(DEPLOYER, ""), environ=stage.environ.get(DEPLOYER, ""))
    return stage.answer(stage.line)
