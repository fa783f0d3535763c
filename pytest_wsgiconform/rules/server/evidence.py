"""What a finding about a server shows: the bytes, and a line that anyone can run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..model import Outcome, fault
from ..records.server import Connection, ServerRun

#: Longest text of sent or received bytes in a finding.
SHOWN = 4000

_RUN = re.compile(rb"(.{1,6}?)\1{40,}", re.DOTALL)


def escaped(data: bytes, limit: int = SHOWN) -> str:
    """Return *data* as printable text with Python's escapes, its middle left out when long."""
    if len(data) > limit:
        left_out = len(data) - limit
        tail = limit // 4
        return f"{escaped(data[: limit - tail])}...({left_out} more bytes)...{escaped(data[-tail:])}"
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def evidence(run: ServerRun, connection: Connection | None = None) -> dict[str, Any]:
    """Return what a finding about *connection* (``None``: the first) shows.

    ``sent`` and ``received`` are printable bytes, ``repro`` is one line for a shell.
    """
    shown = run.connection if connection is None else connection
    return {
        "sent": escaped(shown.bytes_sent),
        "received": escaped(_received(shown)),
        "ended": shown.ended,
        "repro": repro(run, shown),
    }


def _received(connection: Connection) -> bytes:
    """Return the bytes that came; for a run that was written by hand, those of its responses."""
    if connection.received:
        return connection.bytes_received
    parts = [connection.stray]
    for response in connection.responses:
        lines = [f"{response.version} {response.status} {response.reason}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        head = response.head or ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        parts += [head, response.body, response.stray]
    return b"".join(parts)


def broken(run: ServerRun, message: str, connection: Connection | None = None, **more: Any) -> Outcome:
    """Make the outcome "broken once" with the connection's bytes as evidence.

    :param more: ``got`` and ``expected`` (text), and further evidence.
    """
    return fault(message, **{**evidence(run, connection), **more})


def repro(run: ServerRun, connection: Connection) -> str:
    """Return one shell line that sends the same bytes: ``printf ... | nc``, or Python where that won't do."""
    host, _, port = run.host.rpartition(":")
    data = connection.bytes_sent
    half_closed = any(step.what != "data" for step in connection.sent)
    if len(data) <= SHOWN and not half_closed:
        return f"printf '{_printf(data)}' | nc {host or 'HOST'} {port or 'PORT'}"
    shut = ";s.shutdown(1)" if half_closed else ""
    address = f"({(host or 'HOST').strip('[]')!r},{port or 'PORT'})"
    code = (
        f"import socket;s=socket.create_connection({address},9);"
        f"s.sendall({_python(data)}){shut};print(b''.join(iter(lambda:s.recv(9999),b'')))"
    )
    return f'python3 -c "{code}"'


def _printf(data: bytes) -> str:
    text = "".join(_octal(byte) for byte in data)
    return "\\055" + text[1:] if text.startswith("-") else text  # or printf would take it for an option


def _octal(byte: int) -> str:
    if byte in (0x0D, 0x0A):
        return {0x0D: "\\r", 0x0A: "\\n"}[byte]
    char = chr(byte)
    if char == "%":
        return "%%"
    return char if 0x20 <= byte < 0x7F and char not in "'\\" else f"\\{byte:03o}"


def _python(data: bytes) -> str:
    """Return a Python expression for *data* without double quotes, long repetitions written as products."""
    return "+".join(_terms(data)) or "b''"


def _terms(data: bytes) -> Iterator[str]:
    at = 0
    for match in _RUN.finditer(data):
        if match.start() > at:
            yield _literal(data[at : match.start()])
        unit = match.group(1)
        yield f"{_literal(unit)}*{len(match.group()) // len(unit)}"
        at = match.end()
    if at < len(data):
        yield _literal(data[at:])


def _literal(data: bytes) -> str:
    safe = {"'": "\\'", '"': "\\x22", "$": "\\x24", "`": "\\x60", "!": "\\x21", "\\": "\\x5c"}
    return "b'" + "".join(safe.get(chr(b)) or escaped(bytes([b])) for b in data) + "'"
