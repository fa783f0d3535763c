"""wsgiref.handlers: the body, and files."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from pytest_wsgiconform.wsgiref import util
from pytest_wsgiconform.wsgiref.handlers import SimpleHandler
from tests.wsgiref.handler_tools import Body, Recorder, answer, app_of, generator_of, returning


def test_each_block_is_sent_and_flushed_before_the_next_is_asked_for() -> None:
    stdout = Recorder()
    seen = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        for block in (b"one", b"two", b"three"):
            yield block
            seen.append((stdout.writes[-1].endswith(block), stdout.flushes))

    answer(app, stdout=stdout)
    assert seen == [(True, 1), (True, 2), (True, 3)]


def test_what_is_written_precedes_what_is_yielded() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"")
        write(b"one ")
        write(b"two ")
        return [b"three"]

    got = answer(app)
    assert got.body == b"one two three"
    assert got.values("Content-Length") == []
    assert got.handler.bytes_sent == 13


def test_write_past_the_length_raises() -> None:
    caught = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Length", "5")])
        write(b"123")
        for _ in range(2):
            try:
                write(b"45678")
            except AssertionError as error:
                caught.append(str(error))
        return []

    got = answer(app)
    assert got.body == b"12345"
    assert len(caught) == 2
    assert "longer than its Content-Length of 5" in caught[0]


def test_the_iterable_is_not_asked_for_more_than_its_length() -> None:
    body = Body(b"12345", b"6")
    got = answer(returning(body, headers=[("Content-Length", "5")]))
    assert (got.body, body.steps, body.closed, got.log) == (b"12345", 1, 1, "")


def test_nothing_is_asked_of_the_iterable_once_write_has_used_up_the_length() -> None:
    body = Body(b"more")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "5")])(b"12345")
        return body

    got = answer(app)
    assert (got.body, body.steps, body.closed, got.log) == (b"12345", 0, 1, "")


def test_a_block_after_write_fills_up_the_length() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "5")])(b"123")
        return [b"45"]

    got = answer(app)
    assert (got.body, got.log) == (b"12345", "")


def test_a_list_longer_than_its_length_is_reported() -> None:
    got = answer(app_of(b"12345", b"6", headers=[("Content-Length", "5")]), persistent=True)
    assert (got.body, got.handler.connection_reusable) == (b"12345", False)
    assert got.log.count("longer than its Content-Length of 5") == 1
    got = answer(app_of(b"12345", b"", headers=[("Content-Length", "5")]), persistent=True)
    assert (got.log, got.handler.connection_reusable) == ("", True)


def test_a_length_of_zero_with_a_body() -> None:
    got = answer(generator_of(b"x", b"y", headers=[("Content-Length", "0")]))
    assert got.body == b""
    assert got.log.count("longer than its Content-Length of 0") == 1


def test_an_iterable_of_length_one_gets_a_content_length() -> None:
    class One:
        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            yield b""
            yield b"data"

    got = answer(returning(One()))
    assert (got.values("Content-Length"), got.body) == (["4"], b"data")


def test_an_iterable_that_is_longer_than_it_says() -> None:
    class One:
        finished = False

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            yield b"data"
            yield b"more"
            yield b"more"
            self.finished = True

    body = One()
    got = answer(returning(body))
    assert (got.values("Content-Length"), got.body) == (["4"], b"data")
    assert got.log.count("longer") == 1
    assert body.finished


@pytest.mark.parametrize("error", [TypeError, AttributeError, NotImplementedError])
def test_a_length_that_cannot_be_had(error: type[Exception]) -> None:
    class Unknown:
        def __len__(self) -> int:
            raise error

        def __iter__(self) -> Any:
            yield b"data"

    got = answer(returning(Unknown()))
    assert (got.values("Content-Length"), got.body, got.log) == ([], b"data", "")


def test_an_iterable_of_the_old_kind() -> None:
    class Old:
        def __getitem__(self, index: int) -> bytes:
            return [b"one", b"two"][index]

    assert answer(returning(Old())).body == b"onetwo"


def test_an_empty_body_has_length_zero() -> None:
    for app in (app_of(), app_of(b""), generator_of(), generator_of(b"", b"")):
        got = answer(app)
        assert (got.values("Content-Length"), got.body, got.log) == (["0"], b"", "")


def test_start_response_may_come_with_the_first_block() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        yield b""
        start_response("200 OK", [])
        yield b"x"

    assert answer(app).body == b"x"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (["text"], "must be a bytes instance"),
        ([bytearray(b"x")], "must be a bytes instance"),
        ([b"good", 5], "must be a bytes instance"),
        (None, "returned NoneType"),
        ("text", "returned str"),
        (5, "not iterable"),
    ],
)
def test_results_that_are_no_body(result: Any, words: str) -> None:
    assert words in answer(returning(result)).log


def test_a_block_before_start_response() -> None:
    got = answer(lambda environ, start_response: [b"x"])
    assert "write() before start_response()" in got.log
    assert got.head[0].endswith("500 Internal Server Error")


def test_a_large_first_block_is_not_copied_to_the_head() -> None:
    got = answer(app_of(b"x" * 100_000))
    assert [len(part) for part in got.writes[1:]] == [100_000]
    assert got.body == b"x" * 100_000


def file_app(file: Any, headers: list[tuple[str, str]] | None = None) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", headers or [])
        return environ["wsgi.file_wrapper"](file, 4)

    return app


def test_a_file_is_sent_from_its_position_and_closed() -> None:
    file = BytesIO(b"0123456789")
    file.seek(2)
    assert answer(file_app(file)).body == b"23456789"
    assert file.closed


def test_a_file_is_sent_up_to_the_length() -> None:
    file = BytesIO(b"0123456789")
    assert answer(file_app(file, [("Content-Length", "6")])).body == b"012345"
    assert file.closed


def test_sendfile_is_called_for_the_wrappers_own_kind_only() -> None:
    called = []

    def sendfile(self: Any) -> bool:
        called.append(self.result.filelike)
        self.send_headers()
        self._write(b"0123")
        self.note_sent(4)
        self.finish_content()
        return True

    file = BytesIO(b"0123")
    got = answer(file_app(file, [("Content-Length", "4")]), sendfile=sendfile, persistent=True)
    assert (called, got.body, got.handler.bytes_sent) == ([file], b"0123", 4)
    assert (file.closed, got.handler.connection_reusable, got.log) == (True, True, "")
    assert answer(app_of(b"x"), sendfile=sendfile).body == b"x"
    assert len(called) == 1


def test_a_factory_that_is_no_class_is_never_asked_to_send() -> None:
    def sendfile(self: Any) -> bool:
        raise AssertionError("not a file of ours")

    def factory(file: Any, size: int) -> Any:
        return util.FileWrapper(file, size)

    got = answer(file_app(BytesIO(b"0123")), sendfile=sendfile, wsgi_file_wrapper=staticmethod(factory))
    assert got.body == b"0123"


def test_a_subclass_may_override_write() -> None:
    written: list[bytes] = []

    def write(self: Any, data: bytes) -> None:
        written.append(data)
        SimpleHandler.write(self, data)

    got = answer(generator_of(b"a", b"b", b"", b"c"), write=write)
    assert (got.body, written) == (b"abc", [b"a", b"b", b"", b"c"])


def test_a_block_of_another_type_in_the_middle_of_a_body() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"a"
        yield b"b"
        yield "text"

    got = answer(app)
    assert got.body == b"ab"
    assert "AssertionError: write() argument must be a bytes instance" in got.log


def test_write_between_blocks_that_are_yielded() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"a"
        write(b"b")
        yield b"c"
        write(b"d")

    got = answer(app)
    assert (got.body, got.handler.bytes_sent, got.log) == (b"abcd", 4, "")
