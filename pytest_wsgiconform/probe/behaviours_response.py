"""Behaviours of ``start_response``, ``write()``, exc_info, Content-Length and the order of sending."""

from __future__ import annotations

import platform
import sys
import time
import weakref
from collections.abc import Iterable
from typing import Any

from pytest_wsgiconform.rules.server.agreed_bytes import BINARY, VERBATIM

from .behaviour import Stage, behaviour, describe
from .behaviours_wire import ProbeError

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


# -- headers


@behaviour("no-headers")
def _no_headers(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", [])
    yield b"first,"
    yield stage.line


def _own_headers(stage: Stage) -> list[tuple[str, str]]:
    own = [("Content-Type", "text/plain"), ("X-Wsgiconform", stage.marker), ("Date", "Tue, 15 Nov 1994 08:12:31 GMT")]
    return [*own, ("Server", "probe"), ("Content-Length", str(len(stage.line)))]


@behaviour("odd-case")
def _odd_case(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", [(name.swapcase(), value) for name, value in _own_headers(stage)])
    return [stage.line]


@behaviour("usual-case")
def _usual_case(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", _own_headers(stage))
    return [stage.line]


@behaviour("verbatim")
def _verbatim(stage: Stage) -> Iterable[bytes]:
    return stage.answer(stage.line, *VERBATIM)


STATUSES = {
    "status-201": "201 Created",
    "status-299": "299 Wholly Custom",
    "status-404": "404 Not Found",
    "status-422": "422 Odd but Legal: reason (probe)",
    "status-503": "503 Service Unavailable",
}


def _other_status(name: str, status: str) -> None:
    @behaviour(name)
    def play(stage: Stage) -> Iterable[bytes]:
        stage.start(status, stage.headers(len(stage.line), ("X-Kept", "kept")))
        return [stage.line]


for _name, _status_line in STATUSES.items():
    _other_status(_name, _status_line)


@behaviour("validators")
def _validators(stage: Stage) -> Iterable[bytes]:
    modified = ("Last-Modified", "Tue, 15 Nov 1994 08:12:31 GMT")
    return stage.answer(stage.line, ("ETag", '"probe"'), modified)


# -- bodies and lengths


@behaviour("binary", validated=True)
def _binary(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", [("Content-Type", "application/octet-stream"), ("X-Wsgiconform", stage.marker)])
    yield BINARY[:300]
    yield BINARY[300:]


@behaviour("empty-blocks", validated=True)
def _empty_blocks(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield from (b"", b"one,", b"", b"", b"two,", b"")
    yield stage.line
    yield b""


@behaviour("only-empty-blocks", validated=True)
def _only_empty_blocks(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield b""
    yield b""


@behaviour("no-items-generator", validated=True)
def _no_items_generator(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield from ()


@behaviour("excess")
def _excess(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(5))
    return iter([b"123", b"4567", b"890", b"abc"])


@behaviour("excess-one-block")
def _excess_one_block(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(5))
    return iter([b"1234567890"])


@behaviour("short-logged")
def _short_logged(stage: Stage) -> Iterable[bytes]:
    stage.environ["wsgi.errors"].write(f"probe-errors log-works {stage.marker}\n")
    stage.environ["wsgi.errors"].flush()
    stage.start("200 OK", stage.headers(100))
    yield b"partial,"


@behaviour("raise-call-logged")
def _raise_call_logged(stage: Stage) -> Iterable[bytes]:
    _log_works(stage)
    raise ProbeError(f"probe-raised {stage.marker}")


@behaviour("raise-step-logged")
def _raise_step_logged(stage: Stage) -> Iterable[bytes]:
    _log_works(stage)
    stage.start("200 OK", stage.headers())
    yield b"partial,"
    raise ProbeError(f"probe-raised {stage.marker}")


def _log_works(stage: Stage) -> None:
    stage.environ["wsgi.errors"].write(f"probe-errors log-works {stage.marker}\n")
    stage.environ["wsgi.errors"].flush()


@behaviour("raise-binary")
def _raise_binary(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", [("Content-Type", "application/octet-stream"), ("X-Wsgiconform", stage.marker)])
    yield b"partial,"
    raise ProbeError("probe raised in a binary response")


#: Steps and seconds between them of a response that goes on long enough for a server to notice that its client left.
ENDLESS_STEPS, ENDLESS_WAIT = 400, 0.01


@behaviour("endless")
def _endless(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    for _ in range(ENDLESS_STEPS):
        yield b"<data>" + b"." * 8000
        time.sleep(ENDLESS_WAIT)


# -- middleware


@behaviour("direct")
def _direct(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(None, ("X-Kept", "kept")))
    yield b"first,"
    yield b"second"


@behaviour("through-middleware")
def _through_middleware(stage: Stage) -> Iterable[bytes]:
    """The response of ``direct`` through a component that re-wraps everything."""

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        stage.talk.event("middleware", what="start_response")
        return stage.start_response(str(status), list(headers), exc_info)

    inner = Stage(stage.talk, dict(stage.environ), start_response, stage.marker)
    result = _direct(inner)
    for block in result:
        stage.talk.event("middleware", what="block")
        yield block
