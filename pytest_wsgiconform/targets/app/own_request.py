"""A request of the user's own: one HTTP/1.1 request, written as it would be sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

_LINE = re.compile(rb"([^ ]+) +(.*?) +HTTP/([0-9](?:\.[0-9])?)")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VARIABLE = re.compile(rb"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")

#: Fields that belong to the connection; a request that was copied from somewhere has them, and the app gets none.
CONNECTION = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"}
)

FORM_TYPE = "application/x-www-form-urlencoded"


class RequestFileError(ValueError):
    """A file can't be used. ``str()`` of it is one sentence, which does not show what may be secret."""


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """One request as plain values.

    :param method: its method. :param target: path and query, with its leading slash.
    :param headers: its fields, without Host and those of the connection. :param body: the body as Latin-1 text.
    :param host: what its Host field or its URL says, ``""`` for neither. :param scheme: of its URL, ``""`` for none.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    host: str = ""
    scheme: str = ""

    def secrets(self, names: re.Pattern[str]) -> list[str]:
        """Return the values in the body, a form or JSON, of fields whose names *names* finds."""
        kind = next((value for name, value in self.headers if name.lower() == "content-type"), "").lower()
        if kind.startswith(FORM_TYPE):
            return [value for name, value in parse_qsl(self.body, encoding="latin-1") if names.search(name)]
        if "json" not in kind:
            return []
        try:
            body = json.loads(self.body.encode("latin-1"))
        except (ValueError, RecursionError):
            return []
        pairs = body.items() if isinstance(body, dict) else ()
        return [value for name, value in pairs if isinstance(value, str) and names.search(name)]


def parse(data: bytes, expand: Callable[[str], str] = lambda text: text) -> OwnRequest:
    """Return the one HTTP/1.1 request that *data* holds, with LF or CRLF at the ends of its lines.

    :raises RequestFileError: when there is none.
    """
    data = expanded(data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"), expand)
    gap = _EMPTY_LINE.search(data)
    head, body = (data[: gap.start()], data[gap.end() :]) if gap else (data.rstrip(b"\r\n"), b"")
    first, *lines = re.split(rb"\r?\n", head)
    method, target, host, scheme = _request_line(first)
    headers: list[tuple[str, str]] = []
    length: str | None = None
    for number, line in enumerate(lines, start=2):
        name, value = parse_field(line, number)
        key = name.lower()
        if key == "transfer-encoding":
            raise RequestFileError("leave Transfer-Encoding out: the body stands in the file as it is")
        if key == "host":
            host = host or value
        elif key == "content-length":
            length = value
        elif key not in CONNECTION:
            headers.append((name, value))
    body = _cut(body, length, headers)
    return OwnRequest(method, target, tuple(headers), body.decode("latin-1"), host, scheme)


def expanded(data: bytes, expand: Callable[[str], str]) -> bytes:
    """Return *data* with each ``${NAME}`` replaced by what the environment says, as UTF-8."""

    def replaced(match: re.Match[bytes]) -> bytes:
        value = expand(match[0].decode("ascii"))
        return value.encode("utf-8", "surrogateescape")

    return _VARIABLE.sub(replaced, data)


def _request_line(line: bytes) -> tuple[str, str, str, str]:
    """Return method, target, host and scheme."""
    match = _LINE.fullmatch(line)
    method = match[1].decode("latin-1") if match else ""
    if match is None or not _TOKEN.fullmatch(method):
        raise RequestFileError("its first line is no HTTP request line, such as 'POST /items HTTP/1.1'")
    target, host, scheme = place(match[2].decode("latin-1"))
    return method, target, host, scheme


def place(url: str) -> tuple[str, str, str]:
    """Return target, host and scheme of *url*, which may be a path alone.

    :raises RequestFileError: when it has no path that can be sent.
    """
    host = scheme = ""
    if url.lower().startswith(("http://", "https://")):
        try:
            parts = urlsplit(url)
            host, scheme = parts.netloc.rpartition("@")[2], parts.scheme.lower()
        except ValueError:
            raise RequestFileError("its request target is not a URL") from None
        url = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    url = url.partition("#")[0]
    if not url.startswith("/"):
        raise RequestFileError("its request line has no path: a slash follows the method, as in 'POST /items HTTP/1.1'")
    if re.search(r"[^\x21-\x7e]", url):
        raise RequestFileError("its path holds a character that has to be percent-encoded")
    return url, host, scheme


def parse_field(line: bytes, number: int) -> tuple[str, str]:
    """Return name and value of the header field in *line*, whose *number* an error names."""
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon or not _TOKEN.fullmatch(name):
        raise RequestFileError(f"its line {number} is no header field, and no empty line that ends the fields")
    value = value.strip(" \t")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise RequestFileError(f"the field {name} in its line {number} holds a control character")
    return name, value


def _cut(body: bytes, length: str | None, headers: list[tuple[str, str]]) -> bytes:
    """Return *body* without the line end with which an editor ends a file."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    if length is None:
        return re.sub(rb"\r?\n\Z", b"", body) if kind.lower().startswith(FORM_TYPE) else body
    if not (length.isascii() and length.isdigit() and len(length) < 12):
        raise RequestFileError("its Content-Length is no number; leave it out, and it is computed")
    if int(length) > len(body):
        raise RequestFileError(
            f"its Content-Length is {length}, and {len(body)} bytes of body follow; leave it out, and it is computed"
        )
    if body[int(length) :].strip():
        raise RequestFileError(
            f"its Content-Length is {length}, and {len(body)} bytes follow: one request fits into a file"
        )
    return body[: int(length)]
