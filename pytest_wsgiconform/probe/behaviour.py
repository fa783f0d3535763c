"""What a behaviour is, and the parts that most of them share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .channel import Talk

#: Bytes of a request body that are reported in full.
BODY_LIMIT = 200_000

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """One call of the probe, as a behaviour sees it.

    :ivar talk: the side channel. :ivar environ, start_response: the server's own objects.
    :ivar marker: ``<token>.<label>``, ``-`` for a request that names none.
    """

    talk: Talk
    environ: Environ
    start_response: StartResponse
    marker: str

    @property
    def line(self) -> bytes:
        """The body that tells which request it answers."""
        return b"ok " + self.marker.encode("ascii") + b"\n"

    def headers(self, length: int | None = None, *more: tuple[str, str]) -> list[tuple[str, str]]:
        """Return the usual response headers, with Content-Length unless *length* is ``None``."""
        headers = [("Content-Type", "text/plain"), ("X-Wsgiconform", self.marker), *more]
        if length is not None:
            headers.append(("Content-Length", str(length)))
        return headers

    def start(self, *args: Any) -> Any:
        """Call ``start_response`` and report how it went; raises what it raises."""
        try:
            write = self.start_response(*args)
        except BaseException as error:
            self.talk.event("start", status=str(args[0])[:200], raised=describe(error))
            raise
        self.talk.event("start", status=str(args[0])[:200], raised="", write=callable(write))
        return write

    def answer(self, body: bytes, *more: tuple[str, str]) -> list[bytes]:
        """Start an ordinary 200 with *body* and its length; return the body."""
        self.start("200 OK", self.headers(len(body), *more))
        return [body]

    def read(self, method: str, *args: Any) -> Any:
        """Call a method of ``wsgi.input`` and report what it gave, or what it raised before raising it."""
        stream = self.environ["wsgi.input"]
        self.talk.event("reading", method=method, args=list(args))
        try:
            value = next(iter(stream), b"") if method == "iter" else getattr(stream, method)(*args)
        except BaseException as error:
            self.talk.event("read", method=method, args=list(args), raised=describe(error))
            raise
        self.talk.event("read", method=method, args=list(args), raised="", **given(value))
        return value


def given(value: Any) -> dict[str, Any]:
    """Return what a stream gave, as plain facts: type, data (Latin-1), size, digest."""
    if type(value) is bytes:
        facts = {"type": "bytes", "size": len(value), "data": value[:BODY_LIMIT].decode("latin-1")}
        if len(value) > BODY_LIMIT:
            facts["sha1"] = hashlib.sha1(value).hexdigest()
        return facts
    if isinstance(value, list) and all(type(line) is bytes for line in value):
        return {"type": "list", "size": len(value), "lines": [line.decode("latin-1") for line in value[:2000]]}
    return {"type": type(value).__name__, "size": -1, "data": repr(value)[:200]}


def describe(error: BaseException) -> str:
    """Return ``TypeName: text`` of an exception."""
    return f"{type(error).__name__}: {str(error)[:200]}"


Play = Callable[[Stage], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A named behaviour. :ivar play: makes the response.

    :ivar bare: the server gets *play*'s own object, neither watched nor validated, because the object itself is
        what is tried; it reports its own close and end.
    :ivar validated: the validator stands between the server and this behaviour.
    """

    name: str
    play: Play
    bare: bool
    validated: bool


BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(name: str, *, bare: bool = False, validated: bool = False) -> Callable[[Play], Play]:
    """Register the decorated function as the behaviour *name*."""

    def register(play: Play) -> Play:
        BEHAVIOURS[name] = Behaviour(name, play, bare, validated)
        return play

    return register


class Watched:
    """An iterable that reports each step and its close.

    :param last: whether the report ends with the close.
    """

    def __init__(self, talk: Talk, result: Any, *, last: bool = True) -> None:
        self._talk, self._result, self._last, self._number, self._closed = talk, result, last, 0, 0
        self._iterator: Any = None

    def __iter__(self) -> Watched:
        self._talk.event("iter")
        self._iterator = iter(self._result)
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            self._iterator = iter(self._result)
        self._number += 1
        self._talk.event("next", number=self._number)
        try:
            item = next(self._iterator)
        except StopIteration:
            self._talk.event("exhausted")
            raise
        except BaseException as error:
            self._talk.event("raise", error=describe(error), phase="next")
            raise
        self._talk.event("yield", number=self._number, size=len(item) if isinstance(item, bytes) else -1)
        return item

    def close(self) -> None:
        self._closed += 1
        self._talk.event("close", number=self._closed)
        close = getattr(self._result, "close", None)
        if close is not None:
            close()
        if self._last:
            self._talk.finish()
