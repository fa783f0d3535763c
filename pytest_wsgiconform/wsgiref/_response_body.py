"""The second half of a handler: sends blocks inside the bounds that the header section sets."""

from __future__ import annotations

from collections.abc import Iterable

from ._response import ResponseHead

__all__ = ["STATE_OF_A_RESPONSE", "TOO_LONG", "ResponseBody"]

TOO_LONG = "The body is longer than its Content-Length of {}; the rest was not sent"

# A first block up to this size goes out in one piece with the head; beyond it the copy costs more than a
# write.
_LONGEST_JOINED_BLOCK = 65536


class ResponseBody(ResponseHead):
    """Sends the blocks of the body, and no others than the header section promised."""

    connection_reusable: bool = False
    """After ``run()``: whether the connection may carry another response.  It may when ``persistent`` was
    true and the client can tell, from a complete response, where this one ended."""

    # Whether there is more to a block than to send it: a length to keep to, nothing to be sent, or chunks.
    _is_bounded = False
    _sends_nothing_more = False
    _at_fault = False
    _write_error: Exception | None = None

    def send_headers(self) -> None:
        """Send the header section; nothing of it is sent when it turns out to be faulty."""
        self._transmit(self._take_head())

    def _take_head(self) -> bytes:
        """The header section, all of it checked; from here on it counts as sent."""
        self.cleanup_headers()
        text, length, dated, named = self._settled_fields()
        if not self._sends_content():
            self._is_bounded = self._sends_nothing_more = True
        elif self._chunked:
            self._is_bounded = True
        elif length is not None:
            self._is_bounded = True
            self._remaining = int(length)
        if type(self).send_preamble is ResponseHead.send_preamble:
            preamble = self._preamble(dated, named)
            head = f"{preamble}{text}\r\n".encode("iso-8859-1") if preamble else b""
            self.headers_sent = True
        else:
            self.headers_sent = True
            self.send_preamble()
            modern = not self.origin_server or self.client_is_modern()
            head = f"{text}\r\n".encode("iso-8859-1") if modern else b""
        return head

    def _transmit(self, data: bytes) -> None:
        """Hand ``data`` over for transmission; what goes wrong in that is no error of the application's."""
        try:
            self._write(data)
            self._flush()
        except Exception as error:
            self._write_error = error
            raise

    def write(self, data: bytes) -> None:
        """Send a block: one that the application yielded, or one it gives to ``start_response()``'s ``write()``.

        The first block that is not empty takes the header section with it.  Raises :exc:`AssertionError` for what
        is not ``bytes``, before ``start_response()``, and when the application writes more than its Content-Length.
        """
        if type(data) is not bytes:
            raise AssertionError(f"write() argument must be a bytes instance, as every block must: {data!r}")
        if not data:
            return
        if not self.headers_sent:
            self._write_first(data)
        elif self._is_bounded:
            self._write_bounded(data, b"")
        else:
            self._transmit(data)
            self.bytes_sent += len(data)

    def _write_all(self, blocks: Iterable[bytes]) -> None:
        """What :meth:`write` does for each of ``blocks``, when the headers are sent and the body has no bounds."""
        send, flush = self._write, self._flush
        for block in blocks:
            if type(block) is not bytes or not block or self._is_bounded:
                self.write(block)
                continue
            try:  # as _transmit() does: this is the way of every block of a long body
                send(block)
                flush()
            except Exception as error:
                self._write_error = error
                raise
            self.bytes_sent += len(block)

    def _write_first(self, data: bytes) -> None:
        if self.headers is None:
            raise AssertionError("write() before start_response(): there is body data, but no status yet")
        self.bytes_sent = len(data)  # for a set_content_length() that looks at it
        head = b""
        if type(self).send_headers is ResponseBody.send_headers:
            head = self._take_head()
        else:
            self.send_headers()
        self.bytes_sent = 0
        self._write_bounded(data, head)

    def _write_bounded(self, data: bytes, head: bytes) -> None:
        """Send ``head``, and of ``data`` what may follow it."""
        remaining = self._remaining
        if head and remaining == len(data) <= _LONGEST_JOINED_BLOCK:  # the whole of it, at once
            self._transmit(head + data)
            self.bytes_sent += remaining
            self._remaining = 0
            self._sends_nothing_more = True
            return
        content = b"" if self._sends_nothing_more else data
        if remaining is not None and len(data) > remaining:
            content = data[:remaining]
        payload = b"%x\r\n%b\r\n" % (len(content), content) if self._chunked and content else content
        if head and len(payload) > _LONGEST_JOINED_BLOCK:
            self._transmit(head)
            head = b""
        if head or payload:
            self._transmit(head + payload)
        self.bytes_sent += len(content)
        if remaining is not None:
            self._remaining = remaining = remaining - len(content)
            if not remaining:
                self._sends_nothing_more = True
            if content is not data:
                self._tell_excess(data)

    def note_sent(self, count: int) -> None:
        """Count ``count`` more bytes of the body as sent: for a ``sendfile()`` that sends them itself."""
        self.bytes_sent += count
        if self._remaining is not None:
            self._remaining -= count
            self._sends_nothing_more = self._remaining <= 0

    def _tell_excess(self, data: bytes) -> None:
        message = TOO_LONG.format(self.bytes_sent)
        told, self._at_fault = self._at_fault, True
        if data is not self._block:
            raise AssertionError(message)
        if not told:
            self.log_fault(message)

    def finish_content(self) -> None:
        """End the body, sending the headers now if there was no block to send them with.

        A body that is shorter than its Content-Length is reported, and the connection is not reusable: only
        its end tells the client that something is missing.
        """
        if not self.headers_sent:
            if self.headers is None or self.status is None:
                raise AssertionError("start_response() was not called, and the iterable has ended")
            if self._sends_content():
                self.headers.setdefault("Content-Length", "0")
            self.send_headers()
        if self._chunked:
            self._transmit(b"0\r\n\r\n")
        if self._remaining:
            self._at_fault = True
            self.log_fault(
                f"The body is shorter than its Content-Length: {self.bytes_sent} bytes were sent, "
                f"{self._remaining} are missing"
            )
        self.connection_reusable = self._keeps_connection and not self._at_fault


# The attributes that begin at their class's value with every response.
STATE_OF_A_RESPONSE = (
    "status",
    "headers",
    "headers_sent",
    "result",
    "bytes_sent",
    "connection_reusable",
    "client_disconnected",
    "_start_called",
    "_fields",
    "_chunked",
    "_keeps_connection",
    "_length_is_ours",
    "_block",
    "_is_bounded",
    "_sends_nothing_more",
    "_remaining",
    "_at_fault",
    "_write_error",
    "_closed",
    "_flush",
)
