"""The first half of a handler: what the application says of its response, made into a header section.

:class:`ResponseBody`, in ``_response_body``, is the second half, and ``handlers.BaseHandler`` is built on both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _response_head as head_rules
from ._fields import CheckedFields, check_fields
from .headers import Headers, wrap_checked

if TYPE_CHECKING:
    from .types import WSGIEnvironment, _OptExcInfo

__all__ = ["ResponseHead"]

# Statuses that were found fit to be sent; bounded, for they can be made up.
_good_statuses: set[str] = set()
_MOST_GOOD_STATUSES = 256

_ONLY_BYTES = frozenset({bytes})


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
    _fields: CheckedFields | None = None  # those given to start_response(); what `headers` holds may be more by now
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
        if type(headers) is not list:
            Headers(headers)  # which says what is wrong with that
        fields = check_fields(headers, self.drop_hop_by_hop)
        self.status = status
        self._fields = fields
        pairs = fields[0][:]
        self.headers = wrap_checked(pairs) if self.headers_class is Headers else self.headers_class(pairs)
        return self.write

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
        elif not self._declares_length(headers):
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

    def _declares_length(self, headers: Headers) -> bool:
        fields = self._fields
        if fields is not None and type(headers) is Headers and headers._headers == fields[0]:
            return fields[2] is not None
        return "Content-Length" in headers

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
            if type(self.headers) is Headers and self.headers.get("Content-Length") is None:
                self.headers._headers.append(("Content-Length", str(length)))  # which needs no checks
            else:
                self.headers.setdefault("Content-Length", str(length))
            self._length_is_ours = True

    def _length_of_result(self) -> int | None:
        result = self.result
        if type(result) is list or type(result) is tuple:
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
        self._write(self._preamble(*self._settled_fields()[2:]).encode("iso-8859-1"))

    def _settled_fields(self) -> tuple[str, str | None, bool, bool]:
        """The lines of ``headers``, the Content-Length, and whether there are Date and Server."""
        headers, fields = self.headers, self._fields
        if headers is None:
            raise AssertionError("The headers are sent before start_response()")
        if fields is None or type(headers) is not Headers:
            return str(headers)[:-2], *_survey(headers.items())
        given, text, length, dated, named = fields
        pairs = headers._headers
        if pairs == given:
            return text, length, dated, named
        count = len(given)
        if pairs[:count] != given:
            return str(headers)[:-2], *_survey(pairs)
        for name, value in pairs[count:]:  # the ordinary case: the server's own fields
            text += f"{name}: {value}\r\n"
            its_length, its_date, its_name = _survey([(name, value)])
            length = its_length if length is None else length
            dated, named = dated or its_date, named or its_name
        return text, length, dated, named

    def _preamble(self, dated: bool, named: bool) -> str:
        if not self.origin_server:
            return f"Status: {self.status}\r\n"
        if not self.client_is_modern():
            return ""
        line = f"HTTP/{self.http_version} {self.status}\r\n"
        if not dated:
            line += f"Date: {head_rules.http_date()}\r\n"
        if not named and self.server_software:
            line += f"Server: {self.server_software}\r\n"
        return line


def _survey(pairs: list[tuple[str, str]]) -> tuple[str | None, bool, bool]:
    """The Content-Length, and whether there are Date and Server."""
    length: str | None = None
    dated = named = False
    for name, value in pairs:
        size = len(name)
        if size == 14:
            if length is None and name.lower() == "content-length":
                length = value
        elif size == 4:
            dated = dated or name.lower() == "date"
        elif size == 6:
            named = named or name.lower() == "server"
    return length, dated, named


def _raise_again(exc_info: _OptExcInfo) -> None:
    error = exc_info[1]
    try:
        if not isinstance(error, BaseException):
            raise AssertionError(f"The headers are sent, and exc_info holds no exception: {exc_info!r}")
        raise error.with_traceback(exc_info[2])
    finally:
        del error, exc_info
