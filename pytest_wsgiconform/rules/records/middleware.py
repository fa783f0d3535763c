"""What rules for middleware judge: exchanges seen from both sides of a middleware at once, as plain data.

A *crossing* is one request that goes from our server through the middleware to an inner app of ours, and the
response that comes back. Everything here is made of builtin values, so that a run can happen in another process.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..model import Finding, Location
from .app import ExchangeRecord

#: Most steps that a crossing keeps; an endless body must not fill the memory.
STEP_LIMIT = 5000

#: Most bytes that a decoded body may have; what unpacks to more is not looked at.
_DECODED_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened at a boundary of the middleware, in the order in which it happened.

    :param side: ``"outer"`` (between our server and the middleware) or ``"inner"`` (between the middleware and our
        app). :param what: ``"called"``, ``"start"``, ``"write"``, ``"returned"``, ``"item"``, ``"exhausted"``,
        ``"closed"`` or ``"raised"``.
    :param size: bytes of a write or an item, -1 for one that isn't bytes.
    :param text: the first bytes of it. :param inner: which call of the inner app, from 1; 0 for the outer side.
    :param writing: for an outer write, whether a ``write()`` of the inner app was in progress.
    """

    side: str
    what: str
    size: int = 0
    text: bytes = b""
    inner: int = 0
    writing: bool = False


@dataclass(slots=True)
class CallRecord:
    """A call of the middleware's ``start_response`` or ``write`` by the inner app.

    :param arguments: number of positional arguments. :param exc_info: whether the third one was a triple.
    :param raised: what the call raised, as safe text, or ``None``. :param error: type name of that.
    :param refused: it was refused by its signature: a TypeError before any line of the callable ran.
    """

    arguments: int
    exc_info: bool = False
    raised: str | None = None
    error: str = ""
    refused: bool = False


@dataclass(slots=True)
class InnerRecord:
    """One call of the inner app by the middleware.

    :param number: from 1. :param watched: whether a validator stood between; without one there is only what the app
        itself noted in *facts*.
    :param starts, writes: its calls of start_response and write.
    :param status: its final status. :param headers: its final well-formed headers.
    :param body: the first bytes of its body. :param size: all bytes of it. :param digest: their SHA-256 in hex.
    :param chunks: items taken from it. :param written: bytes of the body that went through ``write``.
    :param exhausted: its iterable ended by itself. :param failed: the exception that left it, as safe text.
    :param has_close: whether what it returned has a ``close()``. :param closed: how often that was called.
    :param iterator_closed: how often ``close()`` was called on the iterator made of it instead.
    :param elsewhere: something of it happened in another thread than our server's: then the order of the steps on both
        sides says nothing.
    :param called_at: the line of the middleware that called it, or ``None``.
    :param added: environ keys that the middleware added or changed: (key, type, value as text, callable).
    :param facts: what the app noted, plain values.
    """

    number: int
    watched: bool = True
    starts: list[CallRecord] = field(default_factory=list)
    writes: list[CallRecord] = field(default_factory=list)
    status: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    size: int = 0
    digest: str = ""
    chunks: int = 0
    written: int = 0
    exhausted: bool = False
    failed: str | None = None
    returned: bool = False
    has_close: bool = False
    closed: int = 0
    iterator_closed: int = 0
    elsewhere: bool = False
    called_at: Location | None = None
    added: list[tuple[str, str, str, bool]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def header(self, name: str) -> list[str]:
        """Return all values of the header *name* (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


@dataclass(slots=True)
class Crossing:
    """One request through the middleware.

    :param label: what the stimulus calls it. :param outer: the exchange as our server saw it.
    :param inners: the calls of the inner app, usually one. :param steps: what happened, in order (bounded).
    :param environ: the text variables that the middleware was called with.
    """

    label: str
    outer: ExchangeRecord
    inners: list[InnerRecord] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def inner(self) -> InnerRecord | None:
        """The only call of the inner app, ``None`` when there was none or more than one."""
        return self.inners[0] if len(self.inners) == 1 else None

    @property
    def inner_code(self) -> int | None:
        """The status code that the inner app gave, ``None`` without a well-formed one."""
        head = ((self.inner.status if self.inner is not None else None) or "")[:3]
        return int(head) if len(head) == 3 and head.isascii() and head.isdigit() else None

    @property
    def overflowed(self) -> bool:
        """Whether there were more steps than were kept."""
        return len(self.steps) >= STEP_LIMIT

    def at(self, side: str, what: str) -> int | None:
        """Return the index of the first such step, ``None`` without one."""
        return next((i for i, s in enumerate(self.steps) if s.side == side and s.what == what), None)

    @property
    def same_body(self) -> bool:
        """Whether what left the middleware is, byte for byte, what the inner app produced."""
        inner = self.inner
        return inner is not None and inner.size == self.outer.size and inner.digest == self.outer.digest

    @property
    def decoded_body(self) -> bytes:
        """The outer body without its content codings gzip and deflate; as it is when they can't be undone."""
        return decode(self.outer.body, self.outer.header("Content-Encoding"))

    @property
    def same_content(self) -> bool:
        """Whether the outer body is the inner one, content coding aside (small bodies only)."""
        inner = self.inner
        return self.same_body or (
            inner is not None
            and inner.size == len(inner.body) == len(self.decoded_body)
            and inner.body == self.decoded_body
        )

    @property
    def drained_early(self) -> bool:
        """Whether the inner iterable was exhausted before the middleware returned."""
        exhausted, returned = self.at("inner", "exhausted"), self.at("outer", "returned")
        return exhausted is not None and (returned is None or exhausted < returned)


@dataclass(slots=True)
class MiddlewareRun:
    """One stimulus played on a middleware.

    :param stimulus: the stimulus's id. :param crossings: what crossed, in order.
    :param findings: what event rules found on either side, that the middleware has to answer for.
    :param exercised: per event rule, how often it was put to the test.
    """

    stimulus: str
    crossings: list[Crossing] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    exercised: dict[str, int] = field(default_factory=dict)

    def crossing(self, label: str) -> Crossing | None:
        """Return the first crossing called *label*, ``None`` when it didn't come to pass."""
        return next((crossing for crossing in self.crossings if crossing.label == label), None)

    def single(self) -> Iterator[tuple[Crossing, InnerRecord]]:
        """Iterate over the crossings in which the inner app was called exactly once."""
        for crossing in self.crossings:
            if crossing.inner is not None:
                yield crossing, crossing.inner


def decode(body: bytes, codings: list[str]) -> bytes:
    """Return *body* without the content codings named; as it is when one is unknown or doesn't fit.

    :param codings: values of Content-Encoding (RFC 9110 section 8.4.1). gzip and deflate are known.
    """
    names = [name.strip().lower() for value in codings for name in value.split(",") if name.strip()]
    for name in reversed(names):
        if name not in ("gzip", "x-gzip", "deflate"):
            return body
        unpacker = zlib.decompressobj(47)  # gzip or zlib, whichever the header says
        try:
            body = unpacker.decompress(body, _DECODED_LIMIT)
        except zlib.error:
            return body
    return body
