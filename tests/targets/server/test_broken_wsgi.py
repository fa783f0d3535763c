"""Servers with one fault each against PEP 3333, over the correct base: the right rule catches each."""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pytest_wsgiconform.rules.model import Verdict
from pytest_wsgiconform.rules.registry import matching
from pytest_wsgiconform.settings import Settings
from pytest_wsgiconform.targets.server.in_process import InProcess
from pytest_wsgiconform.targets.server.target import ServerTarget
from tests.corpora.servers.base import Connection, ErrorStream, FileWrapper, InputStream, Server
from tests.corpora.servers.base_http import Request, RequestParser
from tests.corpora.servers.base_response import ClientGone, Responder

BROKEN: list[tuple[str, type[Server]]] = []


def breaks(*rules: str) -> Any:
    """Register a class as a broken server; it is the part of the server that its base tells."""

    def register(part: type) -> type:
        for rule in rules:
            BROKEN.append((rule, part if issubclass(part, Server) else server_with(part)))
        return part

    return register


def server_with(part: type) -> type[Server]:
    """Return a server class that uses *part*."""
    for base, attribute in (
        (RequestParser, "parser_class"),
        (Connection, "connection_class"),
        (Responder, "responder_class"),
        (InputStream, "input_class"),
        (ErrorStream, "errors_class"),
        (FileWrapper, "file_wrapper_class"),
    ):
        if issubclass(part, base):
            return type(part.__name__, (Server,), {attribute: part})
    raise TypeError(part)


# -- environ


@breaks("request-method-as-sent")
class MethodUnknownIsGet(RequestParser):
    def method(self, token: bytes) -> bytes:
        return token if token in (b"GET", b"HEAD", b"POST", b"OPTIONS") else b"GET"


@breaks("path-info-is-rest-of-path", "url-can-be-rebuilt")
class PathNotDecoded(Connection):
    def path_info(self, request: Request) -> str:
        return request.path.decode("latin-1")


@breaks("path-info-is-rest-of-path", "environ-text-gives-bytes-back")
class PathDecodedAsUtf8(Connection):
    def path_info(self, request: Request) -> str:
        from urllib.parse import unquote

        return unquote(request.path.decode("latin-1"))


@breaks("path-info-is-rest-of-path")
class PlusIsBlank(Connection):
    def path_info(self, request: Request) -> str:
        return super().path_info(request).replace("+", " ")


@breaks("query-string-as-sent")
class QueryDecoded(Connection):
    def query_string(self, request: Request) -> str:
        from urllib.parse import unquote

        return unquote(super().query_string(request))


@breaks("query-string-as-sent")
class QuerySplitAtLastMark(RequestParser):
    def split_target(self, request: Request) -> None:
        super().split_target(request)
        request.query = request.query.rpartition(b"?")[2]


class _Edited(Connection):
    def edit(self, environ: dict[str, Any], request: Request) -> None: ...

    def environ(self, request: Request) -> dict[str, Any]:
        environ = super().environ(request)
        self.edit(environ, request)
        return environ


@breaks("content-type-as-sent")
class ContentTypeWithoutParameters(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        if "CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = environ["CONTENT_TYPE"].partition(";")[0]


@breaks("content-length-as-sent")
class ContentLengthMissing(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ.pop("CONTENT_LENGTH", None)


@breaks("server-address-names-listener")
class PortIsAlwaysEighty(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["SERVER_PORT"] = "80"


@breaks("server-address-names-listener")
class NameIsNoHost(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["SERVER_NAME"] = "Base Server/1.0"


@breaks("server-protocol-is-request-version")
class ProtocolIsServersOwn(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["SERVER_PROTOCOL"] = "HTTP/1.1"


@breaks("request-headers-passed-on")
class HyphensKept(Connection):
    def variable(self, name: bytes) -> str:
        return super().variable(name) if name.count(b"-") < 2 else "HTTP_" + name.decode().upper()


@breaks("request-headers-passed-on")
class RefererDropped(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ.pop("HTTP_REFERER", None)


@breaks("request-header-values-as-sent")
class BlanksCollapsed(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, " ".join(value.split()))


@breaks("no-invented-request-headers")
class InventedProxyHeader(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["HTTP_PROXY"] = "http://127.0.0.1:3128"


@breaks("url-scheme-is-clients")
class SchemeFromHeader(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["wsgi.url_scheme"] = "https"


@breaks("environ-text-gives-bytes-back")
class HeadersDecodedAsUtf8(Connection):
    def add_header(self, environ: dict[str, Any], name: bytes, value: str) -> None:
        super().add_header(environ, name, value.encode("latin-1").decode("utf-8", "replace"))


@breaks("environ-fresh-per-request")
class EnvironReused(Connection):
    def environ(self, request: Request) -> dict[str, Any]:
        self.shared: dict[str, Any] = getattr(self, "shared", {})
        fresh = super().environ(request)
        self.shared.update(fresh)
        return self.shared


@breaks("multithread-flag-true")
class ClaimsOneThread(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["wsgi.multithread"] = False


@breaks("run-once-flag-true")
class ClaimsToRunOnce(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        environ["wsgi.run_once"] = True


@breaks("deployer-variables-reach-app")
class NothingDeployed(Server):
    deployed = {}  # noqa: RUF012 - the base's annotation says what it is


# -- input


@breaks("input-body-complete")
class BodyAsText(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(size).replace(b"\r\n", b"\n")


@breaks("input-read-takes-size")
class ReadWithoutSize(InputStream):
    def read(self) -> bytes:  # type: ignore[override]
        return super().read()


@breaks("input-has-readline")
class NoReadline(InputStream):
    readline = None  # type: ignore[assignment]


@breaks("input-has-readlines")
class NoReadlines(InputStream):
    readlines = None  # type: ignore[assignment]


@breaks("input-can-be-iterated")
class NotIterable(InputStream):
    __iter__ = None  # type: ignore[assignment]


@breaks("input-read-at-most-size", "input-read-zero-consumes-nothing")
class SizeIgnored(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(-1)


@breaks("input-read-fills-up")
class ReadsOnePacket(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return super().read(size)
        if size and not self.ready:
            self.pull(size)
        return self.take(size)


@breaks("input-readline-splits-on-lf")
class SplitsOnCr(InputStream):
    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        head, mark, rest = line.partition(b"\r")
        if mark and rest not in (b"", b"\n"):
            self.ready[:0] = rest
            return head + mark
        return line


@breaks("input-readlines-lists-lines")
class LinesWithoutEnds(InputStream):
    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return [line.rstrip(b"\n") for line in super().readlines()]


@breaks("input-iterates-over-lines")
class IteratesOverBlocks(InputStream):
    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(16), b"")


@breaks("input-ends-at-content-length", "input-read-needs-no-size", "input-empty-after-end")
class ReadsTheSocket(InputStream):
    def pull(self, size: int) -> bool:
        data = self.connection.reader.some(size)
        self.ready += data
        self.left = max(0, self.left - len(data))
        return bool(data)


@breaks("input-read-needs-no-size")
class SizeRequired(InputStream):
    def read(self, size: int) -> bytes:  # type: ignore[override]
        return super().read(size)


@breaks("input-readline-takes-size")
class ReadlineWithoutSize(InputStream):
    def readline(self) -> bytes:  # type: ignore[override]
        return super().readline()


@breaks("input-readlines-hint-optional")
class HintRefused(InputStream):
    def readlines(self) -> list[bytes]:  # type: ignore[override]
        return super().readlines()


@breaks("transfer-coding-decoded")
class ChunksPassedOn(RequestParser):
    def chunked_body(self) -> bytes:
        body = super().chunked_body()
        return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


# -- errors


@breaks("errors-has-write")
class ErrorsTakeBytes(ErrorStream):
    def write(self, text: Any) -> int:
        return super().write(text.decode())


@breaks("errors-has-flush")
class ErrorsWithoutFlush(ErrorStream):
    flush = None  # type: ignore[assignment]


@breaks("errors-has-writelines")
class WritelinesOfListsOnly(ErrorStream):
    def writelines(self, lines: Iterable[str]) -> None:
        if not isinstance(lines, list):
            raise TypeError("a list is needed")
        super().writelines(lines)


@breaks("errors-accepts-any-text")
class LatinErrors(ErrorStream):
    def write(self, text: str) -> int:
        text.encode("latin-1")
        return super().write(text)


@breaks("errors-flush-reaches-log")
class LogsAfterTheResponse(Server):
    class errors_class(ErrorStream):
        """Keeps what is written, whatever is flushed."""

        def write(self, text: str) -> int:
            self.__dict__.setdefault("kept", []).append(text)
            return len(text)

    class responder_class(Responder):
        def run(self, app: Any, environ: dict[str, Any]) -> None:
            errors = environ["wsgi.errors"]
            super().run(app, environ)
            for text in getattr(errors, "kept", []):
                errors.log(text)


@breaks("errors-writelines-verbatim")
class LineEndsAdded(ErrorStream):
    def writelines(self, lines: Iterable[str]) -> None:
        super().writelines(line + "\n" for line in lines)


@breaks("app-errors-are-logged", "short-body-is-logged")
class LogsNothing(Responder):
    def log_error(self, text: str) -> None: ...


# -- the call


@breaks("app-not-introspected")
class AsksForTheCode(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        getattr(app, "__code__", None)
        super().run(app, environ)


@breaks("any-callable-served")
class FunctionsOnly(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        arguments = app.__code__.co_argcount if hasattr(app, "__code__") else 0
        super().run(app if arguments == 2 else None, environ)


@breaks("app-called-once-per-request")
class CallsTwice(Responder):
    def run(self, app: Any, environ: dict[str, Any]) -> None:
        with contextlib.suppress(Exception):
            rehearsal = app({**environ, "wsgi.input": io.BytesIO()}, lambda *_: lambda data: None)
            list(rehearsal)
            rehearsal.close()
        super().run(app, environ)


@breaks("start-response-takes-positionals", "explicit-none-is-no-exc-info")
class StartTakesTwo(Responder):
    def start_response(self, status: Any, headers: Any, /) -> Any:  # type: ignore[override]
        return super().start_response(status, headers)


@breaks("write-takes-bytes")
class NoWrite(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        super().start_response(status, headers, exc_info)


@breaks("middleware-changes-nothing")
class KnowsItsOwnStart(Responder):
    def iterate(self) -> None:
        inner = getattr(self.result, "_result", None)
        if getattr(inner, "__name__", "") == "_through_middleware":
            self.result = []
        super().iterate()


# -- start_response


@breaks("start-response-sends-nothing")
class StartSends(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        write = super().start_response(status, headers, exc_info)
        self.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        return write


@breaks("headers-wait-for-data")
class HeadersOnEmptyBlock(Responder):
    def block(self, block: bytes) -> None:
        self.send_body(block)

    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        return super().framing_headers(code, first or b"x")


@breaks("first-write-sends-headers", "write-sends-before-return", "written-like-yielded")
class WriteKeeps(Responder):
    def write(self, data: Any, /) -> None:
        self.kept = getattr(self, "kept", b"") + data

    def finish(self) -> None:
        self.send_body(getattr(self, "kept", b""))
        super().finish()


@breaks("headers-sent-at-end")
class EmptyIsAnError(Responder):
    def finish(self) -> None:
        if not self.headers_sent:
            raise ValueError("the app gave no data")
        super().finish()


@breaks("start-response-may-come-late")
class WantsTheStartFirst(Responder):
    def iterate(self) -> None:
        if not self.called:
            raise AssertionError("start_response was not called")
        super().iterate()


@breaks("second-start-refused", "start-after-failed-start-refused")
class SecondStartTaken(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        self.called = False
        return super().start_response(status, headers, exc_info)


@breaks("explicit-none-is-no-exc-info")
class CountsTheArguments(Responder):
    """Takes a third argument for exc_info, whatever it is."""

    def start_response(self, *args: Any) -> Any:
        if len(args) == 3:
            self.called = False
        return super().start_response(*args)


@breaks("start-after-failed-start-refused")
class NotesTheStartLate(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        before = self.called
        try:
            return super().start_response(status, headers, exc_info)
        except ValueError:
            self.called = before
            raise


@breaks("server-replaces-headers")
class HeadersAppended(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        before = self.headers
        write = super().start_response(status, headers, exc_info)
        self.headers = before + self.headers
        return write


@breaks("exc-info-after-sending-raises")
class LateErrorSwallowed(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        return self.write if self.headers_sent else super().start_response(status, headers, exc_info)


@breaks("exc-info-error-raised-itself")
class OwnErrorRaised(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if exc_info and self.headers_sent:
            raise AssertionError("headers are sent")
        return super().start_response(status, headers, exc_info)


@breaks("exc-info-not-kept")
class KeepsTheTraceback(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        self.last_error = exc_info
        return super().start_response(status, headers, exc_info)


@breaks("server-starts-with-exc-info")
class ErrorsNeedAStart(Responder):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Any:
        if exc_info and not self.called:
            raise AssertionError("nothing to replace")
        return super().start_response(status, headers, exc_info)


@breaks("bad-headers-refused-early", "hop-by-hop-headers-refused")
class ChecksNothingEarly(Responder):
    def check_headers(self, headers: Any) -> None: ...


@breaks("wide-text-refused")
class HeadersAsUtf8(Responder):
    def check_status(self, status: Any) -> None: ...

    def check_header(self, name: str, value: str) -> None: ...

    def head(self, first: bytes) -> bytes:
        def latin(text: str) -> str:
            return text.encode("utf-8").decode("latin-1")

        self.headers = [(latin(n), latin(v)) for n, v in self.headers]
        self.status = latin(self.status)
        return super().head(first)


# -- bodies


@breaks("blocks-sent-before-next")
class BlocksCollected(Responder):
    def iterate(self) -> None:
        for block in list(self.result):
            self.block(block)


@breaks("blocks-sent-before-next", "blocks-after-write-sent")
class OneBlockBehind(Responder):
    def iterate(self) -> None:
        held = b""
        for block in self.result:
            if held:
                self.block(held)
            held = block
        if held:
            self.block(held)


@breaks("body-bytes-unchanged")
class LineEndsTranslated(Responder):
    def send_body(self, data: bytes) -> None:
        super().send_body(data.replace(b"\n\n", b"\r\n"))


@breaks("close-is-optional")
class CloseExpected(Responder):
    def close(self) -> None:
        self.result.close()

    def iterate(self) -> None:
        self.result.close  # noqa: B018 - the look-up is the fault
        super().iterate()


@breaks("sequence-protocol-iterated")
class AsksForIter(Responder):
    def iterate(self) -> None:
        self.result.__iter__  # noqa: B018 - the look-up is the fault
        super().iterate()


@breaks("no-attributes-of-iterable-used")
class LooksForRead(Responder):
    def iterate(self) -> None:
        getattr(self.result, "read", None)
        super().iterate()


@breaks("text-body-refused")
class EncodesText(Responder):
    def block(self, block: Any) -> None:
        super().block(block.encode() if isinstance(block, str) else block)


@breaks("close-on-returned-object")
class ClosesTheIterator(Responder):
    def iterate(self) -> None:
        self.result = iter(self.result)
        super().iterate()


@breaks("close-called-after-error")
class ClosesAfterSuccessOnly(Responder):
    def close(self) -> None:
        import sys

        if sys.exc_info()[0] is None:
            super().close()


@breaks("close-called-after-disconnect")
class ForgetsCloseOnDisconnect(Responder):
    def iterate(self) -> None:
        try:
            super().iterate()
        except ClientGone:
            self.result = []
            raise


# -- lengths and headers


@breaks("no-bytes-beyond-content-length", "iteration-stops-at-content-length", "write-beyond-length-raises")
class LengthNotCounted(Responder):
    def frame(self, data: bytes) -> bytes:
        return b"" if self.bodiless else (b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data)

    def enough(self) -> bool:
        return False

    def finish(self) -> None:
        self.sent = self.declared or 0
        super().finish()


@breaks("short-body-ends-connection")
class ShortBodyIgnored(Responder):
    def finish(self) -> None:
        keep = self.keep
        super().finish()
        self.keep = keep


@breaks("response-end-can-be-told")
class NoEndInSight(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        keep, found = self.keep, super().framing_headers(code, first)
        self.keep, self.chunked = keep, False
        return [header for header in found if header[0] != "Transfer-Encoding"]


@breaks("invented-length-is-right")
class LengthOfTheOneItem(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        if self.wrote:
            self.declared = len(first)
            return [("Content-Length", str(len(first)))]
        return super().framing_headers(code, first)


@breaks("no-chunks-to-http10")
class ChunksForAll(Responder):
    def framing_headers(self, code: int, first: bytes) -> list[tuple[str, str]]:
        found = super().framing_headers(code, first)
        if found or self.value("content-length") is not None:
            return found
        self.chunked = True
        return [("Transfer-Encoding", "chunked")]


@breaks("response-chunks-valid")
class EmptyChunksSent(Responder):
    def block(self, block: bytes) -> None:
        super().block(block)
        if self.chunked and not block:
            self.send(b"0\r\n\r\n")


@breaks("response-chunks-valid")
class LastChunkMissing(Responder):
    def finish(self) -> None:
        if self.chunked:
            self.chunked = self.keep = False
        super().finish()


@breaks("required-headers-added")
class NeedsContentType(Responder):
    def head(self, first: bytes) -> bytes:
        if not self.has("content-type") and self.status.startswith("200"):
            raise KeyError("Content-Type")
        return super().head(first)


@breaks("date-supplied")
class NoDate(Responder):
    def has(self, name: str) -> bool:
        return name == "date" or super().has(name)


@breaks("server-header-supplied")
class NoServerHeader(Responder):
    def has(self, name: str) -> bool:
        return name == "server" or super().has(name)


@breaks("header-names-any-case")
class CaseMatters(Responder):
    def has(self, name: str) -> bool:
        return any(n == name.title() for n, _ in self.headers)


# -- files


@breaks("file-wrapper-takes-block-size")
class OneArgument(FileWrapper):
    def __init__(self, filelike: Any) -> None:
        super().__init__(filelike)


@breaks("file-wrapper-result-iterable")
class FirstBlockOnly(FileWrapper):
    def __iter__(self) -> Iterator[bytes]:
        return iter([self.filelike.read(16)])


@breaks("file-wrapper-close-passed-on", "file-closed-after-response")
class CloseNotPassedOn(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        self.filelike, self.block_size = filelike, block_size


@breaks("file-wrapper-sends-nothing")
class ReadsAtOnce(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        super().__init__(filelike, block_size)
        self.data = filelike.read()

    def __iter__(self) -> Iterator[bytes]:
        return iter([self.data])


@breaks("file-needs-no-close", "unsuitable-files-iterated")
class CloseRequired(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        self.close = filelike.close
        super().__init__(filelike, block_size)


@breaks("unsuitable-files-iterated")
class DescriptorRequired(FileWrapper):
    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        filelike.fileno()
        super().__init__(filelike, block_size)


@breaks("file-sent-from-position")
class SendsFromStart(FileWrapper):
    def __iter__(self) -> Iterator[bytes]:
        if hasattr(self.filelike, "seek"):
            self.filelike.seek(0)
        return super().__iter__()  # type: ignore[return-value]


@breaks("file-like-plain-iteration")
class OneBlockOfAFile(FileWrapper):
    def __iter__(self) -> Iterator[bytes]:
        return iter([self.filelike.read(4096)])


@breaks("file-sent-up-to-length")
class WholeFile(LengthNotCounted):
    """Sends the file to its end whatever the length says."""


@breaks("rewrapped-file-served")
class WrapperOnly(Responder):
    def iterate(self) -> None:
        if type(self.result).__name__ == "generator" and self.has("content-type"):
            self.result = []
        super().iterate()


# -- extensions


@breaks("header-extension-needs-environ", "header-extension-follows-environ")
class HeadersOfItsOwn(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        known = {name.decode().title(): value.decode("latin-1") for name, value in request.headers}
        environ["base.headers"] = lambda environ=None: known


@breaks("header-extension-follows-environ")
class HeadersOfTheRequest(_Edited):
    def edit(self, environ: dict[str, Any], request: Request) -> None:
        known = {name.decode().title(): value.decode("latin-1") for name, value in request.headers}
        environ["base.headers"] = lambda environ: known


@breaks("output-extension-needs-start")
class SendsForAnybody(Responder):
    def output_extension(self, *args: Any) -> None:
        self.write(args[-1])


@breaks("output-extension-refuses-foreign-start")
class TakesAnyStart(Responder):
    def output_extension(self, start_response: Any, data: bytes, /) -> None:
        self.write(data)


# -- HTTP features, errors


@breaks("status-sent-verbatim")
class KnowsTheReasons(Responder):
    def head(self, first: bytes) -> bytes:
        from http.client import responses

        code = int(self.status[:3])
        self.status = f"{code} {responses.get(code, 'Unknown')}"
        return super().head(first)


@breaks("headers-sent-verbatim")
class HeadersJoined(Responder):
    def head(self, first: bytes) -> bytes:
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        self.headers = list(joined.items())
        return super().head(first)


@breaks("response-meaning-kept")
class OwnErrorPages(Responder):
    def block(self, block: bytes) -> None:
        super().block(b"<h1>Not Found</h1>" if self.status.startswith("404") else block)


@breaks("connection-header-obeyed")
class CloseIgnored(Server):
    class parser_class(RequestParser):
        def next(self) -> Request | None:
            request = super().next()
            if request is not None:
                request.headers = [h for h in request.headers if h[0] != b"connection"]
            return request


@breaks("expect-continue-supported")
class BodyOfExpectingLost(InputStream):
    def pull(self, size: int) -> bool:
        return False if self.request.all(b"expect") else super().pull(size)


@breaks("expecting-client-not-left-waiting")
class NoContinue(Connection):
    def send_continue(self, request: Request) -> None:
        request.expects = False


@breaks("read-after-continue-waits")
class ContinueAndNothing(InputStream):
    def read(self, size: int | None = -1) -> bytes:
        if self.request.expects:
            self.connection.send_continue(self.request)
            return b""
        return super().read(size)


@breaks("own-304-and-206-right")
class RangeOfTheWrongBytes(Responder):
    def head(self, first: bytes) -> bytes:
        if self.request.all(b"range"):
            self.status = "206 Partial Content"
        return super().head(first)


@breaks("raising-step-trapped", "server-survives")
class DiesOnError(Responder):
    def failed(self) -> None:
        self.connection.server.stop()


@breaks("raising-call-trapped")
class StopsListeningOnError(Responder):
    def failed(self) -> None:
        super().failed()
        with contextlib.suppress(OSError):
            self.connection.server.listener.shutdown(socket.SHUT_RDWR)
        self.connection.server.listener.close()


@breaks("nothing-appended-to-partial-body")
class ErrorPageAppended(Responder):
    def failed(self) -> None:
        super().failed()
        if self.headers_sent and self.chunked:
            self.send(b"15\r\n<h1>Server Error</h1>\r\n0\r\n\r\n"[:0] + self.frame(b"<h1>Server Error</h1>"))
            self.send(b"0\r\n\r\n")


@breaks("server-answers")
class SpeaksSomethingElse(Connection):
    def one(self) -> bool:
        self.reader.fill()
        self.send(b"\x00\x00\x00\x04\x01\x00\x00\x00\x00")
        return False


@breaks("server-answers")
class OldestHttp(Responder):
    def head(self, first: bytes) -> bytes:
        super().head(first)
        self.keep = self.chunked = False
        return b""


def _ids() -> list[str]:
    return [f"{server.__name__}-{rule}" for rule, server in BROKEN]


@pytest.mark.parametrize(("rule_id", "server"), BROKEN, ids=_ids())
def test_fault_is_caught(rule_id: str, server: type[Server]) -> None:
    [rule] = matching(rule_id)
    run = ServerTarget(InProcess(server.__name__, server), Settings(timeout=8.0), patience=0.4)
    try:
        if rule_id == "server-survives":
            run.judge(matching("raising-step-trapped")[0])
        result = run.judge(rule)
    finally:
        run.close()
    assert result.verdict is Verdict.BROKEN, (result.verdict, result.reason, result.findings)
    finding = result.findings[0]
    assert finding.rule == rule_id
    assert finding.evidence["sent"], "a finding shows the bytes"
    assert "repro" in finding.evidence


def test_there_are_enough_of_them() -> None:
    assert len({server for _, server in BROKEN}) >= 60
