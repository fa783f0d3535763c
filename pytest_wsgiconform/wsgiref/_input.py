"""The reading half of a binary file, for whatever stands behind `wsgi.input`, and the error of a faulty body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

EVERYTHING = 1 << 62
"""A size beyond that of any body."""

PIECE = 65536
"""Bytes that are asked for at once where nobody has named a size."""


class BodyError(OSError):
    """A request body that cannot be delivered to its end.

    Args:
        status: the HTTP status that fits: 400 malformed or cut short, 408 too slow, 413 too large.
        reason: one sentence, without text of the request.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class InputStream:
    """The reading half of a binary file, built on two primitives.

    The methods are those of PEP 3333's wsgi.input and behave as the library reference tells for buffered binary
    files: `read(n)` is short at the end only, lines end in LF, anything read at the end is empty.
    """

    closed = False

    def _take(self, limit: int) -> bytes:
        """Return at least one and at most `limit` bytes, b"" at the end."""
        raise NotImplementedError

    def _take_of_line(self, limit: int) -> bytes:
        """Like `_take`, but nothing beyond the next LF."""
        raise NotImplementedError

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, less at the end only; None or a negative number is everything."""
        if size is None or size < 0:
            size = EVERYTHING
        elif size == 0:
            return b""
        data = self._take(size)
        left = size - len(data)
        if not left or not data:
            return data
        parts = [data]
        while left:
            data = self._take(left)
            if not data:
                break
            parts.append(data)
            left -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read1(self, size: int | None = -1, /) -> bytes:
        """Return what is there after one receive, at most `size` bytes."""
        if size == 0:
            return b""
        return self._take(PIECE if size is None or size < 0 else size)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:
        """Fill the buffer as far as there is input; return the number of bytes."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line with its LF, or at most `size` bytes of it."""
        if size is None or size < 0:
            size = EVERYTHING
        elif size == 0:
            return b""
        data = self._take_of_line(size)
        left = size - len(data)
        if not left or not data or data[-1] == 10:
            return data
        parts = [data]
        while left and data and data[-1] != 10:
            data = self._take_of_line(left)
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Return the remaining lines; with a positive hint, stop after the line that reaches so many bytes."""
        if hint is None or hint <= 0:
            return list(self)
        lines = []
        size = 0
        while size < hint and (line := self.readline()):
            lines.append(line)
            size += len(line)
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return False."""
        return False

    def seekable(self) -> bool:
        """Return False."""
        return False

    def writelines(self, lines: Iterable[bytes], /) -> None:
        """Refuse: the stream is for reading."""
        raise OSError("the input of a request can't be written")

    def flush(self) -> None:
        """Do nothing: there is nothing to write."""
