"""The heads of requests on a connection, however their bytes come in parts."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

# The reader by itself: see pieces.py.
from pytest_wsgiconform.wsgiref import _reader, _request
from pytest_wsgiconform.wsgiref._body import SizedBody
from pytest_wsgiconform.wsgiref._reader import ConnectionReader, reader_of_stream
from pytest_wsgiconform.wsgiref._request import RequestRejected
from tests.wsgiref.pieces import Pieces, any_split

NEXT = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


@any_split
def test_rfc_split_packets(size: int) -> None:
    pieces = Pieces(HEAD + NEXT + b"\r\n\r\n" + HEAD, size)
    assert pieces.reader.read_head(5.0) == HEAD
    assert pieces.reader.read_head(5.0) == NEXT
    assert pieces.reader.read_head(5.0) == HEAD  # rfc-leading-empty-line


def test_end_of_stream_between_requests() -> None:
    for rest in (b"", b"\r\n", b"\r\n\r\n"):
        pieces = Pieces(HEAD + rest, ends=True)
        assert pieces.reader.read_head(5.0) == HEAD
        assert pieces.reader.read_head(5.0) == b""


def test_too_many_empty_lines_are_refused() -> None:
    reader = Pieces(b"\r\n" * 20 + HEAD).reader
    with pytest.raises(RequestRejected):
        _request.parse_head(reader.read_head(5.0))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\xf8", 400),  # a TLS hello
        (b" GET / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\n", 400),
        (b"GET / HTTP/1.0\nHost: h\n\n", 400),
        (b"GET /" + b"a" * (_request.MAX_REQUEST_LINE + 10), 414),
        (b"GET /" + b"a" * (_request.MAX_REQUEST_LINE + 10) + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * (_request.MAX_REQUEST_LINE + _request.MAX_HEAD_SIZE), 431),
    ],
)
def test_hopeless_heads_are_refused_without_waiting(data: bytes, status: int) -> None:
    with pytest.raises(RequestRejected) as caught:
        Pieces(data).reader.read_head(5.0)
    assert caught.value.status == status


def test_cut_head_is_refused() -> None:
    with pytest.raises(RequestRejected) as caught:
        Pieces(b"GET / HTTP/1.1\r\nHost:", ends=True).reader.read_head(5.0)
    assert caught.value.status == 400


def test_slow_head_is_408() -> None:
    for patience in (5.0, 0.0):
        pieces = Pieces(b"GET / HTTP/1.1\r\n", 4)
        with pytest.raises(RequestRejected) as caught:
            pieces.reader.read_head(patience)
        assert caught.value.status == 408
        assert pieces.timeouts[-1] == 30.0


def test_without_patience_the_connections_own_timeout_counts() -> None:
    with pytest.raises(TimeoutError):
        Pieces(b"GET / HTTP/1.1\r\n", 4).reader.read_head(None)
    with pytest.raises(TimeoutError):
        Pieces(b"").reader.read_head(5.0)


def test_complete_head_after_its_first_line() -> None:
    reader = Pieces(HEAD + NEXT, 5).reader
    assert reader.complete_head(reader.readline(), 5.0) == HEAD
    assert reader.readline(3) == b"GET"
    assert reader.complete_head(b"GET" + reader.readline(), 5.0) == NEXT


LINES = b"one\ntwo\r\nthree\rstill three\n\n\xe2\x80\xa8last without end"


def test_reader_delivers_the_body_until_its_end() -> None:
    pieces = Pieces(LINES + NEXT)
    pieces.reader.begin_body(SizedBody(pieces.reader, len(LINES)))
    assert pieces.reader.readline() == b"one\n"
    assert pieces.reader.read() == LINES[4:]
    assert pieces.reader.readline() == b""
    pieces.reader.end_body()
    assert pieces.reader.readline() == NEXT.splitlines(keepends=True)[0]
    pieces.reader.close()
    assert pieces.reader.closed


class WithoutRead1:
    """A stream with the least that a test may supply."""

    def __init__(self, data: bytes) -> None:
        self.readline = io.BytesIO(data).readline


@pytest.mark.parametrize("make", [io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data)), WithoutRead1])
def test_streams_in_place_of_a_socket_may_end_lines_in_lf(make: Callable[[bytes], object]) -> None:
    reader = reader_of_stream(make(b"GET / HTTP/1.0\nA: b\n\nbody"))
    assert reader.read_head(5.0) == b"GET / HTTP/1.0\r\nA: b\r\n\r\n"
    assert reader.read(4) == b"body"
    assert reader_of_stream(make(b"GET / HTTP/1.0")).read_head(5.0) == b"GET / HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\nHost: h\n\n", b"GET / HTTP/1.1", b"GET"])
def test_leniency_is_for_http10_only(data: bytes) -> None:
    with pytest.raises(RequestRejected):
        reader_of_stream(io.BytesIO(data)).read_head(5.0)


def test_receive_size_is_bounded() -> None:
    asked: list[int] = []

    def receive(limit: int) -> bytes:
        asked.append(limit)
        return b"x" * min(limit, 1000)

    assert len(SizedBody(ConnectionReader(receive), 1 << 17).read()) == 1 << 17
    assert max(asked) <= _reader.RECEIVE_SIZE
