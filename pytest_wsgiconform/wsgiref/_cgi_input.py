"""The request body of a CGI program: so many bytes of the standard input as the server has announced."""

from __future__ import annotations

from typing import Any

from ._input import EVERYTHING, BodyError, InputStream

__all__ = ["CGIInput", "body_length"]


def body_length(environ: dict[str, str]) -> int | None:
    """Return how many bytes of standard input are the request's body, ``None`` if its end is the input's.

    RFC 3875 sections 4.1.2 and 4.2: a server sets CONTENT_LENGTH if there is a body, may send more than that, and need
    not close the input behind it.  Without the variable there is no body, unless the server tells that it came with a
    transfer coding: such a server has undone that, and closes the input at the end.

    Raises :exc:`RuntimeError` for a CONTENT_LENGTH that is no decimal number.
    """
    text = environ.get("CONTENT_LENGTH", "")
    if text:
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise RuntimeError(f"The server has set a CONTENT_LENGTH that is not a decimal number: {text[:100]!r}")
        return int(text)
    return None if environ.get("HTTP_TRANSFER_ENCODING") else 0


class CGIInput(InputStream):
    """At most ``length`` bytes of the binary file ``stream``; ``None`` for all.

    An input that ends before is a body that was cut short: a :exc:`BodyError`, as the server's own bodies raise.
    """

    def __init__(self, stream: Any, length: int | None) -> None:
        self._receive = getattr(stream, "read1", None) or stream.read
        self._receive_line = stream.readline
        self._left = EVERYTHING if length is None else length
        self._is_bounded = length is not None

    def _take(self, limit: int) -> bytes:
        return self._account(self._receive(min(limit, self._left))) if self._left else b""

    def _take_of_line(self, limit: int) -> bytes:
        return self._account(self._receive_line(min(limit, self._left))) if self._left else b""

    def _account(self, data: bytes) -> bytes:
        if not data and self._is_bounded:
            raise BodyError(400, "The request body is cut short")
        self._left -= len(data)
        return data
