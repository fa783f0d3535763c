"""wsgi.input: exactly the body's bytes, an end where the body ends, an error where it is cut."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

# The body by itself: see pieces.py.
from pytest_wsgiconform.wsgiref import _body
from pytest_wsgiconform.wsgiref._body import BodyError, ChunkedBody, RequestBody, SizedBody
from pytest_wsgiconform.wsgiref._reader import ConnectionReader
from tests.wsgiref.pieces import Pieces, any_split

LINES = b"one\ntwo\r\nthree\rstill three\n\n\xe2\x80\xa8last without end"
NEXT = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
Maker = Callable[..., tuple[RequestBody, ConnectionReader]]


def sized(data: bytes, size: int, rest: bytes = NEXT) -> tuple[SizedBody, ConnectionReader]:
    pieces = Pieces(data + rest, size)
    return SizedBody(pieces.reader, len(data)), pieces.reader


def chunked(data: bytes, size: int, rest: bytes = NEXT) -> tuple[ChunkedBody, ConnectionReader]:
    chunks = b"".join(
        b"%X\r\n%b\r\n" % (len(piece), piece) for piece in (data[start : start + 5] for start in range(0, len(data), 5))
    )
    pieces = Pieces(chunks + b"0\r\n\r\n" + rest, size)
    return ChunkedBody(pieces.reader), pieces.reader


both = pytest.mark.parametrize("make", [sized, chunked])


@both
@any_split
def test_d30_read_without_size_ends_with_the_body(make: Maker, size: int) -> None:
    body, reader = make(LINES, size)
    assert body.read() == LINES
    assert [body.read(), body.read(5), body.readline(), body.readlines(), list(body)] == [b"", b"", b"", [], []]
    reader.end_body()
    assert reader.read_head(None) == NEXT


@both
@any_split
def test_input_read_fills(make: Maker, size: int) -> None:
    body, _ = make(LINES, size)
    assert body.read(0) == b""
    assert body.read(10) == LINES[:10]
    assert body.read(1) == LINES[10:11]
    assert body.read(-1) == LINES[11:]


@both
@any_split
def test_input_eof_at_length(make: Maker, size: int) -> None:
    body, _ = make(LINES, size)
    assert body.read(1000) == LINES


@both
@any_split
def test_lines_by_every_method(make: Maker, size: int) -> None:
    expected = io.BytesIO(LINES).readlines()
    assert make(LINES, size)[0].readlines() == expected
    assert make(LINES, size)[0].readlines(None) == expected
    assert list(make(LINES, size)[0]) == expected
    body, _ = make(LINES, size)
    assert body.readline() == expected[0]
    assert list(body) == expected[1:]


@both
@any_split
def test_input_readline_size(make: Maker, size: int) -> None:
    body, _ = make(LINES, size)
    reference = io.BytesIO(LINES)
    for limit in (0, 2, 3, 1, 100, 4, 4, 4, 100, 100, -1, None):
        assert body.readline(limit) == reference.readline(limit), limit


@both
@any_split
def test_input_readlines_hint(make: Maker, size: int) -> None:
    body, _ = make(LINES, size)
    first = body.readlines(5)
    assert first == [b"one\n", b"two\r\n"]
    assert b"".join(first + body.readlines(0)) == LINES


@both
def test_other_reading_methods(make: Maker) -> None:
    body, _ = make(LINES, 4)
    assert body.read1(0) == b""
    start = body.read1()
    assert 0 < len(start) <= 5
    start += body.read1(2)
    buffer = bytearray(4)
    assert body.readinto(buffer) == 4
    assert start + buffer + body.read() == LINES
    assert body.readinto(buffer) == 0


@both
def test_text_wrapper_works_on_it(make: Maker) -> None:
    body, _ = make(LINES, 3)
    text = io.TextIOWrapper(body, "latin-1", newline="")  # type: ignore[type-var]
    assert text.read().encode("latin-1") == LINES
    text.detach()


@both
def test_it_is_for_reading_only(make: Maker) -> None:
    body, _ = make(LINES, 3)
    assert (body.readable(), body.writable(), body.seekable(), body.closed) == (True, False, False, False)
    body.flush()
    with pytest.raises(OSError, match="written"):
        body.writelines([b"x"])


def test_long_lines_come_whole() -> None:
    line = b"x" * 300_000 + b"\n"
    body, _ = sized(line + b"y", 50_000)
    assert body.readline() == line
    assert body.readline() == b"y"


def test_empty_body_never_touches_the_connection() -> None:
    body, reader = sized(b"", 1000, rest=b"")
    assert [body.read(), body.readline(), body.readlines(), list(body)] == [b"", b"", [], []]
    assert reader.pending == 0


@both
def test_detached_body_is_at_its_end(make: Maker) -> None:
    body, reader = make(LINES, 1 << 20)
    reader.begin_body(body)
    assert body.read(3) == b"one"
    reader.end_body()
    assert body.read() == b""
    assert body.readline() == b""


@pytest.mark.parametrize("read", [lambda body: body.read(), lambda body: body.read(100), list])
def test_rfc_body_incomplete(read: Callable[[RequestBody], object]) -> None:
    body = SizedBody(Pieces(b"half", ends=True).reader, 10)
    with pytest.raises(BodyError) as caught:
        read(body)
    assert caught.value.status == 400
    with pytest.raises(BodyError):
        body.read()


def of_raw(wire: bytes, ends: bool = True, most: int | None = None) -> ChunkedBody:
    return ChunkedBody(Pieces(wire, ends=ends).reader, most)


@pytest.mark.parametrize(
    "wire", [b"", b"5", b"5\r\n", b"5\r\nhal", b"5\r\nhello", b"5\r\nhello\r\n", b"0\r\n", b"0\r\nA: b\r\n"]
)
def test_rfc_chunk_incomplete(wire: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        of_raw(wire).read()
    assert caught.value.status == 400


def test_late_body_is_408() -> None:
    body = SizedBody(Pieces(b"half").reader, 10)
    with pytest.raises(BodyError) as caught:
        body.read()
    assert caught.value.status == 408


def test_lost_connection_is_an_error_of_the_body() -> None:
    def receive(limit: int) -> bytes:
        raise ConnectionResetError

    body = SizedBody(ConnectionReader(receive), 10)
    with pytest.raises(BodyError) as caught:
        body.readline()
    assert caught.value.status == 400
    assert not isinstance(caught.value, ConnectionError)  # an application's error, not the response's


def test_chunked_body_over_the_limit_is_413() -> None:
    assert of_raw(b"5\r\nhello\r\n0\r\n\r\n", most=5).read() == b"hello"
    with pytest.raises(BodyError) as caught:
        of_raw(b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", most=5).read()
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "wire",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"0005\r\nhello\r\n000\r\n\r\n",
        b"a\r\nhellohello\r\nA\r\nhellohello\r\n0\r\n\r\n",
        b'5;a;b=c;d="e \\" f" ; g = h\r\nhello\r\n0;last\r\n\r\n',
        b"5\r\nhello\r\n0\r\nHost: evil\r\nContent-Length: 3\r\nX-Any:\r\n\r\n",
    ],
)
@any_split
def test_rfc_chunked_decoded(wire: bytes, size: int) -> None:
    pieces = Pieces(wire + NEXT, size)
    assert ChunkedBody(pieces.reader).read().replace(b"hello", b"") == b""
    assert pieces.reader.read_head(None) == NEXT


@pytest.mark.parametrize(
    "start",
    [b"0x5", b"+5", b"-1", b"5_0", b" 5", b"\t5", b"", b"5 ", b"g", b"5\x00", b"\xb2", b"5;", b"5;a=", b"5;\x01",
     b"5,a", b'5;a="b', b"5 a", b"5;a b", b"00000000000000005", b"1" * 17, b"f" * 40],
)  # fmt: skip
def test_rfc_chunk_size_invalid(start: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        of_raw(start + b"\r\nhello\r\n0\r\n\r\n").read()
    assert caught.value.status == 400


def test_rfc_chunk_size_overflow_gives_no_short_body() -> None:
    with pytest.raises(BodyError):
        of_raw(b"FFFFFFFFFFFFFFFF\r\nhello").read()


@pytest.mark.parametrize(
    "wire",
    [
        b"5\r\nhelloworld\r\n0\r\n\r\n",  # too long
        b"5\r\nhell\r\n0\r\n\r\n",  # too short
        b"5\r\nhello0\r\n\r\n",  # no end
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\r0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\rhello\r\n0\r\n\r\n",
        b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        b"5;a\rb\r\nhello\r\n0\r\n\r\n",
        b"5\r\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\n\r\n",
        b"5\r\nhello\r\n0\r\n\n",
        b"5\r\nhello\r\n0\r\nbad\r\n\r\n",
        b"5\r\nhello\r\n0\r\nA : b\r\n\r\n",
        b"5\r\nhello\r\n0\r\nA: b\x00\r\n\r\n",
        b"5\r\nhello\r\n0\r\nA: b\r\n folded\r\n\r\n",
    ],
)
def test_faulty_chunks(wire: bytes) -> None:
    body = of_raw(wire)
    with pytest.raises(BodyError) as caught:
        body.read()
    assert caught.value.status == 400


def test_lone_line_ends_do_not_make_it_wait() -> None:
    body = of_raw(b"5;a\n", ends=False)
    with pytest.raises(BodyError) as caught:
        body.read()
    assert caught.value.status == 400


def test_rfc_chunk_ext_limit() -> None:
    long = b"1;" + b"a" * _body.MAX_CHUNK_LINE + b"\r\nx\r\n0\r\n\r\n"
    many = b"".join(b"1;%b\r\nx\r\n" % (b"a" * 100) for _ in range(50)) + b"0\r\n\r\n"
    for wire in (long, many):
        with pytest.raises(BodyError) as caught:
            of_raw(wire).read()
        assert caught.value.status == 400


def test_trailer_limit() -> None:
    trailers = b"".join(b"X-%d: y\r\n" % number for number in range(3000))
    with pytest.raises(BodyError) as caught:
        of_raw(b"0\r\n" + trailers + b"\r\n").read()
    assert caught.value.status == 400


@pytest.mark.parametrize("read", [lambda body: body.read(3), lambda body: body.readline(), next])
def test_continue_is_sent_once_before_the_first_read(read: Callable[[RequestBody], object]) -> None:
    sent: list[str] = []
    body = SizedBody(Pieces(b"a\nb\nc\n").reader, 6, lambda: sent.append("100"))
    assert body.awaits_continue
    assert body.read(0) == b""
    assert sent == []
    read(body)
    assert sent == ["100"]
    assert not body.awaits_continue
    body.read()
    assert sent == ["100"]


def test_drain_reads_to_the_end_within_its_bounds() -> None:
    for make in (sized, chunked):
        body, reader = make(LINES, 10)
        assert body.read(3) == b"one"
        assert body.drain(1000, 10.0)
        assert body.ended
        assert body.drain(0, 0.0)
        assert reader.read_head(None) == NEXT


def test_drain_gives_up() -> None:
    assert not sized(b"x" * 200_000, 1 << 20)[0].drain(1000, 10.0)
    assert not sized(LINES, 1 << 20)[0].drain(1000, 0.0)
    assert not SizedBody(Pieces(b"half").reader, 10).drain(1000, 10.0)
    assert not of_raw(b"nonsense\r\n").drain(1000, 10.0)
    broken = of_raw(b"nonsense\r\n")
    with pytest.raises(BodyError):
        broken.read()
    assert not broken.drain(1000, 10.0)
    waiting = SizedBody(Pieces(LINES).reader, len(LINES), lambda: None)
    assert not waiting.drain(1000, 10.0)  # nobody knows whether the client will send it


def test_drain_limits_the_time_of_each_receive() -> None:
    pieces = Pieces(LINES)
    assert SizedBody(pieces.reader, len(LINES)).drain(1000, 5.0)
    assert pieces.timeouts[0] is not None and 0 < pieces.timeouts[0] <= 5.0
    assert pieces.timeouts[-1] == 30.0


def test_what_is_left() -> None:
    body, _ = sized(b"12345", 2)
    assert body.length_left == 5
    body.read(2)
    assert body.length_left == 3
    other, _ = chunked(b"12345", 2)
    assert other.length_left is None
    other.read()
    assert other.length_left == 0
