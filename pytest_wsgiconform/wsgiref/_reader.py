"""The receiving side of a connection: buffered bytes, request heads, and the body of the request at hand."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from ._body import RequestBody
from ._input import InputStream
from ._request import MAX_HEAD_SIZE, MAX_REQUEST_LINE, RequestRejected

RECEIVE_SIZE = 65536

_MOST_HEAD_BYTES = MAX_REQUEST_LINE + MAX_HEAD_SIZE
_LONE_LF = re.compile(rb"(?<!\r)\n")
# A method's first byte, or a line end that some clients send after a body; a TLS hello has neither.
_FIRST_BYTES = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\r\n")
_MOST_EMPTY_LINES = 8


class ConnectionReader(InputStream):
    """Buffered input of one connection.

    It stands for `rfile` of a request handler: between heads, `read` and its kin deliver what came over the
    connection; once a body has been set with `begin_body`, they deliver that body and end where it ends, so that a
    handler of an older make which hands `rfile` to the application can't read into the next request.

    Args:
        receive: called with a size, returns at most that many bytes, b"" at the end of the stream; it may raise
            TimeoutError.
        set_timeout: called with the seconds that later receives may take, None for no limit; None if the source
            can't be hurried.
        timeout: the seconds that a receive may ordinarily take; None is for ever.
        receive_body: used in place of `receive` while there is a body, which may have another time limit.
        lenient: take lone LF for a line end and the end of the stream for the end of the head, for HTTP/1.0
            requests. For streams that a test or a subclass supplies, never for a socket.
    """

    def __init__(
        self,
        receive: Callable[[int], bytes],
        set_timeout: Callable[[float | None], None] | None = None,
        timeout: float | None = None,
        lenient: bool = False,
        receive_body: Callable[[int], bytes] | None = None,
    ) -> None:
        self.receive = self._receive_now = receive
        self._receive_body = receive if receive_body is None else receive_body
        self.lenient = lenient
        self.body: RequestBody | None = None
        self._set_timeout = set_timeout
        self._timeout = timeout
        self._buffer = b""

    # ---- bytes, for heads and bodies

    @property
    def pending(self) -> int:
        """How many received bytes have not been taken yet."""
        return len(self._buffer)

    def take(self, limit: int) -> bytes:
        """Return at least one and at most `limit` bytes, b"" at the end of the connection."""
        data = self._buffer
        if not data:
            return self._receive_now(limit if limit < RECEIVE_SIZE else RECEIVE_SIZE)
        if len(data) <= limit:
            self._buffer = b""
            return data
        self._buffer = data[limit:]
        return data[:limit]

    def take_of_line(self, limit: int) -> bytes:
        """Like `take`, but nothing beyond the next LF."""
        data = self._buffer or self._receive_now(RECEIVE_SIZE)
        end = data.find(b"\n", 0, limit) + 1 or min(limit, len(data))
        self._buffer = data[end:]
        return data[:end]

    def limit_time(self, seconds: float | None) -> None:
        """Give the next receives so many seconds each; None restores the connection's own timeout."""
        if self._set_timeout is not None:
            self._set_timeout(self._timeout if seconds is None else seconds)

    def begin_body(self, body: RequestBody) -> None:
        """Let reads deliver the body from now on."""
        self.body = body
        self._receive_now = self._receive_body

    def end_body(self) -> None:
        """Let reads deliver the connection's bytes again; the body object can no longer reach them."""
        if self.body is not None:
            self.body.detach()
            self.body = None
            self._receive_now = self.receive

    # ---- the file interface of rfile

    def _take(self, limit: int) -> bytes:
        body = self.body
        return self.take(limit) if body is None else body._take(limit)

    def _take_of_line(self, limit: int) -> bytes:
        body = self.body
        return self.take_of_line(limit) if body is None else body._take_of_line(limit)

    def close(self) -> None:
        """Drop what has been received and not taken."""
        self._buffer = b""
        self.end_body()
        self.closed = True

    # ---- heads

    def read_head(self, patience: float | None) -> bytes:
        """Return the next request head whole, b"" at the end of the stream.

        Args:
            patience: seconds in which the whole head must be there, counted from its first byte; None is for ever.

        Raises:
            TimeoutError: no byte at all came in the connection's timeout.
            RequestRejected: (400, 408, 414, 431) the head is cut short, late, or too long.
        """
        data = self._buffer or self.receive(RECEIVE_SIZE)
        end = data.find(b"\r\n\r\n") + 4
        if end > 3 and data[0] not in b"\r\n":
            self._buffer = data[end:]
            return data[:end]
        self._buffer = b""
        if not data:
            return b""
        return self._read_long_head(bytearray(data), patience)

    def complete_head(self, first_line: bytes, patience: float | None) -> bytes:
        """Return the head that begins with a line taken already; for handlers that read the request line."""
        self._buffer = first_line + self._buffer
        return self.read_head(patience)

    def _read_long_head(self, received: bytearray, patience: float | None) -> bytes:
        deadline = None if patience is None else time.monotonic() + patience
        empty_lines = 0
        searched = 0
        try:
            while True:
                while received.startswith(b"\r\n") and empty_lines < _MOST_EMPTY_LINES:
                    del received[:2]
                    empty_lines += 1
                    searched = 0
                end = received.find(b"\r\n\r\n", max(0, searched - 3)) + 4
                if end > 3:
                    self._buffer = bytes(received[end:])
                    return bytes(received[:end])
                if self.lenient and (head := self._lenient_head(received, ended=False)):
                    return head
                self._check_unfinished(received)
                searched = len(received)
                more = self._receive_before(deadline)
                if not more:
                    return self._head_at_end(received)
                received += more
        finally:
            self.limit_time(None)

    def _receive_before(self, deadline: float | None) -> bytes:
        if deadline is None or self._set_timeout is None:
            return self.receive(RECEIVE_SIZE)
        left = deadline - time.monotonic()
        if left > 0:
            self.limit_time(left)
            try:
                return self.receive(RECEIVE_SIZE)
            except TimeoutError:
                pass
        raise RequestRejected(408, "The request head took too long")

    def _check_unfinished(self, received: bytearray) -> None:
        """Refuse at once what no further byte could make a request."""
        if not received:
            return
        if received[0] not in _FIRST_BYTES:
            raise RequestRejected(400, "This is not HTTP")
        line_end = received.find(b"\n")
        if (line_end if line_end >= 0 else len(received)) > MAX_REQUEST_LINE + 1:
            raise RequestRejected(414, "The request line is too long")
        if not self.lenient and _LONE_LF.search(received):
            raise RequestRejected(400, "A line ends in a lone CR or LF")
        if len(received) > _MOST_HEAD_BYTES:
            raise RequestRejected(431, "The request head is too large")

    def _head_at_end(self, received: bytearray) -> bytes:
        if not received.strip(b"\r\n"):
            return b""
        if self.lenient and (head := self._lenient_head(received, ended=True)):
            return head
        raise RequestRejected(400, "The request head is cut short")

    def _lenient_head(self, received: bytearray, ended: bool) -> bytes:
        """Return a head with lone LFs as a strict one, b"" if it isn't whole or not of HTTP/1.0."""
        head, gap, rest = bytes(received).replace(b"\r\n", b"\n").partition(b"\n\n")
        lines = head.rstrip(b"\n").split(b"\n")
        if not (gap or ended) or not lines[0].endswith(b" HTTP/1.0"):
            return b""
        self._buffer = rest
        return b"\r\n".join(lines) + b"\r\n\r\n"


def reader_of_stream(stream: Any) -> ConnectionReader:
    """Return a lenient reader over a binary file, such as a test puts in the place of a socket."""
    return ConnectionReader(getattr(stream, "read1", None) or stream.readline, lenient=True)
