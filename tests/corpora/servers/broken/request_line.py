"""Broken servers: the first line of a request, its target, path and query."""

from __future__ import annotations

import functools
import re
from urllib.parse import unquote, urlsplit

from tests.corpora.collecting import Corpus
from tests.corpora.servers.base import Connection
from tests.corpora.servers.base_http import Refusal, Request, RequestParser
from tests.corpora.servers.parts import PassesOver, Skipped, server_of

corpus = Corpus(__name__)
breaks = functools.partial(corpus.program, wrap=server_of)

# -- targets ---------------------------------------------------------------------------------------


#: Rules that these servers have no need to break, too.
_REQUEST = ("host-invalid-refused", "repeated-fields-joined", "blank-before-colon-refused", "status-sent-verbatim")


@breaks("absolute-form-overrides-host", apart=(*_REQUEST, "host-repeated-refused"))
class BothHostsJoined(RequestParser):
    def take_authority(self, request: Request, authority: bytes) -> None:
        request.headers = [(b"host", authority), *request.headers]


_NO_TARGET = ("path-decoded-once", "query-passed-raw", "host-repeated-refused", "absolute-form-gives-path-and-query")


@breaks("absolute-form-overrides-host", apart=_NO_TARGET)
class TwoHostsAreAnInternalError(RequestParser):
    def take_authority(self, request: Request, authority: bytes) -> None:
        if request.all(b"host") != [authority]:
            raise Refusal(500, "Internal Server Error")


@breaks("absolute-form-overrides-host", apart=_NO_TARGET)
class TwoHostsGetNoAnswer(PassesOver):
    def take_authority(self, request: Request, authority: bytes) -> None:
        if request.all(b"host") != [authority]:
            raise Skipped


@breaks("asterisk-form-only-for-options", apart=_NO_TARGET)
class AsteriskForEveryMethod(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.target != b"*":
            super().split_target(request)


@breaks("asterisk-form-only-for-options", apart=(*_NO_TARGET, "asterisk-form-is-no-path"))
class AsteriskOfGetIsTheRoot(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.target == b"*" and request.method == b"GET":
            request.target = b"/"
        super().split_target(request)


@breaks("fragment-not-passed-on", apart=_NO_TARGET)
class NumberSignEncoded(RequestParser):
    def split_target(self, request: Request) -> None:
        request.target = request.target.replace(b"#", b"%23")
        super().split_target(request)


@breaks("fragment-not-passed-on", apart=_NO_TARGET)
class FragmentIsAnInternalError(RequestParser):
    def split_target(self, request: Request) -> None:
        if b"#" in request.target:
            raise Refusal(500, "Internal Server Error")
        super().split_target(request)


@breaks("absolute-form-gives-path-and-query")
class AbsoluteFormAsPath(RequestParser):
    def split_target(self, request: Request) -> None:
        request.path, _, request.query = request.target.partition(b"?")


@breaks("absolute-form-gives-path-and-query")
class AbsoluteFormRefused(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.target.lower().startswith(b"http:"):
            raise Refusal(400, "Bad Request")
        super().split_target(request)


@breaks("absolute-form-overrides-host")
class HostFieldWins(RequestParser):
    def take_authority(self, request: Request, authority: bytes) -> None:
        return None


@breaks("asterisk-form-is-no-path")
class AsteriskBehindSlash(RequestParser):
    def split_target(self, request: Request) -> None:
        super().split_target(request)
        if request.target == b"*":
            request.path = b"/*"


@breaks("connect-target-is-no-path")
class ConnectAsPath(RequestParser):
    def split_target(self, request: Request) -> None:
        if request.method == b"CONNECT":
            request.path = b"/" + request.target
        else:
            super().split_target(request)


@breaks("fragment-not-passed-on")
class FragmentKept(RequestParser):
    def split_target(self, request: Request) -> None:
        request.path, _, request.query = request.target.partition(b"?")


# -- first lines -----------------------------------------------------------------------------------


#: What a server that misreads the first line has no need to get wrong, too.
_NO_LINE = ("host-invalid-refused", "blank-before-colon-refused", "method-case-kept", "signed-length-refused")


@breaks("request-line-malformed-refused", apart=_NO_LINE)
class OldestRequestsServed(RequestParser):
    """Takes a line without a version for the request of a client that knows none."""

    def request_line(self, line: bytes) -> Request:
        return super().request_line(line if line.count(b" ") > 1 else line + b" HTTP/1.0")


@breaks("request-line-malformed-refused", apart=_NO_LINE)
class ControlsOfMethodDropped(RequestParser):
    def request_line(self, line: bytes) -> Request:
        method, blank, rest = line.partition(b" ")
        return super().request_line(re.sub(rb"[\x00-\x1f]", b"", method) + blank + rest)


@breaks("request-line-malformed-refused", apart=_NO_LINE)
@breaks("version-malformed-refused", apart=_NO_LINE)
@breaks("version-unsupported-not-served", apart=_NO_LINE)
class UnreadableLineGetsNoAnswer(PassesOver):
    def request_line(self, line: bytes) -> Request:
        try:
            return super().request_line(line)
        except Refusal:
            self.headers()
            raise Skipped from None


@breaks("target-whitespace-not-repaired", apart=(*_NO_LINE, "request-line-malformed-refused"))
class BlanksOfTargetDropped(RequestParser):
    def request_line(self, line: bytes) -> Request:
        first, *words = line.split(b" ")
        last = words.pop() if words and words[-1].startswith(b"HTTP/") else b""
        return super().request_line(b" ".join((first, b"".join(words), last)) if last else line)


@breaks("target-whitespace-not-repaired", apart=(*_NO_LINE, "version-malformed-refused"))
class BlankInTargetGetsNoAnswer(PassesOver):
    def request_line(self, line: bytes) -> Request:
        if len(line.split()) > 3 and line.endswith(b"HTTP/1.1"):
            self.headers()
            raise Skipped
        return super().request_line(line)


@breaks("version-malformed-refused", apart=(*_NO_LINE, "request-line-malformed-refused"))
class UnreadableVersionIsTheOldest(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return super().version(text) if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", text) else (1, 0)


@breaks("version-malformed-refused", apart=(*_NO_LINE, "version-unsupported-not-served"))
class VersionNumbersOfAnyLength(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        match = re.fullmatch(rb"HTTP/0*([0-9])\.0*([0-9]+)", text)
        return super().version(b"HTTP/%b.%b" % (match[1], match[2][:1]) if match else text)


@breaks("version-unsupported-not-served", apart=(*_NO_LINE, "version-malformed-refused"))
class HigherVersionIsAnInternalError(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        if re.fullmatch(rb"HTTP/[2-9]\.[0-9]", text):
            raise Refusal(500, "Internal Server Error")
        return super().version(text)


@breaks("request-line-malformed-refused")
class AnyMethodGoes(RequestParser):
    def request_line(self, line: bytes) -> Request:
        method, target, version = [*line.split(b" "), b"", b""][:3]
        return Request(method, target, self.version(version))


@breaks("request-line-malformed-refused")
class ExtraWordsDropped(RequestParser):
    def request_line(self, line: bytes) -> Request:
        return super().request_line(b" ".join(line.split(b" ")[:3]))


@breaks("target-whitespace-not-repaired")
class TargetCutAtBlank(RequestParser):
    def request_line(self, line: bytes) -> Request:
        words = line.split()
        return super().request_line(b" ".join((words[0], words[1], words[-1])))


@breaks("version-malformed-refused")
class VersionInAnyCase(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return super().version(text.upper())


@breaks("version-malformed-refused")
class VersionByPrefix(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return super().version(text[:8])


@breaks("version-unsupported-not-served")
class EveryVersionServed(RequestParser):
    def version(self, text: bytes) -> tuple[int, int]:
        return (1, 1) if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", text) else super().version(text)


@breaks("method-case-kept")
class MethodMadeUpper(RequestParser):
    def method(self, token: bytes) -> bytes:
        return token.upper()


@breaks("empty-line-before-request-ignored")
class EmptyLineIsAnError(RequestParser):
    def first_line(self) -> bytes | None:
        while not self.reader.buffer:
            if not self.reader.fill():
                return None
        return self.read_line((414, "URI Too Long"))


@breaks("blank-led-first-line-dropped")
class BlankLedLineIsAField(RequestParser):
    def add_header(self, found: list[tuple[bytes, bytes]], line: bytes) -> None:
        super().add_header(found, line.lstrip(b" \t"))


@breaks("long-target-whole-or-refused")
class LongTargetCut(RequestParser):
    def split_target(self, request: Request) -> None:
        request.target = request.target[:8192]
        super().split_target(request)


# -- paths and queries -----------------------------------------------------------------------------


@breaks("path-decoded-once")
class PathDecodedTwice(Connection):
    def path_info(self, request: Request) -> str:
        return unquote(super().path_info(request), "latin-1")


@breaks("path-decoded-once")
class PlusBecomesBlank(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).replace("+", " ")


@breaks("path-bytes-are-latin1")
class PathAsUtf8(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).encode("latin-1").decode("utf-8", "replace")


@breaks("path-bad-percent-survives")
class BadPercentDropped(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).replace("%", "")


@breaks("path-nul-keeps-tail")
class PathEndsAtNul(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).partition("\0")[0]


@breaks("double-slash-is-a-path")
class PathThroughUrlsplit(Connection):
    def path_info(self, request: Request) -> str:
        request.path = urlsplit(request.path).path or b"/"
        return super().path_info(request)


@breaks("double-slash-not-merged")
class SlashesMerged(Connection):
    def path_info(self, request: Request) -> str:
        return re.sub("/+", "/", super().path_info(request))


@breaks("query-passed-raw")
class QueryDecoded(Connection):
    def query_string(self, request: Request) -> str:
        return unquote(super().query_string(request), "latin-1")


@breaks("query-passed-raw")
class QueryCutAtQuestionMark(Connection):
    def query_string(self, request: Request) -> str:
        return super().query_string(request).partition("?")[0]


@breaks("path-parameters-kept")
class ParametersDropped(Connection):
    def path_info(self, request: Request) -> str:
        return re.sub(";[^/]*", "", super().path_info(request))
