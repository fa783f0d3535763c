"""The response of a handler, in two steps.

:class:`ResponseHead` takes what the application says of its response and builds the header section;
:class:`ResponseBody` sends blocks inside the bounds that section sets.  ``handlers.BaseHandler`` is built
on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _response_head as head_rules
from .headers import Headers

if TYPE_CHECKING:
    from .types import WSGIEnvironment, _OptExcInfo

__all__ = ["STATE_OF_A_RESPONSE", "ResponseBody", "ResponseHead"]

# Names of headers, and statuses, that were found fit for an application to send; bounded, for they can be made up.
_fit_names: set[str] = set()
_MOST_FIT_NAMES = 512

_good_statuses: set[str] = set()
_MOST_GOOD_STATUSES = 256

_ONLY_BYTES = frozenset({bytes})

TOO_LONG = "The body is longer than its Content-Length of {}; the rest was not sent"

# A first block up to this size goes out in one piece with the head; beyond it the copy costs more than a
# write.
_LONGEST_JOINED_BLOCK = 65536


class ResponseHead:
    """What is common to all handlers up to the moment the header section is sent."""

    origin_server: bool = True
    """Whether ``_write()`` reaches the client itself: an HTTP status line is sent, else a ``Status:``
    header.
    """

    http_version: str = "1.0"
    """The version an origin server's responses say they are."""

    server_software: str | None = None
    """For an origin server, the ``Server`` header and ``SERVER_SOFTWARE``; ``None`` for neither."""

    headers_class: Callable[[list[tuple[str, str]]], Headers] = Headers

    drop_hop_by_hop: bool = False
    """Whether hop-by-hop headers of the application are left out; when false they are an error, as PEP 3333
    says ("Other HTTP Features")."""

    persistent: bool | None = None
    """What an origin server means to do with the connection once the response is sent.

    ``True``: keep it, if the client can tell where the response ends; ``False``: close it.  Either way the
    response says so in a ``Connection`` header where the versions ask for one.  ``None``: that is the
    business of someone else, and no such header is sent.  It is read when the header section is sent."""

    chunked_transfer: bool = True
    """Whether a body of unknown length is sent in chunks (RFC 9112 section 7.1), when this is an origin
    server, ``http_version`` is ``"1.1"`` and the client speaks HTTP/1.1.  With the default ``http_version``
    it never is."""

    environ: WSGIEnvironment
    status: str | None = None
    headers: Headers | None = None
    headers_sent: bool = False
    result: Any = None
    bytes_sent: int = 0
    """Bytes of the body that were sent, whatever the transfer coding."""

    if TYPE_CHECKING:  # what the classes built on this one have

        def write(self, data: bytes) -> None: ...

        def log_fault(self, message: str) -> None: ...

        def _write(self, data: bytes) -> None: ...

        def _flush(self) -> None: ...

    _start_called = False
    _chunked = False
    _keeps_connection = False
    _length_is_ours = False
    _remaining: int | None = None
    # The block that comes out of the iterable at this moment; None while the application itself calls write().
    _block: bytes | None = None

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: _OptExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """The callable given to the application (PEP 3333, "The start_response() Callable").

        Raises :exc:`ValueError` for control characters and characters outside ISO-8859-1 in the status, a
        header name or a value, for a name that is not a token, and for a Content-Length that is not one
        number; :exc:`TypeError` for headers that are not a list; :exc:`AssertionError` for a malformed
        status, a second call without ``exc_info`` and hop-by-hop headers; the exception of ``exc_info``
        when the headers are sent. The list is copied: what the server adds is not added to the
        application's own.
        """
        if exc_info:
            try:
                if self.headers_sent:
                    _raise_again(exc_info)
            finally:
                exc_info = None  # a traceback that refers to this frame would be kept alive by it
        elif self._start_called:
            raise AssertionError("Headers already set! start_response() was called again without exc_info")
        self._start_called = True
        if status not in _good_statuses or type(status) is not str:
            head_rules.check_status(status)
            if len(_good_statuses) < _MOST_GOOD_STATUSES:
                _good_statuses.add(status)
        wrapped = self._fit_headers(headers)
        self.status = status
        self.headers = wrapped
        return self.write

    def _fit_headers(self, headers: list[tuple[str, str]]) -> Headers:
        copied = headers[:] if type(headers) is list else headers
        wrapped = self.headers_class(copied)
        lengths = []
        for name, value in headers:
            if name in _fit_names:
                continue
            if name.lower() == "content-length":
                lengths.append(value)
            elif not head_rules.persistence_or_framing_field(name):
                head_rules.refuse_bad_name(name)
                if len(_fit_names) < _MOST_FIT_NAMES:
                    _fit_names.add(name)
            elif self.drop_hop_by_hop:
                copied.remove((name, value))
            else:
                raise AssertionError(
                    f"Hop-by-hop header, '{name}: {value}', not allowed:"
                    " the connection is the server's business (PEP 3333, Other HTTP Features)"
                )
        if lengths:
            head_rules.declared_length(lengths)
            if len(lengths) > 1:
                wrapped["Content-Length"] = lengths[0]
        return wrapped

    def client_is_modern(self) -> bool:
        """Whether the client knows of header sections at all, which HTTP/0.9 does not."""
        protocol: str = self.environ.get("SERVER_PROTOCOL", "HTTP/1.0")
        return protocol.upper() != "HTTP/0.9"

    def _may_chunk(self) -> bool:
        return self.origin_server and self.chunked_transfer and self.http_version != "1.0" and self._client_speaks_11()

    def _client_speaks_11(self) -> bool:
        protocol = str(self.environ.get("SERVER_PROTOCOL", "HTTP/1.0"))
        return protocol[:7].upper() == "HTTP/1." and protocol[7:] != "0"

    def _sends_content(self) -> bool:
        """Whether anything may follow the header section of this response (RFC 9112 section 6.3)."""
        status = self.status or ""
        return self.environ.get("REQUEST_METHOD") != "HEAD" and status[:1] != "1" and status[:3] not in ("204", "304")

    def cleanup_headers(self) -> None:
        """Make ``headers`` fit for sending: the length where it is known, the framing where it is not, and
        what becomes of the connection.  Called once, just before they are sent; overriding methods call
        this one first.
        """
        status, headers = self.status, self.headers
        if status is None or headers is None:
            raise AssertionError("The headers are sent before start_response()")
        delimited = True
        if status[0] == "1" or status.startswith("204"):
            del headers["Content-Length"]  # RFC 9110 section 8.6
        elif "Content-Length" not in headers:
            self.set_content_length()
            delimited = self._length_is_ours or "Content-Length" in headers or not self._sends_content()
            if not delimited and self._may_chunk():
                headers["Transfer-Encoding"] = "chunked"
                self._chunked = delimited = True
        persistent = self.persistent  # once: it may be a property, and the question have effects
        if persistent is not None and self.origin_server:
            # Another response must follow a 1xx, so a connection is not kept on the word of an application's.
            self._keeps_connection = persistent and delimited and status[0] != "1"
            if not self._keeps_connection:
                headers["Connection"] = "close"
            elif self.http_version == "1.0" or not self._client_speaks_11():
                headers["Connection"] = "keep-alive"

    def _forget_framing(self) -> None:
        """Undo what :meth:`cleanup_headers` decided, after an attempt to send that came to nothing."""
        self._chunked = self._keeps_connection = self._length_is_ours = False
        self._remaining, self.bytes_sent = None, 0

    def set_content_length(self) -> None:
        """Set Content-Length, if it can be known before the first block is sent: the blocks are a list or
        tuple, or the iterable has a ``len()`` of one.  A 304, or an empty answer to HEAD, gets none: it
        would be a guess at what the GET would have sent.
        """
        length = self._length_of_result()
        if length is None or self.headers is None or (self.status or "").startswith("304"):
            return
        if length or self.environ.get("REQUEST_METHOD") != "HEAD":
            self.headers.setdefault("Content-Length", str(length))
            self._length_is_ours = True

    def _length_of_result(self) -> int | None:
        result = self.result
        if type(result) in (list, tuple):
            # A block of another type is an error that is told when its turn comes.
            if len(result) == 1:
                return len(result[0]) if type(result[0]) is bytes else None
            return sum(map(len, result)) if _ONLY_BYTES.issuperset(map(type, result)) else None
        if self._block is None:  # nothing was yielded: either write() was called, or the body is empty
            return None
        try:
            return len(self._block) if len(result) == 1 else None
        except (TypeError, AttributeError, NotImplementedError):
            return None

    def send_preamble(self) -> None:
        """Send the status line and the headers that are the server's own, in one ``_write()``."""
        self._write(self._preamble(*self._survey()[1:]).encode("iso-8859-1"))

    def _survey(self) -> tuple[str | None, bool, bool]:
        """The Content-Length, and whether there are Date and Server, in one pass over the headers."""
        length: str | None = None
        dated = named = False
        if self.headers is None:
            raise AssertionError("The headers are sent before start_response()")
        for name, value in self.headers.items():
            size = len(name)
            if size == 14:
                if length is None and name.lower() == "content-length":
                    length = value
            elif size == 4:
                dated = dated or name.lower() == "date"
            elif size == 6:
                named = named or name.lower() == "server"
        return length, dated, named

    def _preamble(self, dated: bool, named: bool) -> str:
        if not self.origin_server:
            return f"Status: {self.status}\r\n"
        if not self.client_is_modern():
            return ""
        date = "" if dated else f"Date: {head_rules.http_date()}\r\n"
        server = f"Server: {self.server_software}\r\n" if self.server_software and not named else ""
        return f"HTTP/{self.http_version} {self.status}\r\n{date}{server}"


def _raise_again(exc_info: _OptExcInfo) -> None:
    error = exc_info[1]
    try:
        if not isinstance(error, BaseException):
            raise AssertionError(f"The headers are sent, and exc_info holds no exception: {exc_info!r}")
        raise error.with_traceback(exc_info[2])
    finally:
        del error, exc_info


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
        content = self._sends_content()
        self._is_bounded = self._chunked or not content
        self._sends_nothing_more = not content
        length, dated, named = self._survey()
        if length is not None and content and not self._chunked:
            self._is_bounded = True
            self._remaining = int(length)
        if type(self).send_preamble is ResponseHead.send_preamble:
            preamble = self._preamble(dated, named)
            head = f"{preamble}{self.headers}".encode("iso-8859-1") if preamble else b""
            self.headers_sent = True
        else:
            self.headers_sent = True
            self.send_preamble()
            modern = not self.origin_server or self.client_is_modern()
            head = str(self.headers).encode("iso-8859-1") if modern else b""
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
            try:  # as _transmit() does: this is the way of every block of a long body
                self._write(data)
                self._flush()
            except Exception as error:
                self._write_error = error
                raise
            self.bytes_sent += len(data)

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
