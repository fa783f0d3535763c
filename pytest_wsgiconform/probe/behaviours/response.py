"""What the app answers: headers, bodies, lengths, errors in the middle, and through a middleware."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from ...rules.server.agreed_bytes import BINARY, VERBATIM
from ..behaviour import Stage, behaviour
from .wire import ProbeError

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
