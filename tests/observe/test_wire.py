"""The byte-exact client, against peers made of a few socket calls each."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pytest_wsgiconform.observe.wire import (
    AwaitBytes,
    AwaitFinal,
    AwaitInterim,
    AwaitProbe,
    Close,
    HalfClose,
    Limits,
    Pause,
    Reset,
    Script,
    Send,
    converse,
    converse_all,
)
from pytest_wsgiconform.rules.records.server import Connection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
QUICK = Limits(quiet=0.3, total=5)
Peer = Callable[[socket.socket], None]


@contextmanager
def serving(peer: Peer, times: int = 1) -> Iterator[tuple[str, int]]:
    """Let *peer* have *times* connections, one after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def run() -> None:
        for _ in range(times):
            sock, _ = listener.accept()
            sock.settimeout(10)
            with sock:
                peer(sock)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[:2]
    finally:
        thread.join(10)
        listener.close()
        assert not thread.is_alive()


def receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def until_end(sock: socket.socket) -> bytes:
    data = b""
    while more := sock.recv(65536):
        data += more
    return data


def play(peer: Peer, *steps: object, limits: Limits = QUICK, **script: object) -> Connection:
    with serving(peer) as address:
        return converse(address, Script(tuple(steps), **script), limits)  # type: ignore[arg-type]


def test_every_byte_is_sent_as_written_and_kept_as_received() -> None:
    got = []

    def peer(sock: socket.socket) -> None:
        got.append(receive(sock, 8))
        sock.sendall(OK)

    connection = play(peer, Send(b"G\x00\r\n\xff abc"[:8]))
    assert got == [b"G\x00\r\n\xff ab"]
    assert connection.bytes_sent == got[0]
    assert connection.bytes_received == OK
    assert connection.ended == "eof" and connection.closed_by_server
    assert [response.body for response in connection.finals] == [b"hi"]
    assert connection.opened > 0 and connection.sent[0].at <= connection.received[0].at


def test_packets_of_a_size() -> None:
    connection = play(lambda sock: sock.sendall(receive(sock, 5)), Send(b"abcde", each=2))
    assert [step.data for step in connection.sent] == [b"ab", b"cd", b"e"]
    assert connection.stray == b"abcde"


def test_silence_ends_with_a_half_close_and_is_told() -> None:
    connection = play(lambda sock: sock.sendall(b"late:" + until_end(sock)), Send(b"x"))
    assert connection.ended == "eof-late" and not connection.closed_by_server
    assert [step.what for step in connection.sent] == ["data", "half-close"]
    assert connection.bytes_received == b"late:x"


def test_a_peer_that_never_ends_is_left_open() -> None:
    done = threading.Event()

    def peer(sock: socket.socket) -> None:
        sock.sendall(OK)
        done.wait(10)

    with serving(peer) as address:
        connection = converse(address, Script((Send(b"x"),)), QUICK)
        done.set()
    assert connection.ended == "open"


def test_one_byte_a_time_is_bounded_by_the_total() -> None:
    stop = threading.Event()

    def peer(sock: socket.socket) -> None:
        try:
            while not stop.wait(0.05):
                sock.sendall(b"a")
        except OSError:
            return

    with serving(peer) as address:
        connection = converse(address, Script((Send(b"x"), AwaitFinal())), Limits(quiet=1, total=0.6))
        stop.set()
    assert connection.ended == "open"
    assert connection.skipped == ["AwaitFinal"]


def test_waiting_for_responses_in_order() -> None:
    def peer(sock: socket.socket) -> None:
        receive(sock, 1)
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        receive(sock, 1)
        sock.sendall(OK)
        receive(sock, 1)
        sock.sendall(OK)

    connection = play(peer, Send(b"1"), AwaitInterim(), Send(b"2"), AwaitFinal(1), Send(b"3"))
    assert connection.skipped == []
    assert [response.status for response in connection.responses] == [100, 200, 200]
    assert len(connection.interims) == 1 and len(connection.finals) == 2


def test_waiting_for_bytes_and_half_closing() -> None:
    def peer(sock: socket.socket) -> None:
        sock.sendall(b"ready")
        sock.sendall(b"got " + until_end(sock))

    connection = play(peer, AwaitBytes(b"ready"), Send(b"x"), HalfClose())
    assert connection.bytes_received == b"readygot x"
    assert connection.ended == "eof", "the script itself half-closed, so the peer ended in time"


def test_enough_responses_end_the_conversation_without_the_limit() -> None:
    def peer(sock: socket.socket) -> None:
        receive(sock, 1)
        sock.sendall(OK)
        until_end(sock)

    connection = play(peer, Send(b"x"), finals=1, limits=Limits(quiet=60, total=60))
    assert connection.ended == "eof-late"


def test_steps_after_the_end_are_skipped() -> None:
    connection = play(lambda sock: sock.sendall(OK), AwaitFinal(2), Send(b"x"), AwaitFinal(3))
    assert connection.skipped == ["AwaitFinal", "Send", "AwaitFinal"]
    assert connection.ended == "eof"


def test_reset_by_the_peer() -> None:
    def peer(sock: socket.socket) -> None:
        receive(sock, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    assert play(peer, Send(b"x")).ended == "reset"


def test_sending_into_a_reset_connection_ends() -> None:
    def peer(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    connection = play(peer, Pause(0.2), *(Send(b"x" * 100_000) for _ in range(20)))
    assert connection.ended == "reset"


@pytest.mark.parametrize(("error", "ended"), [(ConnectionResetError, "reset"), (ConnectionRefusedError, "refused")])
def test_a_reset_that_overtakes_the_connecting_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError], ended: str
) -> None:
    """Which of the two a real peer causes is a matter of microseconds, so the kernel's answer is given here."""

    def connecting(*_: object, **__: object) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", connecting)
    connection = converse(("127.0.0.1", 9), Script((Send(b"x"),)), QUICK)
    assert connection.ended == ended


@pytest.mark.parametrize(("step", "what"), [(Reset(), "reset"), (Close(), "close")])
def test_the_client_leaves(step: Reset | Close, what: str) -> None:
    seen: list[str] = []

    def peer(sock: socket.socket) -> None:
        receive(sock, 1)
        try:
            seen.append("end" if sock.recv(10) == b"" else "data")
        except ConnectionResetError:
            seen.append("reset")

    connection = play(peer, Send(b"x"), step, Send(b"never"))
    assert connection.ended == "client"
    assert connection.sent[-1].what == what
    assert connection.skipped == ["Send"]
    assert seen == ["reset" if what == "reset" else "end"]


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()[:2]
    for size in (0, 4096):
        assert converse(address, Script((Send(b"x"),), receive_buffer=size)).ended == "refused"


def test_a_large_answer_while_sending_much_does_not_deadlock() -> None:
    size = 3_000_000

    def peer(sock: socket.socket) -> None:
        thread = threading.Thread(target=sock.sendall, args=(b"a" * size,))
        thread.start()
        assert len(receive(sock, size)) == size
        thread.join(10)

    connection = play(peer, Send(b"b" * size), limits=Limits(quiet=5, total=20), receive_buffer=65536)
    assert len(connection.bytes_received) == size and not connection.truncated


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_wsgiconform.observe.wire.KEEP_LIMIT", 10)
    connection = play(lambda sock: sock.sendall(b"a" * 100), Send(b""))
    assert connection.bytes_received == b"a" * 10
    assert connection.truncated


def test_waiting_for_the_probe() -> None:
    asked: list[tuple[str, str]] = []

    def probed(event: str, label: str) -> bool:
        asked.append((event, label))
        return len(asked) > 2

    with serving(lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + receive(sock, 2))) as address:
        connection = converse(address, Script((AwaitProbe("close", "first"), Send(b"go"))), QUICK, probed)
    assert connection.skipped == [] and connection.bytes_received.endswith(b"go")
    assert set(asked) == {("close", "first")}


def test_without_a_side_channel_waiting_for_the_probe_is_skipped() -> None:
    connection = play(lambda sock: sock.sendall(receive(sock, 2)), AwaitProbe("close", "first"), Send(b"go"))
    assert connection.skipped == ["AwaitProbe"]
    assert connection.stray == b"go"


def test_scripts_in_turn() -> None:
    with serving(lambda sock: sock.sendall(receive(sock, 1)), times=2) as address:
        connections = converse_all(address, [Script((Send(b"1"),)), Script((Send(b"2"),))], QUICK)
    assert [connection.stray for connection in connections] == [b"1", b"2"]


def test_peer_that_closes_at_once_is_tried_all_the_same() -> None:
    closed = threading.Event()

    def peer(sock: socket.socket) -> None:
        sock.shutdown(socket.SHUT_WR)
        closed.set()
        receive(sock, 5)

    with serving(peer) as address:
        # The end has come, unread, before anything is sent.
        steps = AwaitProbe("closed", "first"), Send(b"later")
        record = converse(address, Script(steps), QUICK, lambda event, label: closed.wait(10))
    assert (record.ended, record.bytes_sent) == ("eof", b"later")


def test_a_step_that_was_given_up_for_silence_is_not_followed_by_another_wait() -> None:
    def peer(sock: socket.socket) -> None:
        receive(sock, 5)
        while sock.recv(65536):
            pass

    with serving(peer) as address:
        record = converse(address, Script((Send(b"hello"), AwaitFinal(1))), Limits(quiet=0.5, total=20))
    assert record.skipped == ["AwaitFinal"]
    assert [step.what for step in record.sent] == ["data", "half-close"]
    assert record.ended == "eof-late"
