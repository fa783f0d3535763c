"""A second make of each fault, over the base: how requests are read that have to be refused.

The other broken servers are where the rules were tried first. These break the same clauses in other ways: mostly by
leaving a request without any answer and serving the one behind it, which no client can tell from a slow server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.corpora.servers.base import Connection, InputStream, Server
from tests.corpora.servers.base_http import HOST, Refusal, Request, RequestParser
from tests.corpora.servers.base_response import Responder


@dataclass(frozen=True)
class Make:
    """A broken server. :ivar rule: has to find it. :ivar apart: rules that its one fault is no matter of."""

    server: type[Server]
    rule: str
    apart: tuple[str, ...]


#: The broken servers of all these files.
MAKES: list[Make] = []

_PARTS: dict[type, str] = {
    RequestParser: "parser_class",
    Connection: "connection_class",
    Responder: "responder_class",
    InputStream: "input_class",
}


def server_of(part: type) -> type[Server]:
    """Return *part* when it is a server, else a server that uses it."""
    if issubclass(part, Server):
        return part
    attribute = next(name for base, name in _PARTS.items() if issubclass(part, base))
    return type(part.__name__, (Server,), {attribute: part})


def second(rule: str, apart: tuple[str, ...]) -> Callable[[type], type]:
    """Register the decorated server, or part of one, to be found by *rule*."""

    def register(part: type) -> type:
        MAKES.append(Make(server_of(part), rule, apart))
        return part

    return register


class Skipped(Exception):
    """The request gets no answer, and the next one is taken."""


class PassesOver(RequestParser):
    """Takes the next request when a check raises :class:`Skipped`."""

    def next(self) -> Request | None:
        while True:
            try:
                return super().next()
            except Skipped:
                continue


#: What a server that misreads the first line has no need to get wrong, too.
_NO_LINE = ("host-invalid-refused", "blank-before-colon-refused", "method-case-kept", "signed-length-refused")
_NO_TARGET = ("path-decoded-once", "query-passed-raw", "host-repeated-refused", "absolute-form-gives-path-and-query")
_NO_HOST = ("request-line-malformed-refused", "absolute-form-gives-path-and-query", "repeated-fields-joined")
_NO_FIELD = ("host-invalid-refused", "repeated-fields-joined", "valid-length-honoured", "folded-line-refused-or-joined")


# -- first lines


@second("request-line-malformed-refused", _NO_LINE)
class OldestRequestsServed(RequestParser):
    """Takes a line without a version for the request of a client that knows none."""

    def request_line(self, line: bytes) -> Request:
        return super().request_line(line if line.count(b" ") > 1 else line + b" HTTP/1.0")


@second("request-line-malformed-refused", _NO_LINE)
class ControlsOfMethodDropped(RequestParser):
    def request_line(self, line: bytes) -> Request:
        method, blank, rest = line.partition(b" ")
        return super().request_line(re.sub(rb"[\x00-\x1f]", b"", method) + blank + rest)


@second("request-line-malformed-refused", _NO_LINE)
@second("version-malformed-refused", _NO_LINE)
@second("version-unsupported-not-served", _NO_LINE)
class UnreadableLineGetsNoAnswer(PassesOver):
    def request_line(self, line: bytes) -> Request:
        try:
            return super().request_line(line)
        except Refusal:
            self.headers()
            raise Skipped from None


@second("target-whitespace-not-repaired", (*_NO_LINE, "request-line-malformed-refused"))
class BlanksOfTargetDropped(RequestParser):
    def request_line(self, line: bytes) -> Request:
        first, *words = line.split(b" ")
        last = words.pop() if words and words[-1].startswith(b"HTTP/") else b""
        return super().request_line(b" ".join((first, b"".join(words), last)) if last else line)


@second("target-whitespace-not-repaired", (*_NO_LINE, "version-malformed-refused"))
class BlankInTargetGetsNoAnswer(PassesOver):
    def request_line(self, line: bytes) -> Request:
        if len(line.split()) > 3 and line.endswith(b"HTTP/1.1"):
            self.headers()
            raise Skipped
        return super().request_line(line)


@second("version-malformed-refused", (*_NO_LINE, "request-line-malformed-refused"))
class UnreadableVersionIsTheOldest(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return super().version(text) if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", text) else (1, 0)


@second("version-malformed-refused", (*_NO_LINE, "version-unsupported-not-served"))
class VersionNumbersOfAnyLength(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        match = re.fullmatch(rb"HTTP/0*([0-9])\.0*([0-9]+)", text)
        return super().version(b"HTTP/%b.%b" % (match[1], match[2][:1]) if match else text)


@second("version-unsupported-not-served", (*_NO_LINE, "version-malformed-refused"))
class HigherVersionIsAnInternalError(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        if re.fullmatch(rb"HTTP/[2-9]\.[0-9]", text):
            raise Refusal(500, "Internal Server Error")
        return super().version(text)


# -- targets


@second("absolute-form-overrides-host", _NO_TARGET)
class TwoHostsAreAnInternalError(RequestParser):
    def take_authority(self, request: Request, authority: bytes) -> None:
        if request.all(b"host") != [authority]:
            raise Refusal(500, "Internal Server Error")


@second("absolute-form-overrides-host", _NO_TARGET)
class TwoHostsGetNoAnswer(PassesOver):
    def take_authority(self, request: Request, authority: bytes) -> None:
        if request.all(b"host") != [authority]:
            raise Skipped


@second("asterisk-form-only-for-options", _NO_TARGET)
class AsteriskForEveryMethod(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.target != b"*":
            super().split_target(request)


@second("asterisk-form-only-for-options", (*_NO_TARGET, "asterisk-form-is-no-path"))
class AsteriskOfGetIsTheRoot(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.target == b"*" and request.method == b"GET":
            request.target = b"/"
        super().split_target(request)


@second("fragment-not-passed-on", _NO_TARGET)
class NumberSignEncoded(RequestParser):
    def split_target(self, request: Request) -> None:
        request.target = request.target.replace(b"#", b"%23")
        super().split_target(request)


@second("fragment-not-passed-on", _NO_TARGET)
class FragmentIsAnInternalError(RequestParser):
    def split_target(self, request: Request) -> None:
        if b"#" in request.target:
            raise Refusal(500, "Internal Server Error")
        super().split_target(request)


# -- Host


@second("host-missing-refused", (*_NO_HOST, "host-repeated-refused", "host-invalid-refused"))
class HostInvented(RequestParser):
    def check_host(self, request: Request) -> None:
        if not request.all(b"host"):
            request.headers.append((b"host", b"localhost"))
        super().check_host(request)


@second("host-missing-refused", (*_NO_HOST, "host-repeated-refused", "host-invalid-refused"))
class NoHostGetsNoAnswer(PassesOver):
    def check_host(self, request: Request) -> None:
        if not request.all(b"host") and request.version >= (1, 1):
            raise Skipped
        super().check_host(request)


@second("host-repeated-refused", (*_NO_HOST, "host-missing-refused", "host-invalid-refused"))
class EqualHostsAreOne(RequestParser):
    def check_host(self, request: Request) -> None:
        if len(set(request.all(b"host"))) == 1:
            others = [(n, v) for n, v in request.headers if n != b"host"]
            request.headers = [*others, (b"host", request.all(b"host")[0])]
        super().check_host(request)


@second("host-repeated-refused", (*_NO_HOST, "host-missing-refused", "host-invalid-refused"))
class SecondHostGetsNoAnswer(PassesOver):
    def check_host(self, request: Request) -> None:
        if len(request.all(b"host")) > 1:
            raise Skipped
        super().check_host(request)


@second("host-invalid-refused", (*_NO_HOST, "host-missing-refused", "host-repeated-refused"))
class UserinfoOfHostDropped(RequestParser):
    def check_host(self, request: Request) -> None:
        request.headers = [(n, v.rpartition(b"@")[2] if n == b"host" else v) for n, v in request.headers]
        super().check_host(request)


@second("host-invalid-refused", (*_NO_HOST, "host-missing-refused", "host-repeated-refused"))
class InvalidHostGetsNoAnswer(PassesOver):
    def check_host(self, request: Request) -> None:
        hosts = request.all(b"host")
        if len(hosts) == 1 and not HOST.match(hosts[0]):
            raise Skipped
        super().check_host(request)


# -- fields


def _blanked(line: bytes) -> bool:
    return re.match(rb"[^: \t]+[ \t]+:", line) is not None


@second("blank-before-colon-refused", _NO_FIELD)
class BlankedFieldDropped(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if not _blanked(line):
            super().add_header(found, line)


@second("blank-before-colon-refused", _NO_FIELD)
class BlankedFieldGetsNoAnswer(PassesOver):
    blanked = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.blanked = False
        found = super().headers()
        if self.blanked:
            raise Skipped
        return found

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if _blanked(line):
            self.blanked = True
        else:
            super().add_header(found, line)


class Folds(RequestParser):
    """Takes a continuation line, and does with it what :meth:`fold` says."""

    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        if line[:1] in b" \t" and found:
            self.fold(found, line)
        else:
            super().add_header(found, line)

    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        name, value = found[-1]
        found[-1] = (name, (value + b" " + line.strip(b" \t")).strip(b" "))


_NO_FOLD = ("host-invalid-refused", "repeated-fields-joined", "blank-before-colon-refused", "coding-name-case-ignored")


@second("folded-line-refused-or-joined", _NO_FOLD)
class FoldJoinedWithoutBlank(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], found[-1][1] + line.strip(b" \t"))


@second("folded-line-refused-or-joined", _NO_FOLD)
class FoldReplacesTheLine(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], line.strip(b" \t"))


@second("folded-line-refused-or-joined", _NO_FOLD)
class FoldIsAMemberOfAList(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        found[-1] = (found[-1][0], found[-1][1] + b", " + line.strip(b" \t"))


@second("folded-line-refused-or-joined", _NO_FOLD)
class FoldCountsAsAFieldToo(Folds):
    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().fold(found, line)
        if b":" in line:
            self.add_header(found, line.strip(b" \t"))


@second("folded-line-refused-or-joined", _NO_FOLD)
class FoldOverlookedByFraming(Folds):
    """Joins the lines for the application, and looks for the transfer coding in the first of them."""

    def framing(self, request: Request) -> None:
        if b"transfer-encoding" not in self.folded:
            super().framing(request)

    def headers(self) -> list[tuple[bytes, bytes]]:
        self.folded: set[bytes] = set()
        return super().headers()

    def fold(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        self.folded.add(found[-1][0])
        super().fold(found, line)
