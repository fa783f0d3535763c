"""TLS for the one stimulus that needs it: a throw-away certificate, and a client that trusts anybody."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

from ...observe.http_reader import read_responses
from ...observe.wire import Limits, Script, Send
from ...rules.records.server import Connection, Received, Sent


def make_certificate(folder: Path) -> tuple[Path, Path] | None:
    """Write a self-signed certificate for 127.0.0.1 and its key; ``None`` where there is no ``openssl`` command."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    # A key on this curve is made at once, while an RSA key takes up to seconds.
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
    try:
        subprocess.run(
            [*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return certificate, key


def converse_tls(address: tuple[str, int], script: Script, limits: Limits) -> Connection:
    """Send the data of *script* over TLS and read to the end. Raises for nothing that the server does."""
    record = Connection(ended="refused")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + limits.total
    data = bytearray()
    try:
        with socket.create_connection(address, timeout=limits.quiet) as plain, context.wrap_socket(plain) as sock:
            record.ended = "open"
            for step in script.steps:
                if type(step) is Send:
                    sock.sendall(step.data)
                    record.sent.append(Sent(step.data, at=time.monotonic()))
            while time.monotonic() < deadline:
                piece = sock.recv(65536)
                if not piece:
                    record.ended = "eof"
                    break
                data += piece
                record.received.append(Received(piece, time.monotonic()))
    except OSError as error:  # ssl.SSLError is one: no TLS there, or it ended without saying so
        record.ended = record.ended if isinstance(error, TimeoutError) else "reset" if record.sent else "refused"
    record.responses, record.stray = read_responses(bytes(data), script.methods, record.ended != "open")
    return record
