"""Servers that misbehave as programs: ``python hostile_server.py WHAT PORT``."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time


def serve(port: int, answer: object) -> None:
    """Accept for ever; give each connection to *answer* in a thread."""
    with socket.create_server(("127.0.0.1", port), backlog=32) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_guarded, args=(answer, connection), daemon=True).start()


def _guarded(answer: object, connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        answer(connection)  # type: ignore[operator]


def says(data: bytes) -> object:
    """Return an answer that sends *data* once it has received something, then closes."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return answer


def silent(connection: socket.socket) -> None:
    """Read, and never say anything."""
    while connection.recv(65536):
        pass
    time.sleep(60)


def closes(connection: socket.socket) -> None:
    """Close at once."""


def endless(connection: socket.socket) -> None:
    """Send a response that never ends."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def drip(connection: socket.socket) -> None:
    """Send one byte a second."""
    connection.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(1)


ANSWERS = {
    "silent": silent,
    "closes": closes,
    "endless": endless,
    "drip": drip,
    "garbage": says(os.urandom(64).replace(b"HTTP", b"....")),
    "http09": says(b"<html>hello</html>"),
    "http2": says(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    "tls": says(b"\x15\x03\x03\x00\x02\x02\x46"),
    "other-app": says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
}


def main() -> None:
    what, port = sys.argv[1], int(sys.argv[2])
    if what == "exits":
        print("no such setting: frobnicate")
        sys.exit(3)
    if what == "babbles":
        while True:
            sys.stdout.write("babble " * 10000)
    if what == "never-listens":
        time.sleep(600)
    if what == "wrong-port":
        with socket.create_server(("127.0.0.1", 0)):
            time.sleep(600)
    if what == "ignores-sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        serve(port, says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    if what == "forks":
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(1, f"grandchild {os.getpid()}\n".encode())
            time.sleep(600)
        serve(port, silent)
    if what == "leaves-one-behind":
        leave_one_behind()
        serve(port, silent)
    serve(port, ANSWERS[what])


def leave_one_behind() -> None:
    """Start a process as daemons are started: in a session of its own, and a child of nobody here."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(1, f"grandchild {os.getpid()}\n".encode())
            time.sleep(600)
        os._exit(0)


if __name__ == "__main__":
    main()
