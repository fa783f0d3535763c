"""Bytes on the wire as people can read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

#: How evidence says that the middle of something long is missing.
LEFT_OUT = re.compile(r"\.\.\.\(\d+ more bytes\)\.\.\.")


@dataclass(frozen=True)
class Piece:
    """Bytes that went one way.

    :param sender: ``"client"`` or ``"server"``. :param size: how many bytes are shown.
    :param text: them as printable text, a line per LF. :param hex: them as a hex dump.
    """

    sender: str
    size: int
    text: str
    hex: str


def pieces(evidence: Mapping[str, object]) -> list[Piece]:
    """Return the bytes of a finding's evidence, which has them as ``sent`` and ``received``.

    Both are text with Python's escapes, as :func:`pytest_wsgiconform.rules.server.evidence.escaped` writes it.
    """
    found = []
    for sender, key in (("client", "sent"), ("server", "received")):
        value = evidence.get(key)
        if isinstance(value, str):
            found.append(_piece(sender, value))
    return found


def _piece(sender: str, escaped: str) -> Piece:
    parts = [unescape(part) for part in LEFT_OUT.split(escaped)]
    gaps = [f"\n{gap}\n" for gap in LEFT_OUT.findall(escaped)]
    dumps = ["\n".join(hex_lines(part)) for part in parts]
    return Piece(
        sender=sender,
        size=sum(map(len, parts)),
        text="".join(_alternate([printable(part) for part in parts], gaps)),
        hex="".join(_alternate(dumps, gaps)),
    )


def _alternate(parts: list[str], gaps: list[str]) -> Iterator[str]:
    for part, gap in zip(parts, [*gaps, ""], strict=True):
        yield part
        yield gap


def unescape(text: str) -> bytes:
    """Return the bytes that *text* writes with Python's escapes; text that is not of that kind as UTF-8."""
    try:
        return text.encode("ascii").decode("unicode_escape").encode("latin-1")
    except UnicodeError:
        return text.encode("utf-8", "backslashreplace")


def printable(data: bytes) -> str:
    r"""Return *data* with CR and LF written as ``\r`` and ``\n``, a new line after each LF, other bytes as ``\xNN``."""
    shown = []
    for byte in data:
        if byte == 0x0A:
            shown.append("\\n\n")
        elif byte == 0x0D:
            shown.append("\\r")
        elif byte == 0x5C:
            shown.append("\\\\")
        elif 0x20 <= byte < 0x7F:
            shown.append(chr(byte))
        else:
            shown.append(f"\\x{byte:02x}")
    return "".join(shown)


def hex_lines(data: bytes) -> Iterable[str]:
    """Yield a hex dump, sixteen bytes a line: offset, bytes, and the printable ones of them."""
    for offset in range(0, len(data), 16):
        row = data[offset : offset + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{offset:06x}  {row.hex(' '):<47}  {text}"
