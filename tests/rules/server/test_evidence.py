"""What a finding about a server shows can be read, and its one line really sends the same bytes."""

from __future__ import annotations

import socket
import subprocess
import threading

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_wsgiconform.rules.records.server import Connection, Received, Response, Sent, ServerRun
from pytest_wsgiconform.rules.server.evidence import SHOWN, broken, escaped, evidence, repro

ODD = b"GET /%41\x00'\\\"$`! HTTP/1.1\r\nX: \xff\x1b[31m\t%s\r\n\r\n"


def run_of(*steps: Sent, host: str = "") -> ServerRun:
    return ServerRun("topic:variant", "server", [Connection(sent=list(steps))], host=host)


def received_from(command: str) -> bytes:
    """Let *command* talk to a listener, whose port it names as PORT; return what came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        got = bytearray()

        def accept() -> None:
            sock, _ = listener.accept()
            sock.settimeout(10)
            with sock:
                while not bytes(got).endswith(b"\r\n\r\n") and (data := sock.recv(65536)):
                    got.extend(data)

        listener.settimeout(10)
        thread = threading.Thread(target=accept)
        thread.start()
        subprocess.run(["sh", "-c", command.replace("PORT", str(port))], timeout=20, check=True, capture_output=True)
        thread.join(10)
    return bytes(got)


def test_printf_line_writes_the_same_bytes() -> None:
    line = repro(run_of(Sent(ODD)), Connection(sent=[Sent(ODD)]))
    command, pipe, netcat = line.rpartition(" | ")
    assert (pipe, netcat) == (" | ", "nc HOST PORT")
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=10).stdout == ODD


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=40))
@example(b"-\x00")
@example(b"--")
def test_printf_line_writes_any_bytes(data: bytes) -> None:
    command = repro(run_of(Sent(data)), Connection(sent=[Sent(data)])).rpartition(" | ")[0]
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=10).stdout == data


@pytest.mark.parametrize(
    "steps",
    [
        (Sent(ODD), Sent(what="half-close")),
        (Sent(b"GET / HTTP/1.1\r\nX: " + b"ab" * 5000 + b"$\r\n\r\n"),),
        (Sent(b"G" + b"\0" * 6000), Sent(b"\r\n\r\n")),
    ],
)
def test_python_line_sends_the_same_bytes(steps: tuple[Sent, ...]) -> None:
    run = run_of(*steps, host="127.0.0.1:PORT")
    line = repro(run, run.connection)
    assert line.startswith("python3 -c ")
    assert len(line) < 1500, "long repetitions are written as products"
    assert received_from(line) == run.connection.bytes_sent


def test_bytes_are_printable_and_bounded() -> None:
    assert escaped(b"a\r\n\x1b\xff\\") == r"a\r\n\x1b\xff\\"
    text = escaped(b"a" * 100_000)
    assert len(text) < SHOWN + 100
    assert "(96000 more bytes)" in text


def test_evidence_of_a_real_connection() -> None:
    connection = Connection(sent=[Sent(b"x\0")], received=[Received(b"HTTP"), Received(b"/1.1")], ended="eof-late")
    other = ServerRun(connections=[Connection(), connection], host="127.0.0.1:80")
    shown = evidence(other, connection)
    assert shown["sent"] == "x\\x00"
    assert shown["received"] == "HTTP/1.1"
    assert shown["ended"] == "eof-late"
    assert shown["repro"] == "printf 'x\\000' | nc 127.0.0.1 80"


def test_evidence_of_a_written_run() -> None:
    response = Response(404, [("X", "y")], b"body", reason="No", stray=b"!")
    run = ServerRun(connections=[Connection(sent=[Sent(b"x")], responses=[response], stray=b"?")])
    assert evidence(run)["received"] == r"?HTTP/1.1 404 No\r\nX: y\r\n\r\nbody!"


def test_broken_lets_more_evidence_win() -> None:
    (fault,) = broken(run_of(Sent(b"x")), "wrong", got="1", expected="2", ended="never", port=8) or ()
    assert (fault.message, fault.got, fault.expected) == ("wrong", "1", "2")
    assert (fault.evidence["ended"], fault.evidence["port"], fault.evidence["sent"]) == ("never", 8, "x")


def test_evidence_without_any_connection() -> None:
    assert evidence(ServerRun())["ended"] == "refused"
