"""Behaviours of ``wsgi.file_wrapper``: the server gets its own wrapper's result bare."""

from __future__ import annotations

import io
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from ..behaviour import Stage, behaviour, describe
from ..channel import Talk

TEXT = b"line one\r\nline two\nline three\r\n" * 20
BINARY = bytes(range(256)) * 8
LARGE = bytes(range(251)) * 1600

#: The contents that a file is served with, by the name that ends a behaviour's own.
CONTENTS = {"text": TEXT, "binary": BINARY, "empty": b"", "large": LARGE}


#: Files served lately: without a reference of ours, dropping one would close it and look like a ``close()``.
KEPT: deque[Any] = deque(maxlen=100)


class MemoryFile(io.BytesIO):
    """A file in memory that reports its close."""

    def __init__(self, talk: Talk, data: bytes) -> None:
        super().__init__(data)
        self._talk = talk
        KEPT.append(self)

    def close(self) -> None:
        if not self.closed:
            self._talk.event("close", of="file", number=1)
            super().close()
            self._talk.finish()


class RealFile(io.FileIO):
    """A file on disk that reports its close; nothing of it is left in the file system."""

    def __init__(self, talk: Talk, data: bytes) -> None:
        with tempfile.NamedTemporaryFile() as named:
            named.write(data)
            named.flush()
            super().__init__(named.name, "rb")
        self._talk = talk
        KEPT.append(self)

    def close(self) -> None:
        talk = getattr(self, "_talk", None)
        if not self.closed and talk is not None:
            talk.event("close", of="file", number=1)
            super().close()
            talk.finish()


class ReadOnly:
    """The least that a file-like object may be: ``read()``."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


class NoDescriptor(MemoryFile):
    """Has a ``fileno`` that is of no use."""

    def fileno(self) -> int:
        raise OSError("no file descriptor")


Play = Callable[[Stage, Any], Any]


def _file_behaviour(name: str) -> Callable[[Play], Play]:
    """Register a behaviour that needs ``wsgi.file_wrapper``; without one it says so and answers plainly."""

    def register(play: Play) -> Play:
        @behaviour(name, bare=True)
        def guarded(stage: Stage) -> Iterable[bytes]:
            wrapper = stage.environ.get("wsgi.file_wrapper")
            if wrapper is None:
                stage.talk.event("no-file-wrapper")
                stage.talk.finish()
                return stage.answer(stage.line)
            result: Iterable[bytes] = play(stage, wrapper)
            return result

        return play

    return register


def _start(stage: Stage, length: int | None = None) -> None:
    headers = [("Content-Type", "application/octet-stream"), ("X-Wsgiconform", stage.marker)]
    if length is not None:
        headers.append(("Content-Length", str(length)))
    stage.start("200 OK", headers)


def _serve(name: str, make: Callable[[Stage], Any], *block_size: int, length: int | None = None) -> None:
    @_file_behaviour(name)
    def play(stage: Stage, wrapper: Any) -> Any:
        file = make(stage)
        _start(stage, length)
        if not hasattr(file, "close"):
            stage.talk.event("wrapped")
            result = wrapper(file, *block_size)
            stage.talk.finish()
            return result
        return wrapper(file, *block_size)


_serve("file-memory", lambda stage: MemoryFile(stage.talk, TEXT))
_serve("file-real", lambda stage: RealFile(stage.talk, TEXT))
_serve("file-block-1", lambda stage: MemoryFile(stage.talk, TEXT), 1)
_serve("file-block-65536", lambda stage: MemoryFile(stage.talk, TEXT), 65536)
_serve("file-read-only", lambda stage: ReadOnly(TEXT))
_serve("file-no-descriptor", lambda stage: NoDescriptor(stage.talk, TEXT))
_serve("file-length-memory", lambda stage: MemoryFile(stage.talk, TEXT), length=100)
_serve("file-length-real", lambda stage: RealFile(stage.talk, TEXT), length=100)


def _serve_contents(name: str, data: bytes) -> None:
    _serve(f"file-as-{name}-real", lambda stage: RealFile(stage.talk, data))
    _serve(f"file-as-{name}-memory", lambda stage: MemoryFile(stage.talk, data))


for _name, _data in CONTENTS.items():
    _serve_contents(_name, _data)


def _iterated(name: str, data: bytes) -> None:
    @behaviour(name)
    def play(stage: Stage) -> Iterable[bytes]:
        _start(stage)
        file = io.BytesIO(data)
        return iter(lambda: file.read(8192), b"")


for _name, _data in CONTENTS.items():
    _iterated(f"file-as-{_name}-iterated", _data)


@_file_behaviour("file-seek-real")
def _seek_real(stage: Stage, wrapper: Any) -> Any:
    return _seek(stage, wrapper, RealFile(stage.talk, TEXT))


@_file_behaviour("file-seek-memory")
def _seek_memory(stage: Stage, wrapper: Any) -> Any:
    return _seek(stage, wrapper, MemoryFile(stage.talk, TEXT))


def _seek(stage: Stage, wrapper: Any, file: Any) -> Any:
    _start(stage)
    result = wrapper(file)
    file.seek(10)
    return result


@_file_behaviour("file-discarded")
def _discarded(stage: Stage, wrapper: Any) -> Any:
    _start(stage, len(stage.line))
    file = io.BytesIO(TEXT)
    wrapper(file)
    stage.talk.event("discarded", position=file.tell())
    stage.talk.finish()
    return [stage.line]


@_file_behaviour("file-delayed")
def _delayed(stage: Stage, wrapper: Any) -> Any:
    _start(stage)
    result = wrapper(RealFile(stage.talk, TEXT))
    stage.talk.gate("wrapped")
    return result


@_file_behaviour("file-through-middleware")
def _through_middleware(stage: Stage, wrapper: Any) -> Any:
    _start(stage)
    return _rewrapped(wrapper(MemoryFile(stage.talk, TEXT)))


def _rewrapped(result: Any) -> Iterable[bytes]:
    try:
        yield from result
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


@_file_behaviour("file-inside")
def _inside(stage: Stage, wrapper: Any) -> Any:
    """Try the wrapper's result inside the app, and report how it behaves."""
    stage.talk.event("inside", **_tried(wrapper))
    stage.talk.finish()
    return stage.answer(stage.line)


def _tried(wrapper: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, args in (("one", ()), ("two", (16,))):
        file = io.BytesIO(TEXT)
        try:
            result = wrapper(file, *args)
            facts[f"{name}-whole"] = b"".join(result) == TEXT
            close = getattr(result, "close", None)
            facts[f"{name}-has-close"] = callable(close)
            if callable(close):
                close()
            facts[f"{name}-closed"] = file.closed
        except Exception as error:  # the observation, whatever type the server's wrapper raises
            facts[f"{name}-raised"] = describe(error)
    return facts
