"""A strict reader of HTTP/1 responses: reads the bytes as they are, reports what the grammar forbids.

It never raises and never repairs silently: where the bytes are wrong it notes a deviation and goes on
with the reading that a client would most likely take, so that one fault does not hide the next.

Deviation codes, with the section of RFC 9112 (or 9110) that each stands on:

``status-line`` (§4)           the first line is not version SP 3DIGIT SP [reason]
``version`` (§2.3)             the version is not HTTP/1.0 or HTTP/1.1
``line-end`` (§2.2)            a line of the head ends with a bare LF, or holds a bare CR or NUL
``field-line`` (§5)            a line without a colon, or with an empty name
``field-name`` (§5.1)          a name that is not a token, or blanks before the colon
``field-value`` (9110 §5.5)    a control character other than tab in a value
``obs-fold`` (§5.2)            a folded field line
``head-incomplete`` (§2.1)     the bytes end inside the head
``length-invalid`` (9110 §8.6) a Content-Length that is not digits
``length-repeated`` (9110 §5.3) more than one Content-Length
``both-framings`` (§6.2)       Content-Length and Transfer-Encoding in one response
``coding`` (§6.1)              a Transfer-Encoding that does not end in chunked, or in a response to 1xx or 204
``chunk`` (§7.1)               a malformed chunk size, extension, data end or trailer
``body-incomplete`` (§8)       the bytes end before the body does
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..rules.records.server import Response

_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9]) ([1-9][0-9]{2}) ([\t \x21-\x7e\x80-\xff]*)")
_LOOSE_STATUS = re.compile(rb"(\S*)[ \t]*([0-9]{0,3})[ \t]*(.*)", re.DOTALL)
_START = re.compile(rb"HTTP/", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)((?:[ \t]*;[\t \x21-\x7e\x80-\xff]*)?)")
_HEAD_END = re.compile(rb"\r?\n\r?\n")

#: A head longer than this is not waited for any longer.
HEAD_LIMIT = 1024 * 1024


def read_responses(data: bytes, methods: Sequence[str] = (), ended: bool = True) -> tuple[list[Response], bytes]:
    """Read all responses in *data*.

    :param data: everything that one connection received.
    :param methods: methods of the requests in order; each final response answers the next. ``"GET"`` beyond.
    :param ended: whether the connection ended (a body that is delimited by the close is complete then).
    :return: the responses, interim ones included, and the bytes before the first one.
    """
    responses: list[Response] = []
    start = _next_start(data, 0)
    leading = data[:start]
    finals = 0
    while start < len(data):
        method = methods[finals] if finals < len(methods) else "GET"
        response = _Reader(data, start, method, ended).read()
        responses.append(response)
        finals += not response.interim
        start = _next_start(data, response.end)
        response.stray = data[response.end : start]
    return responses, leading


def _next_start(data: bytes, at: int) -> int:
    """Return where the next response begins, ``len(data)`` when none does."""
    found = _START.search(data, at)
    return len(data) if found is None else found.start()


@dataclass
class _Reader:
    data: bytes
    at: int
    method: str
    ended: bool
    response: Response = field(default_factory=Response)

    def note(self, code: str, detail: str) -> None:
        self.response.deviations.append((code, detail))

    def read(self) -> Response:
        response, start = self.response, self.at
        response.start, response.method, response.complete = start, self.method, False
        end = _HEAD_END.search(self.data, start)
        if end is None:
            self._head(self.data[start:])
            if self.ended:
                self.note("head-incomplete", "the bytes end inside the head")
            response.head, response.end, response.framing = self.data[start:], len(self.data), "none"
            return response
        self.at = end.end()
        response.head = self.data[start : self.at]
        self._head(self.data[start : end.start()])
        if end.group() != b"\r\n\r\n":
            self.note("line-end", "the head does not end with CR LF CR LF")
        self._body()
        response.end = self.at
        return response

    def _head(self, head: bytes) -> None:
        lines = head.split(b"\n")
        for index, line in enumerate(lines):
            if line.endswith(b"\r"):
                lines[index] = line[:-1]
            elif index < len(lines) - 1:
                self.note("line-end", f"a line ends with a bare LF: {line[:80]!r}")
            if b"\r" in lines[index] or b"\0" in lines[index]:
                self.note("line-end", f"a line holds a bare CR or NUL: {line[:80]!r}")
        self._status_line(lines[0])
        for line in lines[1:]:
            self._field(line, self.response.headers)

    def _status_line(self, line: bytes) -> None:
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            self.note("status-line", f"not a status line: {line[:120]!r}")
            match = _LOOSE_STATUS.fullmatch(line)
        version, code, reason = match.groups() if match else (b"", b"", b"")
        response = self.response
        response.version = version.decode("latin-1")
        response.status = int(code) if code else 0
        response.reason = reason.decode("latin-1")
        if version not in (b"HTTP/1.0", b"HTTP/1.1"):
            self.note("version", f"the version is {version[:40]!r}")

    def _field(self, line: bytes, fields: list[tuple[str, str]]) -> None:
        if line[:1] in (b" ", b"\t") and fields:
            self.note("obs-fold", f"a folded line: {line[:80]!r}")
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip(b' 	').decode('latin-1')}")
            return
        raw_name, colon, raw_value = line.partition(b":")
        if not colon or not raw_name:
            self.note("field-line", f"not a field line: {line[:80]!r}")
            return
        if _TOKEN.fullmatch(raw_name) is None:
            self.note("field-name", f"not a field name: {raw_name[:80]!r}")
        if _BAD_VALUE.search(raw_value):
            self.note("field-value", f"control characters in the value of {raw_name[:40]!r}: {raw_value[:80]!r}")
        fields.append((raw_name.strip(b" \t").decode("latin-1"), raw_value.strip(b" \t").decode("latin-1")))

    def _body(self) -> None:
        response = self.response
        lengths, codings = response.header("Content-Length"), response.tokens("Transfer-Encoding")
        if len(lengths) > 1:
            self.note("length-repeated", f"Content-Length came {len(lengths)} times: {lengths!r}"[:200])
        if lengths and codings:
            self.note("both-framings", "Content-Length and Transfer-Encoding are both there")
        for value in lengths:
            if not (value.isascii() and value.isdigit()):
                self.note("length-invalid", f"Content-Length is {value[:40]!r}")
        if codings and (response.interim or response.status == 204):
            self.note("coding", f"Transfer-Encoding in a {response.status} response")
        if response.interim or response.status in (204, 304) or self.method == "HEAD":
            response.framing, response.complete = "none", True
        elif codings:
            self._coded(codings)
        elif lengths and lengths[0].isascii() and lengths[0].isdigit():
            self._counted(int(lengths[0][:18]))
        else:
            self._until_close()

    def _coded(self, codings: list[str]) -> None:
        if codings[-1] != "chunked":
            self.note("coding", f"Transfer-Encoding is {', '.join(codings)[:80]!r}, which does not end in chunked")
            self._until_close()
            return
        self.response.framing = "chunked"
        body = bytearray()
        while True:
            end = self.data.find(b"\n", self.at)
            if end < 0:
                self._cut_short(body)
                return
            line = self.data[self.at : end]
            size = self._chunk_size(line)
            if size is None:
                # Nothing after this can be told apart any more.
                body += self.data[self.at :]
                self.at = len(self.data)
                self.response.body = bytes(body)
                return
            self.at = end + 1
            if size == 0:
                self.response.body = bytes(body)
                self._trailers()
                return
            if not self._chunk_data(size, body):
                return

    def _chunk_size(self, line: bytes) -> int | None:
        if line.endswith(b"\r"):
            line = line[:-1]
        else:
            self.note("chunk", f"a chunk-size line ends with a bare LF: {line[:40]!r}")
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None or len(match.group(1)) > 15:
            self.note("chunk", f"not a chunk size: {line[:40]!r}")
            return None
        return int(match.group(1), 16)

    def _chunk_data(self, size: int, body: bytearray) -> bool:
        data = self.data[self.at : self.at + size]
        body += data
        self.at += len(data)
        if len(data) < size:
            self._cut_short(body)
            return False
        if self.data.startswith(b"\r\n", self.at):
            self.at += 2
        elif len(self.data) - self.at < 2 and b"\r\n".startswith(self.data[self.at :]):
            self._cut_short(body)
            return False
        else:
            self.note("chunk", f"chunk data is followed by {self.data[self.at : self.at + 2]!r}, not CR LF")
            self.at += self.data.startswith(b"\n", self.at)
        return True

    def _trailers(self) -> None:
        while True:
            end = self.data.find(b"\n", self.at)
            if end < 0:
                self._cut_short(self.response.body)
                return
            line = self.data[self.at : end]
            self.at = end + 1
            if not line.endswith(b"\r"):
                self.note("chunk", f"a trailer line ends with a bare LF: {line[:40]!r}")
            line = line.removesuffix(b"\r")
            if not line:
                self.response.complete = True
                return
            self._field(line, self.response.trailers)

    def _counted(self, size: int) -> None:
        self.response.framing = "length"
        body = self.data[self.at : self.at + size]
        self.response.body = body
        self.at += len(body)
        if len(body) < size:
            self._cut_short(body)
        else:
            self.response.complete = True

    def _until_close(self) -> None:
        self.response.framing = "close"
        self.response.body = self.data[self.at :]
        self.at = len(self.data)
        self.response.complete = self.ended

    def _cut_short(self, body: bytes | bytearray) -> None:
        self.response.body = bytes(body)
        self.at = len(self.data)
        if self.ended:
            self.note("body-incomplete", f"the bytes end after {len(body)} of the body")
