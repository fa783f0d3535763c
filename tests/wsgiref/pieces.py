"""A connection whose bytes come in pieces."""

from __future__ import annotations

import pytest

# The reader by itself: how its bytes come in parts is what these tests choose, and sockets don't let them.
from pytest_wsgiconform.wsgiref._reader import ConnectionReader


class Pieces:
    """A connection that gives the bytes in pieces of a fixed size; reading on where a socket would block fails."""

    def __init__(self, data: bytes, size: int = 1 << 20, ends: bool = False) -> None:
        self.data = data
        self.size = size
        self.ends = ends
        self.timeouts: list[float | None] = []
        self.reader = ConnectionReader(self.receive, self.timeouts.append, 30.0)

    def receive(self, limit: int) -> bytes:
        if not self.data and not self.ends:
            raise TimeoutError
        size = min(self.size, limit)
        piece, self.data = self.data[:size], self.data[size:]
        return piece


any_split = pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
