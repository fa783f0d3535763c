"""Request bodies as `wsgi.input`: exactly the body's bytes, an end where the body ends, an error when it is cut."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Protocol

from ._input import EVERYTHING, PIECE, BodyError, InputStream
from ._request import RequestRejected, variable_of

MAX_CHUNK_LINE = 4096
"""Longest chunk-size line, in bytes; also the limit of all chunk extensions of one body together."""

MAX_TRAILER_SIZE = 16384
"""Greatest size of the trailer section, in bytes."""

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16})"
    rb"((?:[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb'|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]'
    rb'|\\[\t -~\x80-\xff])*"))?)*)\r\n'
)
_FIELD_VALUE = re.compile(rb"[\t -~\x80-\xff]*\r\n")


class Source(Protocol):
    """What a body reads from; see `_reader.ConnectionReader`."""

    def take(self, limit: int) -> bytes:
        """Return at least one and at most `limit` bytes, b"" at the end of the connection."""
        ...

    def take_of_line(self, limit: int) -> bytes:
        """Like `take`, but nothing beyond the next LF."""
        ...

    def limit_time(self, seconds: float | None) -> None:
        """Give the next receives so many seconds each; None restores the connection's own timeout."""
        ...


class RequestBody(InputStream):
    """The body of one request.

    Args:
        source: the connection.
        before_first_read: called once before the body is first waited for; sends the 100 (Continue).

    Attributes:
        touched: whether anything has been asked of the body yet.
        error: the BodyError that ended it, or None.
    """

    def __init__(self, source: Source, before_first_read: Callable[[], None] | None = None) -> None:
        self._source: Source | None = source
        self._before_first_read = before_first_read
        self._span = 0  # bytes up to the next point where the framing must be looked at
        self.ended = False
        self.error: BodyError | None = None

    @property
    def length_left(self) -> int | None:
        """How many bytes are still to come; None if the framing doesn't tell."""
        return self._span

    @property
    def awaits_continue(self) -> bool:
        """Whether the client was promised a 100 (Continue) that hasn't been sent."""
        return self._before_first_read is not None and not self.ended

    def detach(self) -> None:
        """Cut the body off from the connection: what was not read is gone, and later reads find the end."""
        self._source = None
        self.ended = True

    def _next_span(self, source: Source) -> int:
        """Return how many bytes come before the next look at the framing; 0 is the end of the body."""
        return 0

    def _prepare(self, limit: int) -> int:
        """Return how many bytes may be taken now, 0 at the end."""
        if self.error is not None:
            raise self.error
        source = self._source
        if self.ended or source is None:
            return 0
        if self._before_first_read is not None:
            announce, self._before_first_read = self._before_first_read, None
            announce()
        if not self._span:
            self._span = self._next_span(source)
            if not self._span:
                self.ended = True
                return 0
        return limit if limit < self._span else self._span

    def _take(self, limit: int) -> bytes:
        try:
            limit = self._prepare(limit)
            if not limit or self._source is None:
                return b""
            data = self._source.take(limit)
        except OSError as error:
            raise self._failure(error) from error
        return self._account(data)

    def _take_of_line(self, limit: int) -> bytes:
        try:
            limit = self._prepare(limit)
            if not limit or self._source is None:
                return b""
            data = self._source.take_of_line(limit)
        except OSError as error:
            raise self._failure(error) from error
        return self._account(data)

    def _account(self, data: bytes) -> bytes:
        if not data:
            raise self._fail(BodyError(400, "The request body is cut short"))
        self._span -= len(data)
        return data

    def _fail(self, error: BodyError) -> BodyError:
        self.error = error
        return error

    def _failure(self, error: OSError) -> BodyError:
        if isinstance(error, BodyError):
            return self._fail(error)
        if isinstance(error, TimeoutError):
            return self._fail(BodyError(408, "The request body took too long"))
        return self._fail(BodyError(400, "The client left in the middle of the request body"))

    def drain(self, most: int, seconds: float) -> bool:
        """Read and drop the rest; return whether the end was reached.

        Args:
            most: the greatest number of bytes to drop.
            seconds: the time this may take altogether.
        """
        if self.ended:
            return True
        if self.error is not None or self.awaits_continue or self._source is None:
            return False
        source = self._source
        deadline = time.monotonic() + seconds
        try:
            while most > 0 and (left := deadline - time.monotonic()) > 0:
                source.limit_time(left)
                data = self._take(PIECE)
                if not data:
                    return True
                most -= len(data)
                if self.ended:
                    return True
        except BodyError:
            return False
        finally:
            source.limit_time(None)
        return False


class SizedBody(RequestBody):
    """A body of a declared length; of length 0 for a request without a body."""

    def __init__(self, source: Source, length: int, before_first_read: Callable[[], None] | None = None) -> None:
        super().__init__(source, before_first_read)
        self._span = length
        self.ended = not length

    def _account(self, data: bytes) -> bytes:
        data = super()._account(data)
        if not self._span:
            self.ended = True
        return data


class ChunkedBody(RequestBody):
    """A body in chunks (RFC 9112 section 7.1); extensions and trailer fields are checked and dropped.

    Args:
        source: the connection.
        most: the greatest length of the decoded body in bytes, or None.
        before_first_read: see `RequestBody`.
    """

    def __init__(
        self, source: Source, most: int | None = None, before_first_read: Callable[[], None] | None = None
    ) -> None:
        super().__init__(source, before_first_read)
        self._most = most
        self._extensions = 0
        self._size = 0
        self._inside = False  # after the first chunk: a chunk's data still wants its CR LF

    @property
    def length_left(self) -> int | None:
        """None: only the last chunk tells."""
        return 0 if self.ended else None

    def _line(self, source: Source, most: int) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            if len(line) >= most:
                raise BodyError(400, "A line between the chunks is too long")
            part = source.take_of_line(most - len(line))
            if not part:
                raise BodyError(400, "The request body is cut short")
            line += part
            # A line that can't become right is refused now: waiting for its end would let the client hang.
            if b"\r" in line[:-2] or (line.endswith(b"\n") and not line.endswith(b"\r\n")):
                raise BodyError(400, "A lone CR or LF between the chunks")
        return line

    def _next_span(self, source: Source) -> int:
        if self._inside and self._line(source, 2) != b"\r\n":
            raise BodyError(400, "A chunk is longer than its size")
        line = self._line(source, MAX_CHUNK_LINE)
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise BodyError(400, "Malformed chunk size")
        self._extensions += len(match[2])
        if self._extensions > MAX_CHUNK_LINE:
            raise BodyError(400, "Too many chunk extensions")
        size = int(match[1], 16)
        self._inside = True
        if not size:
            self._skip_trailers(source)
            return 0
        self._size += size
        if self._size > (EVERYTHING if self._most is None else self._most):
            raise BodyError(413, "The request body is too large")
        return size

    def _skip_trailers(self, source: Source) -> None:
        left = MAX_TRAILER_SIZE
        while (line := self._line(source, left)) != b"\r\n":
            name, colon, value = line.partition(b":")
            if not colon or _FIELD_VALUE.fullmatch(value) is None:
                raise BodyError(400, "Malformed trailer field")
            try:
                variable_of(name.decode("latin-1"))
            except RequestRejected as error:
                raise BodyError(400, "Malformed trailer field") from error
            left -= len(line)
            if left < 2:
                raise BodyError(400, "The trailer section is too large")
