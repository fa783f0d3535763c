"""The behaviours that the HTTP stimuli use; :mod:`pytest_wsgiconform.rules.records.server` lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..behaviour import Stage, behaviour, describe


class ProbeError(Exception):
    """What the probe raises on purpose."""


# -- the request body


@behaviour("echo", validated=True)
def _echo(stage: Stage) -> Iterable[bytes]:
    read_body(stage)
    return stage.answer(stage.line)


def read_body(stage: Stage) -> None:
    """Read the request body as a careful app does, and report it."""
    environ = stage.environ
    length = environ.get("CONTENT_LENGTH", "")
    if type(length) is int:  # a fault of its own, and no reason to find the body missing, too
        length = str(length)
    if isinstance(length, str) and length.isascii() and length.isdigit() and len(length) < 16:
        left = int(length)
        while left > 0:
            data = take(stage, min(left, 65536))
            if not data:
                stage.talk.event("body-ended")
                return
            left -= len(data)
    elif environ.get("wsgi.input_terminated") or "HTTP_TRANSFER_ENCODING" in environ:
        while take(stage, 65536):
            pass
        stage.talk.event("body-ended")


def take(stage: Stage, size: int) -> bytes:
    """Read *size* bytes; a stream that raises is reported, and ends the body."""
    try:
        data = stage.read("read", size)
    except Exception as error:  # any server's own error type; the report names it
        stage.talk.event("body-failed", error=describe(error))
        return b""
    return data if type(data) is bytes else b""


@behaviour("drain", validated=True)
def _drain(stage: Stage) -> Iterable[bytes]:
    while take(stage, 1000):
        pass
    stage.talk.event("body-ended")
    return stage.answer(stage.line)


@behaviour("ignore", validated=True)
def _ignore(stage: Stage) -> Iterable[bytes]:
    return stage.answer(stage.line)


@behaviour("steps")
def _steps(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield b"begun,"
    while take(stage, 1):
        pass
    stage.talk.event("body-ended")
    yield stage.line


# -- bodiless statuses and HEAD


@behaviour("data-204")
def _data_204(stage: Stage) -> Iterable[bytes]:
    stage.start("204 No Content", [])
    return [b"stray-body"]


@behaviour("data-204-generator")
def _data_204_generator(stage: Stage) -> Iterable[bytes]:
    stage.start("204 No Content", [])
    yield b"stray-"
    yield b"body"


@behaviour("length-204")
def _length_204(stage: Stage) -> Iterable[bytes]:
    stage.start("204 No Content", [("Content-Length", "0")])
    return []


@behaviour("data-304")
def _data_304(stage: Stage) -> Iterable[bytes]:
    stage.start("304 Not Modified", [("ETag", '"probe"')])
    return [b"stray-body"]


@behaviour("no-length-304")
def _no_length_304(stage: Stage) -> Iterable[bytes]:
    stage.start("304 Not Modified", [("ETag", '"probe"')])
    return []


@behaviour("head-data")
def _head_data(stage: Stage) -> Iterable[bytes]:
    return stage.answer(b"12345")


@behaviour("head-generator")
def _head_generator(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield b"12345"
    yield b"67890"


@behaviour("head-empty")
def _head_empty(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(5))
    return [] if stage.environ.get("REQUEST_METHOD") == "HEAD" else [b"12345"]


# -- statuses and headers


@behaviour("custom-status")
def _custom_status(stage: Stage) -> Iterable[bytes]:
    return _with_status(stage, "299 Wholly Custom")


@behaviour("no-reason")
def _no_reason(stage: Stage) -> Iterable[bytes]:
    return _with_status(stage, "299 ")


@behaviour("not-found")
def _not_found(stage: Stage) -> Iterable[bytes]:
    return _with_status(stage, "404 Not Found")


@behaviour("redirect")
def _redirect(stage: Stage) -> Iterable[bytes]:
    return _with_status(stage, "302 Found", ("Location", "http://example.com/elsewhere"))


def _with_status(stage: Stage, status: str, *more: tuple[str, str]) -> list[bytes]:
    stage.start(status, stage.headers(len(stage.line), *more))
    return [stage.line]


@behaviour("generator", validated=True)
def _generator(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    yield b"first,"
    yield b"second,"
    yield stage.line


@behaviour("two-lengths")
def _two_lengths(stage: Stage) -> Iterable[bytes]:
    return stage.answer(b"12345", ("Content-Length", "5"))


@behaviour("two-lengths-differ")
def _two_lengths_differ(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", [*stage.headers(5), ("Content-Length", "6")])
    return [b"12345"]


@behaviour("cookies")
def _cookies(stage: Stage) -> Iterable[bytes]:
    cookies = [("Set-Cookie", value) for value in ("a=1", "b=2", "c=3")]
    return stage.answer(stage.line, *cookies)


@behaviour("own-date")
def _own_date(stage: Stage) -> Iterable[bytes]:
    return stage.answer(stage.line, ("Date", "Tue, 15 Nov 1994 08:12:31 GMT"))


# -- response splitting by the app


_RESPONSE = "a\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: yes\r\nContent-Length: 0\r\n\r\n"
SPLIT_VALUES = {
    "split-value-crlf": "a\r\nX-Injected: yes",
    "split-value-lf": "a\nX-Injected: yes",
    "split-value-cr": "a\rX-Injected: yes",
    "split-value-nul": "a\0X-Injected: yes",
    "split-value-response": _RESPONSE,
}
SPLIT_NAMES = {
    "split-name-crlf": "X-Bad\r\nX-Injected",
    "split-name-colon": "X-Injected: yes\t",
    "split-name-blank": "X Bad",
}
SPLIT_STATUSES = {
    "split-status-crlf": "200 OK\r\nX-Injected: yes",
    "split-status-lf": "200 OK\nX-Injected: yes",
    "split-status-cr": "200 OK\rX-Injected: yes",
}


def _split(name: str, status: str, header: tuple[str, str]) -> None:
    @behaviour(name)
    def play(stage: Stage) -> Iterable[bytes]:
        stage.start(status, [*stage.headers(len(stage.line)), header])
        return [stage.line]


for _name, _text in SPLIT_VALUES.items():
    _split(_name, "200 OK", ("X-Bad", _text))
for _name, _text in SPLIT_NAMES.items():
    _split(_name, "200 OK", (_text, "value"))
for _name, _text in SPLIT_STATUSES.items():
    _split(_name, _text, ("X-Good", "value"))


# -- errors


@behaviour("raise-call")
def _raise_call(stage: Stage) -> Iterable[bytes]:
    raise ProbeError(f"probe raised in the call {stage.marker}")


@behaviour("raise-first")
def _raise_first(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return _failing(stage, [])


@behaviour("raise-started")
def _raise_started(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    raise ProbeError(f"probe raised after start_response {stage.marker}")


@behaviour("never-starts")
def _never_starts(stage: Stage) -> Iterable[bytes]:
    return [b"data"]


@behaviour("raise-later")
def _raise_later(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers())
    return _failing(stage, [b"partial,"])


@behaviour("raise-later-length")
def _raise_later_length(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(100))
    return _failing(stage, [b"partial,"])


def _failing(stage: Stage, blocks: list[bytes]) -> Iterator[bytes]:
    yield from blocks
    raise ProbeError(f"probe raised in a step {stage.marker}")


@behaviour("short-length")
def _short_length(stage: Stage) -> Iterable[bytes]:
    stage.start("200 OK", stage.headers(100))
    yield b"partial,"
